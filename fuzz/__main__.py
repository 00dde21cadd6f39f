"""`python -m fuzz TARGET [--seconds N]` searches; `python -m fuzz TARGET --keep` chooses what stays in the corpus.

The search works in `.local/fuzz/TARGET` and begins with the corpus and the seeds; an input for which something does not
hold is written there as `crash-...`, and the command ends with another status than 0.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

from fuzz import TARGETS
from fuzz.inputs import CORPUS, MAX_SIZE, save

WORK = Path(".local/fuzz")
MEMORY = 2048
"""Megabytes; more is a finding."""
PATIENCE = 30
"""Seconds for one input; more is a finding."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Fuzz one room of the gateway.")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60, help="how long to search (default: 60)")
    parser.add_argument("--keep", action="store_true", help="choose the corpus out of what the searches found")
    chosen = parser.parse_args()
    if chosen.keep:
        from fuzz.keep import keep  # noqa: PLC0415 - before anything of the gateway is imported

        sys.stdout.write(keep(chosen.target, WORK / chosen.target / "found"))
    else:
        _search(chosen.target, chosen.seconds)


def _search(target: str, seconds: int) -> None:
    import atheris  # type: ignore  # noqa: PLC0415 - the corpus is chosen without it

    with atheris.instrument_imports(include=["gateway", "jwt"]):
        room = importlib.import_module(f"fuzz.{target}")
    work = WORK / target
    found, seeds = work / "found", work / "seeds"
    for folder in (found, seeds, CORPUS / target):
        folder.mkdir(parents=True, exist_ok=True)
    save(seeds, room.SEEDS)
    options = [
        *(f"-max_total_time={seconds}", f"-max_len={MAX_SIZE}", f"-rss_limit_mb={MEMORY}", f"-timeout={PATIENCE}"),
        *(f"-artifact_prefix={work}{os.sep}", "-print_final_stats=1", "-use_value_profile=1"),
    ]
    atheris.Setup([sys.argv[0], *options, str(found), str(CORPUS / target), str(seeds)], room.one_input)
    atheris.Fuzz()


main()
