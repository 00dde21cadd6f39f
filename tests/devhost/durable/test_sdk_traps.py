"""What SDK and extension do together that an orchestrator must keep clear of; the host does the same."""

import asyncio
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.devhost.durable.bench import opened, shown

Steps = Generator[Any, Any, Any]


async def note(text: str) -> str:
    return text


def long_timer(here: Any) -> Steps:
    decided, late = here.wait_for_external_event("decided"), here.create_timer(here.current_utc_datetime + WEEK)
    yield here.task_any([decided, late])
    return (yield here.call_activity("note", "decided"))


def twice(here: Any) -> Steps:
    yield here.call_activity("note", "first")
    one = yield here.wait_for_external_event("decided")
    other = yield here.wait_for_external_event("decided")
    return [one, other]


WEEK = timedelta(days=7)


async def test_a_long_timer_that_lost_holds_up_what_follows_until_its_leg_is_over(tmp_path: Path) -> None:
    """An event in the second leg of three days: the SDK goes on, and the extension still awaits the leg."""
    async with asyncio.timeout(10), opened(tmp_path, {"long": long_timer}, {"note": note}) as hub:
        hub.start("long", "one", None)
        await hub.quiet()
        hub.clock.advance(timedelta(days=3, seconds=1))
        await hub.quiet()
        hub.raise_event("one", "decided", "1")
        await hub.quiet()
        assert shown(hub, "one") == ("Running", None)
        hub.clock.advance(timedelta(days=3))
        await hub.quiet()
        hub.clock.advance(timedelta(days=2))
        await hub.quiet()
        assert shown(hub, "one") == ("Completed", '"decided"')


async def test_the_sdk_hands_an_early_event_to_every_later_wait_of_its_name(tmp_path: Path) -> None:
    """The extension counts one event for one wait, so that the instance does not end before a second comes."""
    async with asyncio.timeout(10), opened(tmp_path, {"twice": twice}, {"note": note}) as hub:
        hub.start("twice", "one", None)
        hub.raise_event("one", "decided", '"first"')
        await hub.quiet()
        assert shown(hub, "one") == ("Running", None)
        hub.raise_event("one", "decided", '"second"')
        await hub.quiet()
        assert shown(hub, "one")[0] == "Completed"
