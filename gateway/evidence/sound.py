"""Whether one row is a record, whole in itself and in its own place. Pure.

Takes a row as it was read and the place that its key gives it, and says what is wrong with it; what stands before
and after it is not looked at. A row that cannot be read is a fault, never an error.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from gateway.evidence.form import VERSION, columns_of
from gateway.evidence.verdict import Kind

_OWN = frozenset({"PartitionKey", "RowKey", "Timestamp", "body", "hash"})
_NEEDED = frozenset({"PartitionKey", "RowKey", "body", "hash"})
_BARE = len(_NEEDED)
"""Columns of a row in an export."""

type Row = Mapping[str, Any]
type Body = Mapping[str, Any]
type Fault = tuple[Kind, str]


def body_of(row: Row) -> Body:
    """What the record says; nothing where it cannot be read."""
    try:
        body = json.loads(str(row.get("body", "")))
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def fault_of(row: Row, body: Body, place: tuple[str, str, int], *, has_columns: bool) -> Fault | None:
    """What is wrong with the row at that place: session, writer and sequence number.

    Without `has_columns` a row may have none but its body and hash; those that it has must agree all the same.
    """
    if hashlib.sha256(str(row.get("body", "")).encode(errors="replace")).hexdigest() != row.get("hash"):
        return Kind.CHANGED, "its hash is not that of its body"
    if body.get("v") != VERSION:
        return Kind.CHANGED, f"its body is no record of version {VERSION}"
    own = body.get("session"), body.get("writer"), body.get("sequence")
    if own != place:
        return Kind.REORDERED, f"holds record {own[0]}/{own[1]}-{own[2]}"[:300]
    if has_columns or len(row) > _BARE:
        differing = _differing(row, body)
        if differing:
            return Kind.CHANGED, f"what its body says otherwise: {', '.join(differing)}"[:300]
    return None


def _differing(row: Row, body: Body) -> list[str]:
    """Columns that are not as the body has them, or are too many or too few."""
    said = columns_of(body)
    if len(row) == len(said) + _BARE and said.items() <= row.items() and row.keys() >= _NEEDED:
        return []  # as nearly all are, and several times faster
    return sorted(name for name in (row.keys() | said.keys()) - _OWN if row.get(name) != said.get(name))
