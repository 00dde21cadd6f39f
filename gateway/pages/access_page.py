"""The page of access: what I may ask for, what I hold, what waits, and the form that asks.

GET shows what the policy offers to whoever is signed in, and their grants. POST asks. What a request may
not be is said above the form, after it is on record; nothing of it is rounded or corrected.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gateway.access.ask import ask as ask_for
from gateway.access.grant import OVER, Grant, State
from gateway.access.request import MAX_REASON, Wish
from gateway.answer import Answer
from gateway.pages import render
from gateway.pages.access_words import STATES, fate, length
from gateway.pages.posted import genuine, poster_of
from gateway.pages.refusals import problem, seen, turn_away
from gateway.pages.request import ACCESS, fields_in
from gateway.pages.visit import Visit, Visitor
from gateway.policy.document import Policy
from gateway.policy.eligibility import grants_for
from gateway.reasons import Reason
from gateway.values import Refusal

AT_ONCE = 16
"""Grants that are read at the same time."""

_MINUTES = re.compile(r"-?[0-9]{1,6}")
_START = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_TOLD_ABOVE_THE_FORM = frozenset(
    {
        *(Reason.GRANT_DURATION, Reason.GRANT_START, Reason.REASON_MISSING, Reason.GRANT_HELD),
        *(Reason.GRANT_FULL, Reason.GRANT_NOT_OFFERED, Reason.GRANT_FOR_ANOTHER),
    }
)
"""What somebody may mend by asking otherwise."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What the form held when it was refused, and why."""

    form: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    status: int = 200


async def show(visit: Visit, visitor: Visitor) -> Answer:
    """The page, with what a link names chosen in the form."""
    query = fields_in(visit.request.query) or {}
    chosen = {"what": f"{query.get('server', '')} {query.get('grant', '')}"} if query else {}
    return await _page(visit, visitor, _Said(chosen))


async def ask(visit: Visit) -> Answer:
    """Access is asked for, and the browser is sent to its page; else the form again, which says why not."""
    visitor = await poster_of(visit)
    if isinstance(visitor, Answer):
        return visitor
    form = await genuine(visit, visitor)
    if isinstance(form, Answer):
        return form
    server, _, grant = form.get("what", "").partition(" ")
    wish = wish_in(form, server, grant)
    if wish is None:
        return await turn_away(visit, Refusal(Reason.FORM_INVALID), visitor=visitor)
    made = await ask_for(wish, visitor.caller, visit.actor(visitor.caller), visit.rooms, visit.orchestrations)
    if isinstance(made, Grant):
        return render.see_other(f"{ACCESS}/{made.id}", visit.settings.url)
    wire = made.reason.wire
    if made.reason in _TOLD_ABOVE_THE_FORM:
        return await _page(visit, visitor, _Said(form, wire.sentence, wire.http))
    return await problem(visit, made, visitor=visitor)


def wish_in(form: Mapping[str, str], server: str, grant: str) -> Wish | None:
    """What the form asks for; None if it cannot be read. A start is in UTC, as the form says."""
    minutes, starts = form.get("minutes", "").strip(), form.get("starts", "").strip()
    if not _MINUTES.fullmatch(minutes) or (starts and not _START.fullmatch(starts)):
        return None
    try:
        start = datetime.fromisoformat(starts).replace(tzinfo=UTC) if starts else None
    except ValueError:
        return None
    return Wish(server, grant, int(minutes) * 60, start, form.get("reason", ""), form.get("subject", "").lower())


async def _page(visit: Visit, visitor: Visitor, said: _Said) -> Answer:
    now, mine = visit.rooms.now(), await _mine(visit, visitor)
    standing = [grant for grant in mine if grant.state(now) not in OVER]
    taken = {(grant.request.server, grant.request.grant) for grant in standing}
    offered = [each for each in grants_for(visitor.policy, visitor.caller) if (each[0], each[1].name) not in taken]
    chosen = said.form.get("what", "")
    facts = {
        "offers": [
            {
                "value": f"{server} {terms.name}",
                "label": f"{server}: {terms.name}, at most {length(terms.ceiling)}",
                "is_chosen": chosen == f"{server} {terms.name}",
            }
            for server, terms in offered
        ],
        "is_unknown": bool(chosen.strip()) and not said.problem and not _is_among(chosen, offered, taken),
        "longest": max((terms.ceiling // 60 for _, terms in offered), default=0),
        "ahead": length(max((terms.ahead for _, terms in offered), default=0)),
        "may_lay_ahead": any(terms.ahead for _, terms in offered),
        "held": [_line(grant, visitor, now) for grant in standing if grant.state(now) is not State.PENDING],
        "waiting": [_line(grant, visitor, now) for grant in standing if grant.state(now) is State.PENDING],
        "token": visitor.token(ACCESS),
        "said": {name: said.form.get(name, "") for name in ("minutes", "starts", "reason")},
        "problem": said.problem,
        "max_reason": MAX_REASON,
        "visitor": seen(visitor),
    }
    return await render.page("access.html", facts, said.status, url=visit.settings.url)


def _is_among(chosen: str, offered: list[Any], taken: set[tuple[str, str]]) -> bool:
    return chosen in {f"{server} {terms.name}" for server, terms in offered} | {" ".join(each) for each in taken}


def _line(grant: Grant, visitor: Visitor, now: datetime) -> dict[str, Any]:
    state = grant.state(now)
    return {
        "id": grant.id,
        "server": grant.request.server,
        "grant": grant.request.grant,
        "is_extension": bool(grant.request.extends),
        "state": STATES[state],
        "tone": state.value,
        "fate": fate(grant, now),
        "token": visitor.token(f"{ACCESS}/{grant.id}"),
    }


async def _mine(visit: Visit, visitor: Visitor) -> list[Grant]:
    """The grants of each kind that the visitor asked for last, and what is to extend them."""
    turns, register = asyncio.Semaphore(AT_ONCE), visit.rooms.grants

    async def one(server: str, name: str) -> list[Grant | None]:
        async with turns:
            held = await register.held(visitor.caller, server, name)
            return [held, await register.extension(held)] if held else []

    read = await asyncio.gather(*(one(*each) for each in _kinds(visitor.policy)), return_exceptions=True)
    for each in read:
        if isinstance(each, BaseException):
            raise each
    return [grant for each in read if isinstance(each, list) for grant in each if grant is not None]


def _kinds(policy: Policy) -> list[tuple[str, str]]:
    """Every server with every kind of grant that a rule there asks for, whoever may ask for it by now."""
    pairs = {(server, rule.grant) for server, rules in policy.rules_of.items() for rule in rules if rule.grant}
    return sorted(pairs)
