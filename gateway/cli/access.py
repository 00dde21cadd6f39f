"""`python -m gateway access ...`: lists and shows who holds what access, or held it, and revokes it.

Takes the words after `access`, opens the stores that the environment names, hands both to `granted`, and
returns what is to be printed. In Azure the operator is whoever is signed in with `az login`; what that
person may read and write is the store's to decide.
"""

import argparse
import asyncio
import getpass
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from gateway.access.grant import State
from gateway.access.register import Register
from gateway.access.review import STATES, Chosen
from gateway.cli import granted
from gateway.cli.arguments import add_command, reason, start_of_id
from gateway.cli.printed import FAILED, Printed, misused
from gateway.cli.stores import open_book
from gateway.settings import SettingsError, Stores, read_stores
from gateway.storage.approvals import GRANTS, open_approvals
from gateway.storage.contract import StoreUnavailableError

PROGRAM = "python -m gateway access"

_STORES = """\
Times are in UTC. The stores are those of the environment: COUNTERSIGN_STATE, and COUNTERSIGN_EVIDENCE to
record a revocation. In Azure sign in with `az login` first.
"""
_LIST = f"""\
Without a state: what is open, begins later or waits for people; of a period or of what was not used, every
state. A period has the access that was open on any of its days, be it for a minute.
{_STORES}
examples:
  {PROGRAM} list --from 2026-11-01 --to 2026-11-30 --server crm --json
  {PROGRAM} list --unused --from 2026-11-01

exit code: 0 done, 1 a store does not answer or a grant cannot be read, 2 the command line is wrong
"""
_SHOW = f"""\
What people wrote is masked as it is on record. The calls under it are in the evidence, by its session.
{_STORES}
example:
  {PROGRAM} show 4f2a9c31

exit code: 0 done, 1 there is no such grant or a store does not answer, 2 the command line is wrong
"""
_REVOKE = f"""\
One grant, or all of a person, of a server or of everyone that are open, begin later or wait for people. Each
revocation is on record before it takes effect, which is at the next call; streams end within seconds. Whoever
asks meanwhile or afterwards is not kept from it: change the policy for that.
{_STORES}
examples:
  {PROGRAM} revoke 4f2a9c31 --reason "task done"
  {PROGRAM} revoke --everyone --reason "incident 4711"

exit code: 0 all are revoked, 1 there were none, or one was not revoked, 2 the command line is wrong
"""


def main(arguments: Sequence[str]) -> Printed:
    """What the command prints. Raises SystemExit, as argparse does, after help and wrong words."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.command == "list" and chosen.first and chosen.last and chosen.first > chosen.last:
        parser.error("argument --to: must not lie before --from")
    try:
        stores = read_stores()
    except SettingsError as error:
        return misused(str(error))
    return asyncio.run(_run(chosen, stores))


async def _run(chosen: argparse.Namespace, stores: Stores) -> Printed:
    store = open_approvals(stores.state, "", GRANTS, as_operator=True)
    try:
        async with open_book(stores) as book:
            return await _answer(chosen, Register(store, book, book.now))
    except StoreUnavailableError as error:
        return Printed(FAILED, complaint=f"The store of grants does not answer, or not to you ({error}).")
    finally:
        await store.close()


async def _answer(chosen: argparse.Namespace, register: Register) -> Printed:
    if chosen.command == "list":
        return await granted.listed(register, _wanted(chosen), is_json=chosen.json)
    if chosen.command == "show":
        return await granted.shown(register, chosen.grant, is_json=chosen.json)
    if chosen.grant is not None:
        return await granted.revoked(register, chosen.grant, chosen.reason, chosen.operator)
    all_of = Chosen(STATES["current"], chosen.server or "", chosen.holder or "")
    return await granted.all_revoked(register, all_of, chosen.reason, chosen.operator)


def _wanted(chosen: argparse.Namespace) -> Chosen:
    is_review = chosen.first or chosen.last or chosen.unused
    return Chosen(
        states=STATES[chosen.state or ("all" if is_review else "current")],
        server=chosen.server,
        holder=chosen.holder,
        first=chosen.first,
        before=chosen.last + timedelta(days=1) if chosen.last else None,
        unused=chosen.unused,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="List and show just-in-time access, and revoke it.",
        epilog=f"example: {PROGRAM} list",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="command")
    _add_list(add_command(commands, "list", "say who holds what access, or held it", _LIST))
    showing = add_command(commands, "show", "tell the whole story of a grant", _SHOW)
    showing.add_argument("grant", metavar="ID", type=start_of_id, help="at least its first 8 digits")
    showing.add_argument("--json", action="store_true", help="print JSON")
    _add_revoke(add_command(commands, "revoke", "end access now", _REVOKE))
    return parser


def _add_list(parser: argparse.ArgumentParser) -> None:
    states = parser.add_mutually_exclusive_group()
    states.add_argument("--open", dest="state", action="store_const", const=State.OPEN.value, help="what is open now")
    states.add_argument("--state", choices=[state.value for state in State], help="of one state")
    states.add_argument("--all", dest="state", action="store_const", const="all", help="of every state")
    parser.add_argument("--server", metavar="NAME", default="", help="as the policy names it; default: all")
    parser.add_argument("--holder", metavar="OID", default="", help="object id of whoever holds it; default: all")
    parser.add_argument("--from", dest="first", metavar="DATE", type=_day, help="open on this day or later: 2026-11-01")
    parser.add_argument("--to", dest="last", metavar="DATE", type=_day, help="open on this day or earlier")
    parser.add_argument("--unused", action="store_true", help="opened, and no call was made under it")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_revoke(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("grant", metavar="ID", nargs="?", type=start_of_id, help="at least its first 8 digits")
    which.add_argument("--holder", metavar="OID", type=_name, help="all that this person holds")
    which.add_argument("--server", metavar="NAME", type=_name, help="all to this server")
    which.add_argument("--everyone", action="store_true", help="all that there is")
    parser.add_argument("--reason", metavar="TEXT", type=reason, required=True, help="why; it goes on record")
    parser.add_argument(
        "--as", dest="operator", metavar="NAME", default=getpass.getuser(), help="who revokes; default: your user name"
    )


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError("must be a day such as 2026-11-30") from error


def _name(text: str) -> str:
    if not text.strip():
        # fail-closed: an empty name would be everybody's.
        raise argparse.ArgumentTypeError("must not be empty")
    return text.strip()
