"""Whatever breaks between the gateway and its store, as the real client of that store meets it."""

import asyncio
import json
import random
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from devhost import azurite
from devhost.stack import Stack
from gateway.access.signing_keys import SigningKeys
from gateway.evidence.chain import Chains
from gateway.evidence.checking import check
from gateway.evidence.reading import Stored
from gateway.evidence.sealing import Sealer, public_keys
from gateway.evidence.spill import Spill
from gateway.evidence.verify import Scope
from gateway.reasons import Reason
from gateway.storage import tables
from gateway.storage.evidence_reader import open_rows
from gateway.storage.tables import open_table
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.proxy import Break, Proxy, Silence, proxy
from tests.fakes.signing import MemoryKey
from tests.fakes.upstream import Upstream, serving, text_result
from tests.walk.rooms import Gateway, gateway, message, request

# The SDK reads Azurite's refusals, which are XML, in a way that Python will change.
pytestmark = pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")

FAULTS: tuple[Break | Silence, ...] = (*Break, *Silence)
MORE_THAN_IT_TRIES = 9
CALLS, AT_ONCE, SESSIONS = 60, 12, 3
REFUSED, WITHHELD = Reason.EVIDENCE_UNAVAILABLE.wire.code, Reason.OUTCOME_UNRECORDED.wire.code


@dataclass(slots=True)
class Door:
    """The gateway, the network to its store, and what became of each call."""

    gateway: Gateway
    network: Proxy
    upstream: Upstream
    evidence: Stored
    token: str
    codes: dict[str, int] = field(default_factory=dict)
    """By the id of the call; 0 where it was answered."""

    async def call(self, token: str = "") -> int:
        """What was told; without another token in the session of before, whose index rows are there."""
        name = f"call-{len(self.codes)}"
        self.codes[name] = -1
        body = request("tools/call", {"name": "get_customer", "arguments": {}}, name)
        answer = message(await self.gateway.send(body, server="open", token=token or self.token))
        self.codes[name] = answer["error"]["code"] if "error" in answer else 0
        return self.codes[name]

    async def heal(self) -> None:
        """The network is whole, and what was spilled is on record."""
        self.network.breaks.clear()
        task = self.gateway.rooms.recorder.spill._task
        if task is not None:
            await asyncio.wait_for(task, 20)

    async def compare(self) -> None:
        """Call by call: what was told, what was done, and what is on record, which is sealed and verified."""
        rows = [row async for row in self.evidence.records()]
        forwarded = Counter(str(seen.id) for seen in self.upstream.seen)
        intents, outcomes = of(rows, "intent"), of(rows, "outcome")
        assert forwarded.keys() == outcomes.keys() <= intents.keys()
        assert {*forwarded.values(), *intents.values(), *outcomes.values()} == {1}
        for name, code in self.codes.items():
            assert code in (0, REFUSED, WITHHELD), name
            assert (name in forwarded) is (code != REFUSED), name
        keys = SigningKeys(MemoryKey())
        assert (await Sealer(self.evidence, self.evidence._seals, keys).seal()).records == len(rows)
        report = await check(self.evidence, await public_keys(keys), Scope())
        assert (report.findings, report.sealed) == ((), len(rows))


def of(rows: list[Any], event: str) -> Counter[str]:
    """How often each call has such a record."""
    return Counter(json.loads(row["body"])["request"] for row in rows if row["event"] == event)


async def soon(_seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture(params=["batches", "single rows"])
async def door(
    request: pytest.FixtureRequest, storage: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Door]:
    """With the account's key, and with what Azurite takes no batches from."""
    monkeypatch.setitem(tables._TIMEOUTS, "read_timeout", 0.5)
    name, account = f"t{secrets.token_hex(8)}", azurite.connection_string(storage.ports)
    async with proxy(storage.ports.table) as network, serving(text_result("hi")) as upstream:
        behind = replace(storage.ports, table=network.port)
        with_signature = azurite.evidence_connection_string(behind, name)
        (maker, _), rows = tables.open_client(account, name, ""), open_rows(account, name, "")
        await maker.create_table()
        store = open_table(
            azurite.connection_string(behind) if request.param == "batches" else with_signature, name, ""
        )
        try:
            async with gateway(tmp_path, upstream.url) as opened:
                recorder = opened.rooms.recorder
                recorder._chains = Chains(store)
                recorder.spill = Spill(recorder._chains.put, pause=soon)
                made = Door(opened, network, upstream, Stored(rows, MemoryBlobs()), opened.tenant.token())
                await answers(made)
                yield made
        finally:
            for client in (maker, rows, store):
                await client.close()


async def answers(door: Door) -> None:
    """A call is answered again; on a busy machine the store may take longer for one than it is waited for here."""
    for _ in range(5):
        if await door.call() == 0:
            return
    pytest.fail("the store never answered")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("door", ["single rows"], indirect=True)
async def test_no_fault_forwards_a_call_without_its_intent_or_answers_one_without_its_outcome(
    door: Door, fault: Break | Silence
) -> None:
    for written_before in (0, 1):
        door.network.breaks = [*[None] * written_before, fault]
        await door.call()
        await door.heal()
        door.network.breaks = [*[None] * written_before, *[fault] * MORE_THAN_IT_TRIES]
        assert await door.call() == (WITHHELD if written_before else REFUSED)
        await door.heal()
        await answers(door)
    await door.compare()


async def test_of_many_calls_over_a_bad_network_each_is_told_done_and_recorded_the_same(door: Door) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    sys.stdout.write(f"seed {seed}\n")
    chance, places = random.Random(seed), asyncio.Semaphore(AT_ONCE)
    tokens = [door.gateway.tenant.token(sid=f"session-{number}") for number in range(SESSIONS)]
    door.network.methods = (b"POST", b"GET")
    door.network.breaks = chance.choices([None, *FAULTS], [24, *[1] * len(FAULTS)], k=20 * CALLS)

    async def one(number: int) -> int:
        async with places:
            return await door.call(tokens[number % SESSIONS])

    async with asyncio.timeout(60):
        codes = Counter(await asyncio.gather(*map(one, range(CALLS))))
    sys.stdout.write(f"{codes}\n")
    assert 0 < codes[0] < CALLS
    await door.heal()
    await door.compare()
