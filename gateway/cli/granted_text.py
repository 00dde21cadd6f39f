"""Grants as lines for a terminal. Pure.

Takes the plain values of `review` and the time, and returns text: a table, or the whole story of one.
Everything that somebody else wrote has an escape in place of each character that does not print.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.access.grant import State
from gateway.cli.asked_text import SHOWN, left, moment, person
from gateway.cli.printed import aligned
from gateway.policy.duration import spelled
from gateway.tools.diff import visible

type _Told = Mapping[str, Any]


def in_table(grants: Sequence[_Told], now: datetime) -> str:
    """A line for each; `grants` are summaries."""
    head = ("ID", "STATE", "HOLDER", "SERVER", "GRANT", "FROM (UTC)", "TO (UTC)", "LEFT", "USED")
    return "\n".join(aligned([head, *(_row(each, now) for each in grants)]))


def in_lines(told: _Told, now: datetime) -> str:
    """The whole story of one."""
    remaining, holder = left(told, now), told["holder"]
    facts = [
        ("grant", told["id"]),
        ("state", _state(told) + (f", {remaining} left" if told["state"] == State.OPEN else "")),
        ("access", f"{visible(told['grant'])} on {visible(told['server'])}"),
        ("holder", f"{person(holder)}, {holder['kind']} of {holder['tenant']}"),
        ("client", visible(holder["client"])),
        ("asked", f"{moment(told['asked'])}, for {spelled(told['seconds'])}"),
        ("reason", visible(told["reason"]) or "-"),
        ("open", f"{_time(told['starts'])} to {_time(told['ends'])}"),
        ("opened by", visible(told["opened_by"]) or "-"),
        ("extended", ", ".join(f"to {moment(ends)}" for ends in told["extended_to"]) or "-"),
        ("extends", told["extends"] or "-"),
        ("used", "yes" if told["used"] else "no"),
        ("at its end", "calls are cancelled" if told["cancels_calls"] else "calls finish"),
        ("session", told["session"]),
        ("policy", told["policy"]),
        ("record", f"from {visible(told['source']) or '-'}, trace {visible(told['trace']) or '-'}"),
    ]
    sections = [
        ("Waits for people:", [_waits(told)] if told["waits"] else []),
        ("Ended:", [_ending(told["ended"])] if told["ended"] else []),
        ("What happened:", [_mark(each) for each in told["marks"]]),
    ]
    lines = [f"{name:<11}{text}" for name, text in facts if text != "-"]
    for title, found in sections:
        lines += ["", title, *(f"  {line}" for line in found)] if found else []
    return "\n".join(lines)


def _row(told: _Told, now: datetime) -> tuple[str, ...]:
    return (
        told["id"][:SHOWN],
        _state(told),
        person(told["holder"]),
        visible(told["server"]),
        visible(told["grant"]),
        _time(told["starts"])[:16],
        _time(told["ends"])[:16],
        left(told, now) if told["state"] == State.OPEN else "-",
        ("yes" if told["used"] else "no") if told["held_seconds"] or told["used"] else "-",
    )


def _state(told: _Told) -> str:
    if not told["extends"]:
        waits = told["waits"]
        return f"{told['state']} {waits['approved']}/{waits['needed']}" if waits else str(told["state"])
    # One that moved an end is over with that, and was never open itself.
    state = "extended" if told["state"] == State.ENDED else f"{told['state']}, would extend"
    return f"{state} {told['extends'][:SHOWN]}"


def _waits(told: _Told) -> str:
    waits = told["waits"]
    return (
        f"{waits['approved']} of {waits['needed']} have approved, until {moment(waits['until'])}; "
        f"see approvals show {told['id'][:SHOWN]}"
    )


def _ending(each: _Told) -> str:
    facts = [f"by {visible(each['by'])}" if each["by"] else "", visible(each["reason"])]
    return f"{moment(each['at'])}  {each['state']}  {', '.join(filter(None, facts))}".rstrip()


def _mark(each: _Told) -> str:
    facts = [f"{name} {visible(str(value))}" for name, value in each.items() if name not in ("name", "at")]
    return f"{moment(each['at'])}  {visible(each['name'])}  {', '.join(facts)}".rstrip()


def _time(text: str | None) -> str:
    return moment(text) if text else "-"
