"""The orchestrations behind the SDK's client; the client against a served app is in tests/devhost/durable."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.approvals import orchestrations
from gateway.approvals.orchestrations import Durable

ID = "a" * 32


@dataclass(slots=True)
class Client:
    """What the SDK's client does, as far as it is used; it raises bare Exception, as that one does."""

    runs: bool = False
    reachable: bool = True
    hangs: bool = False
    sent: list[tuple[Any, ...]] = field(default_factory=list)

    async def start_new(self, name: str, instance_id: str, client_input: str) -> str:
        await self._turn()
        if self.runs:
            raise Exception("The HTTP request failed with status code 409")
        self.sent.append((name, instance_id, client_input))
        return instance_id

    async def get_status(self, instance_id: str) -> Any:
        await self._turn()
        return SimpleNamespace(runtime_status=SimpleNamespace(name="Running")) if self.runs else None

    async def raise_event(self, instance_id: str, event: str, data: str) -> None:
        await self._turn()
        if not self.runs:
            raise Exception("No instance with ID found")
        self.sent.append((event, instance_id, data))

    async def _turn(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if not self.reachable:
            raise OSError("connection refused")


async def test_an_orchestration_is_started_with_the_approvals_id_and_nothing_else() -> None:
    client = Client()
    assert await Durable(client).start(ID)
    assert client.sent == [("approval", ID, ID)]


async def test_to_start_one_that_runs_changes_nothing() -> None:
    client = Client(runs=True)
    assert await Durable(client).start(ID)
    assert client.sent == []


async def test_one_that_does_not_start_is_told() -> None:
    assert not await Durable(Client(reachable=False)).start(ID)


async def test_it_is_woken_by_an_event_that_carries_no_more_than_the_id() -> None:
    client = Client(runs=True)
    assert await Durable(client).wake(ID)
    assert await Durable(client).wake(ID, "answered-1")
    assert client.sent == [("settled", ID, ID), ("answered-1", ID, ID)]


async def test_to_wake_one_that_does_not_run_does_nothing() -> None:
    assert not await Durable(Client()).wake(ID)


async def test_an_extension_that_never_answers_holds_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orchestrations, "PATIENCE", 0.01)
    async with asyncio.timeout(5):
        assert not await Durable(Client(hangs=True)).start(ID)
