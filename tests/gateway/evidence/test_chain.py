"""Chains stay whole whatever the store does: no gap, no fork, nothing lost that was confirmed."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.chain import Chains
from gateway.evidence.form import FIRST, chained, row_key
from gateway.storage.contract import StoreUnavailableError
from tests.fakes.evidence import Fault, MemoryEvidence

WRITTEN, LOST, UNCONFIRMED = None, Fault.FAILS_AND_IS_NOT_WRITTEN, Fault.FAILS_BUT_IS_WRITTEN


def chains_of(store: MemoryEvidence) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The bodies of each chain, checked: numbered without a gap, each naming the hash of the one before."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    previous: dict[tuple[str, str], str] = defaultdict(lambda: FIRST)
    for (session, row), columns in sorted(store.rows.items()):
        body = json.loads(str(columns["body"]))
        key = (session, body["writer"])
        assert row == row_key(body["writer"], len(found[key]))
        assert (body["sequence"], body["previous"]) == (len(found[key]), previous[key])
        previous[key] = str(columns["hash"])
        found[key].append(body)
    return found


async def append_all(chains: Chains, session: str, numbers: Sequence[int]) -> set[int]:
    """Appends in order, and gives the numbers of those that were confirmed."""
    confirmed = set()
    for number in numbers:
        try:
            await chains.append(session, {"number": number})
            confirmed.add(number)
        except StoreUnavailableError:
            continue
    return confirmed


async def test_records_of_a_session_are_chained_in_order() -> None:
    store = MemoryEvidence()
    await append_all(Chains(store), "s", range(5))
    [chain] = chains_of(store).values()
    assert [body["number"] for body in chain] == [0, 1, 2, 3, 4]


async def test_two_hundred_appends_at_once_lose_nothing_and_leave_no_gap() -> None:
    store = MemoryEvidence()
    chains = Chains(store)
    await asyncio.gather(*(chains.append(f"s{n % 3}", {"number": n}) for n in range(200)))
    assert sorted(body["number"] for chain in chains_of(store).values() for body in chain) == list(range(200))
    assert len(chains_of(store)) == 3


@given(st.lists(st.sampled_from([WRITTEN, LOST, UNCONFIRMED]), max_size=30))
async def test_no_sequence_of_store_faults_breaks_a_chain(faults: list[Fault | None]) -> None:
    store = MemoryEvidence(*faults)
    confirmed = await append_all(Chains(store), "s", range(30))
    [chain] = chains_of(store).values()
    numbers = [body["number"] for body in chain]
    assert confirmed <= set(numbers)
    assert len(numbers) == len(set(numbers))
    assert numbers == sorted(numbers)


async def test_a_record_that_was_written_although_the_store_failed_stays_where_it_is() -> None:
    store = MemoryEvidence(UNCONFIRMED, WRITTEN)
    assert await append_all(Chains(store), "s", [1, 2]) == {2}
    [chain] = chains_of(store).values()
    assert [body["number"] for body in chain] == [1, 2]


async def test_the_same_record_is_written_once_even_if_its_confirmation_was_lost() -> None:
    store = MemoryEvidence(UNCONFIRMED)
    assert await append_all(Chains(store), "s", [1, 1]) == {1}
    assert len(store.rows) == 1


async def test_a_foreign_row_in_this_writers_place_refuses_every_further_record() -> None:
    store = MemoryEvidence()
    chains = Chains(store)
    await chains.append("s", {"number": 1})
    [(session, row)] = store.rows
    writer = row.rpartition("-")[0]
    store.rows[session, row_key(writer, 1)] = chained({}, session="s", writer=writer, sequence=1, previous=FIRST)
    with pytest.raises(StoreUnavailableError):
        await chains.append("s", {"number": 2})


async def test_a_quiet_session_is_forgotten_and_goes_on_in_a_new_chain() -> None:
    store = MemoryEvidence()
    chains = Chains(store, limit=2)
    for session in ("a", "b", "c", "a"):
        await chains.append(session, {"session_name": session})
    assert sorted(session for session, _ in chains_of(store)) == ["a", "a", "b", "c"]


async def test_two_processes_write_to_one_session_in_chains_of_their_own() -> None:
    store = MemoryEvidence()
    await asyncio.gather(*(append_all(Chains(store), "s", range(10)) for _ in range(2)))
    assert [len(chain) for chain in chains_of(store).values()] == [10, 10]


async def test_a_cancelled_append_leaves_the_chain_whole() -> None:
    store = MemoryEvidence()
    chains = Chains(store)
    task = asyncio.create_task(chains.append("s", {"number": 1}))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await chains.append("s", {"number": 2})
    [chain] = chains_of(store).values()
    assert chain[-1]["number"] == 2
