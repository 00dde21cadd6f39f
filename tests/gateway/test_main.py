"""`python -m gateway`."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.__main__ import COMMANDS, main

ROOT = Path(__file__).parents[2]
POLICY = "devhost/policy.yaml"
HEAVY = ("azure", "httpx", "aiohttp", "fastapi", "cryptography", "jwt", "mcp", "typer", "devhost")


def gateway(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)


def test_help_lists_every_command() -> None:
    done = gateway("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert "example: python -m gateway " in done.stdout


@pytest.mark.parametrize("arguments", [(), ("policies",)])
def test_no_such_command_is_answered_with_the_usage(arguments: tuple[str, ...]) -> None:
    done = gateway(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: python -m gateway COMMAND")


def test_answers_and_complaints_go_where_they_belong() -> None:
    explain = ("policy", "explain", "--policy", POLICY, "--server", "records", "--tool", "get_customer")
    refused, misused = gateway(*explain, "--as", "outsider"), gateway(*explain)
    assert (refused.returncode, refused.stderr, refused.stdout[:7]) == (3, "", "REFUSED")
    assert (misused.returncode, misused.stdout, misused.stderr[:13]) == (2, "", "say who calls")


def test_nothing_in_a_file_or_an_argument_steers_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(
        ["policy", "explain", "--policy", POLICY, "--as", "engineer", "--server", "records", "--tool", "\x1b[2J"]
    )
    assert code == 3
    assert "\N{REPLACEMENT CHARACTER}[2J" in capsys.readouterr().out


def test_the_commands_for_the_policy_load_nothing_of_the_platform() -> None:
    script = f"""
import sys
from gateway.__main__ import main
main(["policy", "check", {POLICY!r}])
main(["policy", "explain", "--policy", {POLICY!r}, "--as", "engineer", "--server", "records", "--tool", "x"])
main(["policy", "test", "devhost/policy.cases.yaml"])
print(sorted({{name.partition(".")[0] for name in sys.modules}} & set({HEAVY!r})))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
