# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""A whole document."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.document import Policy
from gateway.policy.parse import parse
from tests.gateway.policy.documents import GOOD, changed, good, mistakes

ID = "6f1c0000-0000-4000-8000-000000000001"


def test_a_policy_carries_the_digest_of_its_bytes() -> None:
    assert good().digest == hashlib.sha256(GOOD.encode()).hexdigest()
    assert good(GOOD.encode()).digest == good(GOOD).digest
    assert good(GOOD + "# a comment\n").digest != good().digest


def test_rules_are_found_by_server_in_order() -> None:
    document = changed("servers:\n", "servers:\n  other: {url: 'https://x.example'}\n")
    document += document.partition("rules:\n")[2].replace("engineers-read", "second").replace("[records]", '["*"]')
    policy = good(document)
    assert [rule.name for rule in policy.rules] == ["engineers-read", "second"]
    assert [rule.name for rule in policy.rules_of["records"]] == ["engineers-read", "second"]
    assert [rule.name for rule in policy.rules_of["other"]] == ["second"]


def test_group_ids_count_without_case() -> None:
    assert good(changed(ID, ID.upper())).groups["engineering"] == ID


def test_every_mistake_is_told_in_the_order_of_lines() -> None:
    document = changed("version: 1", "version: 2").replace("[email]", "[emial]").replace("tools:", "tool:")
    lines = [error.partition(",")[0] for error in mistakes(document)]
    assert lines == ["line 1", "line 11", "line 13", "line 17"]


def test_a_mistake_in_a_name_makes_no_second_mistake_where_it_is_used() -> None:
    assert mistakes(changed(ID, "eng")) == [
        "line 3, column 16: group 'engineering' must be the object id of an Entra group, "
        "such as 00000000-1111-2222-3333-444444444444, or {name: ...}"
    ]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("version: 1", "version: '2'", "line 1, column 10: version must be 1, the only one that this gateway reads"),
        ("version: 1\n", "", "line 1, column 1: the policy lacks 'version'"),
        ("rules:", "ruels:", "line 12, column 1: unknown key 'ruels' in the policy; did you mean 'rules'?"),
        ("  engineering:", "  on:", "line 3, column 3: a key of groups: YAML reads on as true or false; write 'on' in quotes"),
        ("000000000002", "000000000001", "line 4, column 7: group 'hr' has the object id of group 'engineering'; keep one label for it"),
        (ID, "12", "line 3, column 16: group 'engineering' must be text; write '12' in quotes"),
        ("  hr:", '  "a\\"b":', "line 4, column 3: group 'a\"b': a label has up to 120 characters and no quotes"),
        ("  hr:", "  engineering:", "line 4, column 3: key 'engineering' is given twice in groups, first in line 3; keep one"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_section_is_told(old: str, new: str, error: str) -> None:
    assert error in mistakes(changed(old, new))


@pytest.mark.parametrize("document", ["", "[]", "a: [", "\x00", "\ud800", b"\xff", "version: 1"])
def test_what_is_no_policy_is_refused(document: str | bytes) -> None:
    assert mistakes(document)


LINES = GOOD.splitlines(keepends=True)


@given(st.integers(0, len(GOOD)), st.integers(0, 20), st.text("{}[]:*&#-'\"\n ax1", max_size=6))
def test_no_damage_to_a_document_makes_it_raise(position: int, length: int, noise: str) -> None:
    damaged = GOOD[:position] + noise + GOOD[position + length :]
    parsed = parse(damaged)
    assert isinstance(parsed, Policy) or (parsed and all(error.line >= 1 for error in parsed))


@given(st.permutations(LINES))
def test_shuffled_lines_do_not_make_it_raise(lines: list[str]) -> None:
    assert parse("".join(lines))


def test_comments_and_order_of_sections_do_not_matter() -> None:
    head, _, tail = GOOD.partition("servers:\n")
    shuffled = "servers:\n" + tail + head.replace("version: 1", "version: 1 # the only one")
    assert replace(good(shuffled), digest="") == replace(good(), digest="")
