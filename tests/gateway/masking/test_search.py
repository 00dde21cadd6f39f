import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.candidates import Candidate, Detector, pattern
from gateway.masking.detectors import DETECTORS
from gateway.masking.search import Found, Search, search_for

WORD = Detector("word", "b", (Candidate(pattern("ab+")),))
LABELLED = Detector("labelled", "key", (Candidate(pattern("key=([0-9]+)")),))
NEVER = Detector("never", "ab", (Candidate(pattern("ab"), lambda _haystack, _start, _end: None),))
EVERY = Search(tuple(DETECTORS.values()))


def test_a_text_without_a_value_is_absent() -> None:
    assert Search([WORD]).find(["xyz", "b", "ab"]) == {"ab": [Found(0, 2, "word")]}


def test_positions_are_bytes_of_the_text_itself() -> None:
    assert Search([WORD]).find(["zzzzzz", "éabb"]) == {"éabb": [Found(2, 5, "word")]}


def test_a_label_is_not_part_of_the_value() -> None:
    assert Search([LABELLED]).find(["key=12"]) == {"key=12": [Found(4, 6, "labelled")]}


def test_a_value_that_is_not_accepted_is_absent() -> None:
    assert Search([NEVER]).find(["ab ab"]) == {}


def test_each_detector_reports_under_its_name() -> None:
    assert Search([WORD, LABELLED]).find(["ab key=1"]) == {"ab key=1": [Found(0, 2, "word"), Found(7, 8, "labelled")]}


def test_a_text_with_nul_does_not_shift_the_others() -> None:
    texts = ["a\0b\0", "x", "\0ab", "ab"]
    assert Search([WORD]).find(texts) == {"\0ab": [Found(1, 3, "word")], "ab": [Found(0, 2, "word")]}


def test_a_value_does_not_run_from_one_text_into_the_next() -> None:
    assert EVERY.find(["alice", "@example.com", "4111 1111", "1111 1111"]) == {}


class SetWithoutMemory:
    """Answers as `re2.Set` does when its automaton outgrows its memory."""

    def Match(self, _text: bytes) -> list[int]:  # noqa: N802  the name in RE2
        return []


def test_the_same_detectors_are_made_a_search_once() -> None:
    assert search_for((WORD,)) is search_for((WORD,))


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("é a\u200bbb", "a\u200bbb"),
        ("x a%62b y", "a%62b"),
        (r"x \u0061bb y", r"\u0061bb"),
        ("x ａ&#98;b y", "ａ&#98;b"),
        ("see bm90IGFiYiBidXQgYQ== or", "bm90IGFiYiBidXQgYQ=="),
    ],
)
def test_a_value_that_is_encoded_is_found_where_it_stands(text: str, stands: str) -> None:
    found = Search([WORD]).find(["abb", text, "xyz"])
    assert found["abb"] == [Found(0, 3, "word")]
    assert [text.encode()[start:end].decode() for start, end, _ in found[text]] == [stands]


def test_a_text_is_also_searched_as_it_stands() -> None:
    # What a zero-width sign parts is one word to a reader, and two to a program.
    [found] = Search([Detector("word", "b", (Candidate(pattern("[^a]b+")),))]).find(["a\u200bbb"]).values()
    assert found == [Found(1, 6, "word"), Found(4, 6, "word")]


def test_a_search_that_runs_out_of_memory_asks_every_detector() -> None:
    search = Search([WORD, LABELLED])
    search._hints = SetWithoutMemory()
    assert search.find(["ab key=1"]) == Search([WORD, LABELLED]).find(["ab key=1"])


@pytest.mark.parametrize("length", [0, 10, 2000, 2047, 2048, 2049, 5000])
def test_a_value_among_many_texts_is_found_wherever_it_stands(length: int) -> None:
    fillers = [f"{n} {'x' * length}" for n in range(9)]
    for at in range(9):
        texts = [*fillers[:at], "ab key=1 é", *fillers[at:], "abb"]
        assert Search([WORD, LABELLED]).find(texts) == {
            "ab key=1 é": [Found(0, 2, "word"), Found(7, 8, "labelled")],
            "abb": [Found(0, 3, "word")],
        }


def test_the_ends_of_a_text_are_seen_whatever_stands_beside_it() -> None:
    ends = Detector("ends", "a", (Candidate(pattern(r"(?:^|\x00)(a+)(?:$|\x00)")),))
    for filler in ("b", "b" * 3000, "ba" * 3000):
        assert Search([ends]).find([filler, "aa", f"{filler}."]) == {"aa": [Found(0, 2, "ends")]}


TEXTS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["a@b.co", "\0", "415-555-0100", "x" * 3000])
)


@given(TEXTS)
def test_texts_searched_together_are_found_as_each_alone(texts: list[str]) -> None:
    together = EVERY.find(texts)
    assert together == {text: found for each in texts for text, found in EVERY.find([each]).items()}


FAR = Detector("far", "never", (Candidate(pattern("never")),), reaches_far=True)
WHOLE = Search((*DETECTORS.values(), FAR))
BASE64 = base64.encodebytes(b"the mail of a@b.co and the card 4111 1111 1111 1111. " * 9).decode()
KEY = "-----BEGIN PRIVATE KEY-----\n" + f"{'QUJD' * 16}\n" * 20 + "-----END PRIVATE KEY-----"
LINES = st.lists(
    st.sampled_from(["a@b.co", "4111 1111 1111 1111", "password:", "hunter2hunter2", BASE64, KEY, KEY[:300]])
    | st.sampled_from(
        [
            "a%40b.co",
            "a\u200b@b.co",
            "aws secret key",
            "A" * 39 + "1",
            "x" * 3000,
            "plain words\n" * 300,
            "plain words\n" * 900,
        ]
    ),
    min_size=4,
    max_size=24,
)


@given(LINES, st.sampled_from(["\n", "\n\n", " "]))
def test_a_long_text_searched_in_parts_holds_what_it_holds_as_a_whole(lines: list[str], between: str) -> None:
    text = between.join(lines)
    parts, whole = EVERY.find(["short", text, "a@b.co"]), WHOLE.find(["short", text, "a@b.co"])
    assert {each: sorted(spans) for each, spans in parts.items()} == {
        each: sorted(spans) for each, spans in whole.items()
    }


def test_encoded_values_without_number_are_each_found_once() -> None:
    # Each is found as it stands, and again in the reading without escapes.
    [found] = EVERY.find(["a%40b.co " * 30_000]).values()
    assert len(found) == len(set(found)) == 30_000


def test_a_value_in_another_line_than_its_label_is_found_where_two_parts_of_a_text_meet() -> None:
    values = f"password:\n\nhunter2Hunter2\naws secret key:\n{'Ab1/' * 10}\n"
    for pad in range(0, 130, 5):
        text = f"{'y' * pad}\n{'plain words' * 3}\n{'plain words\n' * 674}\n{values}{'plain words\n' * 900}\n"
        assert EVERY.find([text]) == WHOLE.find([text])
        assert {found.detector for found in EVERY.find([text])[text]} == {"password", "cloud_key"}
