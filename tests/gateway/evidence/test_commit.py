"""What arrives together is written together, and no fault of the store loses, doubles or reorders anything."""

import asyncio
import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence import chain as chain_module
from gateway.evidence import commit
from gateway.evidence.chain import Chains
from gateway.evidence.commit import Entry
from gateway.evidence.form import MAX_TEXT
from gateway.storage.contract import MAX_BATCH, StoreUnavailableError
from tests.fakes.evidence import Fault, MemoryEvidence
from tests.gateway.evidence.test_chain import chains_of

FAULTS = st.lists(st.none() | st.sampled_from(Fault), max_size=25)
BURSTS = st.lists(st.integers(1, 8), min_size=1, max_size=12)


async def put_all(chains: Chains, entries: Sequence[Entry]) -> list[Entry]:
    """Puts them all at once, and gives those that were confirmed."""
    ended = await asyncio.gather(*map(chains.put, entries), return_exceptions=True)
    assert {type(end) for end in ended} <= {type(None), StoreUnavailableError}
    return [entry for entry, end in zip(entries, ended, strict=True) if end is None]


def numbered(sizes: Sequence[int], sessions: int = 1) -> list[list[Entry]]:
    """Bursts of records, numbered over all of them."""
    numbers = itertools.count()
    who: dict[str, str | int] = {"tenant": "t", "subject": "p"}
    return [
        [Entry(f"s{number % sessions}", who | {"number": number}) for number in itertools.islice(numbers, size)]
        for size in sizes
    ]


def faulty(
    faults: list[Fault | None], index: list[Fault | None], reads: list[Fault | None], batches: bool
) -> MemoryEvidence:
    store = MemoryEvidence(*faults, takes_batches=batches)
    store.index_faults, store.read_faults = index, reads
    return store


@given(BURSTS, FAULTS, FAULTS, FAULTS, st.booleans(), st.integers(1, 3))
async def test_whatever_fails_and_however_nothing_confirmed_is_lost_nothing_doubled_and_order_kept(
    sizes: list[int],
    faults: list[Fault | None],
    index: list[Fault | None],
    reads: list[Fault | None],
    batches: bool,
    sessions: int,
) -> None:
    store = faulty(faults, index, reads, batches)
    chains, confirmed = Chains(store), set()
    for burst in numbered(sizes, sessions):
        confirmed |= {entry.fields["number"] for entry in await put_all(chains, burst)}
    found = [[body["number"] for body in chain] for chain in chains_of(store).values()]
    everything = [number for chain in found for number in chain]
    assert confirmed <= set(everything)
    assert len(everything) == len(set(everything))
    assert all(chain == sorted(chain) for chain in found)
    assert len(found) <= sessions


@given(BURSTS, FAULTS, FAULTS, FAULTS, st.booleans())
async def test_what_is_put_again_until_it_is_confirmed_stands_there_exactly_once(
    sizes: list[int], faults: list[Fault | None], index: list[Fault | None], reads: list[Fault | None], batches: bool
) -> None:
    store = faulty(faults, index, reads, batches)
    chains = Chains(store)
    waiting: list[Entry] = []
    for burst in numbered([*sizes, *[0] * 80]):
        for entry in waiting:
            entry.fields = {**entry.fields, "spilled": 1}
        await put_all(chains, waiting := [*waiting, *burst])
        waiting = [entry for entry in waiting if not entry.is_written]
    assert waiting == []
    [chain] = chains_of(store).values()
    assert sorted(body["number"] for body in chain) == list(range(sum(sizes)))


async def test_records_that_arrive_together_are_one_transaction_and_those_during_it_the_next() -> None:
    store = MemoryEvidence()
    chains = Chains(store)
    await chains.append("s", {"number": 0})
    await asyncio.gather(*(chains.append("s", {"number": number}) for number in range(1, 2 * MAX_BATCH + 6)))
    assert store.batches == [MAX_BATCH, MAX_BATCH, 5]
    [chain] = chains_of(store).values()
    assert [body["number"] for body in chain] == list(range(2 * MAX_BATCH + 6))


async def test_a_store_that_refuses_batches_gets_single_rows_and_is_not_asked_again() -> None:
    store = MemoryEvidence(takes_batches=False)
    chains = Chains(store)
    await asyncio.gather(*(chains.append("s", {"number": number}) for number in range(20)))
    store.takes_batches = True
    await asyncio.gather(*(chains.append("t", {"number": number}) for number in range(20)))
    assert store.batches == []
    assert [len(chain) for chain in chains_of(store).values()] == [20, 20]


async def test_large_records_are_spread_over_transactions_that_a_store_takes() -> None:
    store = MemoryEvidence()
    chains = Chains(store)
    large = dict.fromkeys(("target", "client", "rules", "detail", "justification"), "x" * MAX_TEXT)
    await asyncio.gather(*(chains.append("s", large | {"number": number}) for number in range(MAX_BATCH)))
    assert len(store.batches) > 1
    assert sum(store.batches) == MAX_BATCH
    size = sum(len(str(value)) for row in store.rows.values() for value in row.values())
    assert size / len(store.batches) < commit.MAX_CHARACTERS + 40 * MAX_TEXT


async def test_a_batch_whose_answer_was_lost_is_found_again_and_the_next_record_follows_it() -> None:
    store = MemoryEvidence(Fault.FAILS_BUT_IS_WRITTEN)
    chains = Chains(store)
    first = [Entry("s", {"number": number}) for number in range(5)]
    assert await put_all(chains, first) == []
    await chains.append("s", {"number": 5})
    assert all(entry.is_written for entry in first)
    [chain] = chains_of(store).values()
    assert [body["number"] for body in chain] == list(range(6))


async def test_an_append_that_was_cancelled_does_not_take_those_beside_it_along() -> None:
    store = MemoryEvidence()
    chains = Chains(store)
    leaving, staying = (asyncio.create_task(chains.append("s", {"number": number})) for number in (0, 1))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert leaving.cancelled()
    [chain] = chains_of(store).values()
    assert [body["number"] for body in chain] == [0, 1]


async def test_a_record_without_a_canonical_form_is_refused_alone() -> None:
    store = MemoryEvidence()
    chains = Chains(store)
    ended = await asyncio.gather(
        *(chains.append("s", {"number": number}) for number in (1, 2**60, 2)), return_exceptions=True
    )
    assert [type(end).__name__ for end in ended] == ["NoneType", "IntegerDomainError", "NoneType"]
    [chain] = chains_of(store).values()
    assert [body["number"] for body in chain] == [1, 2]


TODAY = datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC)
FIELDS = {"time": "2026-11-22T23:59:59.900000Z", "tenant": "t", "subject": "mary"}


async def test_the_index_stands_before_the_first_record_of_a_chain_on_a_day_and_is_written_once() -> None:
    store, now = MemoryEvidence(), TODAY
    chains = Chains(store, now=lambda: now)
    store.index_faults = [None, Fault.FAILS_AND_IS_NOT_WRITTEN]
    with pytest.raises(StoreUnavailableError):
        await chains.append("20261120-s", FIELDS)
    assert store.rows == {}
    for _ in range(3):
        await chains.append("20261120-s", FIELDS)
    [writer] = {json.loads(str(row["body"]))["writer"] for row in store.rows.values()}
    assert set(store.index) == {
        ("~day-20261122", f"20261120-s~{writer}"),
        ("~day-20261123", f"20261120-s~{writer}"),
        ("~person-t.mary", "20261120-s"),
    }
    now = TODAY.replace(day=24)
    await chains.append("20261120-s", FIELDS)
    assert ("~day-20261124", f"20261120-s~{writer}") in store.index


async def test_index_rows_of_another_process_are_no_hindrance() -> None:
    store = MemoryEvidence()
    for _ in range(2):
        await Chains(store, now=lambda: TODAY).append("20261123-s", FIELDS)
    assert len([key for key in store.index if key[0] == "~person-t.mary"]) == 1
    assert len(store.rows) == 2


async def test_a_chain_remembers_only_so_many_index_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "MAX_ANNOUNCED", 3)
    store = MemoryEvidence()
    chains = Chains(store, now=lambda: TODAY)
    for number in range(20):
        await chains.append("20261123-approvals", FIELDS | {"subject": f"p{number}"})
    assert len(store.rows) == 20
    assert len(store.index) == 22


async def test_a_record_is_put_again_where_it_may_stand_already_even_if_its_chain_was_forgotten() -> None:
    store = MemoryEvidence(Fault.FAILS_BUT_IS_WRITTEN)
    chains = Chains(store, limit=1)
    entry = Entry("s", {"number": 1})
    assert await put_all(chains, [entry]) == []
    for session in ("other", "s"):
        await chains.append(session, {"number": 2})
    assert await put_all(chains, [entry]) == [entry]
    assert sum('"number":1' in str(row["body"]) for row in store.rows.values()) == 1


async def test_a_row_that_this_writer_once_tried_elsewhere_is_not_its_own_here() -> None:
    store = MemoryEvidence(Fault.FAILS_AND_IS_NOT_WRITTEN, Fault.FAILS_BUT_IS_WRITTEN)
    chains = Chains(store)
    assert await put_all(chains, [Entry("s", {"number": 1})]) == await put_all(chains, [Entry("s", {"number": 2})])
    chain = chains._chains["s"]
    store.rows["s", f"{chain.writer}-00000001"] = {"hash": next(iter(chain.doubts))}
    with pytest.raises(StoreUnavailableError, match="another writer"):
        await chains.append("s", {"number": 3})


async def test_a_session_whose_store_fails_for_long_goes_on_in_a_new_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_module, "MAX_DOUBTS", 3)
    store = MemoryEvidence()
    chains = Chains(store)
    with store.down():
        for number in range(3):
            await put_all(chains, [Entry("s", {"number": number})])
    await chains.append("s", {"number": 3})
    assert chains._chains["s"].doubts == {}
    store.faults = [Fault.FAILS_BUT_IS_WRITTEN, *[Fault.FAILS_AND_IS_NOT_WRITTEN] * 3]
    for number in range(4, 8):
        await put_all(chains, [Entry("s", {"number": number})])
    await chains.append("s", {"number": 8})
    assert [[body["number"] for body in chain] for chain in chains_of(store).values()] == [[3, 4], [8]]
