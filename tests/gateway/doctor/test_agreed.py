"""Which policy the doctor takes to be in force, and what it says of versions that are none."""

import hashlib

import pytest

from gateway.access.signing_keys import SigningKeys
from gateway.doctor import agreed, policy
from gateway.doctor.bench import Bench
from gateway.doctor.finding import State
from gateway.policy.document import Policy
from gateway.proposals.version import name_of
from gateway.proposals.versions import Versions
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import Calendar, Clock
from tests.fakes.policies import policy_text
from tests.fakes.signing import MemoryKey
from tests.gateway.doctor.around import Around, states
from tests.gateway.proposals.room import governed

SECRETS = {"records-token": "x"}
VAULT = {"COUNTERSIGN_KEY_VAULT": "https://vault.example"}


class Shelf:
    """Versions in memory, and a bench that may look at them."""

    def __init__(self) -> None:
        self.blobs, self.key = MemoryBlobs(), MemoryKey()

    @property
    def versions(self) -> Versions:
        """As a new process opens them."""
        return Versions(self.blobs, SigningKeys(self.key, Clock()), Calendar(), Clock())

    async def agree(self, text: str, before: str) -> None:
        assert await self.versions.add(text.encode(), "a" * 32, hashlib.sha256(before.encode()).hexdigest())

    async def looked(self, *, as_operator: bool = False) -> Bench:
        bench = Around(secrets=dict(SECRETS)).bench(governed(), VAULT, as_operator=as_operator)
        return await agreed.looked(bench, self.versions)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


async def test_the_file_counts_until_people_agree_on_another_version(shelf: Shelf) -> None:
    bench = await shelf.looked()
    found = await policy.check(bench)
    assert states(found) == [State.OK, State.OK, State.OK]
    assert "the file counts" in found[0].seen
    assert found[1].seen.startswith("policy.yaml, SHA-256")


async def test_what_they_agreed_on_is_what_the_other_checks_look_at(shelf: Shelf) -> None:
    text = governed().replace("records-token", "other-token")
    await shelf.agree(text, governed())
    bench = await shelf.looked()
    assert isinstance(bench.document, Policy)
    assert bench.document.digest == hashlib.sha256(text.encode()).hexdigest()
    version, counted, credential = await policy.check(bench)
    assert (version.state, "version 1 of the policy" in version.seen, "a" * 32 in version.seen) == (
        State.OK,
        True,
        True,
    )
    assert counted.seen.startswith("version 1, SHA-256")
    assert (credential.state, "other-token" in credential.seen) == (State.FAULT, True)


async def test_a_version_that_says_no_more_how_it_is_changed_is_a_warning(shelf: Shelf) -> None:
    await shelf.agree(policy_text(), governed())
    found = agreed.told(await shelf.looked())
    assert states(found) == [State.OK, State.WARNING]
    assert "without `changes`" in found[1].do


async def test_a_version_that_is_forged_is_a_fault_and_the_file_is_looked_at(shelf: Shelf) -> None:
    await Shelf().agree(governed(), governed())
    other = Shelf()
    await other.agree(policy_text(), governed())
    shelf.blobs.blobs = other.blobs.blobs
    bench = await shelf.looked()
    found = await policy.check(bench)
    assert states(found) == [State.FAULT, State.OK, State.OK]
    assert "version 1 of the policy is not signed by the gateway" in found[0].seen
    shelf.blobs.blobs = {name_of(1): b"nonsense"}
    assert "cannot be read" in agreed.told(await shelf.looked())[0].seen


async def test_a_version_whose_key_was_disabled_is_a_fault(shelf: Shelf) -> None:
    await shelf.agree(governed() + "# second\n", governed())
    shelf.key.rotate(disable_old=True)
    (found,) = agreed.told(await shelf.looked())
    assert (found.state, "enable the version of the key" in found.do) == (State.FAULT, True)


@pytest.mark.parametrize(("as_operator", "state"), [(False, State.FAULT), (True, State.CANNOT_TELL)])
async def test_stores_and_vault_that_do_not_answer_are_no_good_news(
    shelf: Shelf, *, as_operator: bool, state: State
) -> None:
    shelf.blobs.is_down = True
    assert states(agreed.told(await shelf.looked(as_operator=as_operator))) == [state]
    shelf.blobs.is_down = False
    await shelf.agree(governed() + "# second\n", governed())
    shelf.key.reachable = False
    assert states(agreed.told(await shelf.looked(as_operator=as_operator))) == [state]


async def test_a_policy_that_says_nothing_of_changes_asks_no_store() -> None:
    bench = Around().bench(policy_text())
    assert await agreed.with_version(bench) is bench
    assert agreed.told(bench) == []


async def test_changes_without_a_vault_that_signs_are_a_warning() -> None:
    bench = Around().bench(governed(), {"COUNTERSIGN_KEY_VAULT": ""})
    assert await agreed.with_version(bench) is bench
    assert states(agreed.told(bench)) == [State.WARNING]
