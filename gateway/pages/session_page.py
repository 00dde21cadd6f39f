"""The auditors' page of one session: its timeline as a picture, with what cannot be shown.

GET alone; the reading is on record before anything is shown, and what it shows comes from `replay`. Whoever
is in none of the auditors' groups of the policy sees nothing, and the attempt is on record.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from gateway.answer import Answer
from gateway.evidence import readings
from gateway.evidence.chosen import is_session
from gateway.evidence.library import MAX_ROWS, rows_of, with_bodies
from gateway.evidence.replay import timeline
from gateway.evidence.timeline import Body, Entry, Step, Timeline
from gateway.evidence.told import moment_of
from gateway.evidence.words import hidden_of, kept_how, lines_of, title, who
from gateway.pages import render
from gateway.pages.evidence_page import chosen_by
from gateway.pages.refusals import problem, seen, turn_away
from gateway.pages.request import EVIDENCE
from gateway.pages.visit import Visit, Visitor
from gateway.pages.words import span
from gateway.reasons import Reason
from gateway.values import Refusal

AXIS = 1000
"""Units from the first entry to the last on the axis above the cards."""
BODIES = 40
"""Blobs with bodies that one page reads; each may have 1 MiB."""
SIGNS = 10_000
"""Characters of a body that the page shows; the command line shows all of it."""
_HIDDEN = 50
_NAMES = {"request": "Request", "answer": "Answer", "question": "What the server asked its client"}
_PAUSE = 60.0
"""Seconds without an entry that are told between two cards."""


async def show(visit: Visit, visitor: Visitor) -> Answer:
    """The timeline; a page without entries where nothing fits."""
    barred = readings.not_auditor(visit.actor(visitor.caller), visitor.policy)
    if barred is not None:
        return await turn_away(visit, barred, visitor=visitor)
    session = visit.request.subject
    chosen = chosen_by(visit)
    if not is_session(session) or isinstance(chosen, str):
        return await _page(visit, visitor, Timeline("", (), 0, ()))
    if not await readings.note(visit.rooms.recorder, visit.actor(visitor.caller), "replay", chosen.words(), session):
        return await problem(visit, Refusal(Reason.EVIDENCE_UNAVAILABLE), visitor=visitor)
    rows, more = await rows_of(visit.rooms.library, session, MAX_ROWS)
    found = timeline(session, rows, chosen, is_cut=more)
    return await _page(visit, visitor, await with_bodies(visit.rooms.library, found, BODIES))


async def _page(visit: Visit, visitor: Visitor, found: Timeline) -> Answer:
    # In a thread: bodies may be long.
    facts = await asyncio.to_thread(facts_of, found) | {"visitor": seen(visitor)}
    return await render.page("session.html", facts, 200 if found.records else 404, url=visit.settings.url)


def facts_of(found: Timeline) -> dict[str, Any]:
    """What the page shows of a timeline."""
    return {
        "session": found.session,
        "entries": [_card(entry, before) for entry, before in _with_earlier(found.entries)],
        "marks": _marks(found.entries),
        "first": found.entries[0].at[:19].replace("T", " ") if found.entries else "",
        "last": found.entries[-1].at[:19].replace("T", " ") if found.entries else "",
        "records": found.records,
        "left_out": found.left_out,
        "whole": f"{EVIDENCE}/{found.session}",
        "missing": found.missing,
        "axis": AXIS,
    }


def _with_earlier(entries: Sequence[Entry]) -> list[tuple[Entry, Entry | None]]:
    return list(zip(entries, [None, *entries], strict=False))


def _card(entry: Entry, before: Entry | None) -> dict[str, Any]:
    about = entry.about
    return {
        "at": entry.at,
        "day": entry.at[:10] if before is None or before.at[:10] != entry.at[:10] else "",
        "time": entry.at[11:23],
        "pause": _pause(before, entry),
        "title": title(entry),
        "kind": entry.kind.value,
        "outcome": entry.outcome.replace("_", " "),
        "tone": entry.tone,
        "took": "" if entry.seconds is None else f"{entry.seconds:.3f} s",
        "facts": [(label, text) for label, text in _facts(entry) if text],
        "approval": [_step(step) for step in entry.approval],
        "approval_id": about.get("approval", ""),
        "steps": [_step(step) for step in entry.steps],
        "masked": entry.masked,
        "bodies": [_body(body) for body in entry.bodies],
        "missing": entry.missing,
        "records": entry.rows,
        "details": sorted((name, value) for name, value in about.items() if name not in _SHOWN),
    }


def _body(body: Body) -> dict[str, Any]:
    hidden, text = list(islice(hidden_of(body), _HIDDEN + 1)), "\n".join(lines_of(body))
    return {
        "of": _NAMES.get(body.of, body.of),
        "state": body.kept.replace("_", " "),
        "tone": "good" if body.kept == "whole" and not body.fault else "waits",
        "how": kept_how(body),
        "hidden": hidden[:_HIDDEN],
        "hides_more": len(hidden) > _HIDDEN,
        "text": text[:SIGNS],
        "more": max(0, len(text) - SIGNS),
    }


_BODY = frozenset({"content", "kept", "kept_why", "original", "original_size", "payload"})
"""Fields that are told of with the bodies: of a call there are two of each."""
_SHOWN = _BODY | frozenset(
    {"subject", "kind", "name", "client", "server", "method", "target", "rules", "policy", "reason"}
)


def _facts(entry: Entry) -> list[tuple[str, str]]:
    about = entry.about
    why = ": ".join(filter(None, [about.get("reason", ""), about.get("detail", "")]))
    own = "" if entry.approval else about.get("justification", "")
    return [
        ("Who", who(about)),
        ("Client", about.get("client", "")),
        ("Operator", about.get("operator", "")),
        ("Rules", about.get("rules", "").replace(",", ", ")),
        ("Policy", about.get("policy", "")[:12]),
        ("Refused because" if entry.outcome == "refused" else "Detail", why),
        ("Access", about.get("grant", "")),
        ("By", "" if entry.approval else about.get("approver", "")),
        ("Justification", own),
    ]


def _step(step: Step) -> dict[str, str]:
    return {"at": step.at, "time": step.at[11:19], "what": step.what, "by": step.by, "why": step.why}


def _pause(before: Entry | None, entry: Entry) -> str:
    start, end = moment_of(before.at) if before else None, moment_of(entry.at)
    if start is None or end is None or (end - start).total_seconds() < _PAUSE:
        return ""
    return f"{span(end - start)} later"


def _marks(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Where each entry lies on the axis; those of a session that took no time lie side by side."""
    times: list[datetime | None] = [moment_of(entry.at) for entry in entries]
    known = [time for time in times if time is not None]
    whole = (max(known) - min(known)).total_seconds() if known else 0.0
    marks = []
    for number, (entry, time) in enumerate(zip(entries, times, strict=True)):
        share = (time - min(known)).total_seconds() / whole if time and whole else (number + 0.5) / len(entries)
        marks.append({"x": round(share * AXIS), "tone": entry.tone, "title": f"{entry.at[11:19]} {title(entry)}"})
    return marks
