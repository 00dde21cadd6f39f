"""The records of a session as a timeline: who did what, by which rule, who approved it, and how it ended. Pure.

Takes rows in any order and gives entries in the order of time: one for each call, with all its records, and
one for whatever else happened. What the recording cannot show is said, entry by entry and for the whole.
Nothing here is proof that the rows are those that were written: that is for `verify`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.events import Event, Outcome
from gateway.evidence.bodies import named_in, read
from gateway.evidence.chosen import Chosen, people_in
from gateway.evidence.timeline import Body, Entry, Kind, Masked, Step, Timeline
from gateway.evidence.told import Told, in_order, records

NO_OUTCOME = "No outcome on record: the process ended in mid-call, or the record is in the spill."
NO_INTENT = "The record that the call was allowed is not among the rows that were read."
ONE_RECORD = "Of a call that neither acts nor reads, only that it was let through is on record."
ON_ANOTHER_STREAM = "The server gave its answer, if any, on another stream; its outcome is that of the call there."
APPROVED_ELSEWHERE = "Who approved it is on record in another session: look for this approval."
NO_DOCUMENT = "What the record holds of it is no document that can be read."
NO_BODIES = "Arguments and results are not recorded here: only who, what, when, by which rule, and how it ended."
NOT_KEPT = (
    "No body is kept of a call that was refused, of lists, and of the notifications and progress events of a stream."
)
DAMAGED = "The body of a record cannot be read; what is shown is its columns."
NOT_PROOF = "A replay shows the rows as they are. Whether they were written so is for evidence verify to say."

_WALK = frozenset({Event.INTENT, Event.OUTCOME, Event.RELAYED, Event.ANSWERED, Event.REFUSED})
_BAD_STEPS = frozenset({"refused", "failed", "rejected"})


def timeline(
    session: str,
    rows: Iterable[Mapping[str, Any]],
    chosen: Chosen | None = None,
    call: str = "",
    *,
    is_cut: bool = False,
) -> Timeline:
    """The session as it was recorded; `is_cut`: that there are rows beyond these."""
    found = in_order(records(rows))
    entries = _entries(found)
    wanted = [each for each in entries if _is_wanted(each, chosen or Chosen(), call)]
    missing = [*_gaps(found), *(["There are more records of this session; these are the first."] if is_cut else [])]
    missing.append(NOT_KEPT if any(record["kept"] for record in found) else NO_BODIES)
    return Timeline(session, tuple(wanted), len(found), (*missing, NOT_PROOF), len(entries) - len(wanted))


def _is_wanted(entry: Entry, chosen: Chosen, call: str) -> bool:
    day, about = entry.at[:10], entry.about
    return (
        (not chosen.first or day >= chosen.first)
        and (not chosen.last or day <= chosen.last)
        and (not chosen.person or chosen.person in entry.people)
        and (not chosen.server or about.get("server") == chosen.server)
        and (not chosen.tool or about.get("target") == chosen.tool)
        and (not chosen.outcome or entry.outcome == chosen.outcome)
        and (not call or call in (about.get("call"), about.get("cause")))
    )


def _entries(found: Sequence[Told]) -> list[Entry]:
    calls: dict[str, list[Told]] = defaultdict(list)
    approvals: dict[str, list[Told]] = defaultdict(list)
    others: list[Told] = []
    for record in found:
        if record["event"] in _WALK and record["call"]:
            calls[record["call"]].append(record)
        elif record["event"].startswith("approval_") and record["approval"]:
            approvals[record["approval"]].append(record)
        else:
            others.append(record)
    made = {name: _call(name, group) for name, group in calls.items()}
    entries = [_with_approval(entry, approvals) for entry in made.values()]
    told = {entry.about.get("approval") for entry in entries if entry.approval}
    entries += [_approval(group) for name, group in approvals.items() if name not in told]
    entries += [_other(record) for record in others]
    return sorted(entries, key=lambda entry: (entry.at, entry.rows))


def _call(name: str, group: Sequence[Told]) -> Entry:
    own = [record for record in group if record["message"] != "server_request"] or list(group)
    first = own[0]
    begun = next((record for record in own if record["event"] == Event.INTENT), None)
    ending = next((record for record in reversed(own) if record["event"] == Event.OUTCOME), None)
    outcome = _ended(own, ending)
    seconds = _seconds(begun, ending)
    return Entry(
        at=first["time"],
        kind=Kind.CALL,
        event=first["event"],
        outcome=outcome,
        about=_about(own) | {"call": name},
        seconds=seconds,
        steps=tuple(_asked(record) for record in group if record["message"] == "server_request"),
        masked=_masked(ending["masks"] if ending else ""),
        bodies=tuple(_body(record) for record in group if record["kept"]),
        missing=tuple(_missing(own, begun, ending)),
        rows=tuple(record.row for record in group),
        people=frozenset(person for record in group for person in people_in(record)),
    )


def _ended(own: Sequence[Told], ending: Told | None) -> str:
    if ending is not None:
        return ending["outcome"]
    last = own[-1]
    if last["event"] == Event.REFUSED:
        return str(Outcome.REFUSED)
    if last["event"] == Event.ANSWERED:
        return "answered"
    return str(Outcome.ALLOWED) if last["event"] == Event.RELAYED else "unknown"


def _missing(own: Sequence[Told], begun: Told | None, ending: Told | None) -> list[str]:
    said = [DAMAGED] if not all(record.is_whole for record in own) else []
    if begun is not None and ending is None:
        said.append(NO_OUTCOME)
    if begun is None and ending is not None and own[0] is ending:
        said.append(NO_INTENT)
    if begun is None and ending is None and own[-1]["event"] == Event.RELAYED:
        said.append(ONE_RECORD)
    if ending is not None and ending["outcome"] == Outcome.DETACHED:
        said.append(ON_ANOTHER_STREAM)
    return said


def _seconds(begun: Told | None, ending: Told | None) -> float | None:
    start, end = begun.at if begun else None, ending.at if ending else None
    return (end - start).total_seconds() if start and end else None


def _about(group: Sequence[Told]) -> dict[str, str]:
    """All fields of the records of one call; where they differ, the last has its way."""
    found: dict[str, str] = {}
    for record in group:
        found |= {name: str(value) for name, value in record.fields.items() if value not in ("", 0)}
    places = ("v", "session", "writer", "sequence", "previous", "time", "event", "outcome", "hidden", "masks")
    return {name: value for name, value in found.items() if name not in places}


def _asked(record: Told) -> Step:
    verdict = "refused" if record["event"] == Event.REFUSED else "allowed"
    return Step(record["time"], f"the server asked its client for {record['method']}: {verdict}", why=record["reason"])


def _body(record: Told) -> Body:
    of = "question" if record["message"] == "server_request" else "request"
    content = record["content"]
    is_document = bool(content) and read(content) is not None
    size = record["original_size"]
    return Body(
        of="answer" if record["event"] == Event.OUTCOME else of,
        at=record["time"],
        row=record.row,
        kept=record["kept"],
        why=record["kept_why"],
        size=int(size) if size.isascii() and size.isdigit() else 0,
        original=record["original"],
        blob=None if content else named_in(record.fields),
        text=content if is_document else "",
        fault=NO_DOCUMENT if content and not is_document else "",
    )


def _masked(summary: str) -> tuple[Masked, ...]:
    """From `mask/detector:action=count` for each, as a record has it."""
    found = []
    for item in summary.split():
        rule, _, count = item.rpartition("=")
        place, _, action = rule.rpartition(":")
        mask, _, by = place.partition("/")
        found.append(Masked(mask, by, action, int(count) if count.isascii() and count.isdigit() else 0))
    return tuple(found)


def _with_approval(entry: Entry, approvals: Mapping[str, Sequence[Told]]) -> Entry:
    name = entry.about.get("approval", "")
    if not name:
        return entry
    if name not in approvals:
        return replace(entry, missing=(*entry.missing, APPROVED_ELSEWHERE))
    group = approvals[name]
    people = entry.people.union(*(people_in(record) for record in group))
    rows = (*entry.rows, *(record.row for record in group))
    return replace(entry, approval=tuple(_step(record) for record in group), people=people, rows=rows)


def _approval(group: Sequence[Told]) -> Entry:
    first, last = group[0], group[-1]
    entry = _other(first)
    people = frozenset(person for record in group for person in people_in(record))
    rows = tuple(record.row for record in group)
    steps = tuple(_step(record) for record in group)
    return replace(entry, outcome=last["outcome"], approval=steps, steps=(), people=people, rows=rows)


_SAID: Mapping[str, str] = {
    "approval_requested": "asked for approval",
    "approval_notified": "approvers were told",
    "approval_escalated": "further groups may decide",
    "approval_viewed": "looked at it",
    "approval_settled": "settled",
    "approval_consumed": "used for this call",
    "approval_ended": "ended",
    "approval_refused": "tried what they may not",
    "approvals_read": "read by an operator",
}


def _step(record: Told) -> Step:
    event, outcome = record["event"], record["outcome"]
    what = _SAID.get(event, event.replace("_", " "))
    if event in (Event.APPROVAL_DECIDED, Event.APPROVAL_SETTLED, Event.APPROVAL_ENDED):
        what = outcome if event == Event.APPROVAL_DECIDED else f"{what}: {outcome}"
    elif outcome in _BAD_STEPS:
        what = f"{what}: {outcome}"
    by = record["approver"] or record["operator"] or (record["subject"] if event == Event.APPROVAL_REQUESTED else "")
    return Step(record["time"], what, by, record["justification"] or record["reason"])


def _other(record: Told) -> Entry:
    event = record["event"]
    return Entry(
        at=record["time"],
        kind=_kind(event),
        event=event,
        outcome=record["outcome"],
        about=_about([record]),
        missing=() if record.is_whole else (DAMAGED,),
        rows=(record.row,),
        people=frozenset(people_in(record)),
    )


def _kind(event: str) -> Kind:
    if event.endswith("_read"):
        return Kind.READING
    for start, kind in (
        ("approval", Kind.APPROVAL),
        ("grant", Kind.ACCESS),
        ("policy", Kind.POLICY),
        ("tool", Kind.TOOL),
    ):
        if event.startswith(start):
            return kind
    return Kind.CALL if event in _WALK else Kind.OTHER


def _gaps(found: Sequence[Told]) -> list[str]:
    numbers: dict[str, set[int]] = defaultdict(set)
    for record in found:
        numbers[record.writer].add(record.sequence)
    said = []
    for writer, present in sorted(numbers.items()):
        last = max(present)
        if absent := last + 1 - len(present - {-1}):
            first = next(number for number in range(last + 1) if number not in present)
            said.append(f"Writer {writer}: {absent} records before number {last} are not there; the first is {first}.")
    return said
