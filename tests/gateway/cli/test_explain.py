"""`policy explain`."""

import json
from pathlib import Path

import pytest

from gateway.cli.policy import main
from gateway.cli.printed import Printed
from tests.gateway.cli.test_files import written
from tests.gateway.policy.documents import GOOD, good

ENGINEERING = good().groups["engineering"]
TIMED = """\
  - name: office-hours
    effect: deny
    who: anyone
    servers: [records]
    tools: ["*"]
    when: now.getHours() < 8 || caller.client == "night" || caller.oid == "sleeper"
"""
PEOPLE = "engineer: {kind: user, groups: [engineering]}\npipeline: {kind: app, roles: [Mcp.Call]}\n"
GET = ("--server", "records", "--tool", "get_customer")
NOON = ("--at", "2026-11-23T12:00:00Z")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return written(tmp_path, GOOD + TIMED)


def asked(policy: Path, *words: str) -> Printed:
    return main(["explain", "--policy", str(policy), *words])


def is_allowed(policy: Path, *words: str) -> bool:
    """The answer, which the text, the JSON and the exit code give alike."""
    as_text, as_json = asked(policy, *words), asked(policy, *words, "--json")
    answers = {as_text.text.startswith("ALLOWED"), json.loads(as_json.text)["decision"] == "allow"}
    answers |= {as_text.code == 0, as_json.code == 0}
    assert {as_text.code, as_json.code} <= {0, 3}
    assert len(answers) == 1
    return answers == {True}


def test_a_caller_is_named_in_the_people_file_beside_the_policy(policy: Path, tmp_path: Path) -> None:
    written(tmp_path, PEOPLE, "people.yaml")
    assert is_allowed(policy, "--as", "engineer", *GET, *NOON)
    assert not is_allowed(policy, "--as", "pipeline", *GET, *NOON)


def test_another_people_file_may_be_named(policy: Path, tmp_path: Path) -> None:
    written(tmp_path, "engineer: {kind: user}", "people.yaml")
    other = written(tmp_path, PEOPLE, "others.yaml")
    assert is_allowed(policy, "--people", str(other), "--as", "engineer", *GET, *NOON)


def test_a_caller_may_be_a_json_file(policy: Path, tmp_path: Path) -> None:
    described = {"kind": "user", "groups": [ENGINEERING], "oid": "somebody"}
    path = written(tmp_path, json.dumps(described), "caller.json")
    assert is_allowed(policy, "--as", str(path), *GET, *NOON)


@pytest.mark.parametrize(
    ("flags", "allowed"),
    [
        (["--group", "engineering"], True),
        (["--group", ENGINEERING.upper()], True),
        (["--group", "hr"], False),
        (["--group", "hr", "--group", "engineering"], True),
        (["--kind", "app", "--role", "Mcp.Call"], False),
        (["--group", "engineering", "--client", "NIGHT"], False),
        (["--group", "engineering", "--oid", "Sleeper"], False),
    ],
)
def test_a_caller_may_be_described_by_flags(policy: Path, flags: list[str], allowed: bool) -> None:
    assert is_allowed(policy, *flags, *GET, *NOON) is allowed


def test_the_call_is_what_the_flags_say(policy: Path) -> None:
    printed = asked(policy, "--group", "engineering", "--server", "records", "--method", "tools/list", *NOON, "--json")
    found = json.loads(printed.text)
    assert found["call"] == {"server": "records", "method": "tools/list", "target": ""}
    assert (found["at"], printed.code) == ("2026-11-23T12:00:00+00:00", 0)


def test_the_time_counts(policy: Path) -> None:
    assert not is_allowed(policy, "--group", "engineering", *GET, "--at", "2026-11-23T06:00:00Z")


def test_arguments_count(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + "    when: args.id > 7\n")
    assert is_allowed(path, "--group", "engineering", *GET, "--args", '{"id": 8}')
    assert not is_allowed(path, "--group", "engineering", *GET, "--args", '{"id": 7}')


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([*GET], "say who calls: --as NAME, or --kind, --group, --role, --oid, --client"),
        (["--as", "engineer", "--group", "hr", *GET], "give --as or --group, not both"),
        (["--as", "enginer", *GET], "--as: unknown person 'enginer'; did you mean 'engineer'?"),
        (["--group", "enginering", *GET], "--group: unknown group 'enginering'; did you mean 'engineering'?"),
        (["--group", "hr", "--server", "records"], "name what is asked for"),
        (["--group", "hr", *GET, "--prompt", "letter"], "give a tool or a prompt, not both"),
    ],
)
def test_a_wrong_question_is_not_answered(policy: Path, tmp_path: Path, words: list[str], sentence: str) -> None:
    written(tmp_path, PEOPLE, "people.yaml")
    printed = asked(policy, *words)
    assert (printed.code, printed.text) == (2, "")
    assert printed.complaint.startswith(sentence)


def test_a_name_without_a_people_file_is_not_answered(policy: Path) -> None:
    printed = asked(policy, "--as", "engineer", *GET)
    assert printed.code == 2
    assert "name a people file with --people" in printed.complaint


@pytest.mark.parametrize("file", ["policy.yaml", "people.yaml", "caller.json"])
def test_a_wrong_file_is_told_with_the_line(policy: Path, tmp_path: Path, file: str) -> None:
    written(tmp_path, PEOPLE, "people.yaml")
    written(tmp_path, '{"kind": "user"}', "caller.json")
    wrong = written(tmp_path, "engineer: {kind: robot}\n", file)
    who = str(wrong) if file == "caller.json" else "engineer"
    printed = asked(policy, "--as", who, *GET)
    assert (printed.code, printed.complaint) == (1, "")
    assert printed.text.startswith(f"{wrong}:1:")


def test_groups_that_only_the_directory_knows_are_named(tmp_path: Path) -> None:
    by_name = GOOD.replace("engineering: 6f1c0000-0000-4000-8000-000000000001", "engineering: {name: SG-Eng}")
    printed = asked(written(tmp_path, by_name), "--group", "engineering", *GET)
    assert printed.text.startswith("ALLOWED")
    assert printed.text.endswith("groups written by name are not looked up here: engineering")
