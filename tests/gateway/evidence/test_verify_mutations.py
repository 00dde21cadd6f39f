"""Of whatever was done to records that are sealed, all is found: any field of any record, any set of rows."""

import json
import random
from functools import partial
from operator import ne
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.events import Event
from gateway.evidence.form import FILTERS, row_key
from gateway.evidence.jws import Keys
from gateway.evidence.reading import row_of as place_of
from gateway.evidence.statement import time_of
from gateway.evidence.verdict import Report
from tests.gateway.evidence.archive import Archive, Rows, body_of, recorded, row_of, told, verified

type Key = tuple[str, str]

FIELD = st.sampled_from(FILTERS) | st.text(min_size=1, max_size=8)
"""Those with columns, and whatever else a record may ever have."""
VALUE = st.text(max_size=12) | st.integers(-(2**53) + 1, 2**53 - 1)
RECORDS = st.lists(st.dictionaries(FIELD, VALUE, max_size=6), min_size=1, max_size=4)
SETS = 400
"""Random sets of deletions and insertions."""


def named(report: Report) -> set[str]:
    return {where for _, where in told(report)}


@settings(max_examples=40)
@given(RECORDS, st.data())
async def test_whatever_fields_records_have_a_change_of_any_is_found_and_named(
    records: list[dict[str, str | int]], data: st.DataObject
) -> None:
    archive = Archive()
    for number, fields in enumerate(records):
        await archive.record(f"20261123-{number % 2}", **fields | {"event": data.draw(st.sampled_from(Event))})
    await archive.seal()
    original, keys = archive.table(), await archive.keys()
    assert verified(original, archive.texts(), keys).is_whole
    for key, columns in original.items():
        for row in altered(columns, data):
            assert "/".join(key) in named(verified(original | {key: row}, archive.texts(), keys)), row


def altered(columns: dict[str, Any], data: st.DataObject) -> list[dict[str, Any]]:
    """The row with each field of its body, and each column, changed, taken away or of another type."""
    body, found = body_of(columns), []
    for name, value in body.items():
        other = data.draw(VALUE.filter(partial(ne, value)))
        without = {field: kept for field, kept in body.items() if field != name}
        found += [row_of(body | {name: other}), row_of(without), columns | {"body": json.dumps(body | {name: other})}]
    for name, value in columns.items():
        other = data.draw(VALUE.filter(partial(ne, value)))
        found += [columns | {name: other}, {field: kept for field, kept in columns.items() if field != name}]
    return found


@pytest.fixture(scope="module")
async def archive() -> Archive:
    return await recorded()


@pytest.fixture(scope="module")
async def keys(archive: Archive) -> Keys:
    return await archive.keys()


def ends(rows: Rows) -> dict[tuple[str, str], int]:
    """The last sequence number of each chain."""
    places = [(session, *(place_of(row) or ("", 0))) for session, row in rows]
    return {
        (session, writer): max(each[2] for each in places if each[:2] == (session, writer))
        for session, writer, _ in places
    }


def forged(archive: Archive, chance: random.Random) -> tuple[Key, dict[str, Any]]:
    """A record that is right in itself, of a time that is sealed: behind a chain, or the first of another writer."""
    rows = archive.table()
    (session, writer), last = chance.choice(sorted(ends(rows).items()))
    head = rows[session, row_key(writer, last)]
    changes: dict[str, Any] = {"sequence": last + 1, "previous": head["hash"]}
    if chance.random() < 0.5:
        changes = {"writer": f"{chance.randbytes(6).hex()}.1", "sequence": 0, "previous": "0" * 64}
    body = body_of(head) | {"time": time_of(archive.now.replace(hour=8))} | changes
    return (session, row_key(body["writer"], body["sequence"])), row_of(body)


def missing(report: Report) -> set[str]:
    """The places of all records that the report says are missing."""
    found = set()
    for each in report.findings:
        if each.kind == "missing":
            chain, _, first = each.place.rpartition("-")
            count = int(each.detail.split(" ")[0].replace("one", "1"))
            found |= {row_key(chain, sequence) for sequence in range(int(first), int(first) + count)}
    return found


@pytest.mark.parametrize("seed", range(4))
def test_of_random_sets_of_deletions_and_insertions_each_row_is_named_and_no_other(
    archive: Archive, keys: Keys, seed: int
) -> None:
    chance, original = random.Random(seed), archive.table()
    for _ in range(SETS // 4):
        gone = set(chance.sample(sorted(original), chance.choice([0, 1, 2, 5, 20, len(original) - 1])))
        added = dict(forged(archive, chance) for _ in range(chance.choice([0, 1, 3])))
        rows = {key: columns for key, columns in original.items() if key not in gone} | added
        report = verified(rows, archive.texts(), keys)
        assert report.is_whole is (not gone and not added)
        assert missing(report) == {"/".join(key) for key in gone}
        assert {where for kind, where in told(report) if kind == "added"} == {"/".join(key) for key in added}


@pytest.mark.parametrize("event", Event)
def test_a_record_that_is_put_between_others_with_the_chain_made_right_behind_it_is_found(
    archive: Archive, keys: Keys, event: Event
) -> None:
    """All later records of the chain are written anew, so that every hash, link and number agrees."""
    rows = archive.table()
    (session, writer), last = min(ends(rows).items())
    sequence = list(Event).index(event)
    bodies = [body_of(rows[session, row_key(writer, number)]) for number in range(last + 1)]
    bodies.insert(sequence, bodies[sequence] | {"target": "innocent"})
    previous = "0" * 64
    for number, body in enumerate(bodies):
        row = row_of(body | {"sequence": number, "previous": previous})
        rows[session, row_key(writer, number)], previous = row, row["hash"]
    report = verified(rows, archive.texts(), keys)
    assert any(where.startswith(f"{session}/{writer}-") for where in named(report))
