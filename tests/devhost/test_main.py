import subprocess
import sys

import pytest

from devhost.__main__ import COMMANDS
from devhost.stack import ROOT


def devhost(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "devhost", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)


def test_help_lists_every_command() -> None:
    done = devhost("--help")
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("arguments", [(), ("walk",)])
def test_no_such_command_is_answered_with_the_list(arguments: tuple[str, ...]) -> None:
    done = devhost(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: python -m devhost COMMAND" in done.stderr


@pytest.mark.parametrize("name", ["run", "token"])
def test_a_command_explains_itself(name: str) -> None:
    done = devhost(name, "--help")
    assert done.returncode == 0
    assert f"usage: python -m devhost {name}" in done.stdout
