"""How fast calls are: `python bench/relay.py [--quick] [--seconds N] [--rounds N] [--only ...] [--cells ...]`.

Measures in one run, in turns: an upstream server directly, a bare relay before it, and the gateway with its stores
in memory and in Azurite; with `--peers` other gateways too. What is measured has one core, and load and upstream
have the other. Prints a report in Markdown; `--write FOLDER` leaves it there with a plot and the figures as JSON.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import relay_peers
from bench.relay_cells import WrongAnswerError
from bench.relay_peers import PEERS
from bench.relay_plot import svg
from bench.relay_report import Run, as_json, markdown
from bench.relay_run import Plan, chosen, prove, run
from bench.relay_targets import OWN, bench, start
from devhost.children import PartError

ROOT = Path(__file__).parents[1]


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def measured(options: argparse.Namespace, plan: Plan, folder: Path) -> Run:
    """The run that the options ask for. Raises PartError or WrongAnswerError."""
    began = time.monotonic()
    async with bench(folder) as made:
        if not made.cores.are_apart:
            say("this machine has one core: load and gateway share it, and the figures say little")
        guests = {name: peer for name, peer in PEERS.items() if options.peers and name in (options.only or PEERS)}
        own = await start(made, options.only or list(OWN))
        for target in own:
            await prove(target)
        peers, skipped = await relay_peers.start(made, guests, say)
        for target in (*own, *peers):
            say(f"{target.name}: on port {target.endpoint.port}, process {target.session}")
        runs = await run((*own, *peers), plan, made.cores, say)
    titles = OWN | {name: peer.title for name, peer in PEERS.items()}
    left_out = {titles[name]: why for name, why in (skipped | runs.failed).items()}
    took = time.monotonic() - began
    return Run(runs.samples, titles, plan.seconds, plan.rounds, _command(options), took, left_out)


def _command(options: argparse.Namespace) -> str:
    flags = [f"--{flag}" for flag in ("quick", "peers") if getattr(options, flag)]
    flags += [f"--{flag} {','.join(getattr(options, flag))}" for flag in ("only", "cells") if getattr(options, flag)]
    return " ".join(["python bench/relay.py", *flags])


def write(found: Run, folder: Path) -> None:
    """The report, its plot and its figures are in the folder."""
    (folder / "speed.md").write_text(markdown(found))
    (folder / "speed.svg").write_text(svg(found.samples, found.targets))
    (folder / "speed.json").write_text(as_json(found))


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """The options. Exits with 2 where they are wrong."""
    parser = argparse.ArgumentParser(prog="python bench/relay.py", description="How fast calls are.")
    parser.add_argument("--seconds", type=float, default=0.7, help="for each measurement")
    parser.add_argument("--rounds", type=int, default=5, help="large results take part in every third")
    parser.add_argument("--quick", action="store_true", help="small JSON results, 1 and 16 connections")
    parser.add_argument("--peers", action="store_true", help="other gateways too, installed from PyPI")
    parser.add_argument("--only", type=_words, default=[], metavar="NAMES", help=f"of {','.join((*OWN, *PEERS))}")
    parser.add_argument("--cells", type=_words, default=[], metavar="WORDS", help="such as legacy,16,small,json")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="for speed.md, speed.svg and speed.json")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures, for a program")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="of what runs; nothing is kept without it")
    options = parser.parse_args(arguments)
    if unknown := set(options.only) - {*OWN, *(PEERS if options.peers else ())}:
        parser.error(f"--only knows {', '.join((*OWN, *PEERS))}, the last five with --peers; not {', '.join(unknown)}")
    return options


def main(arguments: Sequence[str]) -> int:
    """Prints the report. The exit code is 1 where something did not start or a call failed."""
    options = read(arguments)
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder:
        try:
            plan = Plan(chosen(options.cells, quick=options.quick), options.rounds, options.seconds)
            found = asyncio.run(measured(options, plan, options.logs or Path(folder)))
        except (PartError, WrongAnswerError, ValueError) as failure:
            say(f"the bench failed: {failure}")
            return 1
    if options.json:
        options.json.write_text(as_json(found))
    if options.write:
        write(found, options.write)
    print(markdown(found), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
