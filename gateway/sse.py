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
_FIELDS = ("event", "id", "retry")


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
        self._size = 0
        self._line = bytearray()
        self._data: list[str] = []
        self._fields: dict[str, str] = {}
        self._has_begun = False
        """Whether a line of an event has come, be it of an unknown field."""
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
            self._count(len(piece) + 1)
            line = piece
            if self._line:
                line, self._line = bytes(self._line + piece), bytearray()
            if event := self._read(line.decode()):
                yield event
        self._count(len(rest))
        self._line += rest

    def _count(self, size: int) -> None:
        # From the last event's end, so that a line or an event without end is stopped alike.
        self._size += size
        if self._size > self._limit:
            raise EventTooLargeError

    def _read(self, line: str) -> Event | None:
        if self._first:
            line, self._first = line.removeprefix("\ufeff"), False
        if line and not line.startswith(":"):
            self._take(line)
            return None
        if line and self._has_begun:
            return None
        event = self._event() if self._has_begun else Event() if line else None
        self._data, self._fields, self._size, self._has_begun = [], {}, 0, False
        return event

    def _take(self, line: str) -> None:
        field, _, value = line.partition(":")
        self._has_begun, value = True, value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field in _FIELDS:
            self._fields[field] = value

    def _event(self) -> Event:
        data = "\n".join(self._data) if self._data else None
        if not self._fields:
            return Event(data)
        name, identifier, retry = map(self._fields.get, _FIELDS)
        return Event(
            data=data,
            name=name if name and _NAME.fullmatch(name) else None,
            id=identifier if identifier is not None and _FIELD_VALUE.fullmatch(identifier) else None,
            retry=int(retry) if retry and retry.isascii() and retry.isdigit() and len(retry) < 10 else None,
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
