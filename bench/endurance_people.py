"""People in the endurance run: refunds that somebody else approves or denies, and access that opens and ends.

A refund that is approved may be made once. As soon as it was, the same call is made again, at both instances at once,
which must not be made. A call under a grant that has ended must not be made either; where the end could not be told
to the gateway, nobody asks for access again until the clock has ended it.
"""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from bench.endurance_book import Book, Came, Made
from bench.endurance_client import Wanted, make
from bench.endurance_policy import GRANT, SERVER, TICKET
from bench.endurance_stage import INSTANCES, Stage
from bench.endurance_upstream import EXPORT, REFUND
from devhost.person import browser

LINK_WITHIN = 10.0
"""Seconds until an approval that was asked for is in the operators' list."""
OPEN = 60
"""Seconds of access."""
DENIED = 0.25
"""Share of the refunds."""


@dataclass(slots=True)
class People:
    stage: Stage
    book: Book
    chance: random.Random
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    async def refunds(self, pause: float) -> None:
        """One refund after the other, until cancelled."""
        while True:
            # Whatever a fault breaks, the next refund begins anew.
            with contextlib.suppress(httpx.HTTPError, TimeoutError, KeyError, ValueError):
                await self._refund()
            await asyncio.sleep(pause)

    async def access(self, pause: float) -> None:
        """Access that opens, is used, and ends, again and again, until cancelled."""
        while True:
            # Where that cannot be said, nobody asks again until the clock has ended it.
            has_ended = False
            with contextlib.suppress(httpx.HTTPError, TimeoutError, KeyError, ValueError):
                has_ended = await self._access()
            await asyncio.sleep(pause if has_ended else OPEN + 5)

    async def _refund(self) -> None:
        number, token = next(self._numbers), await self.stage.token("engineer")
        order = f"order-{number}x"
        before = await self._open_approvals()
        self.book.refunds["asked"] += 1
        held = asyncio.create_task(self._made(f"refund-{number}", INSTANCES[0], token, order, patience=39.0))
        try:
            link = await self._link(before)
            if link:
                await self._decided(link, order)
            made = await held
        finally:
            held.cancel()
        if made.came is Came.ANSWERED:
            self.book.refunds["made"] += 1
        # Whatever became of it: the approval, if there is one, is spent, so that at most one of these is made.
        again = [self._made(f"refund-{number}-{one}", one, token, order, patience=1.0) for one in INSTANCES]
        await asyncio.gather(*again)

    async def _made(self, name: str, instance: str, token: str, order: str, patience: float) -> Made:
        wanted = Wanted("refund", name, instance, token, REFUND, {"order": order}, patience=patience)
        return await make(self.stage, self.book, wanted)

    async def _open_approvals(self) -> set[str]:
        operator = {"authorization": f"Bearer {await self.stage.token('operator')}"}
        response = await self.stage.http.get(self.stage.url(INSTANCES[0], "/api/approvals"), headers=operator)
        return {each["id"] for each in response.raise_for_status().json()["approvals"]}

    async def _link(self, before: set[str]) -> str:
        """The page of an approval that there was not before; empty where there is none in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINK_WITHIN):
                while not (new := await self._open_approvals() - before):  # noqa: ASYNC110 - a list has no bell
                    await asyncio.sleep(0.2)
                return self.stage.url(INSTANCES[0], f"/approvals/{new.pop()}")
        return ""

    async def _decided(self, link: str, order: str) -> None:
        async with browser("approver") as person:
            page = await person.open(link)
            # It may be the approval of another call, of a client that has left.
            if page.status != 200 or order not in page.text:
                return
            verdict = "deny" if self.chance.random() < DENIED else "approve"
            if verdict == "approve":
                self.book.approved.add(order)
            decided = await person.send(page, verdict=verdict, reason="looked at it")
            self.book.refunds["approved" if verdict == "approve" else "denied"] += decided.status == 200

    async def _access(self) -> bool:
        """Whether it is known to have ended."""
        number, token = next(self._numbers), await self.stage.token("engineer")
        instance = self.chance.choice(INSTANCES)
        await self._export(f"closed-{number}-before", instance, token, may=False)
        asked = await self._asked(instance, token)
        self.book.grants["asked"] += 1
        if asked.get("state") != "open":
            return False
        self.book.grants["opened"] += 1
        made = await self._export(f"export-{number}", instance, token, may=True)
        self.book.grants["used"] += made.came is Came.ANSWERED
        ending = await self.stage.http.post(
            self.stage.url(instance, f"/access/{asked['id']}/end"),
            headers={"authorization": f"Bearer {token}"},
            json={"reason": "done"},
        )
        if ending.status_code != 200:
            return False
        self.book.grants["ended"] += 1
        await asyncio.gather(*(self._export(f"closed-{number}-{one}", one, token, may=False) for one in INSTANCES))
        return True

    async def _asked(self, instance: str, token: str) -> dict[str, Any]:
        response = await self.stage.http.post(
            self.stage.url(instance, "/access/requests"),
            headers={"authorization": f"Bearer {token}"},
            json={"server": SERVER, "grant": GRANT, "seconds": OPEN, "reason": TICKET},
        )
        found: dict[str, Any] = response.json()
        return found

    async def _export(self, name: str, instance: str, token: str, *, may: bool) -> Made:
        if not may:
            self.book.forbidden.add(name)
        arguments = {"at": round(time.time())}
        wanted = Wanted("export" if may else "closed", name, instance, token, EXPORT, arguments, patience=5.0)
        return await make(self.stage, self.book, wanted)
