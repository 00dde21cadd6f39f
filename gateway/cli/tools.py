"""`python -m gateway tools ...`: shows which tools are pinned, what changed, and accepts what waits.

Takes the words after `tools`, opens the stores that the environment names, hands both to `pinned`, and
returns what is to be printed. In Azure the operator is whoever is signed in with `az login`; what that
person may read and write is the store's to decide.
"""

import argparse
import asyncio
import getpass
from collections.abc import Sequence

from gateway.cli import pinned
from gateway.cli.arguments import add_command, reason
from gateway.cli.printed import FAILED, Printed, misused
from gateway.evidence.chain import Chains
from gateway.record import Recorder
from gateway.settings import SettingsError, Stores, read_stores
from gateway.storage.contract import StoreUnavailableError
from gateway.storage.pins import open_pins
from gateway.storage.tables import open_table

PROGRAM = "python -m gateway tools"

_STORES = """\
The stores are those of the environment: COUNTERSIGN_STATE, and COUNTERSIGN_EVIDENCE to record an
acceptance. In Azure sign in with `az login` first.
"""
_LIST = f"""\
{_STORES}
example:
  {PROGRAM} list --server crm

exit code: 0 done, 1 a store does not answer, 2 the command line is wrong
"""
_DIFF = f"""\
{_STORES}
example:
  {PROGRAM} diff crm search_customers

exit code: 0 done, 1 there is no such tool or a store does not answer, 2 the command line is wrong
"""
_ACCEPT = f"""\
The acceptance is on record before it takes effect, which is within half a minute.
{_STORES}
example:
  {PROGRAM} accept crm search_customers --definition 3f1c9a525a0e --reason "new field, reviewed in PR 17"

exit code: 0 done, 1 nothing was accepted or not all of it, 2 the command line is wrong
"""


def main(arguments: Sequence[str]) -> Printed:
    """What the command prints. Raises SystemExit, as argparse does, after help and wrong words."""
    chosen = _parser().parse_args(arguments)
    if chosen.command == "accept" and bool(chosen.tool) == chosen.all:
        return misused("Name either one tool or --all.")
    try:
        stores = read_stores()
    except SettingsError as error:
        return misused(str(error))
    return asyncio.run(_run(chosen, stores))


async def _run(chosen: argparse.Namespace, stores: Stores) -> Printed:
    pins = open_pins(stores.state, "", as_operator=True)
    evidence = open_table(stores.evidence, stores.evidence_table, "", as_operator=True)
    try:
        if chosen.command == "list":
            return await pinned.listed(pins, chosen.server, is_json=chosen.json)
        if chosen.command == "diff":
            return await pinned.differs(pins, chosen.server, chosen.tool)
        recorder = Recorder(Chains(evidence))
        acceptance = pinned.Acceptance(
            chosen.server, chosen.tool, chosen.definition or "", chosen.operator, chosen.reason
        )
        return await pinned.accepted(pins, recorder, acceptance)
    except StoreUnavailableError as error:
        return Printed(FAILED, complaint=f"The store of pins does not answer, or not to you ({error}).")
    finally:
        await pins.close()
        await evidence.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Show and accept the tools that servers publish.",
        epilog=f"example: {PROGRAM} list",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="command")
    listing = add_command(commands, "list", "say which tools are pinned, and which wait", _LIST)
    listing.add_argument("--server", metavar="NAME", default="", help="as the policy names it; default: all")
    listing.add_argument("--json", action="store_true", help="print JSON")
    differing = add_command(commands, "diff", "show what changed in a tool that waits", _DIFF)
    differing.add_argument("server", metavar="SERVER")
    differing.add_argument("tool", metavar="TOOL")
    accepting = add_command(commands, "accept", "let a tool that waits be used as it is now", _ACCEPT)
    accepting.add_argument("server", metavar="SERVER")
    accepting.add_argument("tool", metavar="TOOL", nargs="?", default="")
    accepting.add_argument("--all", action="store_true", help="every tool of the server that waits")
    accepting.add_argument(
        "--definition", metavar="HASH", type=_hash, help="only if this definition waits, as diff shows it"
    )
    accepting.add_argument("--reason", metavar="TEXT", type=reason, required=True, help="why; it goes on record")
    accepting.add_argument(
        "--as", dest="operator", metavar="NAME", default=getpass.getuser(), help="who accepts; default: your user name"
    )
    return parser


def _hash(text: str) -> str:
    if not 8 <= len(text) <= 64 or set(text) - set("0123456789abcdef"):
        raise argparse.ArgumentTypeError("must be at least the first 8 digits of the hash that diff shows")
    return text
