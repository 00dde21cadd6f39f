"""The auditors' page of sessions: a form that says which, and the list of those that have records that fit.

GET alone; it changes nothing but the evidence, where each reading is on record before anything is shown.
Whoever is in none of the auditors' groups of the policy sees nothing, and the attempt is on record. A filter
that cannot be read shows no session.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from gateway.answer import Answer
from gateway.events import Outcome
from gateway.evidence import readings
from gateway.evidence.chosen import MAX_DAYS, NAMES, Chosen, ChosenError, chosen_from
from gateway.evidence.library import MAX_SESSIONS, Summary, Survey, survey
from gateway.pages import render
from gateway.pages.refusals import problem, seen, turn_away
from gateway.pages.request import EVIDENCE, fields_in
from gateway.pages.visit import Visit, Visitor
from gateway.reasons import Reason
from gateway.values import Refusal


async def show(visit: Visit, visitor: Visitor) -> Answer:
    """The form, and the sessions that were chosen; those of today where nothing was."""
    barred = readings.not_auditor(visit.actor(visitor.caller), visitor.policy)
    if barred is not None:
        return await turn_away(visit, barred, visitor=visitor)
    chosen = chosen_by(visit)
    if isinstance(chosen, str):
        return await _page(visit, visitor, Chosen(), Survey(()), chosen)
    if not chosen.first and not chosen.last and not chosen.person:
        today = f"{visit.rooms.now():%Y-%m-%d}"
        chosen = Chosen(**chosen.words() | {"first": today, "last": today})
    if not await readings.note(visit.rooms.recorder, visit.actor(visitor.caller), "list", chosen.words()):
        return await problem(visit, Refusal(Reason.EVIDENCE_UNAVAILABLE), visitor=visitor)
    return await _page(visit, visitor, chosen, await survey(visit.rooms.library, chosen, visit.settings.tenants))


def chosen_by(visit: Visit) -> Chosen | str:
    """What the query chooses, or a sentence about what is wrong with it. One day alone stands for that day."""
    fields = fields_in(visit.request.query)
    if fields is None:
        return "The filters cannot be read; choose them with the form."
    days = {name: fields.get(name, "").strip() for name in ("first", "last")}
    if any(days.values()):
        fields |= {"first": days["first"] or days["last"], "last": days["last"] or days["first"]}
    try:
        return chosen_from(fields)
    except ChosenError as error:
        return str(error)


async def _page(visit: Visit, visitor: Visitor, chosen: Chosen, found: Survey, wrong: str = "") -> Answer:
    facts = facts_of(sorted(visitor.policy.servers), chosen, found) | {"problem": wrong, "visitor": seen(visitor)}
    if wrong:
        said = fields_in(visit.request.query) or {}
        facts |= {"said": {name: said.get(name, "") for name in NAMES}}
    return await render.page("evidence.html", facts, 400 if wrong else 200, url=visit.settings.url)


def facts_of(servers: Sequence[str], chosen: Chosen, found: Survey) -> dict[str, Any]:
    """What the page shows of a list of sessions."""
    query = urlencode(chosen.words())
    return {
        "said": {name: chosen.words().get(name, "") for name in NAMES},
        "outcomes": [outcome.value for outcome in Outcome],
        "servers": servers,
        "sessions": [_line(each) for each in found.sessions],
        "query": f"?{query}" if query else "",
        "is_cut": found.is_cut,
        "most": MAX_SESSIONS,
        "most_days": MAX_DAYS,
        "problem": "",
    }


def _line(each: Summary) -> dict[str, Any]:
    return {
        "session": each.session,
        "path": f"{EVIDENCE}/{each.session}",
        "span": _span(each.first, each.last),
        "subjects": each.subjects,
        "servers": each.servers,
        "targets": each.targets[:6],
        "more_targets": max(0, len(each.targets) - 6),
        "calls": each.calls,
        "refused": each.refused,
        "records": each.records,
        "is_cut": each.is_cut,
    }


def _span(first: str, last: str) -> str:
    start, end = first[:16].replace("T", " "), last[:16].replace("T", " ")
    if start == end:
        return f"{start} UTC"
    return f"{start} to {end[11:] if start[:10] == end[:10] else end} UTC"
