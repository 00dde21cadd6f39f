"""The files at the root that no code reads: the menu, what is published, what the host is told, the Node packages."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from devhost.parts import ROOT

SHELL = ("make", "sh", "sed", "touch")


def make(folder: Path, target: str, *tools: str) -> subprocess.CompletedProcess[str]:
    """A make target where only these tools are on the PATH."""
    for name in ("Makefile", "package.json", "package-lock.json", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, folder)
    path = folder / "bin"
    path.mkdir()
    for tool in (*SHELL, *tools):
        (path / tool).symlink_to(str(shutil.which(tool)))
    command = [str(shutil.which("make")), target]
    environment = {"PATH": str(path)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=20, check=False)


def test_the_menu_is_what_make_alone_shows(tmp_path: Path) -> None:
    shown = make(tmp_path, "help").stdout
    assert all(f"make {target} " in shown for target in ("run", "tour", "test", "lint", "setup"))


@pytest.mark.parametrize("target", ["run", "test", "tour"])
def test_a_machine_without_python_313_is_told_so_in_one_line(tmp_path: Path, target: str) -> None:
    done = make(tmp_path, target)
    assert done.returncode != 0
    assert done.stderr.startswith("Python 3.13 is missing: ")
    assert done.stdout == ""


def test_a_machine_without_node_is_told_so_in_one_line(tmp_path: Path) -> None:
    done = make(tmp_path, "node_modules/stamp")
    assert done.returncode != 0
    assert done.stderr.startswith("Node 20 or later with npm is missing: ")


def ci(folder: Path, *tools: str, **stubs: str) -> subprocess.CompletedProcess[str]:
    """`.ci/run` where only these tools are on the PATH, and scripts that stand for others."""
    path = folder / "bin"
    path.mkdir()
    for tool in ("dirname", "mktemp", "rm", "tail", "sh", *tools):
        (path / tool).symlink_to(str(shutil.which(tool)))
    for name, script in stubs.items():
        stub = path / name.replace("_", "-")
        stub.write_text(f"#!/bin/sh\n{script}\n")
        stub.chmod(0o755)
    command = [str(shutil.which("bash")), str(ROOT / ".ci" / "run")]
    environment = {"PATH": str(path), "TMPDIR": str(folder)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=False)


def test_a_build_server_without_chromium_and_without_apt_is_told_so(tmp_path: Path) -> None:
    done = ci(tmp_path, make="echo made")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Chromium is missing, and there is no apt-get: ")


def test_a_build_server_that_cannot_install_chromium_says_why(tmp_path: Path) -> None:
    done = ci(tmp_path, make="echo made", apt_get='case "$*" in *install*) echo are you root?; exit 100;; esac')
    assert (done.returncode, done.stdout) == (1, "Installing Chromium\n")
    assert done.stderr.startswith("are you root?\nChromium is missing, and apt-get could not install it: ")


def test_a_build_server_installs_chromium_quietly_once_and_then_tests(tmp_path: Path) -> None:
    for name, stubs, said in (
        ("first", {"apt_get": 'echo "$DEBIAN_FRONTEND and much more"'}, "Installing Chromium\nmade test\n"),
        ("second", {"chromium": ""}, "made test\n"),
    ):
        (tmp_path / name).mkdir()
        done = ci(tmp_path / name, make='echo "made $*"', **stubs)
        assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


def published(name: str) -> bool:
    """Core Tools' reading of .funcignore: patterns are prefixes, and an exception wins over every rule."""
    lines = [line for line in (ROOT / ".funcignore").read_text().splitlines() if not line.startswith("#")]
    rules = [line for line in lines if not line.startswith("!")]
    assert rules == ["/*"], "another rule needs a better reading here"
    exceptions = [line.removeprefix("!/") for line in lines if line.startswith("!")]
    return any(re.match(rf"{re.escape(exception)}\b", name) for exception in exceptions)


def test_nothing_but_the_app_is_published() -> None:
    sent = {entry.name for entry in ROOT.iterdir() if published(entry.name)}
    assert sent - {"policy.yaml"} == {"function_app.py", "gateway", "host.json", "requirements.txt"}


def test_the_host_has_no_route_prefix_and_traces_no_inputs() -> None:
    settings = json.loads((ROOT / "host.json").read_text())
    assert settings["extensionBundle"]["version"] == "[4.*, 5.0.0)"
    assert settings["extensions"]["http"]["routePrefix"] == ""
    assert settings["extensions"]["durableTask"]["tracing"]["traceInputsAndOutputs"] is False


def test_node_packages_are_pinned_and_come_from_whatever_registry_is_set() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    wanted = json.loads((ROOT / "package.json").read_text())
    for kind in ("devDependencies", "optionalDependencies"):
        assert lock["packages"][""].get(kind) == wanted.get(kind)
        assert all(re.fullmatch(r"\d+\.\d+\.\d+(-[\w.]+)?", version) for version in wanted.get(kind, {}).values())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
