"""What must hold after the endurance run: what clients were told, what the upstream did, what is on record.

Takes the book, the upstream's ledger and the records, and gives each promise with how often it was checked and what
broke it. Pure, but for the places where values that nobody may see are looked for.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.endurance_book import Book, Came, Happened, Made
from bench.endurance_upstream import EXPORT, FORBIDDEN, PLANTED, Orders
from gateway.evidence.replay import NO_OUTCOME, timeline

LATE = 45.0
"""Seconds that a call may have been under way when what it needs broke."""
KILLED, AWAY = "gateway-killed", ("storage-stopped", "storage-stopped-midway")
WAITS = 150.0
"""Seconds after the store is back for which an outcome may still wait in memory, to be lost with its process."""
UNAUTHENTICATED = frozenset({401, 40100, 40101, 40102})
UNRECORDABLE = 50303
"""The code of a refusal because nothing can be recorded."""


@dataclass(slots=True)
class Promise:
    text: str
    checked: int = 0
    broken: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, text: str, checked: Iterable[str], broken: Iterable[str]) -> "Promise":
        return cls(text, len(set(checked)), sorted(set(broken)))


@dataclass(frozen=True, slots=True)
class Records:
    """What is on record of the calls that clients made."""

    intents: Counter[str]
    outcomes: Counter[str]
    refusals: Counter[str]
    told_open: set[str]
    """Calls of which a replay says that what came of them is not known."""
    late: int
    """Outcomes that were written once the store was back."""
    rows: int


def records(rows: Sequence[Mapping[str, Any]]) -> Records:
    """The records, counted by the id that the client gave its call."""
    events: dict[str, Counter[str]] = defaultdict(Counter)
    requests: dict[str, str] = {}
    sessions = defaultdict(list)
    late = 0
    for row in rows:
        body = json.loads(row["body"])
        sessions[row["PartitionKey"]].append(row)
        if name := body.get("request"):
            events[row["event"]][name] += 1
            requests[row.get("call", "")] = name
        late += row["event"] == "outcome" and bool(body.get("spilled"))
    entries = [entry for session, found in sessions.items() for entry in timeline(session, found).entries]
    told = {requests.get(entry.about["call"], "") for entry in entries if NO_OUTCOME in entry.missing}
    return Records(events["intent"], events["outcome"], events["refused"], told - {""}, late, len(rows))


def promises(book: Book, orders: Orders, found: Records) -> list[Promise]:
    """All that is checked call by call."""
    return [*_lost(book, orders, found), *_doubled(orders, found), *_unchecked(book, orders), *_recovered(book)]


def _lost(book: Book, orders: Orders, found: Records) -> list[Promise]:
    answered = book.ids(Came.ANSWERED)
    is_open = found.intents.keys() - found.outcomes.keys()
    refused = {
        name
        for name in book.ids(Came.REFUSED)
        if book.calls[name].code not in UNAUTHENTICATED | {UNRECORDABLE} and name not in found.intents
    }
    return [
        Promise.of(
            "each call that reached the upstream has its intent on record",
            orders.made,
            orders.made.keys() - found.intents.keys(),
        ),
        Promise.of("each call that was answered has its outcome on record", answered, answered - found.outcomes.keys()),
        Promise.of(
            "each call without an outcome was lost with an instance that was killed",
            is_open,
            (name for name in is_open if not _is_explained(name, book)),
        ),
        Promise.of(
            "of each of these a replay says that what came of it is not known", is_open, is_open ^ found.told_open
        ),
        Promise.of("each refusal that a known caller was told is on record", refused, refused - found.refusals.keys()),
    ]


def _is_explained(name: str, book: Book) -> bool:
    """Its instance was killed while it was under way, or while its outcome waited for the store to come back."""
    made = book.calls.get(name)
    if made is None or made.came is Came.ANSWERED:
        return False
    kills = [fault for fault in book.faults if fault.name == KILLED and fault.where == made.instance]
    away = [fault for fault in book.faults if fault.name in AWAY and _overlap(made, fault)]
    return any(_overlap(made, kill) for kill in kills) or any(
        fault.began <= kill.began <= fault.ended + WAITS for fault in away for kill in kills
    )


def _overlap(made: Made, fault: Happened) -> bool:
    return made.began - 1 <= fault.ended and fault.began <= max(made.ended, made.began + LATE)


def _doubled(orders: Orders, found: Records) -> list[Promise]:
    twice = (name for counted in (orders.made, found.intents, found.outcomes) for name in counted if counted[name] > 1)
    return [
        Promise.of("no call reached the upstream, or is on record, twice", orders.made, twice),
        Promise.of(
            "no approval was used twice", orders.orders, (name for name, times in orders.orders.items() if times > 1)
        ),
    ]


def _unchecked(book: Book, orders: Orders) -> list[Promise]:
    exported = [name for name, tool in orders.tools.items() if tool == EXPORT]
    return [
        Promise.of(
            "no call without a token, a rule or open access reached the upstream",
            book.forbidden,
            book.forbidden & orders.made.keys() | {name for name, tool in orders.tools.items() if tool == FORBIDDEN},
        ),
        Promise.of("no refund was made that nobody approved", orders.orders, orders.orders.keys() - book.approved),
        Promise.of(
            "access was used only while it was open", exported, (name for name in exported if name in book.forbidden)
        ),
        Promise("no caller's token reached the upstream", orders.requests, ["a token"] * bool(orders.tokens)),
        Promise("no answer held what nobody may see", len(book.calls), sorted(set(book.leaks))),
    ]


def _recovered(book: Book) -> list[Promise]:
    late = [f"{fault.name} at {fault.began:.0f} s" for fault in book.faults if fault.recovered is None]
    return [Promise("after each fault calls were answered again, without a restart", len(book.faults), late)]


def hidden(folders: Iterable[Path], logs: Iterable[Path]) -> Promise:
    """Whether a planted value lies in a file of the stores or of a log."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()] + [*logs]
    forms = [value.encode() for value in PLANTED]
    broken = [path.name for path in files if any(form in path.read_bytes() for form in forms)]
    return Promise("no file of the stores and no log holds what nobody may see", len(files), broken)


def verified(code: int | None, report: str) -> tuple[Promise, dict[str, Any]]:
    """What `evidence verify` said of the end."""
    try:
        told: dict[str, Any] = json.loads(report)
    except ValueError:
        told = {}
    is_whole = code == 0 and told.get("whole") is True
    broken = [] if is_whole else [report[:2000]]
    return Promise("`evidence verify` finds all records whole and sealed", told.get("records", 0), broken), told
