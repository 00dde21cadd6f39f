import pytest

from gateway.masking.patterns import pattern, pattern_set


def test_a_pattern_reads_bytes_and_counts_in_them() -> None:
    match = pattern("[à-ï]+").search("xxéé".encode())
    assert match is not None
    assert match.span() == (2, 6)


def test_a_set_tells_which_of_its_patterns_occur() -> None:
    assert sorted(pattern_set(["a+", "b", "é", ""]).Match("xaaé".encode())) == [0, 2, 3]


def test_a_pattern_that_outgrows_its_memory_finds_all_the_same_and_says_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    greedy = pattern("(?:[ab]*a[ab]{14}c|[ac]*a[ac]{14}b)")
    text = "".join("ab" if number & 4 else "ba" for number in range(4000)).encode()
    assert greedy.search(text + b"a" * 15 + b"c") is not None
    assert capfd.readouterr().err == ""
