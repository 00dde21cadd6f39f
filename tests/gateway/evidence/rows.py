"""Rows of evidence for tests of those who read it, in chains as the gateway writes them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.evidence.form import FIRST, chained, row_key

EVE, ABEL = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
SESSION = "20261123-" + "a" * 32
BEGIN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CALL: Mapping[str, str | int] = {
    **{"tenant": "t", "subject": EVE, "kind": "user", "client": "cli"},
    **{"server": "records", "method": "tools/call", "target": "get_customer", "call": "c1"},
    **{"policy": "f" * 64, "rules": "engineers,refunds", "message": "request"},
}


def stamp(seconds: float) -> str:
    return (BEGIN + timedelta(seconds=seconds)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def rows(
    entries: Iterable[Mapping[str, str | int]], *, session: str = SESSION, writer: str = "w.1"
) -> list[dict[str, Any]]:
    """One chain; an entry's `at` is seconds after BEGIN."""
    found: list[dict[str, Any]] = []
    previous = FIRST
    for sequence, entry in enumerate(entries):
        fields = {name: value for name, value in entry.items() if name != "at"} | {"time": stamp(int(entry["at"]))}
        columns = chained(fields, session=session, writer=writer, sequence=sequence, previous=previous)
        previous = str(columns["hash"])
        found.append({"PartitionKey": session, "RowKey": row_key(writer, sequence), **columns})
    return found


def intent(at: int, **changes: str | int) -> dict[str, str | int]:
    return {**CALL, "at": at, "event": "intent", "outcome": "allowed", **changes}


def outcome(at: int, result: str = "succeeded", **changes: str | int) -> dict[str, str | int]:
    return {**CALL, "at": at, "event": "outcome", "outcome": result, "hidden": 0, **changes}


def story() -> list[dict[str, Any]]:
    """A masked call, one that was refused, one that two people had a part in, and one that nothing came of."""
    refund = {"call": "c3", "target": "issue_refund", "approval": "p1"}
    about = {**{k: v for k, v in CALL.items() if k != "message"}, **refund}
    by = {"approver": ABEL, "approver_kind": "user", "approver_tenant": "t", "justification": "they were charged twice"}
    return rows(
        [
            intent(0),
            outcome(2, masks="personal/email:redact=2 personal/$.salary:drop=1", hidden=3),
            {**CALL, "at": 5, "event": "refused", "outcome": "refused", "call": "c2", "reason": "tool_not_allowed"},
            {**about, "at": 60, "event": "approval_requested", "outcome": "allowed", "justification": "invoice 4711"},
            {**about, "at": 300, "event": "approval_decided", "outcome": "approved", **by},
            {**about, "at": 301, "event": "approval_settled", "outcome": "approved"},
            {**about, "at": 400, "event": "approval_consumed", "outcome": "consumed", "approver": ABEL},
            intent(401, **refund),
            outcome(402, **refund),
            intent(500, call="c4", target="wire_money"),
        ]
    )
