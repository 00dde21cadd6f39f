"""What is published: exactly the app, by the readings of both tools, and it runs with `requirements.txt` alone."""

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pathspec
import pytest

from devhost import children, protos
from devhost.children import Child, Part
from devhost.ports import Ports
from tests.devhost.conftest import free_ports
from tests.infra.bicep import ROOT

APP = {"function_app.py", "host.json", "requirements.txt", "policy.yaml"}
NEVER_LISTED = {".git", "node_modules", ".venv", ".local", ".hypothesis", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
"""Folders of thousands of files: one name below each says what becomes of the others."""
INSTALL_WITHIN = 150.0
"""Seconds, of a machine that is busy; alone it takes about 20."""
POLICY = """
version: 1
servers:
  crm:
    url: https://crm.example.com/mcp
rules: []
"""


def files() -> Iterator[str]:
    """Every file of the checkout, as a tool that publishes it finds them."""
    for entry in sorted(ROOT.iterdir()):
        if entry.is_file():
            yield entry.name
        elif entry.name in NEVER_LISTED:
            yield f"{entry.name}/any/file.py"
        else:
            yield from (each.relative_to(ROOT).as_posix() for each in entry.rglob("*") if each.is_file())
    yield from (
        "local.settings.json",
        ".azure/prod/.env",
        "policy.yaml",
        "notes.txt",
        "gateway/pages/__pycache__/x.pyc",
    )


def lines() -> list[str]:
    return [line for line in (ROOT / ".funcignore").read_text().splitlines() if line and not line.startswith("#")]


def by_git(name: str) -> bool:
    """The Azure Developer CLI and VS Code: the last line that matches counts, as in `.gitignore`."""
    return not pathspec.GitIgnoreSpec.from_lines(lines()).match_file(name)


def by_core_tools(name: str) -> bool:
    """`func azure functionapp publish`: patterns are prefixes up to a word's end, and an exception wins over all."""
    if Path(name).name in (".funcignore", ".gitignore", "local.settings.json") or name.startswith(
        (".git/", ".vscode/")
    ):
        return False
    exceptions = [line.removeprefix("!") for line in lines() if line.startswith("!")]
    rules = [line for line in lines() if not line.startswith("!")]
    return _matches(exceptions, name) or not _matches(rules, name)


def _matches(patterns: list[str], name: str) -> bool:
    return any(re.match(rf"{_pattern(each.removeprefix('/'))}\b", name) for each in patterns)


def _pattern(line: str) -> str:
    return re.escape(line).replace(r"\*\*", "(.+)").replace(r"\*", "([^/]+)")


def wanted(name: str) -> bool:
    return name in APP or name.startswith("gateway/")


def test_the_developer_cli_publishes_the_app_and_nothing_else() -> None:
    for name in files():
        assert by_git(name) == wanted(name), name


def test_core_tools_publish_the_app_and_at_most_what_python_made_of_it() -> None:
    for name in files():
        assert by_core_tools(name) == (wanted(name) or name.startswith("gateway/")), name


def test_the_gateway_is_code_and_templates() -> None:
    kinds = {Path(name).suffix for name in files() if name.startswith("gateway/") and wanted(name)}
    assert kinds <= {".py", ".pyc", ".html", ".css", ".js", ".json", ".txt", ".svg"}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that would be published, with a policy."""
    folder = tmp_path_factory.mktemp("published")
    for name in filter(by_git, files()):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / "policy.yaml").write_text(POLICY)
    return folder


@pytest.fixture(scope="module")
def clean_python(tmp_path_factory: pytest.TempPathFactory, published: Path) -> Path:
    """A Python that has what the published `requirements.txt` names, and nothing else."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    # This environment's pip, into that one: a new pip of its own would take seconds and show nothing.
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile"]
    quiet = ["--disable-pip-version-check", "--requirement", str(published / "requirements.txt")]
    done = subprocess.run([*command, *quiet], capture_output=True, text=True, timeout=INSTALL_WITHIN, check=False)
    assert done.returncode == 0, done.stderr
    return python


@pytest.fixture(scope="module")
async def served(
    published: Path, clean_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Ports, Path]]:
    """The published folder, served by Microsoft's worker in that Python; its ports and its log."""
    tools, ports = tmp_path_factory.mktemp("tools"), free_ports()
    # Beside the checkout and not in it: a module that is not published must not be found there.
    shutil.copytree(Path(protos.__file__).parent, tools / "devhost")
    child = await children.start(host_of(published, clean_python, ports, tools), tools / "log", folder=tools)
    try:
        yield ports, tools / "log"
    finally:
        await end(child)


def host_of(app: Path, python: Path, ports: Ports, tools: Path) -> Part:
    where = ("--app", str(app), "--state", str(tools / "state"))
    flags = (*where, "--port", str(ports.gateway), "--worker-port", str(ports.worker))
    probe = f"http://127.0.0.1:{ports.gateway}/devhost/ready"
    return Part("published", (str(python), "-m", "devhost.host", *flags), probe, environment(ports))


def environment(ports: Ports) -> dict[str, str]:
    """The settings of a deployment whose stores are not there, and nothing of this process's paths."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "COUNTERSIGN_URL": f"http://127.0.0.1:{ports.gateway}",
        "COUNTERSIGN_TENANTS": "7e4a0000-0000-4000-8000-000000000001",
        "COUNTERSIGN_AUDIENCE": "a9900000-0000-4000-8000-000000000001",
        "COUNTERSIGN_EVIDENCE": "https://evidence.invalid",
        "COUNTERSIGN_EVIDENCE_BLOBS": "https://blobs.invalid",
        "COUNTERSIGN_STATE": "https://state.invalid",
    }


async def end(child: Child) -> None:
    assert await children.stop(child) == 0


@pytest.mark.timeout(INSTALL_WITHIN + 60)
async def test_the_published_folder_answers_through_the_worker_with_its_requirements_alone(
    served: tuple[Ports, Path], clean_python: Path, published: Path
) -> None:
    ports, log = served
    url = f"http://127.0.0.1:{ports.gateway}"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(20)) as session:
        health = await (await session.get(f"{url}/health")).json()
        metadata = await (await session.get(f"{url}/.well-known/oauth-protected-resource/mcp/crm")).json()
        page = await session.get(f"{url}/approvals", allow_redirects=False)
    assert (health["status"], health["policy_rejected"]) == ("ok", False)
    assert metadata["resource"] == f"{url}/mcp/crm"
    assert page.status < 500
    assert "Traceback" not in log.read_text()


@pytest.mark.timeout(INSTALL_WITHIN + 60)
def test_every_module_of_the_gateway_loads_there(clean_python: Path, published: Path) -> None:
    script = (
        "import importlib, pathlib\n"
        "for file in sorted(pathlib.Path('gateway').rglob('*.py')):\n"
        "    name = '.'.join(file.with_suffix('').parts).removesuffix('.__init__')\n"
        "    if not name.endswith('__main__'): importlib.import_module(name)\n"
    )
    command = [str(clean_python), "-c", script]
    done = subprocess.run(command, cwd=published, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
