"""`python -m gateway approvals ...`: lists and shows what waits for people or did, and revokes an approval.

Takes the words after `approvals`, opens the stores that the environment names, hands both to `asked`, and
returns what is to be printed. In Azure the operator is whoever is signed in with `az login`; what that
person may read and write is the store's to decide.
"""

import argparse
import asyncio
import getpass
from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.approvals.book import MAX_REASON, Book
from gateway.approvals.oversight import STATES
from gateway.cli import asked
from gateway.cli.printed import FAILED, Printed, misused
from gateway.evidence.chain import Chains
from gateway.reasons import Reason
from gateway.record import Recorder
from gateway.settings import SettingsError, Stores, read_stores
from gateway.storage.approvals import open_approvals
from gateway.storage.contract import StoreUnavailableError
from gateway.storage.tables import open_table
from gateway.values import Refusal

PROGRAM = "python -m gateway approvals"

_STORES = """\
Times are in UTC. The stores are those of the environment: COUNTERSIGN_STATE, and COUNTERSIGN_EVIDENCE to
record a revocation. In Azure sign in with `az login` first.
"""
_LIST = f"""\
{_STORES}
example:
  {PROGRAM} list --state pending --server crm

exit code: 0 done, 1 a store does not answer or an approval cannot be read, 2 the command line is wrong
"""
_SHOW = f"""\
The arguments of the call are sealed and are not shown; what people wrote is masked as it is on record.
{_STORES}
example:
  {PROGRAM} show 4f2a9c31

exit code: 0 done, 1 there is no such approval or a store does not answer, 2 the command line is wrong
"""
_REVOKE = f"""\
The revocation is on record before it takes effect, which is at once: the call cannot be made any more.
{_STORES}
example:
  {PROGRAM} revoke 4f2a9c31 --reason "asked for by a stolen account, ticket 4711"

exit code: 0 revoked, 1 nothing was revoked, or it is not known whether it was, 2 the command line is wrong
"""


def main(arguments: Sequence[str]) -> Printed:
    """What the command prints. Raises SystemExit, as argparse does, after help and wrong words."""
    chosen = _parser().parse_args(arguments)
    try:
        stores = read_stores()
    except SettingsError as error:
        return misused(str(error))
    return asyncio.run(_run(chosen, stores))


async def _run(chosen: argparse.Namespace, stores: Stores) -> Printed:
    store = open_approvals(stores.state, "", as_operator=True)
    evidence = open_table(stores.evidence, stores.evidence_table, "", as_operator=True)
    try:
        book = Book(store, Recorder(Chains(evidence)), _no_seal, lambda: datetime.now(UTC))
        if chosen.command == "list":
            return await asked.listed(book, chosen.state, chosen.server, is_json=chosen.json)
        if chosen.command == "show":
            return await asked.shown(book, chosen.approval, is_json=chosen.json)
        return await asked.revoked(book, chosen.approval, chosen.reason, chosen.operator)
    except StoreUnavailableError as error:
        return Printed(FAILED, complaint=f"The store of approvals does not answer, or not to you ({error}).")
    finally:
        await store.close()
        await evidence.close()


async def _no_seal() -> Refusal:
    # fail-closed: no command opens what is sealed, whatever its operator may read.
    return Refusal(Reason.SESSION_KEY_UNAVAILABLE, "the command line has no key")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="List and show approvals, and revoke one.",
        epilog=f"example: {PROGRAM} list",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="command")
    listing = _command(commands, "list", "say what waits for people, and what became of it", _LIST)
    listing.add_argument(
        "--state",
        choices=tuple(STATES),
        default="open",
        help="open (the default): pending, or approved and not used yet; all; or one state",
    )
    listing.add_argument("--server", metavar="NAME", default="", help="as the policy names it; default: all")
    listing.add_argument("--json", action="store_true", help="print JSON")
    showing = _command(commands, "show", "tell the whole story of an approval", _SHOW)
    showing.add_argument("approval", metavar="ID", type=_start, help="at least its first 8 digits")
    showing.add_argument("--json", action="store_true", help="print JSON")
    revoking = _command(commands, "revoke", "end an approval, so that its call cannot be made", _REVOKE)
    revoking.add_argument("approval", metavar="ID", type=_start, help="at least its first 8 digits")
    revoking.add_argument("--reason", metavar="TEXT", type=_reason, required=True, help="why; it goes on record")
    revoking.add_argument(
        "--as", dest="operator", metavar="NAME", default=getpass.getuser(), help="who revokes; default: your user name"
    )
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, what: str, epilog: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _start(text: str) -> str:
    if not 8 <= len(text) <= 32 or set(text) - set("0123456789abcdef"):
        raise argparse.ArgumentTypeError("must be at least the first 8 digits of the id that list shows")
    return text


def _reason(text: str) -> str:
    if not 0 < len(text.strip()) <= MAX_REASON:
        raise argparse.ArgumentTypeError(f"must say something, in at most {MAX_REASON} characters")
    return text.strip()
