import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sse import Event, EventTooLargeError, Parser, write

LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)
EVENTS = st.lists(
    st.builds(
        Event,
        data=st.lists(LINE, min_size=1, max_size=3).map("\n".join),
        name=st.none() | st.just("message"),
        id=st.none() | st.from_regex(r"[a-z0-9-]{1,10}", fullmatch=True),
        retry=st.none() | st.integers(0, 99999),
    ),
    max_size=5,
)


def parsed(raw: bytes, size: int = 1_000_000) -> list[Event]:
    parser = Parser()
    return [event for start in range(0, len(raw), size) for event in parser.feed(raw[start : start + size])]


@given(EVENTS, st.sampled_from(["\n", "\r", "\r\n"]), st.integers(1, 7))
def test_events_are_read_with_any_line_end_and_cut_anywhere(events: list[Event], end: str, size: int) -> None:
    raw = b"".join(map(write, events)).decode().replace("\n", end).encode()
    assert parsed(raw, size) == events


@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_bytes_make_it_raise_anything_but_its_own_errors(raw: bytes, size: int) -> None:
    try:
        parsed(raw, size)
    except UnicodeDecodeError:
        return


def test_a_comment_becomes_a_bare_keep_alive() -> None:
    assert parsed(b": mary@example.com\n\n") == [Event()]
    assert write(Event()) == b":\n\n"


def test_what_is_no_known_field_is_dropped() -> None:
    assert parsed(b"secret: 1\ndata: x\nevent: a b\nid: \x00\nretry: soon\n\n") == [Event(data="x")]


def test_a_priming_event_has_an_id_and_empty_data() -> None:
    assert parsed(b"id: 7\ndata:\nretry: 3000\n\n") == [Event(data="", id="7", retry=3000)]


def test_an_unfinished_event_is_not_given() -> None:
    assert parsed(b"data: x\n") == []


def test_a_byte_order_mark_is_skipped() -> None:
    assert parsed(b"\xef\xbb\xbfdata: x\n\n") == [Event(data="x")]


@pytest.mark.parametrize("raw", [b"data: " + b"x" * 100, b"data: x\n" * 20, b"x" * 100])
def test_an_event_or_a_line_without_end_is_stopped(raw: bytes) -> None:
    parser = Parser(limit=50)
    with pytest.raises(EventTooLargeError):
        list(parser.feed(raw))


def test_any_number_of_keep_alives_is_not_a_large_event() -> None:
    parser = Parser(limit=50)
    assert len([event for _ in range(100) for event in parser.feed(b": still here\n\n")]) == 100


@given(st.integers(40, 60), st.integers(1, 7))
def test_how_it_is_cut_makes_no_event_too_large(length: int, size: int) -> None:
    raw, parser, found = b"data: " + b"x" * (length - 8) + b"\n\n", Parser(limit=50), list[Event]()
    too_large = len(raw) > 50
    try:
        for start in range(0, len(raw), size):
            found.extend(parser.feed(raw[start : start + size]))
    except EventTooLargeError:
        assert too_large
    else:
        assert not too_large
        assert len(found) == 1


@pytest.mark.parametrize(
    ("line", "size"),
    [(b"x" * 60_000, 1), (b"x" * 60_000, 2), (b"xyz\n" * 15_000, 60_000), (b"data\n" * 12_000, 3)],
    ids=["single bytes", "pairs", "unknown fields", "empty data"],
)
def test_an_event_that_never_ends_takes_no_more_memory_than_a_few_times_its_limit(line: bytes, size: int) -> None:
    chunks, parser = [line[start : start + size] for start in range(0, len(line), size)], Parser(limit=65_536)
    tracemalloc.start()
    try:
        for chunk in chunks:
            assert list(parser.feed(chunk)) == []
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 4 * 65_536
