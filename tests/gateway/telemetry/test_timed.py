"""The evidence store, timed: what it promises is unchanged."""

import pytest

from gateway.storage.contract import RowExistsError, StoreUnavailableError
from gateway.telemetry.timed import TimedStore
from tests.fakes.evidence import Fault, MemoryEvidence


async def test_a_write_is_timed_by_whether_the_store_confirmed_it_and_one_in_vain_is_not() -> None:
    told: list[bool] = []
    store = MemoryEvidence()
    timed = TimedStore(store, lambda seconds, confirmed: told.append(confirmed and seconds >= 0))
    await timed.insert("p", "r-1", {"a": 1})
    await timed.insert_all("p", {"r-2": {"a": 2}})
    with pytest.raises(RowExistsError):
        await timed.insert("p", "r-1", {"a": 3})
    assert told == [True, True]
    store.faults.append(Fault.FAILS_AND_IS_NOT_WRITTEN)
    with pytest.raises(StoreUnavailableError):
        await timed.insert("p", "r-3", {"a": 3})
    assert told == [True, True, False]
    assert set(await timed.between("p", "r-1", "r-2")) == {"r-1", "r-2"}
