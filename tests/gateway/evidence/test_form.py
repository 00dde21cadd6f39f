import hashlib
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.form import FILTERS, FIRST, MAX_TEXT, chained, row_key

FIELDS = {"time": "2026-11-23T10:00:00.000000Z", "event": "intent", "target": "get_customer", "message": "request"}


def columns(**changes: str | int) -> dict[str, str | int]:
    return chained(FIELDS | changes, session="20261123-a", writer="w.1", sequence=3, previous=FIRST)


def test_the_hash_is_that_of_the_canonical_body() -> None:
    row = columns()
    assert row["hash"] == hashlib.sha256(str(row["body"]).encode()).hexdigest()
    body = json.loads(str(row["body"]))
    assert body == FIELDS | {"v": 1, "session": "20261123-a", "writer": "w.1", "sequence": 3, "previous": FIRST}
    assert list(body) == sorted(body)


def test_what_auditors_filter_on_has_a_column_and_the_rest_is_in_the_body_alone() -> None:
    row = columns()
    assert row["target"] == "get_customer"
    assert "message" not in row
    assert set(row) <= {*FILTERS, "body", "hash"}


def test_any_changed_field_changes_the_hash() -> None:
    assert len({columns()["hash"], columns(target="other")["hash"], columns(extra=1)["hash"]}) == 3


def test_a_long_text_is_cut_and_says_so() -> None:
    row = columns(target="x" * 1_000_000)
    assert str(row["target"]).startswith("x" * MAX_TEXT + "... (1000000 characters, sha256 ")
    assert len(str(row["body"])) < 3 * MAX_TEXT


def test_control_characters_reach_no_column_and_are_escaped_in_the_body() -> None:
    row = columns(target="a\x00b\nc")
    assert row["target"] == "a\ufffdb\ufffdc"
    assert json.loads(str(row["body"]))["target"] == "a\x00b\nc"


def test_row_keys_sort_as_sequence_numbers_do() -> None:
    assert sorted(row_key("w", number) for number in (10, 9, 100, 0)) == [
        row_key("w", number) for number in (0, 9, 10, 100)
    ]


@given(st.dictionaries(st.sampled_from(FILTERS), st.text(max_size=2000) | st.integers(0, 2**53 - 1), max_size=8))
def test_every_record_has_a_form(fields: dict[str, str | int]) -> None:
    row = chained(fields, session="s", writer="w", sequence=0, previous=FIRST)
    assert json.loads(str(row["body"]))["sequence"] == 0


_TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)
_NAMES = st.text(st.characters(max_codepoint=0x2FF), min_size=1, max_size=5) | st.sampled_from(["\U0001f600", "\ufb33"])


@given(st.dictionaries(_NAMES, _TEXTS | st.integers() | st.booleans(), max_size=6))
def test_the_body_is_what_rfc_8785_makes_of_it_byte_for_byte_or_there_is_none(fields: dict[str, str | int]) -> None:
    known: dict[str, str | int] = {"v": 1, "session": "s", "writer": "w", "sequence": 0, "previous": FIRST}
    try:
        expected = rfc8785.dumps({**fields, **known}).decode()
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            chained(fields, session="s", writer="w", sequence=0, previous=FIRST)
    else:
        assert chained(fields, session="s", writer="w", sequence=0, previous=FIRST)["body"] == expected
