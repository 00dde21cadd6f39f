"""How cost grows: `python bench/growth.py [--write FILE] [--json FILE]`.

Measures decisions, lists, groups, sessions and records at several sizes, in processor time, and prints a report in
Markdown, with a straight line through each and how well it fits.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import growth_policy as policy
from bench.growth_fit import Fit, exponent, fit
from bench.growth_records import ASKED, Records, Sessions, by_records, by_sessions
from bench.masking_report import machine, table

type Points = list[tuple[int, float]]
TEN_MILLION = 10_000_000


def measured() -> dict[str, Points]:
    """Microseconds by size, for everything that is decided in memory."""
    condition = "args.amount < 1000"
    return {
        "decision; rules, all for one server": policy.by_rules(),
        f"decision; rules, spread over {policy.SERVERS} servers": policy.by_rules(servers=policy.SERVERS),
        "decision; rules with a condition, all for one server": policy.by_rules(
            condition=condition, sizes=policy.RULES[:-1]
        ),
        "decision under 100 rules; groups of the caller": policy.by_groups(),
        "list filtered under 100 rules; tools": policy.filtering(),
        "definitions read and hashed; tools": policy.reading_definitions(),
        "policy parsed; rules": policy.parsing(),
    }


def markdown(found: dict[str, Points], sessions: Sequence[Sessions], records: Sequence[Records]) -> str:
    head = (
        "# Growth\n\nMade by `python bench/growth.py --write docs/growth.md`, and by no hand. "
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, Python {python_version()}. Processor time throughout; in "
        "`cost ~ size^x`, an x of 1 is linear and 0 is no growth."
    )
    return (
        "\n\n".join((head, *(_growth(*each) for each in found.items()), _sessions(sessions), _records(records))) + "\n"
    )


def _growth(name: str, points: Points) -> str:
    line = fit(points)
    rows = [(f"{size:,}", f"{cost:,.1f}", f"{cost / size:,.2f}") for size, cost in points]
    said = f"Line: {line.slope:,.3f} µs for one more, R² {line.r2:.4f}; cost ~ size^{exponent(points):.2f}."
    return f"## {name[:1].upper()}{name[1:]}\n\n{table(('size', 'µs', 'µs for each'), rows)}\n\n{said}"


def _sessions(found: Sequence[Sessions]) -> str:
    line = fit([(each.count, each.held) for each in found])
    rows = [(f"{each.count:,}", f"{each.held / 1e6:.2f}", f"{each.microseconds:.0f}") for each in found]
    return (
        "## Sessions in memory\n\nOne process keeps the chains of 10,000 sessions and drops the quietest.\n\n"
        + table(("sessions", "MB held", "µs a record"), rows)
        + f"\n\nLine: {line.slope:,.0f} bytes a session, R² {line.r2:.4f}."
    )


def _records(found: Sequence[Records]) -> str:
    rows = []
    for each in found:
        asked = (f"{each.seconds[name]:.2f}" if name in each.seconds else "-" for name in ASKED)
        rows.append((f"{each.count:,}", f"{each.megabytes:.0f}", *asked))
    parts = ["## Records of an export", table(("records", "MB", *(f"{name}, s" for name in ASKED)), rows)]
    parts += [
        _beyond(name, [(each.count, each.seconds[name]) for each in found if name in each.seconds]) for name in ASKED
    ]
    return "\n\n".join(parts)


def _beyond(name: str, points: Points) -> str:
    power = exponent(points)
    if power > 1.3:
        # A line through a curve would promise too little.
        return f"{name}: cost ~ records^{power:.2f}. Not linear, so nothing is said of {TEN_MILLION:,} records."
    line: Fit = fit(points)
    minutes = line.at(TEN_MILLION) / 60
    return (
        f"{name}: {line.slope * 1e6:,.1f} µs a record, R² {line.r2:.4f}, cost ~ records^{power:.2f}. The file is read "
        f"once and each record looked at once, so {TEN_MILLION:,} records take some {minutes:,.0f} minutes of a core: "
        "extrapolated, not measured."
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--write", type=Path, help="where to leave the report")
    parser.add_argument("--json", type=Path, help="where to leave the figures")
    options = parser.parse_args(arguments)
    found, sessions = measured(), by_sessions()
    with tempfile.TemporaryDirectory() as folder:
        records = by_records(Path(folder))
    if options.json:
        figures = {"sessions": [asdict(each) for each in sessions], "records": [asdict(each) for each in records]}
        options.json.write_text(json.dumps(figures | {"decisions": found}))
    report = markdown(found, sessions, records)
    if options.write:
        options.write.write_text(report)
    else:
        print(report, end="")


if __name__ == "__main__":
    main(sys.argv[1:])
