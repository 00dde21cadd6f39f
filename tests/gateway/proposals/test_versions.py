"""Versions of the policy: numbered, signed, created once; what the gateway did not sign is none."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.signing_keys import SigningKeys
from gateway.evidence import jws
from gateway.proposals.version import UnprovenError, Version, content_of, message_of, name_of, number_in, read
from gateway.proposals.versions import INTERVAL, Versions
from gateway.storage.contract import StoreUnavailableError
from tests.fakes.blobs import BlobFault, MemoryBlobs
from tests.fakes.clock import Calendar, Clock
from tests.fakes.signing import MemoryKey

FILE, FIRST, SECOND = "f" * 64, b"version: 1 # first", b"version: 1 # second"


class Shelf:
    """Two processes that share one container and one key."""

    def __init__(self) -> None:
        self.blobs, self.key, self.clock, self.calendar = MemoryBlobs(), MemoryKey(), Clock(), Calendar()
        self.here, self.there = self.process(), self.process()

    def process(self) -> Versions:
        return Versions(self.blobs, SigningKeys(self.key, self.clock), self.calendar, self.clock)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


async def test_without_a_version_there_is_none(shelf: Shelf) -> None:
    assert await shelf.here.newest() is None


async def test_one_that_was_added_is_the_newest_everywhere_within_the_interval(shelf: Shelf) -> None:
    assert await shelf.there.newest() is None
    added = await shelf.here.add(FIRST, "a" * 32, FILE)
    assert added is not None
    assert added.version.number == 1
    assert await shelf.there.newest() is None
    shelf.clock.advance(INTERVAL)
    assert await shelf.there.newest() == (1, FIRST)


async def test_one_that_would_replace_another_than_the_newest_is_not_added(shelf: Shelf) -> None:
    first = await shelf.here.add(FIRST, "a" * 32, FILE)
    assert first is not None
    assert await shelf.there.add(SECOND, "b" * 32, FILE) is None
    second = await shelf.there.add(SECOND, "b" * 32, first.version.digest)
    assert second is not None
    assert (second.version.number, second.version.before) == (2, first.version.digest)


async def test_of_two_at_once_one_is_added(shelf: Shelf) -> None:
    shelf.blobs.blobs[name_of(1)] = await _content(shelf, Version(1, _digest(FIRST), FILE, "a" * 32, _NOW), FIRST)
    known = shelf.here
    assert await known.latest() is not None
    assert await known.add(SECOND, "b" * 32, FILE) is None


async def test_one_whose_answer_was_lost_is_found_by_its_approval(shelf: Shelf) -> None:
    shelf.blobs.faults = [BlobFault.FAILS_BUT_IS_WRITTEN]
    with pytest.raises(StoreUnavailableError):
        await shelf.here.add(FIRST, "a" * 32, FILE)
    found = await shelf.there.find("a" * 32, _NOW)
    assert found is not None
    assert found.text == FIRST


async def test_one_that_was_sent_twice_is_its_own(shelf: Shelf) -> None:
    shelf.blobs.faults = [BlobFault.IS_WRITTEN_AND_SENT_AGAIN]
    added = await shelf.here.add(FIRST, "a" * 32, FILE)
    assert added is not None
    assert added.version.approval == "a" * 32


@pytest.mark.parametrize("other", ["other key", "changed text", "changed number", "no signature", "a seal"])
async def test_what_the_gateway_did_not_sign_as_a_version_is_none(shelf: Shelf, other: str) -> None:
    version = Version(1, _digest(FIRST), FILE, "a" * 32, _NOW)
    content = await _content(shelf, version, FIRST)
    match other:
        case "other key":
            content = await _content(Shelf(), version, FIRST)
        case "changed text":
            content += b" "
        case "changed number":
            content = await _content(shelf, Version(2, _digest(FIRST), FILE, "a" * 32, _NOW), FIRST)
        case "no signature":
            content = content_of(content.partition(b"\n")[0].decode().rpartition(".")[0] + ".", FIRST)
        case "a seal":
            keys = SigningKeys(shelf.key, shelf.clock)
            signed = await keys.sign(lambda kid: jws.message_of({"number": 1}, kid, "countersign-seal+jws"))
            content = content_of(jws.text_of(signed.message, signed.signature), FIRST)
    shelf.blobs.blobs[name_of(1)] = content
    with pytest.raises(UnprovenError):
        await shelf.here.newest()


async def test_a_version_that_is_none_does_not_take_the_place_of_the_last_good_one(shelf: Shelf) -> None:
    await shelf.here.add(FIRST, "a" * 32, FILE)
    assert await shelf.here.newest() == (1, FIRST)
    shelf.blobs.blobs[name_of(2)] = b"forged\nversion: 1"
    shelf.clock.advance(INTERVAL)
    with pytest.raises(UnprovenError):
        await shelf.here.newest()
    del shelf.blobs.blobs[name_of(2)]
    assert await shelf.here.newest() == (1, FIRST)


@given(st.integers(1, 99_999_999))
def test_names_of_versions_sort_as_their_numbers_do(number: int) -> None:
    assert number_in(name_of(number)) == number
    assert name_of(number) < name_of(number + 1) or number == 99_999_999


@pytest.mark.parametrize("name", ["versions/1", "versions/-0000001", "1", "versions/", "versions/000000001"])
def test_other_names_are_no_versions(name: str) -> None:
    assert number_in(name) is None


@given(st.binary(max_size=200))
def test_whatever_lies_there_is_a_version_or_unproven(content: bytes) -> None:
    with pytest.raises(UnprovenError):
        read(content, 1, {})


_NOW = datetime(2026, 11, 24, tzinfo=UTC)


async def _content(shelf: Shelf, version: Version, text: bytes) -> bytes:
    signed = await SigningKeys(shelf.key, shelf.clock).sign(lambda kid: message_of(version, kid))
    return content_of(jws.text_of(signed.message, signed.signature), text)


def _digest(text: bytes) -> str:
    return jws.digest_of(text.decode())
