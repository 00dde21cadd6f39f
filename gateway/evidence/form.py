"""The format of one record of evidence, version 1. Pure.

A record is a flat JSON object of strings and integers. Its canonical form (RFC 8785) is what is
hashed, and what stands in the column `body`; the other columns repeat what auditors filter on.
Fields are only ever added, with a new version; none changes its meaning. AU-3 asks for type
(`event`), when (`time`), where (`server`, `target`), source (`source`, `client`), outcome
(`outcome`, `reason`) and who (`tenant`, `subject`).
"""

import hashlib
from collections.abc import Mapping

import rfc8785

VERSION = 1
FIRST = "0" * 64
"""`previous` of the first record of a chain."""

FILTERS = (
    *("time", "event", "outcome", "reason"),
    *("tenant", "subject", "kind", "client", "token", "source", "trace"),
    *("server", "era", "method", "target", "definition", "call"),
    *("policy", "rules", "grant", "approval", "approver", "justification"),
)
"""Columns of their own, by the names they have in the body."""

MAX_TEXT = 1024
"""Characters of one field; longer ones are cut, with their length and digest, so that a row stays small."""
BOUNDED = frozenset({"content"})
"""Fields whose writer keeps them small."""

type Fields = Mapping[str, str | int]


def chained(fields: Fields, *, session: str, writer: str, sequence: int, previous: str) -> dict[str, str | int]:
    """The columns of a record at its place in a chain: the filters, `body` and `hash`."""
    body: dict[str, str | int] = {name: value if name in BOUNDED else _short(value) for name, value in fields.items()}
    body |= {"v": VERSION, "session": session, "writer": writer, "sequence": sequence, "previous": previous}
    canonical = _canonical(body)
    return columns_of(body) | {"body": canonical.decode(), "hash": hashlib.sha256(canonical).hexdigest()}


def columns_of(body: Fields) -> dict[str, str | int]:
    """The filters, as the columns of a record repeat them."""
    return {name: _printable(body[name]) for name in FILTERS if name in body}


def _canonical(body: dict[str, str | int]) -> bytes:
    """As RFC 8785 has it. Raises ValueError for a text or a number that it does not cover."""
    import orjson  # noqa: PLC0415 - only the writer needs it: auditors verify an export with rfc8785 alone

    if not all(map(str.isascii, body)):
        return rfc8785.dumps(dict(body))
    try:
        # Of a flat object with names in ASCII the same bytes, twenty times as fast.
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError:
        return rfc8785.dumps(dict(body))


def row_key(writer: str, sequence: int) -> str:
    return f"{writer}-{sequence:08d}"


def _short(value: str | int) -> str | int:
    if isinstance(value, int) or len(value) <= MAX_TEXT:
        return value
    digest = hashlib.sha256(value.encode(errors="replace")).hexdigest()
    return f"{value[:MAX_TEXT]}... ({len(value)} characters, sha256 {digest})"


def _printable(value: str | int) -> str | int:
    """Control characters of a caller's text do not reach a column; `body` holds them escaped."""
    if isinstance(value, int) or value.isprintable():
        return value
    return "".join(char if char.isprintable() else "\ufffd" for char in value)
