"""Rows of evidence for tests of those who read it, in chains as the gateway writes them."""

import hashlib
import json
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


def bodied(long: str = "and so on " * 600) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """A call whose request stands in its record and whose answer is a blob, one that was asked back, one left out;
    and the blobs by name."""
    hidden = [{"path": "$['result']['mail']", "mask": "personal", "by": "email", "action": "redact", "count": 2}]
    message = {"result": {"price": 1.50, "mail": "[hidden:email]", "story": long}}
    answer = json.dumps({"v": 1, "message": message, "hidden": [hidden[0] | {"digest": "d1" * 16}]}).encode()
    digest = hashlib.sha256(answer).hexdigest()
    asked = json.dumps({"v": 1, "message": {"params": {"name": "get_customer", "arguments": {"id": "c-1\u202e"}}}})
    question = json.dumps({"v": 1, "beginning": '{"method":"elicitation/create"'})
    about: dict[str, str | int] = {"original": "0a" * 16, "original_size": 4321}
    found = rows(
        [
            intent(0, kept="whole", content=asked, **about),
            {
                **{**CALL, **about, "at": 1, "event": "relayed", "outcome": "allowed", "message": "server_request"},
                **{"method": "elicitation/create", "kept": "cut", "kept_why": "size", "content": question},
            },
            outcome(2, "succeeded", kept="whole", payload=digest, masks="personal/email:redact=2", **about),
            intent(3, call="c2", kept="left_out", kept_why="policy", **about),
            outcome(4, "succeeded", call="c2", kept="left_out", kept_why="masking", **about),
        ]
    )
    return found, {f"20261123/{digest}.json": answer}
