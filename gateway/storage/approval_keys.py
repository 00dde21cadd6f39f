"""What the approval store takes as a key and as a content, so that no key means two things. Pure.

Takes ids, names, columns and contents, and gives them back. It refuses, by ValueError, what the
table cannot hold or would confuse: ids, names and columns are the gateway's own, so that this is a
fault of the program and not of a caller.
"""

import re

from gateway.storage.contract import Columns

MAX_CONTENT = 24 * 1024 * 1024
MAX_WAITING = 1_000
MARK = "insert_mark"
"""The column that tells one insert from another; nobody else's."""

_RESERVED = frozenset({"PartitionKey", "RowKey", "Timestamp", MARK})
_ID = re.compile(r"[A-Za-z0-9._-]{1,200}")
_NAME = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,199}")
_TEXT = 64_000
"""Bytes of a text as the store counts them, in UTF-16; it takes 65,536."""


def is_id(text: str) -> bool:
    """Whether it can be the id of an approval, which has no `~`: that stands between an id and a name."""
    return _ID.fullmatch(text) is not None


def checked_id(approval: str) -> str:
    """The id of an approval. Raises ValueError."""
    if not is_id(approval):
        raise ValueError(f"no id of an approval: {approval[:40]!r}")
    return approval


def checked_name(name: str) -> str:
    """The name of a row or of a content, or a key that finds an approval. Raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"no name of a row: {name[:40]!r}")
    return name


def checked_columns(columns: Columns) -> Columns:
    """The columns of a row. Raises ValueError."""
    for name, value in columns.items():
        if not _COLUMN.fullmatch(name) or name in _RESERVED:
            raise ValueError(f"no name of a column: {name[:40]!r}")
        if not _fits(value):
            raise ValueError(f"too large for a column: {name}")
    return columns


def checked_content(content: bytes) -> bytes:
    """The content. Raises ValueError."""
    if len(content) > MAX_CONTENT:
        raise ValueError(f"a content has at most {MAX_CONTENT} bytes")
    return content


def _fits(value: str | int) -> bool:
    if isinstance(value, str):
        # Half a surrogate pair cannot be encoded, which is a ValueError too.
        return len(value.encode("utf-16-le")) <= _TEXT
    return -(2**63) <= value < 2**63
