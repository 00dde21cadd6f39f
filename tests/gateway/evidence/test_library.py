from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import pytest

from gateway.evidence import library
from gateway.evidence.chosen import Chosen
from gateway.evidence.index import rows_before
from gateway.evidence.library import NOT_THE_ONE, NOT_THERE, SILENT, UNREADABLE, rows_of, survey, with_bodies
from gateway.evidence.reading import Stored
from gateway.evidence.replay import timeline
from gateway.evidence.timeline import Body
from gateway.evidence.told import told
from gateway.storage.contract import StoreUnavailableError
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.evidence import MemoryEvidence
from tests.fakes.evidence_rows import MemoryRows
from tests.gateway.evidence.rows import ABEL, CALL, EVE, SESSION, bodied, intent, outcome, rows, story

TODAY = {"first": "2026-11-23", "last": "2026-11-23"}
OTHER = "20261122-" + "b" * 32


def holding(*sessions: Sequence[Mapping[str, Any]], payloads: MemoryBlobs | None = None) -> Stored:
    """Records with the index that the gateway writes before them."""
    evidence = MemoryEvidence()
    for row in [row for session in sessions for row in session]:
        columns = {name: value for name, value in row.items() if name not in ("PartitionKey", "RowKey")}
        evidence.rows[row["PartitionKey"], row["RowKey"]] = columns
        record = told(row)
        day = record["time"][:10].replace("-", "")
        before = rows_before(record.fields, session=record.session, writer=record.writer, today=day)
        evidence.index |= {(partition, name): {} for partition, name, _ in before}
    return Stored(MemoryRows(evidence), MemoryBlobs(), payloads or MemoryBlobs())


async def names(kept: Stored, chosen: Chosen) -> list[str]:
    return [each.session for each in (await survey(kept, chosen, ["t"])).sessions]


async def test_a_session_is_told_in_one_line() -> None:
    found = (await survey(holding(story()), Chosen(**TODAY), ["t"])).sessions[0]
    assert (found.session, found.calls, found.refused, found.records) == (SESSION, 4, 1, 10)
    assert (found.subjects, found.servers) == ((EVE,), ("records",))
    assert found.targets == ("get_customer", "issue_refund", "wire_money")
    assert found.first < found.last


async def test_a_session_that_began_before_the_day_and_grew_on_it_is_found_newest_first() -> None:
    kept = holding(story(), rows([intent(700)], session=OTHER))
    assert await names(kept, Chosen(**TODAY)) == [OTHER, SESSION]


@pytest.mark.parametrize(
    ("chosen", "count"),
    [({"person": ABEL}, 1), ({"server": "x"}, 0), ({"tool": "wire_money"}, 1), ({"outcome": "failed"}, 0)],
)
async def test_only_sessions_with_a_record_that_fits_are_listed(chosen: dict[str, str], count: int) -> None:
    assert len(await names(holding(story()), Chosen(**TODAY | chosen))) == count


async def test_the_sessions_of_a_person_are_found_without_a_day() -> None:
    kept = holding(story(), rows([{**CALL, "at": 0, "event": "intent", "subject": "another"}], session=OTHER))
    assert await names(kept, Chosen(person=EVE)) == [SESSION]
    assert await names(kept, Chosen(person=ABEL)) == [SESSION]
    assert await names(kept, Chosen()) == []


async def test_a_list_that_is_cut_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = holding(story(), rows([intent(700)], session=OTHER))
    monkeypatch.setattr(library, "MAX_SESSIONS", 1)
    found = await survey(kept, Chosen(**TODAY), ["t"])
    assert ([each.session for each in found.sessions], found.is_cut) == ([SESSION], True)


async def test_reading_stops_after_so_many_rows_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = holding(*(rows([intent(0), outcome(1)], session=f"20261123-{n:032d}") for n in range(20)))
    monkeypatch.setattr(library, "MAX_READ", 10)
    found = await survey(kept, Chosen(**TODAY), ["t"])
    assert (len(found.sessions), found.is_cut) == (8, True)


async def test_a_long_session_is_cut_and_says_so() -> None:
    found, is_cut = await rows_of(holding(story()), SESSION, 3)
    assert (len(found), is_cut) == (3, True)
    assert (await rows_of(holding(story()), SESSION, 10))[1] is False


async def test_a_store_that_does_not_answer_is_an_error() -> None:
    rows = MemoryRows(MemoryEvidence())
    rows.is_down = True
    kept = Stored(rows, MemoryBlobs())
    with pytest.raises(StoreUnavailableError):
        await survey(kept, Chosen(**TODAY), ["t"])


async def answer_of(payloads: MemoryBlobs, limit: int = 100) -> Body:
    """The body of the story that lies in a blob, as a reader gets it."""
    found = await with_bodies(holding(payloads=payloads), timeline(SESSION, bodied()[0]), limit)
    return found.entries[0].bodies[2]


def stored() -> MemoryBlobs:
    kept = MemoryBlobs()
    kept.blobs = bodied()[1]
    return kept


async def test_bodies_in_blobs_come_with_those_in_records() -> None:
    found = await with_bodies(holding(payloads=stored()), timeline(SESSION, bodied()[0]))
    request, _, answer = found.entries[0].bodies
    assert ("c-1" in request.text, "and so on" in answer.text, answer.fault) == (True, True, "")


@pytest.mark.parametrize(
    ("content", "fault"), [(None, NOT_THERE), (b"{}", NOT_THE_ONE), (b'{"v":1,"message":{"forged":1}}', NOT_THE_ONE)]
)
async def test_a_blob_that_is_gone_or_another_is_told_and_not_shown(content: bytes | None, fault: str) -> None:
    kept = stored()
    name = next(iter(kept.blobs))
    del kept.blobs[name]
    if content is not None:
        kept.blobs[name] = content
    body = await answer_of(kept)
    assert (body.text, body.fault) == ("", fault)


async def test_a_blob_that_is_no_document_is_told() -> None:
    kept = MemoryBlobs()
    digest = "8e5bb9a02dc3d2b2cbb7ca3b0a4e4dfc"
    record = rows([intent(0, kept="whole", payload=sha256(digest.encode()).hexdigest())])
    kept.blobs[f"20261123/{sha256(digest.encode()).hexdigest()}.json"] = digest.encode()
    found = await with_bodies(holding(payloads=kept), timeline(SESSION, record))
    assert found.entries[0].bodies[0].fault == UNREADABLE


async def test_a_container_that_does_not_answer_hides_no_timeline() -> None:
    kept = stored()
    kept.is_down = True
    assert (await answer_of(kept)).fault == SILENT


async def test_no_more_blobs_are_read_than_asked_for() -> None:
    kept = stored()
    body = await answer_of(kept, limit=0)
    assert (kept.reads, body.text) == (0, "")
    assert body.fault.startswith("Not read")
