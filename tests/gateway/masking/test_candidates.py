from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.candidates import Candidate, Detector, next_word, pattern, row, text_end, values
from gateway.masking.detectors import DETECTORS

WITH_ROWS = [each for each in DETECTORS.values() if any(candidate.row for candidate in each.candidates)]

PIECES = (
    *("alice@example.com", "'bob@b.co", "git@b.co", "icon@2x.png", "@x.co", "a@b.c1", "é@b.co", "a%40b.co", "c.d@e.f"),
    *("4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "4111 1111 1111 1111 123"),
    *("4111111111111112", "411111111111", "3782 822463 10005", "4111-1111-1111-1111-1", "x", "", " ", ".", "\n"),
)
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join), min_size=1, max_size=12)


def row_by_row(detector: Detector) -> Detector:
    return replace(detector, candidates=tuple(replace(each, row=None) for each in detector.candidates))


@pytest.mark.parametrize("detector", WITH_ROWS, ids=lambda detector: detector.name)
@given(texts=TEXTS)
def test_in_a_row_of_texts_is_found_what_is_found_in_each(detector: Detector, texts: list[str]) -> None:
    # Two addresses or cards before it begin a row.
    haystack = "\0".join(["a@b.co", "c@d.org", "4111111111111111", "5500000000000004", *texts]).encode()
    block = [(0, len(haystack))]
    assert values(detector, haystack, block) == values(row_by_row(detector), haystack, block)
    turned = "\0".join([*texts, "a@b.co", "c@d.org", *texts]).encode()
    parts = [(0, len(turned) // 2), (len(turned) // 2, len(turned))]
    assert set(values(detector, turned, parts)) == set(values(row_by_row(detector), turned, parts))


def test_addresses_and_cards_are_found_in_rows() -> None:
    assert {detector.name for detector in WITH_ROWS} == {"email", "payment_card"}


def test_a_text_in_a_row_of_which_a_part_is_the_value_is_searched_to_its_end() -> None:
    pairs = Detector("pairs", "a", (Candidate(pattern("[ab]+"), lambda _text, start, _end: (start, start + 2)),))
    rows = replace(pairs, candidates=(replace(pairs.candidates[0], row=row("[ab]+")),))
    haystack = b"ab\0ab\0abab\0ab\0"
    found = values(pairs, haystack, [(0, len(haystack))])
    assert found == [(0, 2), (3, 5), (6, 8), (8, 10), (11, 13)]
    assert values(rows, haystack, [(0, len(haystack))]) == found


class Counted:
    """Counts how many bytes a pattern is asked to read at most."""

    def __init__(self, row: object) -> None:
        self._row = row
        self.read = 0

    def at(self, haystack: bytes, start: int, end: int) -> object:
        spans = self._row.at(haystack, start, end)  # type: ignore[attr-defined]
        self.read += max(0, spans[0][1] - start)
        return spans


@pytest.mark.parametrize("other", ["git@b.co", "icon@2x.png", "x", "a@b.co c@d.org"])
def test_what_breaks_a_row_does_not_make_it_read_again(other: str) -> None:
    [candidate] = DETECTORS["email"].candidates
    counted = Counted(candidate.row)
    detector = replace(DETECTORS["email"], candidates=(replace(candidate, row=counted),))  # type: ignore[arg-type]
    haystack = "\0".join(["a@b.co", "c@d.org", "e@f.org", other] * 500).encode()
    assert len(values(detector, haystack, [(0, len(haystack))])) >= 1500
    assert counted.read <= len(haystack)


def test_the_end_of_a_text_is_where_the_next_begins() -> None:
    assert text_end(b"ab\0cd", 1) == 2
    assert text_end(b"ab\0cd", 3) == 5


def test_a_rejected_candidate_is_searched_again_from_its_second_word_or_from_the_first_behind_it() -> None:
    assert next_word(b"ab cd", 0, 5) == 2
    assert next_word(b"abcd ef", 0, 2) == 4
    assert next_word(b"abcd", 0, 2) == 4
