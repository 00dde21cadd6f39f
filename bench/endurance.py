"""Whether anything is lost under faults: `python bench/endurance.py [--minutes N] [--seed S] [--quick] [--only FAULT]`.

Starts the local stack with two instances of the gateway, drives traffic of every kind for an hour by default, and
breaks what they depend on, one after the other, as the seed has it. Compares afterwards what clients were told, what
the upstream did and what is on record. Prints a report in Markdown; `--write FOLDER` leaves it there with a picture.
The exit code is 1 where anything did not hold.
"""

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.endurance_book import Book
from bench.endurance_check import Promise, hidden, promises, records, verified
from bench.endurance_faults import FAULTS, inject, schedule
from bench.endurance_people import People
from bench.endurance_plot import svg
from bench.endurance_report import Run, as_json, markdown
from bench.endurance_stage import INSTANCES, Stage, stage
from bench.endurance_traffic import PROBES, Traffic
from devhost.children import PartError

QUICK = 3.0
"""Minutes."""
RATE = 12.0
"""Calls a second in a short run."""
SETTLES_WITHIN = 150.0
"""Seconds until outcomes that could not be written at once are; the gateway tries at least once a minute."""
LOOK = 5.0
"""Seconds between two looks at memory."""


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def endured(options: argparse.Namespace, folder: Path) -> Run:
    """The run that the options ask for, and what came of it. Raises PartError."""
    chance = random.Random(options.seed)
    async with stage(folder, chance) as running:
        names = [name for name in options.only or FAULTS if running.clocks or not name.startswith("clock")]
        planned = schedule(options.minutes * 60, chance, names)
        book = Book()
        traffic, people = Traffic(running, book, chance), People(running, book, chance)
        death = asyncio.create_task(running.stack.death())
        busy = [asyncio.create_task(traffic.probe(kind, pace(options.minutes))) for kind in PROBES]
        busy += [
            asyncio.create_task(work)
            for work in (
                *(traffic.run(options.rate), people.refunds(4.0), people.access(6.0)),
                *(_watch(running, book), _told(book, running)),
            )
        ]
        faults = asyncio.create_task(inject(planned, running, book, traffic))
        rest = asyncio.create_task(asyncio.sleep(options.minutes * 60))
        ended = asyncio.gather(faults, rest)
        either: list[asyncio.Future[Any]] = [ended, death, *busy]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        seconds = running.now()
        for task in (*busy, faults, rest):
            task.cancel()
        stopped = await asyncio.gather(*busy, return_exceptions=True)
        await traffic.quiet()
        # What the load itself raises ends the run, and so does a part that does not start again.
        for found in (*stopped, *await asyncio.gather(faults, return_exceptions=True)):
            if isinstance(found, BaseException) and not isinstance(found, asyncio.CancelledError):
                raise found
        return await _compared(options, running, book, seconds, death)


async def _watch(running: Stage, book: Book) -> None:
    while True:
        for instance in INSTANCES:
            book.memory.setdefault(instance, []).append((round(running.now(), 1), running.memory(instance)))
        await asyncio.sleep(LOOK)


async def _told(book: Book, running: Stage) -> None:
    """What breaks in the middle of the run is said at once, and how far it is."""
    told = 0
    while True:
        await asyncio.sleep(30)
        bad = sorted({*book.leaks, *(book.forbidden & running.orders.made.keys())})
        twice = [name for name, times in running.orders.made.items() if times > 1]
        say(f"{running.now():6.0f} s, {len(book.calls):,} calls, {len(book.faults)} faults, {len(bad + twice)} broken")
        if len(bad + twice) > told:
            told = len(bad + twice)
            say(f"  {bad[:5]} {twice[:5]}")


async def _compared(
    options: argparse.Namespace, running: Stage, book: Book, seconds: float, death: asyncio.Task[str]
) -> Run:
    say("settling, sealing, verifying")
    spilled = await _settled(running)
    seals = await running.seal()
    rows = await running.rows()
    found = await asyncio.to_thread(records, rows)
    is_whole, told = verified(*await running.verify())
    dead = [death.result()] if death.done() else []
    death.cancel()
    await running.stack.stop("azurite")  # it writes to its files as it ends
    logs = [running.stack.log(instance) for instance in INSTANCES]
    checked = [
        *promises(book, running.orders, found),
        await asyncio.to_thread(hidden, [running.stack.state / "azurite"], logs),
        Promise("every outcome that was written late was written within minutes", found.late, spilled),
        Promise("no process ended by itself", len(running.stack.parts), dead),
        Promise("the end was sealed", 1, [seals] if seals else []),
        is_whole,
    ]
    return Run(
        *(options.command, options.seed, seconds, options.rate, book, running.orders, found, checked, told),
        can_step_clocks=bool(running.clocks),
        share=pace(options.minutes),
    )


async def _settled(running: Stage) -> list[str]:
    """What was still not written after a while."""
    waiting = ["not looked at"]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLES_WITHIN):
            while waiting:
                facts = {instance: await running.health(instance) for instance in INSTANCES}
                waiting = [
                    f"{instance}: {told['records_spilled']} wait, {told['records_lost']} lost"
                    for instance, told in facts.items()
                    if told["records_spilled"] or told["records_lost"]
                ]
                await asyncio.sleep(1)
    return waiting


def pace(minutes: float) -> float:
    """The share of a pause: the longer a run, the rarer what happens all the time. Pure.

    Azurite writes all rows as one text every few seconds, which a hundred thousand of them make too long.
    """
    return min(1.0, max(0.25, minutes / 60))


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """The options. Exits with 2 where they are wrong."""
    parser = argparse.ArgumentParser(prog="python bench/endurance.py", description="Whether anything is lost.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:.0f} minutes")
    parser.add_argument("--seed", type=int, default=None, help="of the schedule and the traffic; a new one each time")
    parser.add_argument("--rate", type=float, help="calls a second, probes and people aside; 12 in a short run")
    parser.add_argument("--only", action="append", choices=[*FAULTS], metavar="FAULT", help=", ".join(FAULTS))
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="for endurance.md and endurance.svg")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures, for a program")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="where the stack and its logs lie; else nothing stays"
    )
    options = parser.parse_args(arguments)
    if options.quick:
        options.minutes = QUICK
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1_000_000)
    words = [f"--minutes {options.minutes:g}", f"--seed {options.seed}"]
    words += [f"--rate {options.rate:g}"] if options.rate else []
    words += [f"--only {name}" for name in options.only or ()]
    options.command = " ".join(["python bench/endurance.py", *words])
    options.rate = options.rate or RATE * pace(QUICK) / pace(options.minutes)
    return options


def main(arguments: Sequence[str]) -> int:
    """Prints the report. The exit code is 1 where anything did not hold or the stack did not start."""
    options = read(arguments)
    say(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="countersign-endurance-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            run = asyncio.run(endured(options, folder.absolute()))
        except PartError as failure:
            say(f"the stack failed: {failure}")
            return 1
    if options.json:
        options.json.write_text(as_json(run))
    if options.write:
        (options.write / "endurance.md").write_text(markdown(run))
        (options.write / "endurance.svg").write_text(svg(run.book, run.seconds))
    print(markdown(run), end="")
    return 0 if run.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
