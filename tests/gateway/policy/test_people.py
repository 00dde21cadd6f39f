# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""People by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.people import described, group_id, read_one, read_people
from gateway.values import Caller, CallerKind

GROUPS = {"engineering": "6f1c0000-0000-4000-8000-000000000001", "hr": "6f1c0000-0000-4000-8000-000000000002"}
OTHER = "6F1C0000-0000-4000-8000-00000000000A"


def mistakes(document: str) -> list[str]:
    read = read_people(document.encode(), GROUPS)
    assert isinstance(read, tuple)
    return [str(error) for error in read]


def test_a_person_has_what_a_token_would_say() -> None:
    document = f"""\
engineer: {{kind: user, groups: [engineering, {OTHER}], oid: ABC, tid: DEF, client: GHI}}
pipeline: {{kind: app, roles: [Mcp.Call]}}
"""
    people = read_people(document.encode(), GROUPS)
    assert people == {
        "engineer": Caller(
            tenant="def",
            object_id="abc",
            kind=CallerKind.USER,
            client="ghi",
            groups=frozenset({GROUPS["engineering"], OTHER.lower()}),
            roles=frozenset(),
            token_id="",
            sign_in="",
            expires=0,
        ),
        "pipeline": described(CallerKind.APP, roles=["Mcp.Call"]),
    }


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("", "line 1, column 1: the people file is empty; begin with 'engineer: {kind: user, groups: [engineering]}'"),
        ("- engineer", "line 1, column 1: the people file must be a mapping, such as 'name: ...'"),
        ("a: {groups: [hr]}", "line 1, column 4: 'a' lacks 'kind'"),
        ("a: {kind: usr}", "line 1, column 11: unknown kind 'usr'; did you mean 'user'? (in 'a')"),
        (
            "a:\n  kind: user\n  groups: [enginering]",
            "line 3, column 12: groups of 'a': unknown group 'enginering'; did you mean 'engineering'? (a label of the policy, or an object id)",
        ),
        (
            "a: {kind: user, group: [hr]}",
            "line 1, column 17: unknown key 'group' in 'a'; did you mean 'groups'?",
        ),
    ],
)
def test_a_mistake_names_its_line_and_what_to_write(document: str, sentence: str) -> None:
    assert mistakes(document) == [sentence]


def test_one_person_may_have_a_json_file_of_their_own() -> None:
    read = read_one(b'{"kind": "agent", "groups": ["hr"]}', GROUPS)
    assert read == described(CallerKind.AGENT, groups=[GROUPS["hr"]])
    wrong = read_one(b'{"kind": "robot"}', GROUPS)
    assert isinstance(wrong, tuple)
    assert "unknown kind 'robot'" in str(wrong[0])
    assert isinstance(read_one(b"", GROUPS), tuple)


def test_a_group_is_a_label_or_an_object_id() -> None:
    assert group_id("hr", GROUPS) == GROUPS["hr"]
    assert group_id(OTHER, GROUPS) == OTHER.lower()
    assert group_id("60000000", GROUPS) is None


@given(st.binary() | st.text().map(str.encode))
def test_no_file_makes_it_raise(data: bytes) -> None:
    assert isinstance(read_people(data, GROUPS), dict | tuple)
    assert isinstance(read_one(data, GROUPS), Caller | tuple)
