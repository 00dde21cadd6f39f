import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.told import in_order, moment_of, records, told
from tests.gateway.evidence.rows import intent, outcome, rows

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()


def test_a_record_is_what_its_body_says() -> None:
    row = rows([intent(0)])[0]
    record = told(row | {"server": "another"})
    assert (record.is_whole, record["server"], record["message"]) == (True, "records", "request")
    assert (record.writer, record.sequence) == ("w.1", 0)


@pytest.mark.parametrize("body", [None, 7, "", "{", "[]", "[" * 100_000])
def test_a_body_that_cannot_be_read_leaves_the_columns_and_is_told(body: Any) -> None:
    record = told(rows([intent(0)])[0] | {"body": body})
    assert (record.is_whole, record["server"], record["message"]) == (False, "records", "")


def test_index_rows_are_no_records() -> None:
    index = {"PartitionKey": "~day-20261123", "RowKey": "20261123-a~w.1"}
    assert [each["event"] for each in records([index, *rows([intent(0)])])] == ["intent"]


def test_records_of_one_moment_keep_the_order_of_their_writer() -> None:
    found = rows([intent(0), outcome(0)])
    assert [each["event"] for each in in_order(records(reversed(found)))] == ["intent", "outcome"]


def test_a_time_without_a_zone_is_none() -> None:
    assert moment_of("2026-11-23T10:00:00") is None
    assert moment_of("soon") is None


@given(st.dictionaries(st.sampled_from(["PartitionKey", "RowKey", "body", "time", "event", "other"]), ANYTHING))
def test_whatever_lies_in_the_table_can_be_read(row: dict[str, Any]) -> None:
    record = told(row)
    assert isinstance(record["time"], str)
    assert isinstance(record.sequence, int)
    assert record.at is None or record.at.tzinfo


@given(st.recursive(ANYTHING.filter(lambda value: not isinstance(value, bytes)), st.lists, max_leaves=5))
def test_fields_are_texts_and_numbers_whatever_a_body_holds(value: Any) -> None:
    record = told({"body": json.dumps({"event": value})})
    assert isinstance(record.fields.get("event", ""), str | int)
