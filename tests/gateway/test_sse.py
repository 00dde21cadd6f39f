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
