import pytest

from gateway.masking.custom import LONGEST, fault_of, of_pattern, of_words
from gateway.masking.search import Search


def found(search: Search, *texts: str) -> list[str]:
    spans = search.find(texts)
    return [text.encode()[start:end].decode() for text in texts for start, end, _ in spans.get(text, ())]


def test_a_pattern_finds_what_it_matches_or_its_first_group() -> None:
    assert found(Search([of_pattern("m/id", "EMP-[0-9]{4}")]), "EMP-1234 and EMP-99") == ["EMP-1234"]
    assert found(Search([of_pattern("m/id", "emp: ([0-9]+)")]), "emp: 77") == ["77"]


@pytest.mark.parametrize("text", ["()b", "b()", "(x)?b", "(x)?b|(y)"])
def test_a_group_that_takes_part_in_nothing_does_not_hold_the_search_up(text: str) -> None:
    assert set(found(Search([of_pattern("m/id", text)]), "a b b")) <= {"b"}


def test_a_pattern_never_runs_from_one_text_into_the_next() -> None:
    assert found(Search([of_pattern("m/id", "(?s:a.*)")]), "xab", "cd") == ["ab"]


@pytest.mark.parametrize(
    "text", ["^[0-9]{2}$", r"\A[0-9]{2}\z", "(?m)^[0-9]{2}$", "^([0-9]{2})$", "^[0-9]+[^^$x]$|^$a"]
)
def test_the_ends_in_a_pattern_are_those_of_each_text(text: str) -> None:
    assert found(Search([of_pattern("m/id", text)]), "11", "22", "x33", "44x", "55") == ["11", "22", "55"]


@pytest.mark.parametrize("text", [r"\^a", r"[]^]a", r"\Q^\Ea", "[[:^alpha:]]a", r"[\]^]a"])
def test_other_hats_are_signs_like_any(text: str) -> None:
    assert found(Search([of_pattern("m/id", text)]), "x", "ba^ab") == ["^a"]


def test_words_are_found_in_whatever_case_but_not_in_longer_words() -> None:
    search = Search([of_words("m/words", ("Blue", "Blue Heron", "a.b"))])
    assert found(search, "BLUE HERON, blue, blueish, a.b, axb") == ["BLUE HERON", "blue", "a.b"]


@pytest.mark.parametrize("text", ["(?=a)", "(", "a*", "", "x" * (LONGEST + 1)])
def test_a_pattern_that_cannot_work_is_at_fault(text: str) -> None:
    assert fault_of(text)


def test_a_pattern_that_works_is_not() -> None:
    assert fault_of("EMP-[0-9]{4}") is None
