"""The traffic of the endurance run: callers of every kind, a call of one of them at a time that chance picks.

Both eras, small and large results, streams, lists, people whose groups only Graph knows, clients that leave in the
middle, and those who must be refused. Approvals and grants have a loop of their own, in `endurance_people`.
"""

import asyncio
import itertools
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import httpx

from bench.endurance_book import Book, Came, Made, Probe
from bench.endurance_client import Wanted, begin_session, make
from bench.endurance_stage import INSTANCES, Stage
from bench.endurance_upstream import FORBIDDEN, HANGS, LARGE, MAIL, SMALL, STREAM

SLOTS = 6
"""Sign-ins of each account."""
AT_ONCE = 80
"""Calls under way; while there are so many, none is begun."""
LEAVES_AFTER = 0.4
"""Seconds, at most."""
PROBES = {"small": ("pipeline", 1.0), "groups": ("crowd", 2.0)}
"""What tells whether the gateway serves: by whom a small call is made, and how often in seconds, in a long run."""
PROBE_PATIENCE = 5.0
EXPIRED = -4 * 3600
"""Seconds that are left of such a token; it has expired by a clock too that is two hours behind."""


@dataclass(slots=True)
class Traffic:
    stage: Stage
    book: Book
    chance: random.Random
    probes: deque[Probe] = field(default_factory=lambda: deque(maxlen=20_000))
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _sessions: dict[tuple[str, int], str] = field(default_factory=dict)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def name(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers)}"

    async def run(self, rate: float) -> None:
        """So many calls a second, until cancelled; whoever cancels it waits with `quiet` for those under way."""
        kinds = {kind: weight for kind, (weight, _) in self._kinds().items()}
        while True:
            await asyncio.sleep(self.chance.expovariate(rate))
            if len(self._under_way) >= AT_ONCE:
                continue
            [kind] = self.chance.choices(list(kinds), list(kinds.values()))
            task = asyncio.create_task(self._one(kind, self.chance.choice(INSTANCES)))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def quiet(self) -> None:
        """No call is under way. Raises what one of them raised."""
        await asyncio.gather(*self._under_way)

    async def probe(self, kind: str, share: float) -> None:
        """Small calls, one after the other, at each instance, until cancelled."""
        account, pause = PROBES[kind]
        while True:
            await asyncio.gather(*(self._probed(kind, account, instance) for instance in INSTANCES))
            await asyncio.sleep(pause * share)

    async def _probed(self, kind: str, account: str, instance: str) -> None:
        began = self.stage.now()
        made = await self._small(f"probe-{kind}", instance, account, patience=PROBE_PATIENCE)
        is_well = made is not None and made.came is Came.ANSWERED
        self.probes.append(Probe(kind, instance, began, self.stage.now(), is_well))

    async def _one(self, kind: str, instance: str) -> None:
        await self._kinds()[kind][1](kind, instance)

    def _kinds(self) -> dict[str, tuple[int, Callable[[str, str], Awaitable[object]]]]:
        """Share of each kind of call, and how it is made."""
        return {
            "small": (36, self._small),
            "legacy": (18, self._legacy),
            "large": (3, lambda kind, instance: self._small(kind, instance, tool=LARGE)),
            "stream": (10, lambda kind, instance: self._small(kind, instance, tool=STREAM)),
            "list": (8, self._list),
            "groups": (5, lambda kind, instance: self._small(kind, instance, "crowd")),
            "leaves": (6, self._leaves),
            "no-token": (3, lambda kind, instance: self._refused(kind, instance, None)),
            "expired": (3, lambda kind, instance: self._refused(kind, instance, "pipeline", lifetime=EXPIRED)),
            "outsider": (4, lambda kind, instance: self._refused(kind, instance, "outsider")),
            "no-rule": (4, lambda kind, instance: self._refused(kind, instance, "pipeline", tool=FORBIDDEN)),
        }

    async def _small(
        self, kind: str, instance: str, account: str = "pipeline", *, tool: str = SMALL, patience: float = 40.0
    ) -> Made | None:
        token = await self._token(account)
        if token is None:
            return None
        # What a caller sends may hold a personal value too.
        wanted = Wanted(kind, self.name(kind), instance, token, tool, {"of": MAIL}, patience=patience)
        return await make(self.stage, self.book, wanted)

    async def _legacy(self, kind: str, instance: str) -> None:
        slot = self.chance.randrange(SLOTS)
        token = await self._token("pipeline", slot)
        if token is None:
            return
        session = self._sessions.get((instance, slot), "")
        if not session:
            session = await begin_session(self.stage, self.book, instance, token, self.name("initialize"))
            self._sessions[instance, slot] = session
        if session:
            wanted = Wanted(kind, self.name(kind), instance, token, SMALL, session=session, is_legacy=True)
            made = await make(self.stage, self.book, wanted)
            if made.came is not Came.ANSWERED:
                self._sessions.pop((instance, slot), None)

    async def _list(self, kind: str, instance: str) -> None:
        if token := await self._token("pipeline"):
            await make(self.stage, self.book, Wanted(kind, self.name(kind), instance, token, method="tools/list"))

    async def _leaves(self, kind: str, instance: str) -> None:
        tool, patience = self.chance.choice([HANGS, STREAM]), self.chance.uniform(0.01, LEAVES_AFTER)
        await self._small(kind, instance, tool=tool, patience=patience)

    async def _refused(
        self, kind: str, instance: str, account: str | None, *, tool: str = SMALL, lifetime: int = 0
    ) -> None:
        options = {"lifetime": lifetime} if lifetime else {}
        token = None if account is None else await self._token(account, **options)
        if account is None or token is not None:
            name = self.name(kind)
            self.book.forbidden.add(name)
            await make(self.stage, self.book, Wanted(kind, name, instance, token, tool))

    async def _token(self, account: str, slot: int | None = None, **options: int) -> str | None:
        """None while the identity provider does not answer."""
        try:
            return await self.stage.token(account, self.chance.randrange(SLOTS) if slot is None else slot, **options)
        except httpx.HTTPError:
            return None
