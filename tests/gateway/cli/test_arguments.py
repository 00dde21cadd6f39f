"""Words that several commands take."""

import argparse

import pytest

from gateway.cli.arguments import reason, start_of_id


@pytest.mark.parametrize("text", ["01234567", "0123456789abcdef" * 2])
def test_an_id_is_given_by_how_it_begins(text: str) -> None:
    assert start_of_id(text) == text


@pytest.mark.parametrize("text", ["", "0123456", "0" * 33, "ABCDEFGH", "../../etc"])
def test_what_is_no_beginning_of_an_id_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="at least the first 8 digits"):
        start_of_id(text)


def test_a_reason_says_something_and_no_book() -> None:
    assert reason(" because ") == "because"
    for text in (" ", "x" * 1001):
        with pytest.raises(argparse.ArgumentTypeError, match="must say something"):
            reason(text)
