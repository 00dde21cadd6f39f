"""A gateway that is killed at random moments under load, again and again: what it did is on record all the same."""

import asyncio
import contextlib
import json
import random
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.evidence.replay import NO_OUTCOME, timeline
from tests.live.counted import INSTANCES, Counted, counted, ids

KILLS = 50
CLIENTS = 6
"""Of each instance."""
WARMING_UP = 0.2
"""Share of the kills that do not wait until that process has answered a call."""
LONGEST = 0.2
"""Seconds until the kill, at most."""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Counted]:
    async with counted(tmp_path) as running:
        yield running


class Instance:
    """One process after the other, and the clients that call it as long as there is one."""

    def __init__(self, gateway: Counted, name: str, chance: random.Random) -> None:
        self._gateway = gateway
        self._name = name
        self._chance = chance
        self._up, self._warm = asyncio.Event(), asyncio.Event()

    async def live_and_die(self, tokens: list[str], kills: int) -> None:
        clients = {asyncio.create_task(self._load(token)) for token in tokens}
        for _ in range(kills):
            self._up.set()
            if self._chance.random() > WARMING_UP:
                await asyncio.wait_for(self._warm.wait(), 10)
            moment = self._chance.random() * LONGEST
            ended, _ = await asyncio.wait(clients, timeout=moment, return_when=asyncio.FIRST_COMPLETED)
            assert not ended, [client.exception() for client in ended]
            self._up.clear()
            assert await self._gateway.stack.kill(self._name) == -9
            self._warm.clear()
            await self._gateway.stack.start(self._name)
        for client in clients:
            client.cancel()
        await asyncio.wait(clients)

    async def _load(self, token: str) -> None:
        while True:
            await self._up.wait()
            with contextlib.suppress(httpx.HTTPError):
                if await self._gateway.call(token, self._name):
                    self._warm.set()


@pytest.mark.timeout(300)  # fifty starts of Python
async def test_after_fifty_kills_every_call_that_was_made_is_on_record_and_what_is_open_is_told(
    gateway: Counted,
) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    sys.stdout.write(f"seed {seed}\n")
    # Each session is written to by both instances.
    tokens = [await gateway.token() for _ in range(CLIENTS)]
    instances = [Instance(gateway, name, random.Random(f"{seed} {name}")) for name in INSTANCES]
    async with asyncio.TaskGroup() as group:
        for instance in instances:
            group.create_task(instance.live_and_die(tokens, KILLS // len(INSTANCES)))
        await gateway.seal()  # in the middle of it
    rows = await gateway.rows()
    open_calls = compared(gateway, rows)
    await gateway.seal()
    report = await gateway.verified()
    assert (report["records"], report["sealed"], report["unsealed"]) == (len(rows), len(rows), 0)
    assert report["chains"] > KILLS
    assert told_as_open(rows) == open_calls


def compared(gateway: Counted, rows: list[dict[str, Any]]) -> set[str]:
    """The ids of calls that may have been made and have no outcome; checks all others."""
    forwarded, intents, outcomes = gateway.forwarded(), ids(rows, "intent"), ids(rows, "outcome")
    sys.stdout.write(f"{len(forwarded)} forwarded, {len(intents)} intents, {len(outcomes)} outcomes\n")
    assert forwarded.keys() <= intents.keys()
    assert gateway.answered <= outcomes.keys() <= intents.keys()
    assert gateway.refused.keys().isdisjoint(forwarded)
    assert {*forwarded.values(), *intents.values(), *outcomes.values()} == {1}
    assert len(gateway.answered) > KILLS
    open_calls = intents.keys() - outcomes.keys()
    assert open_calls & forwarded.keys()
    return open_calls


def told_as_open(rows: list[dict[str, Any]]) -> set[str]:
    """The ids of calls of which a replay says that what came of them is not known."""
    requests = {row["call"]: json.loads(row["body"]).get("request") for row in rows if "call" in row}
    sessions = defaultdict(list)
    for row in rows:
        sessions[row["PartitionKey"]].append(row)
    entries = [entry for session, found in sessions.items() for entry in timeline(session, found).entries]
    lacking = {entry.about["call"] for entry in entries if NO_OUTCOME in entry.missing}
    assert lacking == {entry.about.get("call") for entry in entries if entry.outcome == "unknown"}
    return {requests[call] for call in lacking}
