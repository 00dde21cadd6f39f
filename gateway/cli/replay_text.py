"""A replay as lines for a terminal, 80 columns wide. Pure.

Takes a timeline and gives text, with colours or without. What other people wrote has an escape in place of
each character that does not print, so that no record can steer the terminal that shows it.
"""

import textwrap
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import islice

from gateway.evidence.library import Survey
from gateway.evidence.timeline import Body, Entry, Step, Timeline
from gateway.evidence.words import hidden_of, kept_how, lines_of, title, who
from gateway.tools.diff import visible

WIDTH = 80
_LABEL = 12
_DIGITS = 12
"""Of a policy's hash: enough for a person to tell two apart. JSON has all of it."""
_COLOURS = {"good": "32", "bad": "31", "waits": "33", "plain": "36"}


class Bodies(StrEnum):
    """How much of each request and answer is shown."""

    SOME = "some"
    """The first lines."""
    ALL = "all"
    NONE = "none"
    """That they are kept, and no more."""


_LINES = 12
_HIDDEN = 10


def in_lines(found: Timeline, bodies: Bodies = Bodies.SOME, *, is_coloured: bool = False) -> str:
    """The whole timeline, the oldest first."""
    shown, left_out = len(found.entries), found.left_out
    lines = [
        f"Session {visible(found.session)}",
        f"{found.records} records, {_counted(shown, 'entry', 'entries')} shown",
    ]
    lines[1] += f", {left_out} left out by the filters" if left_out else ""
    day = ""
    for entry in found.entries:
        if entry.at[:10] != day:
            day = entry.at[:10]
            lines += ["", f"-- {day or 'no time'} (UTC) ".ljust(WIDTH, "-")]
        lines += ["", *_entry(entry, bodies, is_coloured=is_coloured)]
    lines += ["", "What this cannot show:", *(line for each in found.missing for line in _wrapped(each, 2))]
    return "\n".join(lines)


def in_table(found: Survey) -> str:
    """One session a line pair: its id, and what is in it."""
    lines: list[str] = []
    for each in found.sessions:
        span = f"{each.first[:16].replace('T', ' ')} to {each.last[:16].replace('T', ' ')} UTC"
        facts = f"{each.calls} calls, {each.refused} refused, {each.records} records" + (
            " or more" if each.is_cut else ""
        )
        where = ", ".join(visible(name) for name in each.servers) or "no server"
        lines += [visible(each.session), *_wrapped(f"{span}; {where}; {facts}", 2), *_people(each.subjects)]
    if found.is_cut:
        lines += ["", "There may be more: the list was cut. Choose fewer days, a person or a server."]
    return "\n".join(lines) if lines else "No session has a record that fits."


def _entry(entry: Entry, bodies: Bodies, *, is_coloured: bool) -> Iterator[str]:
    took = f"  {entry.seconds:.3f} s" if entry.seconds is not None else ""
    ending = f"{entry.outcome or '-'}{took}"
    head, *more = _wrapped(visible(title(entry)), 0, WIDTH - _LABEL - 2 - len(ending)) or [""]
    coloured = f"\x1b[{_COLOURS[entry.tone]}m{ending}\x1b[0m" if is_coloured else ending
    gap = " " * max(1, WIDTH - _LABEL - len(head) - len(ending))
    yield f"{entry.at[11:19]:<{_LABEL}}{head}{gap}{coloured}"
    yield from (" " * _LABEL + line for line in more)
    for label, text in _facts(entry):
        first, *rest = _wrapped(text, 0, WIDTH - 2 * _LABEL) or [""]
        yield f"{'':<{_LABEL}}{label:<{_LABEL}}{first}"
        yield from (" " * 2 * _LABEL + line for line in rest)

    for body in entry.bodies:
        yield from _body(body, bodies)


def _body(body: Body, bodies: Bodies) -> Iterator[str]:
    """How much is kept, what was hidden from the caller, and the text, as wide as the terminal."""
    first, *rest = _wrapped(kept_how(body), 0, WIDTH - 2 * _LABEL)
    yield f"{'':<{_LABEL}}{body.of:<{_LABEL}}{first}"
    yield from (" " * 2 * _LABEL + line for line in rest)
    limits = {Bodies.SOME: (_LINES, _HIDDEN), Bodies.NONE: (0, 0)}.get(bodies, (None, None))
    indent = " " * (_LABEL + 2)
    hidden = (part for line in hidden_of(body) for part in _wrapped(visible(line), 0, WIDTH - len(indent)))
    for found, limit in ((_folded(body), limits[0]), (hidden, limits[1])):
        shown = list(islice(found, limit))
        yield from (f"{indent}{line}" for line in shown)
        if bodies is Bodies.SOME and any(True for _ in found):
            yield f"{indent}... (--bodies all shows the rest)"


def _folded(body: Body) -> Iterator[str]:
    """Lines of the document; what is too long for the terminal goes on in the next one."""
    width = WIDTH - _LABEL - 2
    for line in lines_of(body):
        plain = visible(line)
        yield from (plain[start : start + width] for start in range(0, len(plain) or 1, width))


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    about = {name: visible(value) for name, value in entry.about.items()}
    yield from _if_there("who", who(about))
    yield from _if_there("client", about.get("client", ""))
    yield from _if_there("operator", about.get("operator", ""))
    yield from _if_there("rules", about.get("rules", "").replace(",", ", "))
    yield from _if_there("policy", about.get("policy", "")[:_DIGITS])
    yield from _if_there("reason", ": ".join(filter(None, [about.get("reason"), about.get("detail")])))
    yield from _if_there("grant", about.get("grant", ""))
    for label, steps in (("approval", entry.approval), ("meanwhile", entry.steps)):
        for step in steps:
            yield label, said(step)
    if not entry.approval:
        yield from _if_there("approval", about.get("approval", ""))
        yield from _if_there("by", about.get("approver", ""))
        yield from _if_there("why", about.get("justification", ""))
    for each in entry.masked:
        yield "hidden", f"{each.count} by {visible(each.mask)} ({visible(each.by)}, {visible(each.action)})"
    for missing in entry.missing:
        yield "not known", missing
    yield "record", ", ".join(visible(row) for row in entry.rows)


def said(step: Step) -> str:
    """One step, with who took it and why."""
    by = f", by {visible(step.by)}" if step.by else ""
    why = f": {visible(step.why)}" if step.why else ""
    return f"{step.at[11:19]} {visible(step.what)}{by}{why}"


def _if_there(label: str, text: str) -> Iterator[tuple[str, str]]:
    if text:
        yield label, text


def _people(subjects: Sequence[str]) -> list[str]:
    more = f" and {len(subjects) - 2} more" if len(subjects) > 2 else ""
    return _wrapped(f"who: {', '.join(map(visible, subjects[:2]))}{more}", 2) if subjects else []


def _wrapped(text: str, indent: int, width: int = WIDTH) -> list[str]:
    return textwrap.wrap(text, max(width, 20), initial_indent=" " * indent, subsequent_indent=" " * indent)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
