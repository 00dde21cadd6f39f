"""The faults of the endurance run, and the schedule that a seed gives them.

Each is switched on, lasts for some seconds, and is switched off again; then every instance must answer calls with
results again within `RECOVERS_WITHIN`, with nobody's help. Only the fault that kills a process starts one.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from bench.endurance_book import Book, Happened, recovery
from bench.endurance_stage import INSTANCES, Stage
from bench.endurance_traffic import Traffic
from bench.endurance_wire import Way

RECOVERS_WITHIN = 30.0
"""Seconds."""
MIDWAY = 1.5
"""Seconds for which the upstream is slow before the store goes away."""
STEP = 2 * 3600
"""Seconds by which a clock is wrong: more than a token lives."""
LOOK = 0.1
"""Seconds between two looks at the probes."""

type Switch = Callable[[Stage, str], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is broken; `switch` breaks it for as long as its block lasts."""

    title: str
    switch: Switch
    is_of_one: bool = False
    """Of one instance; else of what both depend on."""
    probe: str = "small"
    at_most: float = 8.0
    """Seconds for which it lasts."""


def _wired(way: Way) -> Switch:
    @asynccontextmanager
    async def switched(stage: Stage, _: str) -> AsyncIterator[None]:
        stage.wire.way = way
        try:
            yield
        finally:
            stage.wire.way = Way.PASSES

    return switched


@asynccontextmanager
async def _upstream_down(stage: Stage, _: str) -> AsyncIterator[None]:
    await stage.wire.down()
    try:
        yield
    finally:
        await stage.wire.up()


@asynccontextmanager
async def _storage_stopped(stage: Stage, _: str) -> AsyncIterator[None]:
    # Asked to end, so that Azurite writes down what it holds: a store that loses what it confirmed is another matter.
    await stage.stack.stop("azurite")
    try:
        yield
    finally:
        await stage.stack.start("azurite")


@asynccontextmanager
async def _storage_stopped_midway(stage: Stage, instance: str) -> AsyncIterator[None]:
    async with _wired(Way.SLOW)(stage, instance):
        await asyncio.sleep(MIDWAY)
        # Calls whose intent is on record, and whose answer is still to come.
        async with _storage_stopped(stage, instance):
            yield


@asynccontextmanager
async def _vault_throttled(stage: Stage, _: str) -> AsyncIterator[None]:
    await stage.vault_answers(429)
    # Else nobody would notice: a secret is held for five minutes.
    stage.rotate_secret()
    try:
        yield
    finally:
        await stage.vault_answers(None)


@asynccontextmanager
async def _keys_rotated(stage: Stage, _: str) -> AsyncIterator[None]:
    (await stage.http.post(stage.identity("/keys/rotate"), json={})).raise_for_status()
    stage.tokens.clear()  # the next ones have a `kid` that the gateway has not seen
    yield


@asynccontextmanager
async def _graph_down(stage: Stage, _: str) -> AsyncIterator[None]:
    (await stage.http.post(stage.identity("/graph/fault"), json={"fault": "down"})).raise_for_status()
    # Else nobody would notice: memberships are held for five minutes.
    stage.write_policy()
    try:
        yield
    finally:
        (await stage.http.post(stage.identity("/graph/fault"), json={"fault": None})).raise_for_status()


@asynccontextmanager
async def _identity_stopped(stage: Stage, _: str) -> AsyncIterator[None]:
    await stage.stack.stop("identity")
    try:
        yield
    finally:
        await stage.stack.start("identity")


@asynccontextmanager
async def _killed(stage: Stage, instance: str) -> AsyncIterator[None]:
    await stage.stack.kill(instance)
    try:
        yield
    finally:
        await stage.stack.start(instance)


def _clock(seconds: int) -> Switch:
    @asynccontextmanager
    async def switched(stage: Stage, instance: str) -> AsyncIterator[None]:
        stage.clocks[instance].step(seconds)
        try:
            yield
        finally:
            stage.clocks[instance].step(0)

    return switched


FAULTS = {
    "upstream-slow": Fault("the upstream is slow, beyond what the gateway waits at times", _wired(Way.SLOW)),
    "upstream-down": Fault("nothing listens at the upstream's address", _upstream_down),
    "upstream-resets-before": Fault("connections are reset before a request arrives", _wired(Way.RESETS_BEFORE)),
    "upstream-resets-after": Fault("connections are reset before an answer arrives", _wired(Way.RESETS_AFTER)),
    "storage-stopped": Fault("Azurite stopped, and started again", _storage_stopped),
    "storage-stopped-midway": Fault(
        "Azurite stopped while answers are under way, and started again", _storage_stopped_midway
    ),
    "vault-throttled": Fault("Key Vault answers 429 just as the upstream's secret was rotated", _vault_throttled),
    "keys-rotated": Fault("Entra signs with a new key", _keys_rotated, at_most=3.0),
    "graph-down": Fault("Graph answers 503 just as memberships have to be asked for", _graph_down, probe="groups"),
    "identity-stopped": Fault("the identity provider stopped, and started again", _identity_stopped),
    "gateway-killed": Fault("one instance ended by SIGKILL, and started again", _killed, is_of_one=True, at_most=4.0),
    "clock-ahead": Fault("one instance's clock set two hours ahead, and back", _clock(STEP), is_of_one=True),
    "clock-behind": Fault("one instance's clock set two hours back, and right again", _clock(-STEP), is_of_one=True),
}


@dataclass(frozen=True, slots=True)
class Planned:
    name: str
    where: str
    """The instance; empty for what both depend on."""
    rest: float
    """Seconds without any fault before it."""
    lasts: float


def schedule(seconds: float, chance: random.Random, names: Sequence[str]) -> list[Planned]:
    """Every fault once, in an order of its own, before any comes again; the last ends before the time is up. Pure."""
    found: list[Planned] = []
    left, last = seconds - _rest(seconds), [*names]
    while names:
        for name in chance.sample(last, len(last)):
            fault = FAULTS[name]
            where = chance.choice(INSTANCES) if fault.is_of_one else ""
            planned = Planned(
                name, where, _rest(seconds) * chance.uniform(0.8, 1.2), chance.uniform(0.4, 1) * fault.at_most
            )
            # What it takes to stop and start a process, and to be well again.
            left -= planned.rest + planned.lasts + 3
            if left < 0:
                return found
            found.append(planned)
    return found


def _rest(seconds: float) -> float:
    """The shorter a run, the less time between two faults."""
    return min(20.0, max(3.0, seconds / 60))


async def inject(planned: Iterable[Planned], stage: Stage, book: Book, traffic: Traffic) -> None:
    """All faults happened, one after the other, and how each ended is in the book."""
    for one in planned:
        await asyncio.sleep(one.rest)
        fault = FAULTS[one.name]
        happened = Happened(one.name, one.where, stage.now())
        book.faults.append(happened)
        async with fault.switch(stage, one.where):
            await asyncio.sleep(one.lasts)
        happened.ended = stage.now()
        await _recovered(happened, fault, traffic, stage)
        met = [probe for probe in traffic.probes if probe.kind == fault.probe and probe.began >= happened.began]
        happened.refused = sum(not probe.is_well for probe in met)


async def _recovered(happened: Happened, fault: Fault, traffic: Traffic, stage: Stage) -> None:
    while happened.recovered is None and stage.now() < happened.ended + RECOVERS_WITHIN:
        await asyncio.sleep(LOOK)
        seen = [probe for probe in traffic.probes if probe.kind == fault.probe]
        happened.recovered = recovery(seen, happened.ended, INSTANCES)
