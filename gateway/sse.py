"""Server-sent events: bytes to events and back (WHATWG HTML, section 9.2).

`Parser` takes chunks cut anywhere, with CR, LF or CRLF line ends, and gives whole events; one event
of an MCP stream is one JSON-RPC message. Comments become bare keep-alives and unknown fields are
dropped: nothing passes that was not read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_EVENT = 16 * 1024 * 1024
"""Bytes of one event."""

_FIELD_VALUE = re.compile(r"[\x20-\x7e]{0,1024}")
_NAME = re.compile(r"[A-Za-z0-9_./-]{1,64}")


@dataclass(frozen=True, slots=True)
class Event:
    """One event, or a keep-alive where every field is None."""

    data: str | None = None
    name: str | None = None
    id: str | None = None
    retry: int | None = None


class EventTooLargeError(Exception):
    """An event that goes past MAX_EVENT."""


class Parser:
    """Reads one stream. Not reusable."""

    def __init__(self, limit: int = MAX_EVENT) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0
        self._lines: list[str] = []
        self._first = True
        self._ended_with_cr = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that this chunk completes. Raises EventTooLargeError, and UnicodeDecodeError where not UTF-8."""
        if not chunk:
            return
        after_cr, self._ended_with_cr = self._ended_with_cr, chunk.endswith(b"\r")
        if after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        *whole, rest = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for piece in whole:
            self._keep(piece)
            line = b"".join(self._pieces).decode()
            self._pieces.clear()
            if event := self._line(line):
                yield event
        if rest:
            self._keep(rest)

    def _keep(self, piece: bytes) -> None:
        # Size counts from the last event's end, so that a line or an event without end is stopped alike.
        self._size += len(piece) + 1
        if self._size > self._limit:
            raise EventTooLargeError
        self._pieces.append(piece)

    def _line(self, line: str) -> Event | None:
        if self._first:
            line, self._first = line.removeprefix("\ufeff"), False
        if line and not line.startswith(":"):
            self._lines.append(line)
            return None
        if line and self._lines:
            return None
        lines, self._lines, self._size = self._lines, [], 0
        return _event(lines) if lines else Event() if line else None


def _event(lines: list[str]) -> Event | None:
    data: list[str] = []
    found: dict[str, str] = {}
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        else:
            found[field] = value
    name, identifier, retry = found.get("event"), found.get("id"), found.get("retry", "")
    return Event(
        data="\n".join(data) if data else None,
        name=name if name and _NAME.fullmatch(name) else None,
        id=identifier if identifier is not None and _FIELD_VALUE.fullmatch(identifier) else None,
        retry=int(retry) if retry.isascii() and retry.isdigit() and len(retry) < 10 else None,
    )


def write(event: Event) -> bytes:
    """The event as it goes to a client; a keep-alive as a bare comment."""
    lines = []
    if event.name is not None:
        lines.append(f"event: {event.name}")
    if event.id is not None:
        lines.append(f"id: {event.id}")
    if event.retry is not None:
        lines.append(f"retry: {event.retry}")
    if event.data is not None:
        lines += [f"data: {line}" for line in event.data.split("\n")]
    return ("\n".join(lines or [":"]) + "\n\n").encode()
