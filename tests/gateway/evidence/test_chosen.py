import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.chosen import NAMES, Chosen, ChosenError, chosen_from, is_day, is_session, people_in
from gateway.evidence.told import told
from tests.gateway.evidence.rows import ABEL, EVE, SESSION, intent, rows


def test_words_that_can_be_read_are_the_choice() -> None:
    words = {"first": "2026-11-01", "last": " 2026-11-30 ", "person": EVE.upper(), "server": "records", "tool": ""}
    chosen = chosen_from(words)
    assert chosen == Chosen(first="2026-11-01", last="2026-11-30", person=EVE, server="records")
    assert "tool" not in chosen.words()


@pytest.mark.parametrize(
    "words",
    [
        {"first": "yesterday"},
        {"first": "2026-02-30"},
        {"first": "2026-1-1"},
        {"last": "20261123"},
        {"person": "eve@example.com"},
        {"server": "a b"},
        {"tool": "x" * 129},
        {"tool": "' or 1 eq 1"},
        {"outcome": "fine"},
        {"first": "2026-11-02", "last": "2026-11-01"},
        {"first": "2026-01-01", "last": "2026-11-01"},
        {"everything": "yes"},
    ],
)
def test_a_word_that_cannot_be_read_is_refused_in_a_sentence(words: dict[str, str]) -> None:
    with pytest.raises(ChosenError, match=r"\.$"):
        chosen_from(words)


def test_all_that_is_chosen_has_to_fit() -> None:
    record = told(rows([intent(0, approver=f"{ABEL},x")])[0])
    fitting = {"first": "2026-11-23", "last": "2026-11-23", "person": ABEL, "server": "records"}
    fitting |= {"tool": "get_customer", "outcome": "allowed"}
    assert chosen_from(fitting).covers(record)
    others = {"first": "2026-11-24", "last": "2026-11-22", "person": SESSION, "server": "x", "tool": "x", "outcome": ""}
    for name in NAMES:
        other = "failed" if name == "outcome" else others[name]
        assert not Chosen(**(fitting | {name: other})).covers(record), name


def test_people_are_the_subject_and_every_approver() -> None:
    assert people_in(told(rows([intent(0, approver=f"{ABEL},x")])[0])) == {EVE, ABEL, "x"}
    assert people_in(told({})) == set()


@pytest.mark.parametrize("text", ["", "~day-20261123", "20261123", "20261123-a/b", "20261123-" + "a" * 65, "x" * 40])
def test_what_could_be_no_session_is_none(text: str) -> None:
    assert not is_session(text)
    assert is_session(SESSION)


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)))
def test_any_words_are_a_choice_or_a_sentence(words: dict[str, str]) -> None:
    try:
        chosen = chosen_from(words)
    except ChosenError as error:
        assert str(error)
        return
    assert all(is_day(day) for day in (chosen.first, chosen.last) if day)
