"""The contract of the pin store: on Azurite through the real SDK, and in memory as the walks use it."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest

from devhost import azurite
from devhost.stack import Stack
from gateway.storage import pins as stored
from gateway.storage.contract import Pin, PinChangedError, PinStore, StoreUnavailableError
from gateway.storage.pins import TablePins, open_pins
from gateway.tools.definition import MAX_TEXT
from tests.fakes.pins import MemoryPins


@pytest.fixture(params=["azurite", "memory"])
async def store(
    request: pytest.FixtureRequest, storage: Stack, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[PinStore]:
    monkeypatch.setattr(stored, "TABLE", f"p{secrets.token_hex(8)}")
    opened = MemoryPins() if request.param == "memory" else open_pins(azurite.connection_string(storage.ports), "")
    yield opened
    await opened.close()


async def test_a_store_that_was_never_written_to_has_no_pins(store: PinStore) -> None:
    assert await store.pin("crm", "search") is None
    assert await store.servers() == []
    pins = await store.pins("crm")
    assert (pins.has_baseline, pins.by_tool) == (False, {})


async def test_a_pin_comes_back_as_it_was_written(store: PinStore) -> None:
    pin = Pin("search/ä#?", accepted="a", waiting="b", accepted_text='{"x":1}', waiting_text="")
    written = await store.write("crm", pin)
    read = await store.pin("crm", pin.tool)
    assert read is not None
    assert (read.tool, read.accepted, read.waiting) == (pin.tool, "a", "b")
    assert (read.accepted_text, read.waiting_text) == ('{"x":1}', "")
    assert read.version == written.version
    assert (await store.pins("crm")).by_tool == {pin.tool: written}
    assert await store.servers() == ["crm"]


async def test_the_largest_definitions_fit(store: PinStore) -> None:
    text, emoji = "a" * MAX_TEXT, "\U0001f600" * (MAX_TEXT // 4)
    await store.write("crm", Pin("search", "a", "b", text, emoji))
    read = await store.pin("crm", "search")
    assert read is not None
    assert (read.accepted_text, read.waiting_text) == (text, emoji)


async def test_a_shorter_text_leaves_nothing_of_a_longer_one(store: PinStore) -> None:
    written = await store.write("crm", Pin("search", "a", "", "a" * 50_000))
    await store.write("crm", Pin("search", "b", "", "b", version=written.version))
    read = await store.pin("crm", "search")
    assert read is not None
    assert read.accepted_text == "b"


async def test_a_version_is_replaced_once(store: PinStore) -> None:
    written = await store.write("crm", Pin("search", "a"))
    await store.write("crm", Pin("search", "b", version=written.version))
    with pytest.raises(PinChangedError):
        await store.write("crm", Pin("search", "c", version=written.version))
    with pytest.raises(PinChangedError):
        await store.write("crm", Pin("search", "c"))
    assert (await store.pins("crm")).by_tool["search"].accepted == "b"


async def test_of_ten_first_writers_one_succeeds(store: PinStore) -> None:
    await store.write("crm", Pin("other"))

    async def attempt(number: int) -> bool:
        try:
            await store.write("crm", Pin("search", str(number)))
        except PinChangedError:
            return False
        return True

    assert sum(await asyncio.gather(*map(attempt, range(10)))) == 1


async def test_a_baseline_is_of_one_server_and_is_no_tool(store: PinStore) -> None:
    await store.mark_baseline("crm")
    await store.mark_baseline("crm")
    pins = await store.pins("crm")
    assert (pins.has_baseline, pins.by_tool) == (True, {})
    assert not (await store.pins("other")).has_baseline


async def test_a_store_that_is_down_is_unavailable_within_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "PATIENCE", 1.0)
    down = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
    store: TablePins = open_pins(down, "")
    async with asyncio.timeout(8):
        for question in (store.pins("crm"), store.pin("crm", "a"), store.write("crm", Pin("a")), store.servers()):
            with pytest.raises(StoreUnavailableError):
                await question
        with pytest.raises(StoreUnavailableError):
            await store.mark_baseline("crm")
    await store.close()
