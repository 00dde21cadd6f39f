from datetime import UTC, datetime, timedelta

import pytest

from gateway.access.signing_keys import SigningKeys
from gateway.doctor import seals
from gateway.doctor.finding import State
from gateway.doctor.seals import Last
from gateway.evidence.reading import Stored, seal_name
from gateway.evidence.sealing import Sealer
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.evidence import MemoryEvidence
from tests.fakes.evidence_rows import MemoryRows
from tests.fakes.signing import MemoryKey

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


async def test_the_last_seal_is_the_one_of_the_highest_number_and_no_probe() -> None:
    blobs = MemoryBlobs()
    assert await seals.last_of(blobs) == Last(0, None)
    stored = Stored(MemoryRows(MemoryEvidence()), blobs)
    sealer = Sealer(stored, blobs, SigningKeys(MemoryKey()), lambda: NOW)
    assert [(await sealer.seal()).number for _ in range(2)] == [1, 2]
    await blobs.create("~probe/20261123T120000Z-00000000", b"doctor")
    assert await seals.last_of(blobs) == Last(2, NOW)
    await blobs.create(seal_name(3), b"nonsense")
    assert await seals.last_of(blobs) == Last(3, None)


async def test_a_probe_is_no_payload_to_whoever_verifies() -> None:
    payloads = MemoryBlobs()
    await payloads.create("~probe/20261123T120000Z-00000000", b"doctor")
    await payloads.create("20261123-s/a", b"{}")
    stored = Stored(MemoryRows(MemoryEvidence()), MemoryBlobs(), payloads)
    assert list(await stored.payload_names()) == ["20261123-s/a"]


@pytest.mark.parametrize(
    ("last", "state"),
    [
        (Last(0, None), State.WARNING),
        (Last(3, None), State.FAULT),
        (Last(3, NOW - timedelta(minutes=14)), State.OK),
        (Last(3, NOW + timedelta(minutes=1)), State.OK),
        (Last(3, NOW - timedelta(minutes=16)), State.FAULT),
    ],
)
def test_a_seal_that_is_older_than_a_quarter_of_an_hour_is_a_fault(last: Last, state: State) -> None:
    assert seals.judged(last, NOW).state is state
