"""Whatever is done to records or seals behind the gateway's back is found, and named."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.events import Event
from gateway.evidence.form import FILTERS, FIRST, row_key
from gateway.evidence.jws import Keys, text_of
from gateway.evidence.reading import row_of as place_of
from gateway.evidence.statement import message_of, parse, time_of
from gateway.evidence.verdict import Report
from gateway.evidence.verify import Scope
from tests.gateway.evidence.archive import Archive, Rows, body_of, recorded, row_of, told, verified

type Whole = tuple[Archive, Keys]


@pytest.fixture(scope="module")
async def whole() -> Whole:
    archive = await recorded()
    return archive, await archive.keys()


def judge(whole: Whole, rows: Rows, seals: dict[int, str] | None = None) -> Report:
    archive, keys = whole
    return verified(rows, archive.texts() if seals is None else seals, keys)


def place(key: tuple[str, str]) -> str:
    return "/".join(key)


def the_next(rows: Rows, key: tuple[str, str]) -> tuple[str, str] | None:
    found = place_of(key[1])
    assert found
    after = (key[0], row_key(found[0], found[1] + 1))
    return after if after in rows else None


def test_what_nobody_touched_is_whole_and_says_what_it_cannot_show(whole: Whole) -> None:
    report = judge(whole, whole[0].table())
    assert (report.findings, report.faults, report.is_whole) == ((), 0, True)
    assert (report.records, report.sealed, report.unsealed) == (3 * len(Event), 3 * len(Event), 0)
    assert (report.chains, report.seals, report.first_seal) == (4, report.last_seal, 1)
    assert any("last seal" in sentence for sentence in report.unknown)
    assert any("first write" in sentence for sentence in report.unknown)


def test_a_change_of_any_field_of_any_kind_of_record_is_found_and_named(whole: Whole) -> None:
    """In the body alone, in the body with the right hash for it, and in the column alone."""
    original = whole[0].table()
    tried = 0
    one_of_each = {body_of(columns)["event"]: key for key, columns in original.items()}
    for key in one_of_each.values():
        columns = original[key]
        body = body_of(columns)
        for name, value in body.items():
            other = value + 1 if isinstance(value, int) else f"{value}?"
            altered: list[dict[str, Any]] = [
                columns | {"body": json.dumps(body | {name: other})},
                row_of(body | {name: other}),
                row_of({field: text for field, text in body.items() if field != name}),
            ]
            if name in FILTERS:
                altered.append(columns | {name: other})
                altered.append({field: text for field, text in columns.items() if field != name})
            for row in altered:
                report = judge(whole, original | {key: row})
                assert place(key) in {each.place for each in report.findings}, (key, name)
                tried += 1
    assert one_of_each.keys() == set(Event)
    assert tried > 3_000


def test_a_field_that_was_added_is_found(whole: Whole) -> None:
    rows = whole[0].table()
    for key, columns in rows.items():
        for row in (columns | {"extra": "1"}, row_of(body_of(columns) | {"extra": "1"})):
            assert ("changed", place(key)) in told(judge(whole, rows | {key: row}))


@pytest.mark.parametrize("value", ["", "0" * 64, None])
def test_a_hash_alone_cannot_be_changed(whole: Whole, value: str | None) -> None:
    rows = whole[0].table()
    for key, columns in rows.items():
        report = judge(whole, rows | {key: columns | {"hash": value}})
        assert told(report) == {("changed", place(key))}


def test_each_record_that_is_taken_out_is_named(whole: Whole) -> None:
    for key in whole[0].table():
        rows = whole[0].table()
        del rows[key]
        assert told(judge(whole, rows)) == {("missing", place(key))}


def test_a_tail_that_is_cut_off_is_found_by_the_head_that_a_seal_names(whole: Whole) -> None:
    rows = whole[0].table()
    session, row = next(iter(rows))
    writer = row.rpartition("-")[0]
    for length in range(1, len(Event) + 1):
        first = len(Event) - length
        gone = {(session, row_key(writer, sequence)) for sequence in range(first, len(Event))}
        report = judge(whole, {key: columns for key, columns in rows.items() if key not in gone})
        assert told(report) == {("missing", f"{session}/{row_key(writer, first)}")}
        [finding] = report.findings
        assert ("one record" if length == 1 else f"{length} records") in finding.detail


def test_any_two_records_that_changed_places_are_named(whole: Whole) -> None:
    rows = whole[0].table()
    keys, chance = sorted(rows), random.Random(1)
    for _ in range(300):
        one, other = chance.sample(keys, 2)
        report = judge(whole, rows | {one: rows[other], other: rows[one]})
        assert told(report) >= {("reordered", place(one)), ("reordered", place(other))}
        assert {kind for kind, _ in told(report)} == {"reordered"}


def test_a_record_that_was_put_in_is_named(whole: Whole) -> None:
    archive, _ = whole
    rows = archive.table()
    (session, row), columns = next(iter(rows.items()))
    body = body_of(columns)
    early = {"time": time_of(archive.now.replace(hour=1))}
    forged = body | early | {"writer": "ffffffffffff.1", "sequence": 0, "previous": FIRST}
    added: dict[tuple[str, str], dict[str, Any]] = {
        (session, row_key("ffffffffffff.1", 0)): row_of(forged),
        ("20261123-forged", row_key("ffffffffffff.1", 0)): row_of(forged | {"session": "20261123-forged"}),
        (session, "notes"): {"body": "x", "hash": "y"},
        (session, f"{row}0"): columns,
        (session, row.replace("-0", "-")): columns,
        ("", row): columns,
    }
    for key, new in added.items():
        [(kind, where)] = told(judge(whole, rows | {key: new}))
        assert where == place(key)
        assert kind in ("added", "reordered")


def test_a_copy_of_a_record_in_a_free_place_is_found(whole: Whole) -> None:
    rows = whole[0].table()
    for (session, row), columns in rows.items():
        writer = row.rpartition("-")[0]
        free = (session, row_key(writer, len(Event)))
        assert ("reordered", place(free)) in told(judge(whole, rows | {free: columns}))


def test_a_chain_that_was_rewritten_from_one_record_on_is_found_by_its_head(whole: Whole) -> None:
    """Whoever can write may make every hash and link right again, and cannot make the seal right."""
    rows = whole[0].table()
    session, row = next(iter(rows))
    writer = row.rpartition("-")[0]
    for first in range(len(Event)):
        forged, previous = dict(rows), None
        for sequence in range(first, len(Event)):
            key = (session, row_key(writer, sequence))
            body = body_of(rows[key]) | ({"previous": previous} if previous else {"target": "innocent"})
            forged[key] = row_of(body)
            previous = forged[key]["hash"]
        report = judge(whole, forged)
        assert {kind for kind, _ in told(report)} == {"changed"}
        assert all(where.startswith(f"{session}/{writer}-") for _, where in told(report))


mutations = st.lists(st.tuples(st.sampled_from(["delete", "swap", "change", "insert"]), st.integers(0), st.integers(0)))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutations.filter(bool))
def test_any_set_of_deletions_insertions_swaps_and_changes_is_found(
    whole: Whole, done: list[tuple[str, int, int]]
) -> None:
    original = whole[0].table()
    rows, keys = dict(original), sorted(original)
    for what, first, second in done:
        one, other = keys[first % len(keys)], keys[second % len(keys)]
        if what == "delete":
            rows.pop(one, None)
        elif what == "swap" and one in rows and other in rows:
            rows[one], rows[other] = rows[other], rows[one]
        elif what == "change" and one in rows:
            rows[one] = row_of(body_of(rows[one]) | {"target": f"innocent {second}"})
        elif what == "insert":
            rows[one[0], f"{one[1][:-8]}{second % 10**8:08d}"] = original[other]
    report = judge(whole, rows)
    assert report.is_whole is (rows == original)
    gone = {key for key in original if key not in rows}
    if gone:
        assert "missing" in {kind for kind, _ in told(report)}
        assert sum(
            int(each.detail.split(" ")[0].replace("one", "1")) for each in report.findings if each.kind == "missing"
        ) >= len(gone)


def test_a_seal_that_is_missing_is_named(whole: Whole) -> None:
    archive, _ = whole
    for number in range(1, len(archive.texts())):
        seals = archive.texts()
        del seals[number]
        assert ("seal_missing", f"seal {number}") in told(judge(whole, archive.table(), seals))
    assert told(judge(whole, archive.table(), {})) >= {("seal_missing", "seal 1")}


def test_a_newest_seal_that_was_taken_away_leaves_records_that_look_unsealed(whole: Whole) -> None:
    """Nothing in the evidence shows it but time: seals are made every five minutes, and one is overdue."""
    archive, keys = whole
    seals = archive.texts()
    del seals[max(seals)]
    report = verified(archive.table(), seals, keys, now=archive.now.replace(hour=23))
    assert ("seal_overdue", f"seal {max(seals)}") in told(report)
    assert report.unsealed > 0


def test_a_seal_that_was_replaced_is_named(whole: Whole) -> None:
    archive, _ = whole
    seals = archive.texts()
    for number in sorted(seals)[:-1]:
        found = judge(whole, archive.table(), seals | {number: seals[number + 1]})
        assert ("seal_replaced", f"seal {number}") in told(found)


async def test_a_seal_that_was_replaced_by_one_of_the_same_key_is_named_by_the_next(whole: Whole) -> None:
    """As somebody who may use the key, and cannot write all later seals anew, would do it."""
    archive, _ = whole
    for number, text in list(archive.texts().items())[:-1]:
        seal = parse(text)
        message = message_of(replace(seal.statement, ended=("20261122-other",)), seal.kid)
        forged = text_of(message, await archive.key.sign(seal.kid, message))
        found = told(judge(whole, archive.table(), archive.texts() | {number: forged}))
        assert found == {("seal_replaced", f"seal {number}")}


def test_no_character_of_a_seal_can_be_changed(whole: Whole) -> None:
    archive, _ = whole
    seals, chance = archive.texts(), random.Random(1)
    for number, text in seals.items():
        for _ in range(40):
            at = chance.randrange(len(text))
            other = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
            found = told(judge(whole, archive.table(), seals | {number: other}))
            assert found & {
                (kind, f"seal {number}") for kind in ("seal_signature", "seal_unreadable", "unknown_key")
            }, (number, at)


async def test_a_seal_of_a_key_that_nobody_knows_is_named(whole: Whole) -> None:
    archive, keys = whole
    newest = {kid: key for kid, key in keys.items() if kid == "version-2"}
    found = told(verified(archive.table(), archive.texts(), newest))
    assert found == {("unknown_key", "seal 1")}


async def test_a_forged_last_seal_over_forged_records_is_told_by_its_signature(whole: Whole) -> None:
    archive, _ = whole
    forger = await recorded()
    report = judge(whole, forger.table(), archive.texts() | {max(archive.texts()): forger.texts()[max(forger.texts())]})
    kinds = {kind for kind, _ in told(report)}
    assert "seal_signature" in kinds
    assert "missing" in kinds


async def test_what_came_after_the_last_seal_is_said_and_is_no_fault(whole: Whole) -> None:
    archive = await recorded([Event.INTENT, Event.OUTCOME])
    await archive.record("20261123-one")
    report = verified(archive.table(), archive.texts(), await archive.keys())
    assert (report.faults, report.unsealed) == (0, 1)
    assert report.unknown[0].startswith("1 record written after the last seal (2026-11-23T09:")


async def test_a_record_that_was_spilled_and_written_late_is_no_fault(whole: Whole) -> None:
    archive = await recorded([Event.INTENT, Event.OUTCOME])
    early = time_of(archive.now.replace(hour=1))
    await archive.record("20261123-one", time=early, spilled=1)
    assert verified(archive.table(), archive.texts(), await archive.keys()).is_whole
    await archive.seal()
    report = verified(archive.table(), archive.texts(), await archive.keys())
    assert (report.faults, report.late) == (0, 1)


async def test_a_change_of_a_chain_that_was_broken_already_is_found_by_the_root() -> None:
    archive = Archive()
    for number in range(4):
        await archive.record("20261123-a", call=str(number))
    keys = list(archive.store.rows)
    del archive.store.rows[keys[2]]
    await archive.seal()
    rows = archive.table()
    assert told(verified(rows, archive.texts(), await archive.keys())) == {("missing", place(keys[2]))}
    rows[keys[1]] = row_of(body_of(rows[keys[1]]) | {"target": "innocent"})
    found = told(verified(rows, archive.texts(), await archive.keys()))
    assert found == {("missing", place(keys[2])), ("root", "seal 1")}
    del rows[keys[1]]
    assert ("count", "seal 1") in told(verified(rows, archive.texts(), await archive.keys()))


async def test_a_period_is_verified_by_the_sessions_that_began_in_it() -> None:
    archive = Archive()
    for day in ("20261121", "20261122", "20261123"):
        await archive.record(f"{day}-a")
        await archive.record(f"{day}-a")
    await archive.seal()
    keys, scope = await archive.keys(), Scope("20261122", "20261122")
    report = verified(archive.table(), archive.texts(), keys, scope)
    assert (report.faults, report.records) == (0, 2)
    assert any("roots were not recomputed" in sentence for sentence in report.unknown)
    rows = archive.table()
    del rows[next(key for key in rows if key[0] == "20261122-a")]
    assert [kind for kind, _ in told(verified(rows, archive.texts(), keys, scope))] == ["missing"]


async def test_the_seals_of_a_period_stand_for_themselves_and_say_so(whole: Whole) -> None:
    archive, keys = whole
    seals = {number: text for number, text in archive.texts().items() if number >= 3}
    report = verified(archive.table(), seals, keys, Scope(whole=False))
    assert report.faults == 0
    assert any("Seals 1 to 2 are not part of this" in sentence for sentence in report.unknown)
    rows = archive.table()
    key = sorted(rows)[4]
    rows[key] = row_of(body_of(rows[key]) | {"target": "innocent"})
    assert ("changed", place(key)) in told(verified(rows, seals, keys, Scope(whole=False)))


def test_an_export_without_the_columns_of_filters_is_whole(whole: Whole) -> None:
    archive, keys = whole
    bare = {key: {name: columns[name] for name in ("body", "hash")} for key, columns in archive.table().items()}
    assert verified(bare, archive.texts(), keys, Scope(has_columns=False)).is_whole
    assert not verified(bare, archive.texts(), keys).is_whole


def test_a_chain_that_was_announced_and_never_begun_is_told(whole: Whole) -> None:
    from gateway.evidence.verify import Verifier  # noqa: PLC0415 - the only one that needs it

    verifier = Verifier(whole[1])
    report = verifier.report(announced=[("20261123-one", "w.1")])
    assert report.silent == 1
    assert any("1 chain announced and not begun" in sentence for sentence in report.unknown)


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["20261123-a", "", "~day", "é"]), st.text(max_size=12) | st.just("w.1-00000000")),
        st.dictionaries(st.sampled_from(["body", "hash", "event"]), st.text(max_size=9) | st.integers() | st.none()),
        max_size=6,
    ),
    st.dictionaries(st.integers(1, 4), st.text(max_size=30)),
)
def test_whatever_rows_and_seals_hold_the_verifier_reports(rows: Rows, seals: dict[int, str]) -> None:
    report = verified(rows, seals, {})
    assert report.is_whole is (not any(not key[0].startswith("~") for key in rows) and not seals)
