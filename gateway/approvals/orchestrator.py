"""The orchestrator of one approval: lets it be tended, waits for people or the clock, and so on until it is over.

Takes an instance whose id is that of an approval, and gives nothing: Durable history is stored in
clear, so that ids and times are all that is in it. It decides nothing and does nothing itself. While
nobody acts and nothing is due there is a timer, at most five days long, and no activity.
"""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

from azure.durable_functions import RetryOptions  # type: ignore[import-untyped]

from gateway.approvals.orchestrations import SETTLED

TEND, RUN = "approval_tend", "approval_run"
"""Activities; each takes the id."""

LEG = timedelta(days=5)
"""The longest timer: Azure Storage takes six days, and the SDK's own division of longer ones cannot be cancelled."""
PAUSE = timedelta(seconds=5)
"""The shortest, where clocks differ."""
REST = timedelta(hours=1)
"""After an activity that failed again and again, which takes a defect of this app."""
ROUNDS = 50
"""Waits until the history begins anew, since the whole of it is read at each turn."""

_RETRY = RetryOptions(first_retry_interval_in_milliseconds=60_000, max_number_of_attempts=5)

type Steps[Result] = Generator[Any, Any, Result]


def approval(context: Any) -> Steps[None]:
    """Returns once the approval is over, and begins anew where that keeps its history short."""
    try:
        is_over = yield from _tended(context)
    except Exception:  # noqa: BLE001 - what the SDK raises for an activity that failed
        yield context.create_timer(context.current_utc_datetime + REST)
        is_over = False
    if not is_over:
        context.continue_as_new(context.instance_id)


def _tended(context: Any) -> Steps[bool]:
    """True: over; False: to be begun anew."""
    waits: dict[str, Any] = {}
    ran = False
    for _ in range(ROUNDS):
        step = yield context.call_activity_with_retry(TEND, _RETRY, context.instance_id)
        if not step["wake"]:
            return True
        if step["run"] and not ran:
            yield context.call_activity_with_retry(RUN, _RETRY, context.instance_id)
            ran = True
            continue
        ran = False
        for name in filter(None, (SETTLED, step["event"])):
            if name not in waits:
                waits[name] = context.wait_for_external_event(name)
        # An instance that waits twice for one name may be told of one event twice: the SDK keeps it.
        if any(wait.is_completed for wait in waits.values()):
            return False
        yield from _wait(context, list(waits.values()), datetime.fromisoformat(step["wake"]))
    return False


def _wait(context: Any, events: list[Any], until: datetime) -> Steps[None]:
    """Until one of the events, or that time."""
    until = max(until, context.current_utc_datetime + PAUSE)
    while context.current_utc_datetime < until:
        leg = context.create_timer(min(until, context.current_utc_datetime + LEG))
        if (yield context.task_any([*events, leg])) is not leg:
            leg.cancel()
            return
