import base64
import json
from collections.abc import Iterator
from hashlib import sha512
from html import escape
from itertools import chain
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.encodings import Reading, folded, from_base64, unescaped
from gateway.masking.folding import changes

MAIL = "alice@example.com"
SENTENCE = f"a mail of {MAIL} is here"


def decoded(text: str) -> Iterator[Reading]:
    return chain(unescaped(text), from_base64(text))


def readings(text: str, value: str = MAIL) -> list[str]:
    """What stands in the text for the value, by each reading of it that has the value."""
    found = []
    for reading in decoded(text):
        at = reading.content.encode().find(value.encode())
        if at >= 0:
            start, end = reading.back(at, at + len(value.encode()))
            found.append(text.encode()[start:end].decode())
    return found


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("q=alice%40example.com&x", "alice%40example.com"),
        ("q=%61lice%40example.co%6D&x", "%61lice%40example.co%6D"),
        ("%7B%61lice%40example.com%7D", "%61lice%40example.com"),
        ("%FF%61lice%40example.com", "%61lice%40example.com"),
        (r"say \u0061lice\u0040example.com", r"\u0061lice\u0040example.com"),
        (r"say \\u0061lice\\u0040example.com", r"\\u0061lice\\u0040example.com"),
        (r"say alice\x40example.com", r"alice\x40example.com"),
        ("<b>alice&#64;example&period;com</b>", "alice&#64;example&period;com"),
        ("<b>alice&commat;example&#x2E;com</b>", "alice&commat;example&#x2E;com"),
        (f"é &amp; {MAIL} %20", MAIL),
        ("alice&#65312;example.com", "alice&#65312;example.com"),
    ],
)
def test_a_value_behind_escapes_is_read_and_its_place_is_exact(text: str, stands: str) -> None:
    assert readings(text) == [stands]


@pytest.mark.parametrize("escape", [r"\ud800", r"\udc00", "&#55296;", "&#0;", "&#1114112;", "&#1;", "%ED%A0%80", "%00"])
def test_an_escape_of_no_character_spoils_nothing(escape: str) -> None:
    assert readings(f"{escape} %61lice%40example.com {escape}") == ["%61lice%40example.com"]


@pytest.mark.parametrize("lead", ["", "data:text/plain;base64,", "key=", "key_", "Basic ", "é", "\n"])
@pytest.mark.parametrize("ahead", ["", "?", "??"])
def test_base64_is_read_wherever_it_stands(lead: str, ahead: str) -> None:
    text = ahead + SENTENCE
    for encoded in (in_base64(text), in_base64(text).rstrip("="), base64.urlsafe_b64encode(text.encode()).decode()):
        assert any(stands in (encoded, lead.strip() + encoded) for stands in readings(f"{lead}{encoded} and so on"))


def test_base64_in_lines_is_one() -> None:
    encoded = base64.encodebytes(f"{'x ' * 40}{SENTENCE}{' y' * 40}".encode()).decode()
    assert encoded.strip() in readings(f"see:\n{encoded}\nend")
    with_returns = encoded.replace("\n", "\r\n")
    assert with_returns.strip() in readings(f"see:\r\n{with_returns}\r\nend")


def test_base64_of_text_in_other_alphabets_is_read() -> None:
    assert readings(in_base64(f"Grüße, überall: {MAIL}, naïveté")) == [in_base64(f"Grüße, überall: {MAIL}, naïveté")]
    fullwidth = in_base64("the number is ４１１１")
    assert readings(fullwidth, "4111") == [fullwidth]


@pytest.mark.parametrize(
    "text",
    [
        "plain words, 100 % & nothing else; really",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "Donaudampfschifffahrtsgesellschaft/internationalization/counterrevolutionaries",
        base64.b64encode(sha512(b"a key").digest()).decode(),
    ],
)
def test_what_is_not_encoded_has_no_other_reading(text: str) -> None:
    assert list(decoded(text)) == []


def test_a_text_that_reads_as_it_stands_is_not_folded() -> None:
    table = changes("é ４")
    assert folded("é", table) is None
    reading = folded("é ４", table)
    assert isinstance(reading, Reading)
    assert (reading.content, reading.back(3, 4)) == ("é 4", (3, 6))


WAYS = st.sampled_from(
    [
        quote,
        lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
        lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
        lambda text: "".join(f"&#{ord(sign)};" for sign in text),
        lambda text: json.dumps(text).replace("@", "\\u0040")[1:-1],
        lambda text: escape(text).replace("@", "&#64;"),
    ]
)
AROUND = st.text(st.sampled_from("a %&;\\u0é４é"), max_size=8)


@given(AROUND, AROUND, WAYS)
def test_a_value_is_found_in_every_encoding_and_anything_around_it(before: str, after: str, way: object) -> None:
    assert callable(way)
    text = f"{before} <{way(MAIL)}> {after}"
    assert way(MAIL) in readings(text)


@given(st.text(st.sampled_from("a%46&#;\\ux/0QUJD\n=é\u200b") | st.characters(exclude_categories=["Cs"])))
def test_every_reading_leads_back_into_the_text(text: str) -> None:
    size = len(text.encode())
    for reading in decoded(text):
        length = len(reading.content.encode())
        for at in range(length):
            start, end = reading.back(at, at + 1)
            assert 0 <= start <= end <= size
        assert reading.back(0, length)[1] <= size
