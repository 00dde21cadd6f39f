"""The list: what waits for this person, and what this person asked for.

Takes the approvals that wait and shows those on which the person may decide, or that are the person's
own. Of no other does it say that there is one; and it shows no argument.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.access.grant import METHOD
from gateway.answer import Answer
from gateway.approvals import seats
from gateway.approvals.approval import Approval, State
from gateway.approvals.book import Book
from gateway.pages import change_words, render
from gateway.pages.refusals import seen
from gateway.pages.visit import Visit, Visitor
from gateway.pages.words import STATES, moment, span
from gateway.proposals.proposal import METHOD as POLICY
from gateway.values import Caller

AT_ONCE = 16
"""Approvals that are read at the same time."""

_log = logging.getLogger("countersign")


async def show(visit: Visit, visitor: Visitor) -> Answer:
    """The list as it is now."""
    found, now, person = await _all(visit.book), visit.book.now(), visitor.caller
    deciding = [each for each in found if each.is_started and seats.barred(each, person, now) is None]
    open_to = [each for each in deciding if each.state(now) is State.PENDING]
    facts = {
        "undecided": _lines([each for each in open_to if not _has_decided(each, person)], now),
        "decided": _lines([each for each in open_to if _has_decided(each, person)], now),
        "asked": _lines([each for each in found if each.is_asked_by(person)], now),
        "visitor": seen(visitor),
    }
    return await render.page("waiting.html", facts, url=visit.settings.url)


async def _all(book: Book) -> list[Approval]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(identifier: str) -> Approval | None:
        async with turns:
            try:
                return await book.read(identifier)
            except (ValueError, KeyError) as error:
                # One that cannot be read must not hide the others.
                _log.error("countersign.approval_unreadable %s %s", identifier, type(error).__name__)
                return None

    read = await asyncio.gather(*map(one, await book.store.waiting()), return_exceptions=True)
    for each in read:
        if isinstance(each, BaseException):
            raise each
    return [each for each in read if isinstance(each, Approval)]


def _has_decided(approval: Approval, person: Caller) -> bool:
    return any((vote.tenant, vote.object_id) == (person.tenant, person.object_id) for vote in approval.votes)


def _what(approval: Approval) -> str:
    request = approval.request
    if request.method == METHOD:
        return f"access ({request.target})"
    return change_words.WHAT if request.method == POLICY else request.target or request.method


def _lines(approvals: Sequence[Approval], now: datetime) -> list[dict[str, Any]]:
    """Those first that end first."""
    return [
        {
            "id": each.id,
            "server": each.request.server or change_words.WHERE,
            "what": _what(each),
            "name": each.request.name or each.request.subject,
            "asked_at": moment(each.request.created),
            "left": span(each.expires - now) if each.state(now) is State.PENDING else "",
            "state": STATES[each.state(now)],
            "tone": each.state(now).value,
        }
        for each in sorted(approvals, key=lambda each: (each.expires, each.id))
    ]
