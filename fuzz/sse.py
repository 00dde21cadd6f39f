"""What holds of `gateway.sse`, whatever an upstream sends.

An input is one byte that says how the rest is cut, and a stream. However it is cut, it gives the same events or the
same error; what is written of the events is read as the same events; and another reader of the standard gets the
same data out of what is passed on as out of what came.
"""

from collections.abc import Iterator
from itertools import cycle

from gateway.sse import Event, EventTooLargeError, Parser, write

SMALL = 256
"""Bytes of one event under the second, small limit."""

SEEDS = (
    b"\x01data: x\n\n",
    b'\x03event: message\nid: 7\nretry: 3000\ndata: {"a":\r\ndata: 1}\r\n\r\n: comment\n\ndata\n\n',
    b"\x02\xef\xbb\xbfdata: \xc3\xa9\r\rid: \x00\ndata:y\nsecret: 1\n: c\n\n",
    b"\x05id\nevent: a b\nretry: 99999999999\ndata:\n\n\n\ndata: unfinished",
    b"\x00data: \xff\n\n",
    b"\x04" + b"data: aaaaaaaa\n" * 40 + b"\n",
)


def one_input(data: bytes) -> None:
    sizes, stream = data[:1] or b"\x00", data[1:]
    whole = _read(stream, [len(stream)])
    for cut in ([1], [sizes[0] % 7 + 1, sizes[0] // 7 + 1], [2, 1, 3]):
        assert _read(stream, cut) == whole, f"cut by {cut}"
    events, error = whole
    written = b"".join(map(write, events))
    assert _read(written, [len(written)]) == (events, ""), "written and read again"
    assert all(_is_clean(event) for event in events)
    if not error:
        assert _data(written) == _data(stream), "another reader reads something else"
    small = _read(stream, [len(stream)], SMALL)
    assert small[0] == events[: len(small[0])]
    assert all(len((event.data or "").encode()) <= SMALL for event in small[0])
    assert _read(stream, [1], SMALL) == small, "the limit depends on how it is cut"


def _read(stream: bytes, sizes: list[int], limit: int = 1 << 20) -> tuple[list[Event], str]:
    """The events up to the first error, and its name."""
    parser, found = Parser(limit), list[Event]()
    try:
        for chunk in _cut(stream, sizes):
            found.extend(parser.feed(chunk))
    except (EventTooLargeError, UnicodeDecodeError) as error:
        # What a chunk gave before its fault is lost to `extend`; so all is read again, event by event.
        return _up_to_fault(stream, sizes, limit), type(error).__name__
    return found, ""


def _up_to_fault(stream: bytes, sizes: list[int], limit: int) -> list[Event]:
    parser, found = Parser(limit), list[Event]()
    try:
        for chunk in _cut(stream, sizes):
            for event in parser.feed(chunk):
                found.append(event)
    except (EventTooLargeError, UnicodeDecodeError):
        pass
    return found


def _cut(stream: bytes, sizes: list[int]) -> Iterator[bytes]:
    start = 0
    for size in cycle(sizes):
        if start >= len(stream):
            return
        yield stream[start : start + size]
        start += size


def _is_clean(event: Event) -> bool:
    """Nothing of a field can begin another one."""
    rest = f"{event.name}{event.id}{event.retry}"
    return not set(rest) & set("\r\n\0") and not set(event.data or "") & set("\r")


def _data(stream: bytes) -> list[str]:
    """The data of each message, read as WHATWG HTML, section 9.2.6, says it, word for word."""
    found, buffer = list[str](), ""
    # What follows the last line end is never read, and may be half a character.
    for line in (
        stream.decode(errors="replace")
        .removeprefix("\ufeff")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .split("\n")[:-1]
    ):
        name, _, value = line.partition(":")
        if line == "":
            found += [buffer.removesuffix("\n")] if buffer else []
            buffer = ""
        elif name == "data":
            buffer += value.removeprefix(" ") + "\n"
    return found
