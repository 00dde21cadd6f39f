"""Approvals as lines for a terminal. Pure.

Takes the plain values of `story` and the time, and returns text: a table, or the whole story of one.
Everything that somebody else wrote has an escape in place of each character that does not print.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from gateway.cli.printed import aligned
from gateway.policy.duration import DAY, HOUR, MINUTE, spelled
from gateway.tools.diff import visible

SHOWN = 12
"""Digits of an id: enough for a person to tell two apart."""

_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (1, "s"))

type _Told = Mapping[str, Any]


def in_table(approvals: Sequence[_Told], now: datetime) -> str:
    """A line for each; `approvals` are summaries."""
    head = ("ID", "STATE", "REQUESTER", "SERVER", "TOOL", "ASKED (UTC)", "LEFT", "VOTES", "NOTICES")
    return "\n".join(aligned([head, *(_row(each, now) for each in approvals)]))


def in_lines(told: _Told, now: datetime) -> str:
    """The whole story of one."""
    facts = [
        ("approval", told["id"]),
        ("state", _state(told) + (f", {still} left" if (still := left(told, now)) != "-" else "")),
        ("call", f"{told['method']} {visible(told['target'])} on {told['server']}"),
        ("requester", f"{person(told['requester'])}, {told['requester']['kind']} of {told['requester']['tenant']}"),
        ("client", told["requester"]["client"]),
        ("asked", moment(told["asked"])),
        ("reason", visible(told["reason"]) if told["reason"] else "-"),
        ("rules", ", ".join(told["rules"])),
        ("policy", told["policy"]),
        ("tool", f"definition {told['definition'] or '-'}"),
        ("digest", told["digest"]),
        ("record", f"session {told['session']}, call {told['call']}, from {told['source'] or '-'}"),
        ("votes", f"{told['approved']} of {told['needed']}"),
    ]
    sections = [
        ("Asks for:", [_terms(each) for each in told["terms"]]),
        ("Decided:", [_vote(each) for each in told["votes"]]),
        ("Ended:", [_ending(told[each]) for each in ("settled", "spent") if told[each]]),
        ("Could not be told:", [_failed(each) for each in told["failed_notices"]]),
        ("What happened:", [_mark(each) for each in told["marks"]]),
    ]
    lines = [f"{name:<11}{text}" for name, text in facts]
    for title, found in sections:
        lines += ["", title, *(f"  {line}" for line in found)] if found else []
    return "\n".join(lines)


def _row(told: _Told, now: datetime) -> tuple[str, ...]:
    return (
        told["id"][:SHOWN],
        _state(told),
        person(told["requester"]),
        told["server"],
        visible(told["target"]) or "-",
        moment(told["asked"])[:-4],
        left(told, now),
        f"{told['approved']}/{told['needed']}",
        f"{len(failed)} failed" if (failed := told["failed_notices"]) else "-",
    )


def _state(told: _Told) -> str:
    is_unasked = told["state"] == "pending" and not told["started"]
    return "pending, nobody asked yet" if is_unasked else str(told["state"])


def person(who: _Told) -> str:
    """Name and object id."""
    return f"{visible(who['name'])} ({who['object_id']})" if who["name"] else str(who["object_id"])


def left(told: _Told, now: datetime) -> str:
    """The time that is left, in its two largest units."""
    if told["until"] is None:
        return "-"
    seconds = max(int((datetime.fromisoformat(told["until"]) - now).total_seconds()), 0)
    for (unit, name), (smaller, next_name) in pairwise(_UNITS):
        if seconds >= unit:
            return f"{seconds // unit}{name} {seconds % unit // smaller}{next_name}"
    return f"{seconds}s"


def _terms(each: _Told) -> str:
    reasons = [who for who in ("requester", "approver") if each[f"{who}_reason"]]
    facts = [
        f"{each['people']} of {', '.join(each['approvers'])}",
        f"within {spelled(each['expires'])}",
        f"to be used within {spelled(each['use_within'])}" if not each["reuse"] else f"for {spelled(each['reuse'])}",
        f"reminded every {spelled(each['remind'])}" if each["remind"] else "",
        f"also {', '.join(each['escalate_to'])} after {spelled(each['escalate_after'])}"
        if each["escalate_after"]
        else "",
        f"with a reason of the {' and the '.join(reasons)}" if reasons else "",
        "covers the answers in mid-call" if each["covers_answers"] else "",
    ]
    return f"{each['name']}: {_listed(facts)}"


def _vote(each: _Told) -> str:
    reason = f": {visible(each['reason'])}" if each["reason"] else ""
    return f"{moment(each['at'])}  {each['verdict']}  {person(each)}, of {', '.join(each['groups']) or '-'}{reason}"


def _ending(each: _Told) -> str:
    facts = [
        f"by {visible(each['by'])}" if each["by"] else "",
        f"call {each['call']}" if each["call"] else "",
        visible(each["reason"]),
    ]
    return f"{moment(each['at'])}  {each['state']}  {_listed(facts)}".rstrip()


def _failed(each: _Told) -> str:
    way = visible(each["way"]) or "no way"
    return f"{moment(each['at'])}  {each['stage']}  {', '.join(each['groups'])}, {way}: {visible(each['detail'])}"


def _mark(each: _Told) -> str:
    facts = [f"{name} {visible(str(value))}" for name, value in each.items() if name not in ("name", "at")]
    return f"{moment(each['at'])}  {visible(each['name'])}  {_listed(facts)}".rstrip()


def moment(text: str) -> str:
    """A time to the minute."""
    return f"{text[:10]} {text[11:16]} UTC" if text else "-" * 20


def _listed(facts: Iterable[str]) -> str:
    return ", ".join(filter(None, facts))
