"""Whether memory stays flat: `python bench/memory.py [--calls N] [--json FILE]`.

Makes governed calls, 100,000 of them by default, through the worker's own HTTP server, in both eras and with JSON
and event streams, and looks at the resident memory of the gateway's process all along. Then counts what the worker
keeps of an invocation, and what large answers take. Prints a report in Markdown.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import tracemalloc
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from platform import python_version

sys.path.insert(0, str(Path(__file__).parents[1]))

from azure_functions_runtime import http_v2  # type: ignore[import-untyped]  # no py.typed

from bench.growth_fit import Fit, fit
from bench.masking_report import machine, table
from bench.memory_large import Large, refused, streamed, unread
from bench.relay_cells import Cell, read_answer
from bench.relay_load import FIRST_ID, Client
from bench.relay_process import usage
from bench.relay_targets import Target, bench, start
from gateway.invocations import forget_answered

CONNECTIONS = 16
LOOKS = 20
"""How often memory is looked at."""
ERAS = ("modern", "legacy")
SHAPES = (("small", "json"), ("small", "sse"), ("small", "json"), ("large", "json"))
_INVOCATIONS = 5_000
_LARGE = 50_000_000


@dataclass(frozen=True, slots=True)
class Look:
    calls: int
    memory: int
    """Resident bytes."""


async def watch(target: Target, calls: int) -> list[Look]:
    """Memory after each stretch of the calls. Raises WrongAnswerError, OSError or TimeoutError if any fails."""
    # No connection is idle while others work: the worker's server closes those after five seconds.
    clients = [Client(target.endpoint, ERAS[number % 2], number) for number in range(CONNECTIONS)]
    await asyncio.gather(*(client.open() for client in clients))
    each, looks = max(calls // LOOKS // CONNECTIONS, 1), []
    try:
        for number in range(LOOKS):
            await asyncio.gather(*(_calls(client, each) for client in clients))
            looks.append(Look((number + 1) * each * CONNECTIONS, usage(target.session).memory))
            print(f"{looks[-1].calls:>8,} calls, {looks[-1].memory / 1e6:.1f} MB", file=sys.stderr, flush=True)
    finally:
        for client in clients:
            client.wire.close()
    return looks


async def _calls(client: Client, count: int) -> None:
    for number, (size, form) in zip(range(count), cycle(SHAPES), strict=False):
        call = client.caller.call(Cell(client.caller.era, CONNECTIONS, size, form), FIRST_ID + number)
        answer = await client.ask(*call)
        read_answer(answer.status, answer.media_type, answer.body, FIRST_ID + number)


async def kept_by_the_worker(*, forgets: bool) -> float:
    """Bytes for each answered invocation, of Microsoft's coordinator alone."""
    coordinator = http_v2.http_coordinator
    if forgets:
        forget_answered()
    tracemalloc.start(1)
    before, _ = tracemalloc.get_traced_memory()
    for number in range(_INVOCATIONS):
        name = f"00000000-0000-4000-8000-{number:012}"
        coordinator.set_http_request(name, "request")
        await coordinator.get_http_request_async(name)
        coordinator.set_http_response(name, "response")
        await coordinator.await_http_response_async(name)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    coordinator._context_references.clear()
    return (after - before) / _INVOCATIONS


async def run(calls: int) -> list[Look]:
    with tempfile.TemporaryDirectory() as folder:
        async with bench(Path(folder)) as made:
            [target] = await start(made, ("memory",))
            return await watch(target, calls)


def settled(looks: Sequence[Look]) -> Fit:
    """Resident bytes by calls, once a fifth of the calls has filled what is filled once."""
    later = looks[len(looks) // 5 :]
    return fit([(look.calls, look.memory) for look in later])


def markdown(looks: Sequence[Look], kept: tuple[float, float], large: dict[str, Large]) -> str:
    line = settled(looks)
    head = (
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, Python {python_version()}; {looks[-1].calls:,} calls, "
        f"{CONNECTIONS} connections, stores in memory.\n\nResident memory of the gateway's process grows by "
        f"{line.slope:.1f} bytes a call after the first fifth (R² {line.r2:.2f})."
    )
    rows = [(f"{look.calls:,}", f"{look.memory / 1e6:.1f}") for look in looks[:: max(1, len(looks) // 10)]]
    worker = (
        f"Azure's worker keeps {kept[0]:,.0f} bytes of each answered invocation by itself, and {kept[1]:,.0f} with "
        "`gateway/invocations.py`."
    )
    answers = [
        (name, f"{each.sent / 1e6:.0f}", each.status, f"{each.received / 1e6:.1f}", f"{each.peak / 1e6:.1f}")
        for name, each in large.items()
    ]
    header = ("answer", "made by the upstream, MB", "status", "got by the client, MB", "held at most, MB")
    return "\n\n".join((head, table(("calls", "MB"), rows), worker, table(header, answers))) + "\n"


async def large_answers() -> dict[str, Large]:
    return {
        "JSON": await refused(_LARGE),
        "event stream": await streamed(_LARGE),
        "event stream, not read on": await unread(_LARGE),
    }


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--json", type=Path, help="where to leave the figures")
    options = parser.parse_args(arguments)
    looks = asyncio.run(run(options.calls))
    kept = asyncio.run(kept_by_the_worker(forgets=False)), asyncio.run(kept_by_the_worker(forgets=True))
    large = asyncio.run(large_answers())
    if options.json:
        figures = {"looks": [asdict(look) for look in looks], "worker": kept, "fit": asdict(settled(looks))}
        options.json.write_text(json.dumps(figures))
    print(markdown(looks, kept, large), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
