"""Which blob a record names, what is wrong with a body, and how it reads."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.bodies import (
    Document,
    Named,
    blob_name,
    fits,
    has_body,
    is_of,
    named_in,
    plain,
    policy_name,
    pretty,
    read,
    record_fault,
)

DIGEST = "5f" * 32
TIME = "2026-11-23T10:00:00.000000Z"
WHOLE = '{"v":1,"message":{"a":1}}'

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_a_record_names_a_blob_of_its_day() -> None:
    assert named_in({"time": TIME, "payload": DIGEST}) == Named(f"20261123/{DIGEST}.json", DIGEST)
    assert blob_name(TIME, DIGEST) == f"20261123/{DIGEST}.json"


def test_the_record_of_a_policy_names_its_text() -> None:
    loaded = {"event": "policy", "policy": DIGEST, "kept": "whole"}
    assert named_in(loaded) == Named(policy_name(DIGEST), DIGEST)
    assert named_in(loaded | {"kept": "left_out"}) is None
    proposed = {"event": "policy_proposed", "policy": "0" * 64, "target": DIGEST, "kept": "whole"}
    assert named_in(proposed) == Named(policy_name(DIGEST), DIGEST)


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", DIGEST.upper(), DIGEST + "\n", DIGEST[:-1], 7])
@pytest.mark.parametrize("time", [TIME, "../2026-1", ""])
def test_no_other_name_leads_anywhere(digest: Any, time: str) -> None:
    assert named_in({"time": time, "payload": digest}) is None
    assert named_in({"event": "policy", "kept": "whole", "policy": digest}) is None


@given(st.dictionaries(st.sampled_from(["event", "kept", "payload", "content", "time", "policy", "v"]), anything))
def test_fields_of_any_kind_are_judged_and_raise_nothing(fields: dict[str, Any]) -> None:
    assert isinstance(record_fault(fields), str)
    named_in(fields)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"kept": "whole", "content": WHOLE}, ""),
        ({"kept": "cut", "content": '{"v":1,"beginning":"a"}'}, ""),
        ({"kept": "left_out", "kept_why": "size"}, ""),
        ({"kept": "left_out", "content": '{"v":1,"hidden":[]}'}, ""),
        ({"kept": "whole", "payload": DIGEST, "time": TIME}, ""),
        ({"event": "policy"}, ""),
        ({}, ""),
        ({"kept": "whole"}, "says that a body is kept, and has none"),
        ({"kept": "cut"}, "says that a body is kept, and has none"),
        ({"kept": "whole", "payload": "x", "time": TIME}, "names no blob that the gateway could have made"),
        ({"kept": "whole", "content": '{"v":2,"message":{}}'}, "holds a body that is no document of version 1"),
        ({"kept": "whole", "content": '{"v":1,"beginning":"a"}'}, "holds a body that is no document of version 1"),
        ({"kept": "cut", "content": WHOLE}, "holds a body that is no document of version 1"),
        ({"kept": "left_out", "content": WHOLE}, "holds a body that is no document of version 1"),
        ({"kept": "whole", "content": "nonsense"}, "holds a body that is no document of version 1"),
        ({"event": "policy", "kept": "whole", "policy": ""}, "says that a policy is kept, and names none"),
    ],
)
def test_what_a_record_says_of_a_body_and_does_not_have_is_a_fault(fields: dict[str, Any], fault: str) -> None:
    assert record_fault(fields) == fault
    if "kept" in fields:
        assert has_body(json.dumps(fields, separators=(",", ":")))


def test_a_record_without_a_body_is_passed_over() -> None:
    assert not has_body(json.dumps({"event": "refused", "detail": 'kept and "payload"'}, separators=(",", ":")))


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"[]",
        b"",
        "7",
        '{"v":1,"hidden":7}',
        '{"v":1,"beginning":7}',
        '{"v":"1"}',
        "[" * 100_000,
        b"\xff\xfe{\0",
    ],
)
def test_what_is_no_document_is_none(content: str | bytes) -> None:
    assert read(content) is None


def test_a_blob_is_the_one_of_its_digest_or_not() -> None:
    named = Named("d", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae")
    assert (is_of(named, b"foo"), is_of(named, b"fo")) == (True, False)


def test_numbers_keep_their_spelling() -> None:
    found = read('{"v":1,"message":{"a":1.50,"b":1e2,"c":12345678901234567890123,"d":-0}}')
    assert found is not None
    shown = pretty(found.message)
    assert [line.strip(" ,") for line in shown.split("\n")[1:-1]] == [
        '"a": 1.50',
        '"b": 1e2',
        '"c": 12345678901234567890123',
        '"d": -0',
    ]


def test_numbers_that_no_program_holds_are_read_all_the_same() -> None:
    found = read(f'{{"v":1,"message":{{"a":{"9" * 5000},"b":1.5,"c":[1]}}}}')
    assert found is not None
    assert plain(found.message) == {"a": "9" * 5000, "b": 1.5, "c": [1]}


@given(anything)
def test_lines_hold_the_same_value(value: Any) -> None:
    assert json.loads(pretty(value)) == value


def test_lines_are_indented() -> None:
    assert pretty({"a": [1, {}], "b": []}) == '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}'


def test_a_document_holds_as_much_as_its_record_says() -> None:
    assert fits(Document(message={}), "whole")
    assert not fits(Document(beginning="a"), "left_out")
