"""`policy replay NEW`: which decisions on recorded calls a proposed policy would change.

Takes the command's arguments, opens an export or the stores that the environment names, puts on record that somebody
reads, and prints a summary and a line for each sort of call that would be decided otherwise, or of which that cannot
be told. Nothing is called and nothing changes.
"""

import asyncio
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.cli.auditing import folder, noted, opened, today, unreadable
from gateway.cli.files import Loaded, load_people, load_policy
from gateway.cli.policy_diff import unread
from gateway.cli.printed import FAILED, MISUSED, Mistake, Printed, as_json, misused
from gateway.evidence.chosen import ChosenError, chosen_from
from gateway.evidence.library import Library
from gateway.evidence.period import Period
from gateway.policy.document import Policy
from gateway.policy.parse import Draft, read, resolve
from gateway.policy.replay import Line, Replayed, replay
from gateway.policy.replay_evidence import ALWAYS, MAX_CALLS, past, with_bodies
from gateway.policy.replay_words import words
from gateway.settings import SettingsError, read_proof
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Caller

UNTOLD = 3
"""Exit code where no decision changes as far as can be told, and of some it cannot."""
_WEEK = timedelta(days=6)
_CUT = f"These are not all: at most {MAX_CALLS:,} records are read. Choose fewer days."


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line named, read."""

    proposed: Loaded
    people: dict[str, Caller]
    copies: tuple[bytes, ...]


def run(chosen: Namespace) -> Printed:
    """The replay: exit code 0 if no decision changes, 1 if one does, 3 if none does as far as can be told, else 2."""
    try:
        asked = _asked(chosen)
        if isinstance(asked, tuple):
            return unread(asked, is_json=chosen.json)
        return asyncio.run(_run(chosen, asked, _period(chosen)))
    except (ChosenError, SettingsError) as error:
        return misused(str(error))
    except OSError as error:
        return misused(f"argument --policy: {error.filename} cannot be read: {error.strerror}")
    except StoreUnavailableError as error:
        return Printed(MISUSED, complaint=unreadable(error).complaint)


def _asked(chosen: Namespace) -> _Asked | tuple[Mistake, ...]:
    proposed = load_policy(chosen.new)
    if not isinstance(proposed, Loaded):
        return proposed
    people = load_people(chosen.people, proposed.policy) if chosen.people else {}
    if isinstance(people, tuple):
        return people
    return _Asked(proposed, people, tuple(path.read_bytes() for path in chosen.policy))


def _period(chosen: Namespace) -> Period:
    """The days that were named; of live evidence the last seven where none were, of an export all."""
    words = {"first": chosen.first or chosen.last or "", "last": chosen.last or chosen.first or ""}
    if not words["first"] and chosen.export is None:
        words = {"first": str(today() - _WEEK), "last": str(today())}
    found = chosen_from(words)
    return Period(found.first, found.last) if found.first else ALWAYS


async def _run(chosen: Namespace, asked: _Asked, period: Period) -> Printed:
    if chosen.export is not None:
        return await _answer(folder(chosen.export), chosen, asked, period)
    proof = read_proof()
    words = {"policy": asked.proposed.policy.digest, "first": period.first, "last": period.last}
    unrecorded = await noted(proof, chosen.operator, "policy-replay", words)
    if unrecorded is not None:
        return Printed(MISUSED, complaint=unrecorded.complaint)
    async with opened(proof) as evidence:
        return await _answer(evidence, chosen, asked, period)


async def _answer(evidence: Library, chosen: Namespace, asked: _Asked, period: Period) -> Printed:
    found = await past(evidence, period, asked.copies)
    proposed = _named(asked.proposed, chosen.new, found.ids)
    found = await with_bodies(evidence, found, proposed)
    replayed = replay(proposed, found.calls, found.kept, asked.people.values(), found.undecided)
    code = FAILED if replayed.changed else UNTOLD if replayed.untold or found.is_cut else 0
    if chosen.json:
        return as_json(in_json(replayed) | {"is_cut": found.is_cut}, code)
    names = {person.object_id: name for name, person in asked.people.items()}
    return Printed(code, "\n".join(words(replayed, names)), _CUT if found.is_cut else "")


def _named(proposed: Loaded, path: Path, ids: Mapping[str, str]) -> Policy:
    """The policy with the ids that earlier ones found for the groups which it writes by name."""
    draft = read(path.read_bytes()) if proposed.by_name else None
    if not isinstance(draft, Draft) or draft.digest != proposed.policy.digest:
        return proposed.policy
    known = {name: (ids.get(name, proposed.policy.groups[label]),) for label, name in draft.names.items()}
    outcome = resolve(draft, known)
    return outcome if isinstance(outcome, Policy) else proposed.policy


def in_json(replayed: Replayed) -> dict[str, Any]:
    """The replay for programs."""
    counts = {name: getattr(replayed, name) for name in ("calls", "unchanged", "changed", "untold", "undecided")}
    return {"policy": replayed.policy, **counts, "lines": [_line(line) for line in replayed.lines]}


def _line(line: Line) -> dict[str, Any]:
    verdict = {"bearing": line.verdict.bearing, "can_be_told": not line.verdict.why, **asdict(line.verdict)}
    return verdict | {name: value for name, value in asdict(line).items() if name != "verdict"}
