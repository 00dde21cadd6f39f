"""Schedules of timer triggers: NCRONTAB with six fields, read and followed in UTC.

Takes an expression and a moment and gives the next moment; `run` invokes a function at each. It
keeps no state between runs of the host, so an occurrence missed while it was down stays missed.
"""

import asyncio
import calendar
import logging
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from devhost.worker import Function, Worker, WorkerError, json_input

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
# The calendar's week begins on Monday, a schedule's on Sunday.
_WEEKDAYS = {name.lower(): (number + 1) % 7 for number, name in enumerate(calendar.day_abbr)}
_PART = re.compile(r"(?P<low>\*|\w+)(-(?P<high>\w+))?(/(?P<step>\d+))?")
_SETTING = re.compile(r"%(\w+)%")
_LEAP_CYCLE = 8 * 366  # days; a 29 February comes at least every eight years

log = logging.getLogger("devhost.timers")


@dataclass(frozen=True, slots=True)
class Schedule:
    """The moments whose every field is in these sets."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    """0 is Sunday."""

    def after(self, moment: datetime) -> datetime:
        """The first occurrence later than `moment`. Raises ValueError when there is none."""
        today = moment.date()
        for offset in range(_LEAP_CYCLE):
            day = today + timedelta(days=offset)
            if self._has(day):
                earliest = moment.time() if offset == 0 else None
                found = next(self._times(earliest), None)
                if found is not None:
                    return datetime.combine(day, found, tzinfo=moment.tzinfo)
        raise ValueError("this schedule never occurs")

    def _has(self, day: date) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def _times(self, earlier: time | None) -> Iterator[time]:
        for hour in self.hours:
            if earlier is not None and hour < earlier.hour:
                continue
            for minute, second in ((minute, second) for minute in self.minutes for second in self.seconds):
                found = time(hour, minute, second)
                if earlier is None or found > earlier:
                    yield found


def read(expression: str, settings: Mapping[str, str]) -> Schedule:
    """The schedule of `{second} {minute} {hour} {day} {month} {day-of-week}`. Raises ValueError with the field.

    `%NAME%` stands for an app setting, as in Azure.
    """
    text = _SETTING.sub(lambda found: settings.get(found[1], found[0]), expression)
    fields = text.lower().split()
    if len(fields) != 6:
        raise ValueError(f"schedule {text!r} has {len(fields)} fields, not six (the first is seconds)")
    return Schedule(
        seconds=_field(fields[0], 0, 59),
        minutes=_field(fields[1], 0, 59),
        hours=_field(fields[2], 0, 23),
        days=_field(fields[3], 1, 31),
        months=_field(fields[4], 1, 12, _MONTHS),
        weekdays=_field(fields[5], 0, 6, _WEEKDAYS),
    )


def schedules(functions: Iterable[Function], settings: Mapping[str, str]) -> dict[Function, Schedule]:
    """The schedules of the timer triggers. Raises ValueError with the field."""
    timed = [function for function in functions if function.trigger["type"] == "timerTrigger"]
    return {function: read(function.trigger["schedule"], settings) for function in timed}


async def run(worker: Worker, function: Function, schedule: Schedule) -> None:
    """Invokes the function at each occurrence, one at a time, until cancelled; a failure is logged."""
    if function.trigger.get("runOnStartup"):
        await _invoke(worker, function)
    due = datetime.min.replace(tzinfo=UTC)
    while True:
        now = datetime.now(UTC)
        # A sleep may end a little early by the wall clock; the same occurrence must not come twice.
        due = schedule.after(max(now, due))
        await asyncio.sleep((due - now).total_seconds())
        await _invoke(worker, function)


async def _invoke(worker: Worker, function: Function) -> None:
    timer = {"IsPastDue": False, "Schedule": {"AdjustForDST": True}, "ScheduleStatus": None}
    try:
        await worker.invoke(function, str(uuid.uuid4()), {function.trigger["name"]: json_input(timer)})
    except WorkerError as failure:
        log.error("timer %s failed: %s", function.name, failure)


def _field(text: str, least: int, most: int, names: Mapping[str, int] | None = None) -> tuple[int, ...]:
    values: set[int] = set()
    for part in text.split(","):
        values.update(_range(part, least, most, names or {}))
    return tuple(sorted(values))


def _range(part: str, least: int, most: int, names: Mapping[str, int]) -> range:
    found = _PART.fullmatch(part)
    if found is None:
        raise ValueError(f"schedule field {part!r} cannot be read")
    low = least if found["low"] == "*" else _number(found["low"], names)
    open_end = found["low"] == "*" or (found["step"] is not None and found["high"] is None)
    high = most if open_end else _number(found["high"] or found["low"], names)
    step = int(found["step"] or 1)
    if not least <= low <= high <= most or step < 1:
        raise ValueError(f"schedule field {part!r} is not within {least} to {most}")
    return range(low, high + 1, step)


def _number(text: str, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"schedule field {text!r} is neither a number nor a name")
    return int(text)
