"""Names in a record are masked, whether or not they were seen before."""

from gateway import recorded
from gateway.recorded import _MAX_NAME, _MAX_NAMES, masked

CARD = "4111 1111 1111 1111"


def test_what_a_detector_finds_is_hidden_every_time() -> None:
    assert [masked(f"orders of {CARD}") for _ in range(3)] == ["orders of [hidden:payment_card]"] * 3


def test_nothing_is_remembered_that_held_something_to_hide() -> None:
    masked(f"customer {CARD}")
    assert not any(CARD in name for name in recorded._names)


def test_a_name_that_holds_nothing_stays_as_it_is() -> None:
    assert [masked("get_customer") for _ in range(2)] == ["get_customer"] * 2


def test_few_names_are_remembered_and_no_long_ones() -> None:
    masked("x" * (_MAX_NAME + 1))
    recorded._names.update(f"name-{number}" for number in range(_MAX_NAMES))
    masked("one-more")
    assert recorded._names == {"one-more"}
