"""Alarms of the evidence: people are told what failed and what to do, and once more when it is well again (AU-5, AU-9).

Takes what the jobs and the spill found, and tells each notifier of the policy's `alerts` at most once an hour of the
same alarm. What is told is a fixed sentence, numbers and places: no error's text and nothing of a call is an input
here. A message that is not taken is logged and sent again later; nothing here raises, or stops whoever raised the
alarm. Who was told lies in memory, so that another process may tell it again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from gateway.approvals.message import MAX_NAME, Message, neutral
from gateway.policy.document import Notifier

PACE = timedelta(hours=1)
"""Between two messages of the same alarm to the same people."""
NOTE = (
    "Each process says so at most once an hour, and once when it is well again. The log has the details under the id"
    " above. This message holds nothing of any call."
)
_NEVER = datetime.min.replace(tzinfo=UTC)

_log = logging.getLogger("countersign")


@dataclass(frozen=True, slots=True)
class _Words:
    id: str
    """Under which the log tells of it; stable."""
    heading: str
    do: str
    well: str = ""
    """What the all-clear says; empty where there is none, since what happened cannot be made good."""


class Alarm(Enum):
    """What people are told of."""

    SEAL = _Words(
        "countersign.seal_failed",
        "a seal could not be written",
        "Look whether the evidence account and the key vault answer. The next seal covers the same records; until"
        " then they are not proven.",
        "Seals are written again, and cover what was recorded meanwhile.",
    )
    COPY = _Words(
        "countersign.seal_copy_failed",
        "a seal could not be copied to the second account",
        "Look whether the account of COUNTERSIGN_SEAL_COPY answers, and whether the gateway may create blobs there."
        " Sealing goes on, and missing copies are made as soon as it can be reached.",
        "Every seal has its copy.",
    )
    VERIFICATION = _Words(
        "countersign.verification_failed",
        "verification found a fault, or could not be done",
        "Keep the evidence as it is, and run: python -m gateway evidence verify",
        "The newest seals verify. Of a fault in older evidence this says nothing: python -m gateway evidence verify",
    )
    SPILL = _Words(
        "countersign.spill",
        "what calls came to could not be recorded",
        "Look whether the evidence account answers. The records wait in the memory of one process: do not restart it.",
        "What waited in memory was recorded.",
    )
    LOSS = _Words(
        "countersign.spill",
        "records of what calls came to were lost",
        "Look whether the evidence account answers. The calls stand in the evidence with an intent and no outcome;"
        " what came of them has to be asked of the servers.",
    )


type _Line = tuple[Alarm, Notifier]


class Alarms:
    """The alarms of one process. For use in one event loop."""

    def __init__(
        self,
        url: str,
        notifiers: Callable[[], Awaitable[Iterable[Notifier]]],
        send: Callable[[Notifier, Message], Awaitable[str]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`url` is the gateway's own. `send` gives the kind of failure, or nothing, and never raises."""
        self._url = url
        self._notifiers = notifiers
        self._send = send
        self._now = now
        self._told: dict[_Line, datetime] = {}
        self._unsent: dict[_Line, str] = {}
        """What has to be told, and has not been yet."""
        self._owed: set[_Line] = set()
        """Who was told and has heard of no end."""

    async def raised(self, alarm: Alarm, what: str) -> None:
        """Whoever has not heard of it within the hour is told."""
        now = self._now()
        for notifier in await self._notifiers():
            if now - self._told.get((alarm, notifier), _NEVER) >= PACE:
                self._unsent[alarm, notifier] = what
        await self.again()

    async def cleared(self, alarm: Alarm) -> None:
        """It is well: whoever was told that it was not is told so; whoever was not hears nothing."""
        for line in [line for line in self._unsent if line[0] is alarm]:
            del self._unsent[line]
        owed = [line for line in self._owed if line[0] is alarm]
        if owed:
            await asyncio.gather(*map(self._clear, await self._listed(owed)))

    async def again(self) -> None:
        """One more attempt to tell what could not be told."""
        if self._unsent:
            await asyncio.gather(*map(self._tell, await self._listed(self._unsent)))

    async def _listed(self, lines: Iterable[_Line]) -> list[_Line]:
        """Those whose notifier the policy still names for alerts; the others are forgotten."""
        current = set(await self._notifiers())
        listed = [line for line in lines if line[1] in current]
        for line in [line for line in lines if line[1] not in current]:
            self._unsent.pop(line, None)
            self._owed.discard(line)
        return listed

    async def _tell(self, line: _Line) -> None:
        what, before = self._unsent.pop(line, None), self._told.get(line, _NEVER)
        if what is None:
            return
        # Before it is sent: another one that comes meanwhile is the same alarm.
        self._told[line] = self._now()
        if await self._is_sent(line, self._message(line[0], what)):
            if line[0].value.well:
                self._owed.add(line)
            return
        self._told[line] = before
        self._unsent.setdefault(line, what)

    async def _clear(self, line: _Line) -> None:
        self._owed.discard(line)
        if not await self._is_sent(line, self._all_clear(line[0])):
            self._owed.add(line)

    async def _is_sent(self, line: _Line, message: Message) -> bool:
        failure = await self._send(line[1], message)
        if failure:
            kind = type(line[1]).__name__.lower()
            _log.error("countersign.alarm_not_sent %s by %s: %s", line[0].value.id, kind, failure)
        return not failure

    def _message(self, alarm: Alarm, what: str) -> Message:
        words = alarm.value
        facts = (("What", what), ("What to do", words.do), *self._place(alarm))
        return Message(f"Evidence alarm: {words.heading}", facts, f"{self._url}/health", "Open /health", NOTE)

    def _all_clear(self, alarm: Alarm) -> Message:
        facts = (("What", alarm.value.well), *self._place(alarm))
        heading = f"All clear: {alarm.value.heading}"
        return Message(heading, facts, f"{self._url}/health", "Open /health", NOTE)

    def _place(self, alarm: Alarm) -> tuple[tuple[str, str], ...]:
        gateway = neutral(self._url.partition("//")[2], MAX_NAME)
        return ("Gateway", gateway), ("At", f"{self._now():%d %B %Y, %H:%M} UTC"), ("Id in the log", alarm.value.id)


class SpillAlarms:
    """Raises the alarms of a spill, in the background: no call waits for a message."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._waiting = self._lost = self._lost_before = 0
        self._is_due = False
        self._task: asyncio.Task[None] | None = None

    def __call__(self, waiting: int, lost: int) -> None:
        """So many records wait now, and so many were lost since the process started."""
        self._waiting, self._lost, self._is_due = waiting, lost, True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._is_due:
            self._is_due = False
            lost = self._lost - self._lost_before
            if lost:
                self._lost_before = self._lost
                await self._alarms.raised(Alarm.LOSS, f"{lost} lost: there was no room for more in memory.")
            if self._waiting:
                await self._alarms.raised(Alarm.SPILL, f"Waiting in memory: {self._waiting}.")
            else:
                await self._alarms.cleared(Alarm.SPILL)
                await self._alarms.again()
