from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.folding import Folded, changes, folded_sign, folded_text

SIGNS = st.sampled_from("a1@. é１４＠．\u200b\u00ad\u0301\u202e\u00a0\u2009\u2011٣𝟒𝐚º²ß")
TEXTS = st.text(SIGNS | st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("４１１１", "4111"),
        ("٤١١١", "4111"),
        ("𝟒𝟏𝟏𝟏", "4111"),
        ("a＠b．co", "a@b.co"),
        ("a\ufe6bb\u3002co", "a@b.co"),
        ("41\u200b11\u2060\ufeff", "4111"),
        ("a\u00adb\u200ec\u202ed", "abcd"),
        ("1\u03012\u20dd", "12"),
        ("1\u00a02\u20093\u202f4\u30005", "1 2 3 4 5"),
        ("1\u20102\u20113\u22124", "1-2-3-4"),
        ("＋４９（３０）", "+49(30)"),
        ("nº 1¹ ② ª", "nº 1¹ ② ª"),
        ("été Größe Жук 漢字", "été Größe Жук 漢字"),
    ],
)
def test_a_text_reads_as_it_looks(text: str, seen: str) -> None:
    assert folded_text(text) == seen


def test_ascii_is_never_changed() -> None:
    assert not changes("".join(map(chr, range(128))))


@given(st.characters(exclude_categories=["Cs"]))
def test_a_sign_becomes_one_of_ascii_or_nothing_or_stays(sign: str) -> None:
    new = folded_sign(sign)
    assert new == sign or (len(new) == 1 and new.isascii()) or (new == "" and category(sign) in {"Cf", "Mn", "Me"})
    assert folded_text(new) == new


@given(TEXTS, st.data())
def test_a_span_leads_back_to_the_signs_that_it_came_from(text: str, data: st.DataObject) -> None:
    reading = Folded(text, changes(text))
    start = data.draw(st.integers(0, len(reading.content)))
    end = data.draw(st.integers(start, len(reading.content)))
    first, last = (len(reading.content[:at].encode()) for at in (start, end))
    own_start, own_end = reading.back(first, last)
    # What is before, in and after the span is folded to what was before, in and after it.
    encoded = text.encode()
    parts = (encoded[:own_start], encoded[own_start:own_end], encoded[own_end:])
    assert [folded_text(part.decode()) for part in parts] == [
        reading.content[:start],
        reading.content[start:end],
        reading.content[end:],
    ]
