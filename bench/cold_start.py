"""How long a cold start takes: `python bench/cold_start.py [--rounds N] [--json FILE]`.

Measures in one run and in turns: the import of two empty apps and of the gateway, with compiled modules and without,
and the time from the start of a process to its first answers. Prints a report in Markdown. What Azure adds before
the process starts is not in it.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.cold_start_import import ALL, CHECKED, LEAST, NONE, NOT_OURS, SAME_KIND, Import, empty_apps, states
from bench.cold_start_import import in_turns as imported
from bench.cold_start_modules import STEPS, package_of
from bench.cold_start_process import STAGES, Start, Wanted
from bench.cold_start_process import in_turns as started
from bench.masking_report import machine, table
from bench.relay_targets import ROOT

OURS = "the gateway"


def modules() -> dict[str, list[str]]:
    """What each step of a start loads."""
    command = [sys.executable, "-m", "bench.cold_start_modules"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=120)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def run(rounds: int) -> tuple[list[Import], list[Start]]:
    """The imports and the starts, each as often as that and in turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        apps = empty_apps(folder) | {OURS: ROOT}
        compiled = folder / "pyc"
        first = [Wanted(app, where, ALL, compiled, writes=True) for app, where in apps.items() if app != LEAST]
        asyncio.run(started(first, 1, folder / "first"))
        prefixes = states(folder, apps, compiled)
        chosen = [(app, ALL) for app in apps] + [(app, NONE) for app in (SAME_KIND, OURS)]
        chosen += [(OURS, CHECKED), (OURS, NOT_OURS)]
        imports = imported([(app, apps[app], state, prefixes[state]) for app, state in chosen], rounds)
        again = [(SAME_KIND, ALL), (OURS, ALL), (OURS, CHECKED), (OURS, NOT_OURS), (OURS, NONE)]
        wanted = [Wanted(app, apps[app], state, prefixes[state]) for app, state in again]
        return imports, asyncio.run(started(wanted, rounds, folder / "state"))


def markdown(loaded: dict[str, list[str]], imports: Sequence[Import], starts: Sequence[Start], rounds: int) -> str:
    when = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, Python {python_version()}; medians of {rounds} rounds in turns."
    return "\n\n".join((when, _imports(imports), _starts(starts), _modules(loaded))) + "\n"


def _imports(imports: Sequence[Import]) -> str:
    rows = [
        (each.app, each.compiled, each.modules, f"{each.processor:.2f}", f"{each.least:.2f}", f"{each.wall:.2f}")
        for each in imports
    ]
    header = ("app", "compiled", "modules", "processor, s", "the least of them", "by the clock, s")
    return "## Import of function_app\n\n" + table(header, rows)


def _starts(starts: Sequence[Start]) -> str:
    rows = []
    for each in starts:
        by_stage = (
            f"{each.seconds[stage]:.2f} ({each.processor[stage]:.2f})" if stage in each.seconds else "-"
            for stage in STAGES
        )
        rows.append((each.app, each.compiled, *by_stage))
    header = ("app", "compiled", *(f"{stage}, s (processor)" for stage in STAGES))
    return "## From the start of the process\n\n" + table(header, rows)


def _modules(loaded: dict[str, list[str]]) -> str:
    rows = []
    for step in STEPS:
        found = Counter(map(package_of, loaded[step])).most_common()
        own = [f"{name} {count}" for name, count in found if name not in sys.stdlib_module_names and count > 1]
        rows.append((step, len(loaded[step]), ", ".join(own)))
    return "## Modules by step\n\n" + table(("step", "modules", "packages with more than one"), rows)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where to leave the figures")
    options = parser.parse_args(arguments)
    loaded = modules()
    imports, starts = run(options.rounds)
    if options.json:
        figures = {"imports": [asdict(each) for each in imports], "starts": [asdict(each) for each in starts]}
        options.json.write_text(json.dumps(figures | {"modules": {step: len(loaded[step]) for step in STEPS}}))
    print(markdown(loaded, imports, starts, options.rounds), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
