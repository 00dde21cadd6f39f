"""What the pages of docs/ name exists: links, files, settings, commands with their options, parameters, log ids."""

import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

from gateway import __main__ as program
from tests.docs.pages import MINE, PAGES, anchors, blocks

SETTINGS = Path("gateway/settings.py").read_text()
BICEP = Path("infra/main.bicep").read_text()
WORDS = re.compile(r"python -m gateway ([a-z][^`#|\n]*)")


def commands(text: str) -> list[list[str]]:
    """The words of each command line of the gateway that a page shows, up to where the shell takes over."""
    joined = re.sub(r"<[a-z ]+>", "X", text.replace("\\\n", " "))
    found = [re.split(r"--?>|[<>);]", line)[0] for line in WORDS.findall(joined)]
    return [shlex.split(line.replace("'", "").replace('"', "")) for line in found]


@cache
def usage(words: tuple[str, ...]) -> str:
    """What `--help` of a command prints; the empty text where there is no such command."""
    out = StringIO()
    with redirect_stdout(out), redirect_stderr(StringIO()):
        try:
            code = program.main([*words, "--help"])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return out.getvalue() if code == 0 else ""


def named(words: list[str]) -> tuple[str, ...]:
    """The part of a command line that names the command."""
    first = tuple(word for word in words[:2] if re.fullmatch(r"[a-z]+", word))
    return first if usage(first) else first[:1]


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[name].read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (PAGES[name].parent / path).resolve() if path else PAGES[name]
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("name", MINE)
def test_every_file_that_is_named_exists(name: str) -> None:
    found = re.findall(r"`((?:gateway|tests|devhost|docs|infra|bench)/[\w./-]+)`", PAGES[name].read_text())
    assert [path for path in found if not Path(path).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_setting_that_is_named_is_read(name: str) -> None:
    found = set(re.findall(r"\bCOUNTERSIGN_[A-Z_]*[A-Z]", PAGES[name].read_text()))
    assert {setting for setting in found if f'"{setting}"' not in SETTINGS} == set()


@pytest.mark.parametrize("name", PAGES)
def test_every_command_with_its_options_is_there(name: str) -> None:
    for words in commands(PAGES[name].read_text()):
        told = usage(named(words))
        assert told.startswith(f"usage: python -m gateway {' '.join(named(words))}"), words
        options = [word.partition("=")[0] for word in words if word.startswith("--") and word != "--help"]
        assert [option for option in options if option not in told] == [], words


@pytest.mark.parametrize("name", [name for name in MINE if name != "cookbook"])
def test_variables_of_commands_are_outputs_of_the_deployment(name: str) -> None:
    by_hand = {"APP_ID"}
    shown = "".join(blocks(PAGES[name].read_text(), "sh"))
    used = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", shown)) - by_hand
    assert used - set(re.findall(r"^output (\w+)", BICEP, re.MULTILINE)) == set()


def test_the_parameters_of_a_deployment_are_those_of_the_template() -> None:
    rows = re.findall(r"^\| (`[^|]+) \| [^|]+\|$", PAGES["deploy"].read_text(), re.MULTILINE)
    parameters = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(parameters) > 5
    assert parameters - set(re.findall(r"^param (\w+)", BICEP, re.MULTILINE)) == set()


def test_a_command_that_does_not_exist_is_noticed() -> None:
    assert usage(("evidence", "verify"))
    assert not usage(("evidence", "falsify"))
    assert "--nothing" not in usage(("evidence", "verify"))
    assert commands("`python -m gateway evidence verify --json > fault.json`") == [["evidence", "verify", "--json"]]
    assert commands("python -m gateway access revoke <an id> --reason why  # so") == [
        ["access", "revoke", "X", "--reason", "why"]
    ]
