import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.candidates import Candidate, Detector, pattern
from gateway.masking.labelled import Checked, alone, between, checked, ends_word, labelled, starts_word, whole
from gateway.masking.search import Search
from tests.gateway.masking.found import found

NUMBER = Detector("n", "(?i:abc)", (Candidate(pattern(labelled(("abc", "é-?number"), "[0-9]{3}"))),))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ABC 123",
            "abc: 123",
            'abc="123"',
            "abc number: 123",
            "abc_no. 123",
            "abc is 123",
            "abc is: 123",
            "my_abc 123",
        ),
        *("abc-id (123)", "abc → 123", "abc\n123", '{"abc": "123"}', "abc number é-number: 123"),
    ],
)
def test_a_value_after_its_label_is_found(text: str) -> None:
    assert found(NUMBER, text) == ["123"]


@pytest.mark.parametrize(
    "text",
    [
        "xabc 123",
        "abc123",
        "abc of the 123",
        "abc        123",
        "[hidden:abc] 123",
        "[hidden:abc ...wxyz] 123",
        "123 abc",
    ],
)
def test_a_value_that_no_label_tells_is_left_alone(text: str) -> None:
    assert found(NUMBER, text) == []


def test_a_label_in_one_text_tells_nothing_of_the_next() -> None:
    assert pattern(labelled(("abc",), "[0-9]{3}")).search(b"abc\x00123") is None


def test_a_word_begins_after_an_escape_and_an_underscore_and_not_after_a_letter() -> None:
    assert starts_word(b"a\\n1", 3)
    assert starts_word(b"_1", 1)
    assert not starts_word(b"n1", 1)
    assert ends_word(b"1_", 1)
    assert not ends_word(b"1a", 1)


@pytest.mark.parametrize(
    ("text", "is_alone"), [(b"1.22.3", False), (b"x 22.", True), (b"a22", False), (b"22.5", False)]
)
def test_a_number_tied_to_others_does_not_stand_alone(text: bytes, is_alone: bool) -> None:
    start = text.index(b"22")
    assert alone(text, start, start + 2, b".") is is_alone


def test_a_checked_candidate_is_taken_whole_or_not_at_all() -> None:
    accept = checked(lambda text: text == "22")
    assert accept(b"a 22", 2, 4) == (2, 4)
    assert accept(b"a 23", 2, 4) is None


def test_a_form_with_a_check_is_a_pattern_like_any_other() -> None:
    form = whole("[0-9]+(a)?", lambda text: text != "13")
    assert isinstance(form, Checked)
    assert form.fullmatch(b"12") is not None
    assert form.fullmatch(b"13") is None
    assert form.fullmatch(b"x") is None
    assert form.groups == 1
    assert form.search(b"x1") is not None
    assert len(list(form.finditer(b"1 2"))) == 2


@given(st.text("19 .-aZé_\\\\n\n\0", max_size=16), st.sampled_from([".-", " .-"]))
def test_a_form_between_signs_is_found_where_it_stands_alone(text: str, links: str) -> None:
    encoded = text.encode()
    positions = [at for at in range(len(encoded)) if encoded[at : at + 2].isdigit() and len(encoded[at : at + 2]) == 2]
    alone_at = [at for at in positions if alone(encoded, at, at + 2, links.encode())]
    detector = Detector("d", "", (Candidate(pattern(between("[0-9]{2}", links)), reads_before=1),))
    assert [span.start for span in Search([detector]).find([text]).get(text, [])] == alone_at


def test_a_sign_that_ends_one_value_is_also_seen_before_the_next() -> None:
    detector = Detector("d", "", (Candidate(pattern(between("[A-Z][0-9][a-z]", ".-")), reads_before=1),))
    assert found(detector, "Z1a-Y2b-X3c 9-W4d") == ["Z1a", "Y2b", "X3c"]
