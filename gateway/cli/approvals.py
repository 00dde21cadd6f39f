"""`python -m gateway approvals ...`: lists and shows what waits for people or did, and revokes an approval.

Takes the words after `approvals`, opens the stores that the environment names, hands both to `asked`, and
returns what is to be printed. In Azure the operator is whoever is signed in with `az login`; what that
person may read and write is the store's to decide.
"""

import argparse
import asyncio
import getpass
from collections.abc import Sequence

from gateway.approvals.book import Book
from gateway.approvals.oversight import STATES
from gateway.cli import asked
from gateway.cli.arguments import add_command, reason, start_of_id
from gateway.cli.printed import FAILED, Printed, misused
from gateway.cli.stores import open_book
from gateway.settings import SettingsError, Stores, read_stores
from gateway.storage.contract import StoreUnavailableError

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
    try:
        async with open_book(stores) as book:
            return await _answer(chosen, book)
    except StoreUnavailableError as error:
        return Printed(FAILED, complaint=f"The store of approvals does not answer, or not to you ({error}).")


async def _answer(chosen: argparse.Namespace, book: Book) -> Printed:
    if chosen.command == "list":
        return await asked.listed(book, chosen.state, chosen.server, is_json=chosen.json)
    if chosen.command == "show":
        return await asked.shown(book, chosen.approval, is_json=chosen.json)
    return await asked.revoked(book, chosen.approval, chosen.reason, chosen.operator)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="List and show approvals, and revoke one.",
        epilog=f"example: {PROGRAM} list",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="command")
    listing = add_command(commands, "list", "say what waits for people, and what became of it", _LIST)
    listing.add_argument(
        "--state",
        choices=tuple(STATES),
        default="open",
        help="open (the default): pending, or approved and not used yet; all; or one state",
    )
    listing.add_argument("--server", metavar="NAME", default="", help="as the policy names it; default: all")
    listing.add_argument("--json", action="store_true", help="print JSON")
    showing = add_command(commands, "show", "tell the whole story of an approval", _SHOW)
    showing.add_argument("approval", metavar="ID", type=start_of_id, help="at least its first 8 digits")
    showing.add_argument("--json", action="store_true", help="print JSON")
    revoking = add_command(commands, "revoke", "end an approval, so that its call cannot be made", _REVOKE)
    revoking.add_argument("approval", metavar="ID", type=start_of_id, help="at least its first 8 digits")
    revoking.add_argument("--reason", metavar="TEXT", type=reason, required=True, help="why; it goes on record")
    revoking.add_argument(
        "--as", dest="operator", metavar="NAME", default=getpass.getuser(), help="who revokes; default: your user name"
    )
    return parser
