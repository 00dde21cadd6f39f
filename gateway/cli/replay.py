"""`python -m gateway evidence replay ...`: shows sessions as they were recorded, call by call, or lists them.

Takes the words after `replay`, opens an export or the stores that the environment names, puts on record that
somebody reads, and returns a timeline as text or JSON. It proves nothing: that is for `verify`.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.cli.arguments import STORES, add_operator, day
from gateway.cli.auditing import folder, noted, opened, today, unreadable
from gateway.cli.printed import FAILED, Printed, as_json, misused
from gateway.cli.replay_text import Bodies, in_lines, in_table
from gateway.evidence.bodies import plain, read
from gateway.evidence.chosen import MAX_DAYS, NAMES, Chosen, ChosenError, chosen_from, is_session
from gateway.evidence.library import MAX_BODIES, Library, rows_of, survey, with_bodies
from gateway.evidence.replay import timeline
from gateway.evidence.timeline import Body, Entry, Timeline
from gateway.settings import SettingsError, read_proof
from gateway.storage.contract import StoreUnavailableError

PROGRAM = "python -m gateway evidence replay"
MAX_REPLAYED = 10
"""Sessions of one person that are shown in full."""
MAX_ROWS = 100_000
"""Of one session."""
_WEEK = timedelta(days=6)
_LIMITS = {Bodies.SOME: MAX_BODIES, Bodies.ALL: MAX_ROWS, Bodies.NONE: 0}
"""Blobs with bodies that are read of a session."""

_EPILOG = f"""\
One session, or the newest {MAX_REPLAYED} of a person, or the session of a call; without any of these, a list of
the sessions of the days (at most {MAX_DAYS}; default: the last 7).
Requests and answers are shown as they were kept: masked for everybody, in full with --bodies all.
{STORES}An export is read with --export, offline; that is not recorded.
examples:
  {PROGRAM} 20261123-3f1c9a525a0e4b7d8c6f1a2b3c4d5e6f
  {PROGRAM} --person 5b8e1f60-2d7a-4c93-8f14-a6c0d3e5f7b9 --outcome refused
  {PROGRAM} --from 2026-11-01 --to 2026-11-30 --server crm --json

exit code: 0 done, 1 there is nothing that fits or the evidence cannot be read, 2 the command line is wrong
"""


def main(arguments: Sequence[str]) -> Printed:
    """What the command prints. Raises SystemExit, as argparse does, after help and wrong words."""
    chosen = _parser().parse_args(arguments)
    if sum(map(bool, (chosen.session, chosen.person, chosen.call))) > 1:
        return misused("Name one of SESSION, --person and --call.")
    try:
        wanted = _wanted(chosen)
        return asyncio.run(_run(chosen, wanted))
    except (ChosenError, SettingsError) as error:
        return misused(str(error))
    except StoreUnavailableError as error:
        return unreadable(error)


async def _run(chosen: argparse.Namespace, wanted: Chosen) -> Printed:
    if chosen.export is not None:
        tenants = chosen.tenant or []
        return await _answer(folder(chosen.export), chosen, wanted, tenants)
    proof = read_proof()
    words = wanted.words() | ({"call": chosen.call} if chosen.call else {})
    unrecorded = await noted(proof, chosen.operator, "replay", words, chosen.session or "")
    if unrecorded is not None:
        return unrecorded
    async with opened(proof) as evidence:
        return await _answer(evidence, chosen, wanted, chosen.tenant or sorted(proof.tenants))


async def _answer(library: Library, chosen: argparse.Namespace, wanted: Chosen, tenants: Sequence[str]) -> Printed:
    limit = _LIMITS[chosen.bodies]
    if chosen.session:
        found = [await _replay(library, chosen.session, wanted, limit)]
        return _printed([each for each in found if each.records], chosen, [])
    if wanted.person and not wanted.first and not tenants:
        return misused("COUNTERSIGN_TENANTS is not set: name the person's tenant with --tenant, or days.")
    listed = await survey(library, wanted, tenants)
    names = [each.session for each in listed.sessions]
    if chosen.call:
        return _printed(await _with_call(library, names, chosen.call, limit), chosen, [])
    if chosen.person:
        shown = [await _replay(library, name, wanted, limit) for name in names[:MAX_REPLAYED]]
        return _printed(shown, chosen, names[MAX_REPLAYED:])
    if chosen.json:
        return as_json({"sessions": [asdict(each) for each in listed.sessions], "is_cut": listed.is_cut}, 0)
    return Printed(0, in_table(listed))


async def _replay(library: Library, session: str, wanted: Chosen, limit: int, call: str = "") -> Timeline:
    rows, more = await rows_of(library, session, MAX_ROWS)
    found = timeline(session, rows, wanted, call, is_cut=more)
    return found if limit == 0 else await with_bodies(library, found, limit)


async def _with_call(library: Library, names: Sequence[str], call: str, limit: int) -> list[Timeline]:
    for name in names:
        found = await _replay(library, name, Chosen(), limit, call)
        if found.entries:
            return [found]
    return []


def _printed(found: Sequence[Timeline], chosen: argparse.Namespace, others: Sequence[str]) -> Printed:
    if not found:
        return Printed(FAILED, complaint="There is no such session, or none that has a record that fits.")
    if chosen.json:
        return as_json({"sessions": [_value(each) for each in found], "others": list(others)}, 0)
    more = ["", f"and {len(others)} more sessions:", *(f"  {name}" for name in others)] if others else []
    plain, painted = (
        "\n".join(["\n\n".join(in_lines(each, chosen.bodies, is_coloured=is_coloured) for each in found), *more])
        for is_coloured in (False, True)
    )
    return Printed(0, plain, painted=painted)


def _value(found: Timeline) -> dict[str, Any]:
    return asdict(found) | {"entries": [_entry(entry) for entry in found.entries]}


def _entry(entry: Entry) -> dict[str, Any]:
    own = {"people": sorted(entry.people), "about": dict(entry.about), "tone": entry.tone}
    return asdict(entry) | own | {"bodies": [_body(body) for body in entry.bodies]}


def _body(body: Body) -> dict[str, Any]:
    document = read(body.text)
    told = {} if document is None else {"hidden": document.hidden}
    if document is not None and document.message is not None:
        told |= {"message": plain(document.message)}
    return asdict(body) | {"blob": body.blob.name if body.blob else ""} | told


def _wanted(chosen: argparse.Namespace) -> Chosen:
    words = {name: getattr(chosen, name) or "" for name in NAMES}
    if words["first"] or words["last"]:
        words |= {"first": words["first"] or words["last"], "last": words["last"] or words["first"]}
    elif not chosen.session and not chosen.person:
        words |= {"first": str(today() - _WEEK), "last": str(today())}
    return chosen_from(words)


def _session(text: str) -> str:
    if not is_session(text):
        raise argparse.ArgumentTypeError("must be the id of a session, as the list shows it")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Show sessions as they were recorded, or list them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("session", metavar="SESSION", nargs="?", type=_session, help="id of one session")
    parser.add_argument("--person", metavar="OID", help="object id of who called, or had a part in an approval")
    parser.add_argument("--call", metavar="ID", help="id of one call, as records have it")
    parser.add_argument("--from", dest="first", metavar="DAY", type=day, help="2026-11-01, or later")
    parser.add_argument("--to", dest="last", metavar="DAY", type=day, help="this day, or earlier")
    parser.add_argument("--server", metavar="NAME", help="as the policy names it")
    parser.add_argument("--tool", metavar="NAME", help="of the tool, prompt or resource")
    parser.add_argument("--outcome", metavar="WORD", help="such as succeeded, refused, failed")
    parser.add_argument("--tenant", metavar="ID", action="append", help="of the person; default: COUNTERSIGN_TENANTS")
    parser.add_argument("--export", metavar="DIR", type=Path, help="the folder of a bundle; default: live")
    parser.add_argument(
        "--bodies",
        type=Bodies,
        choices=list(Bodies),
        default=Bodies.SOME,
        help="of requests and answers; default: some",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_operator(parser)
    return parser
