"""`python -m gateway evidence controls ...`: the table of controls, and how many records lie behind each row.

Takes the words after `controls`, puts on record that somebody reads, counts, and returns a table or JSON. The
table itself, as Markdown or OSCAL, needs no evidence.
"""

import argparse
import asyncio
import json
import textwrap
from collections.abc import Sequence

from gateway.cli.arguments import STORES, add_operator, day
from gateway.cli.auditing import noted, opened, today, unreadable
from gateway.cli.printed import Printed, as_json, misused
from gateway.evidence.control_table import TABLE
from gateway.evidence.controls import Count, as_values, markdown
from gateway.evidence.oscal import component_definition
from gateway.evidence.period import Period, records_of
from gateway.evidence.told import told
from gateway.settings import Proof, SettingsError, read_proof
from gateway.storage.contract import StoreUnavailableError

PROGRAM = "python -m gateway evidence controls"

_EPILOG = f"""\
Whether a control is satisfied is for an assessor to decide. A row without records says of the days that there
were none.
{STORES}
examples:
  {PROGRAM} --since 2026-11-01
  {PROGRAM} --oscal > component-definition.json

exit code: 0 done, 1 the evidence cannot be read, 2 the command line is wrong
"""


def main(arguments: Sequence[str]) -> Printed:
    """What the command prints. Raises SystemExit, as argparse does, after help and wrong words."""
    chosen = _parser().parse_args(arguments)
    if chosen.markdown:
        return Printed(0, markdown())
    if chosen.oscal:
        return Printed(0, json.dumps(component_definition(), indent=2))
    try:
        return asyncio.run(_run(chosen, read_proof()))
    except SettingsError as error:
        return misused(str(error))
    except StoreUnavailableError as error:
        return unreadable(error)


async def _run(chosen: argparse.Namespace, proof: Proof) -> Printed:
    period = Period(chosen.since or str(today()), str(today()))
    unrecorded = await noted(proof, chosen.operator, "controls", {"first": period.first, "last": period.last})
    if unrecorded is not None:
        return unrecorded
    count = Count()
    async with opened(proof) as evidence:
        async for row in records_of(evidence, period):
            count.take(told(row))
    if chosen.json:
        days = {"first": period.first, "last": period.last}
        return as_json({"period": days, "records": count.records, "controls": as_values(count)}, 0)
    return Printed(0, in_lines(count, period))


def in_lines(count: Count, period: Period) -> str:
    """The table for a terminal, 80 columns wide."""
    lines = [f"{count.records} records from {period.first} to {period.last} (UTC)", ""]
    for control in TABLE:
        lines.append(f"{control.id:<10}{count.of(control):>9}  {control.role.value}")
        lines += textwrap.wrap(
            f"{control.title}. {control.shows}", 80, initial_indent=" " * 21, subsequent_indent=" " * 21
        )
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Count the records behind each control of NIST SP 800-53 that the evidence serves.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--since", metavar="DAY", type=day, help="first day, until today; default: today alone")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print JSON")
    how.add_argument("--markdown", action="store_true", help="print the table as docs/controls.md has it")
    how.add_argument("--oscal", action="store_true", help="print the table as an OSCAL component definition")
    add_operator(parser)
    return parser
