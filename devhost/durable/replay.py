"""Runs orchestrators again over the histories on disk and says where they do something else now.

`python -m devhost.durable.replay --app DIR --state DIR` loads the app, plays every turn of every
stored instance and compares what it schedules and how it ends with what the history says. It writes
nothing and runs no activity; the exit code is 1 when a history does not replay.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from devhost.durable import bindings, turns
from devhost.durable.history import Event, Kind, moment
from devhost.durable.hub import Invoke, context
from devhost.durable.instance import Instance, from_log
from devhost.durable.store import Store
from devhost.worker import Worker, WorkerError

_FOLLOWS = frozenset((Kind.TASK_SCHEDULED, Kind.TIMER_CREATED, Kind.EXECUTION_COMPLETED, Kind.ORCHESTRATOR_COMPLETED))
"""What a turn adds to what it saw."""


async def differences(instance: Instance, orchestrator: Invoke) -> list[str]:
    """One line for each turn of the instance that comes out otherwise; empty when all are the same."""
    found = []
    for number, (before, saw, did) in enumerate(played_turns(instance.history), 1):
        text = context(replace(instance, history=tuple(before)), saw)
        try:
            answer = turns.answered(await orchestrator(text))
        except WorkerError as failure:
            answer = turns.failed(str(failure))
        again = turns.turn(instance.name, [*before, *saw], answer, moment(did[-1]["Timestamp"])).events
        if _essence(again) != _essence(did):
            found.append(f"{instance.id}: turn {number} did {_essence(did)} and now does {_essence(again)}")
    return found


def played_turns(events: Sequence[Event]) -> Iterator[tuple[list[Event], list[Event], list[Event]]]:
    """Each whole turn: the history before it, what it saw, and what it did."""
    start = next((at for at, found in enumerate(events) if found["EventType"] == Kind.ORCHESTRATOR_STARTED), 0)
    for end, found in enumerate(events):
        if found["EventType"] != Kind.ORCHESTRATOR_COMPLETED:
            continue
        turn = list(events[start : end + 1])
        saw = [each for each in turn if each["EventType"] not in _FOLLOWS]
        yield list(events[:start]), saw, [each for each in turn if each["EventType"] in _FOLLOWS]
        start = end + 1


def _essence(events: Sequence[Event]) -> list[Event]:
    return [{name: value for name, value in found.items() if name != "Timestamp"} for found in events]


async def _replayed(app: Path, folder: Path) -> list[str]:
    functions = bindings.functions(await Worker.load(app))
    found = []
    with Store(folder) as store:
        for records in store.load():
            instance = from_log(records)
            orchestrator = functions.orchestrators.get(instance.name)
            if orchestrator is None:
                found.append(f"{instance.id}: no orchestrator {instance.name}")
            else:
                found += await differences(instance, orchestrator)
    # The worker's uvicorn ends with the loop, cancelled, and would write that down as a failure.
    logging.getLogger("uvicorn.error").disabled = True
    return found


def main(arguments: list[str] | None = None) -> int:
    """Replays what is stored; each difference is a line of the output."""
    parser = argparse.ArgumentParser(prog="python -m devhost.durable.replay", description="Replays stored histories.")
    parser.add_argument("--app", type=Path, default=Path(), help="folder of function_app.py and host.json")
    parser.add_argument("--state", type=Path, default=Path(".local"), help="state folder of the host")
    options = parser.parse_args(arguments)
    found = asyncio.run(_replayed(options.app.resolve(), options.state.resolve() / "durable"))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
