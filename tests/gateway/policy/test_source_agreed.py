"""The policy of a file that says how it is changed: what people agreed on counts in its place, or nothing does."""

import hashlib
from pathlib import Path

import pytest

from gateway.policy.source import INTERVAL, PolicySource
from gateway.storage.contract import SecretUnavailableError, StoreUnavailableError
from tests.fakes.clock import Clock
from tests.gateway.policy.test_source import put
from tests.gateway.proposals.room import governed

FILE = governed()
AGREED = FILE.replace("wire_money", "send_money")
LATER = FILE.replace("wire_money", "move_money")
PLAIN = FILE.partition("\nchanges:")[0]


class Agreed:
    """What people agreed on last, as a test has it."""

    def __init__(self) -> None:
        self.found: tuple[int, bytes] | Exception | None = None

    async def newest(self) -> tuple[int, bytes] | None:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Source:
    def __init__(self, folder: Path, text: str = FILE) -> None:
        self.file, self.clock, self.agreed = folder / "policy.yaml", Clock(), Agreed()
        self.file.write_text(text)
        self.policies = PolicySource(self.file, self.clock, newest=self.agreed.newest)

    async def in_force(self) -> tuple[int, str | None]:
        self.clock.advance(INTERVAL)
        policy = await self.policies.current()
        return self.policies.number, policy.digest if policy else None


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def test_the_file_counts_until_the_first_change(source: Source) -> None:
    assert await source.in_force() == (0, digest(FILE))
    source.agreed.found = 1, AGREED.encode()
    assert await source.in_force() == (1, digest(AGREED))
    assert source.policies.text == AGREED.encode()
    source.agreed.found = 2, LATER.encode()
    assert await source.in_force() == (2, digest(LATER))


async def test_a_new_process_begins_with_what_people_agreed_on(source: Source) -> None:
    source.agreed.found = 3, AGREED.encode()
    assert await source.in_force() == (3, digest(AGREED))
    [change] = source.policies.changes()
    assert (change.digest, change.text) == (digest(AGREED), AGREED.encode())


@pytest.mark.parametrize("error", [StoreUnavailableError("down"), SecretUnavailableError("down"), ValueError("forged")])
async def test_without_knowing_it_a_new_process_has_no_policy(source: Source, error: Exception) -> None:
    source.agreed.found = error
    assert await source.in_force() == (0, None)
    assert source.policies.problem is not None
    assert "is not known" in source.policies.problem[0]
    source.agreed.found = 1, AGREED.encode()
    assert await source.in_force() == (1, digest(AGREED))
    assert source.policies.problem is None


async def test_a_process_that_knew_it_goes_on_with_it(source: Source) -> None:
    source.agreed.found = 1, AGREED.encode()
    assert await source.in_force() == (1, digest(AGREED))
    source.agreed.found = StoreUnavailableError("down")
    assert await source.in_force() == (1, digest(AGREED))
    assert source.policies.problem is not None


async def test_a_file_that_is_replaced_meanwhile_does_not_count(source: Source) -> None:
    source.agreed.found = 1, AGREED.encode()
    assert await source.in_force() == (1, digest(AGREED))
    put(source.file, LATER)
    assert await source.in_force() == (1, digest(AGREED))


async def test_a_file_that_says_nothing_of_changes_counts_whatever_people_agreed_on(source: Source) -> None:
    """Who deploys the gateway has the last word, and it shows: health and each record name the policy in force."""
    source.agreed.found = 1, AGREED.encode()
    assert await source.in_force() == (1, digest(AGREED))
    put(source.file, PLAIN)
    assert await source.in_force() == (0, digest(PLAIN))


async def test_a_file_with_a_mistake_says_nothing_of_changes_and_what_is_in_force_stays(source: Source) -> None:
    source.agreed.found = 1, AGREED.encode()
    assert await source.in_force() == (1, digest(AGREED))
    put(source.file, FILE.replace("effect: allow", "effect: perhaps"))
    assert await source.in_force() == (1, digest(AGREED))
    assert source.policies.problem is not None


async def test_a_version_that_is_no_policy_does_not_take_the_place_of_one(source: Source) -> None:
    assert await source.in_force() == (0, digest(FILE))
    source.agreed.found = 1, b"version: 1"
    assert await source.in_force() == (0, digest(FILE))
    assert source.policies.problem is not None


async def test_a_text_is_checked_without_being_in_force(source: Source) -> None:
    assert await source.in_force() == (0, digest(FILE))
    found = await source.policies.checked(b"version: 1")
    assert isinstance(found, tuple)
    assert "line" in found[0]
    assert await source.in_force() == (0, digest(FILE))
