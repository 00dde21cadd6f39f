"""Whether others are served under attack: `python bench/hostile.py [--seconds N] [--only ATTACK] [--write FOLDER]`.

Starts the local stack and attacks one instance of the gateway, from another process, in each of the ways that
`hostile_attacks` knows. Meanwhile another caller makes small and large calls; all of these must be answered with
results. Reports how long they took, what the attackers were answered, how often signing keys were fetched, and memory.
The next attack begins once a large call is answered again, so that each row tells of its own attack.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.endurance_book import Book, Came
from bench.endurance_client import Wanted, make
from bench.endurance_policy import SERVER
from bench.endurance_stage import INSTANCES, Stage, stage
from bench.endurance_upstream import LARGE, SMALL
from bench.hostile_attacks import ATTACKS, Found, Orders
from bench.hostile_report import markdown
from devhost.children import PartError
from devhost.stack import ROOT

PAUSE, LARGE_PAUSE = 0.05, 1.0
"""Seconds between a probe's answer and the next probe, of a small and of a large result."""
PATIENCE = 10.0
"""Seconds after which a probe counts as not answered."""
LOOK = 0.25
"""Seconds between two looks at memory."""
SETTLES = 3.0
"""Seconds between two attacks."""
RECOVERS = 120.0
"""Seconds that the gateway is given to answer a large call after an attack."""
CALLERS = 40
"""Hostile callers who have tokens: each is somebody else."""
ONE = INSTANCES[0]


@dataclass(slots=True)
class Probed:
    """What came of the calls of somebody else."""

    latencies: list[float] = field(default_factory=list)
    """Seconds."""
    failures: list[str] = field(default_factory=list)
    """What was told where there was no result."""


@dataclass(slots=True)
class Attacked:
    """What one attack did."""

    name: str
    count: int
    found: Found
    small: Probed = field(default_factory=Probed)
    large: Probed = field(default_factory=Probed)
    fetches: int = 0
    """Of signing keys."""
    before: int = 0
    most: int = 0
    after: int = 0
    """Resident bytes of the gateway's process; `after` once the attackers have left."""
    recovery: float = 0.0
    """Seconds from when they left until a large call was answered; infinite where none was in RECOVERS."""


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def attacked(running: Stage, name: str, orders: Orders, *, is_brief: bool = False) -> Attacked:
    """The attack happened, and the attackers are gone. A brief one is looked at with small calls alone."""
    found = Attacked(name, orders.count, Found(), before=running.memory(ONE))
    fetches = await _fetches(running)
    over = asyncio.Event()
    probes = [(SMALL, PAUSE, found.small)] + ([] if is_brief else [(LARGE, LARGE_PAUSE, found.large)])
    async with asyncio.TaskGroup() as group:
        for tool, pause, probed in probes:
            group.create_task(_probe(running, tool, pause, probed, over))
        group.create_task(_watch(running, found, over))
        try:
            found.found = await _attack(name, orders)
        finally:
            over.set()
    found.fetches = await _fetches(running) - fetches
    found.recovery = 0.0 if is_brief else await _recovered(running)
    await asyncio.sleep(0 if is_brief else SETTLES)
    found.after = running.memory(ONE)
    return found


async def _attack(name: str, orders: Orders) -> Found:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.hostile_attacks", name),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(orders.seconds + 60):
            out, _ = await process.communicate(json.dumps(asdict(orders)).encode())
    finally:
        if process.returncode is None:
            process.kill()
    told: dict[str, Any] = json.loads(out)
    return Found(told["opened"], told["answers"])


async def _probe(running: Stage, tool: str, pause: float, probed: Probed, over: asyncio.Event) -> None:
    """Calls of a caller who does nothing wrong, one after the other, until the attack is over."""
    book = Book()
    while not over.is_set():
        await _call(running, book, tool, probed)
        await asyncio.sleep(pause)


async def _call(running: Stage, book: Book, tool: str, probed: Probed) -> bool:
    """Whether the call was answered with a result; how long that took, and what was told instead, is noted."""
    token = await running.token("engineer")
    began = time.perf_counter()
    name = f"probe-{time.time_ns()}x"
    made = await make(running, book, Wanted("probe", name, ONE, token, tool, patience=PATIENCE))
    probed.latencies.append(time.perf_counter() - began)
    if made.came is not Came.ANSWERED:
        probed.failures.append(f"{made.came} {made.code}".removesuffix(" 0"))
    return made.came is Came.ANSWERED


async def _recovered(running: Stage) -> float:
    book, began = Book(), time.perf_counter()
    while time.perf_counter() - began < RECOVERS:
        if await _call(running, book, LARGE, Probed()):
            return time.perf_counter() - began
    return float("inf")


async def _watch(running: Stage, found: Attacked, over: asyncio.Event) -> None:
    while not over.is_set():
        found.most = max(found.most, running.memory(ONE))
        await asyncio.sleep(LOOK)


async def _fetches(running: Stage) -> int:
    told = (await running.http.get(running.identity("/requests"))).json()
    return int(told["keys"])


async def hostile_tokens(running: Stage, callers: int = CALLERS) -> list[str]:
    """Tokens of as many applications that may call."""
    made = (
        running.token("pipeline", claims={"oid": f"0b1ec700-0000-4000-9000-{number:012}"}) for number in range(callers)
    )
    return list(await asyncio.gather(*made))


def orders_for(running: Stage, tokens: Sequence[str], count: int, seconds: float) -> Orders:
    return Orders(int(running.url(ONE, "").rsplit(":", 1)[1]), f"/mcp/{SERVER}", tokens, count, seconds)


async def endured(options: argparse.Namespace, folder: Path) -> list[Attacked]:
    """All attacks, one after the other, on one process. Raises PartError."""
    found = []
    async with stage(folder, random.Random(1)) as running:
        tokens = await hostile_tokens(running)
        for name in options.only or ATTACKS:
            count = options.streams if name == "open-streams" else ATTACKS[name].count
            found.append(await attacked(running, name, orders_for(running, tokens, count, options.seconds)))
            failures = found[-1].small.failures + found[-1].large.failures
            say(f"{name}: {len(failures)} probes failed, {found[-1].found}")
    return found


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """The options. Exits with 2 where they are wrong."""
    parser = argparse.ArgumentParser(prog="python bench/hostile.py", description="Whether others are served.")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each attack")
    parser.add_argument("--streams", type=int, default=ATTACKS["open-streams"].count, help="that stay open")
    parser.add_argument("--only", action="append", choices=[*ATTACKS], metavar="ATTACK", help=", ".join(ATTACKS))
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="for endurance-hostile.md")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures, for a program")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Prints the report. The exit code is 1 where a probe was not answered, or the stack did not start."""
    options = read(arguments)
    with tempfile.TemporaryDirectory(prefix="countersign-hostile-") as folder:
        try:
            found = asyncio.run(endured(options, Path(folder)))
        except PartError as failure:
            say(f"the stack failed: {failure}")
            return 1
    text = markdown(found, options.seconds, " ".join(["python bench/hostile.py", *arguments]))
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found]))
    if options.write:
        (options.write / "endurance-hostile.md").write_text(text)
    print(text, end="")
    return 1 if any(one.small.failures or one.large.failures or one.recovery > RECOVERS for one in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
