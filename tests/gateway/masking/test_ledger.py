import time

import pytest

from gateway.masking.hide import Rule
from gateway.masking.ledger import MOST, At, Inside, Ledger
from gateway.values import Action, Hidden

RULE = Rule("m", "email", Action.REDACT, "email")


def paths(at: At) -> list[str]:
    ledger = Ledger()
    ledger.enter([RULE], at)
    return [hidden.path for hidden in ledger.hidden()]


@pytest.mark.parametrize(
    ("at", "path"),
    [
        (None, "$"),
        (((None, "result"), "content"), "$['result']['content']"),
        (((None, "a"), 3), "$['a'][3]"),
        ((((None, "a"), Inside.TEXT), "b"), "$['a']$text['b']"),
        (((None, "a"), Inside.BLOB), "$['a']$blob"),
        ((None, "it's \\ a\nkey\x01"), "$['it\\'s \\\\ a\\nkey\\u0001']"),
    ],
)
def test_a_place_is_a_normalised_path(at: At, path: str) -> None:
    assert paths(at) == [path]


@pytest.mark.parametrize("key", ["alice@example.com", "4111111111111111", "call 415-555-0100"])
def test_a_key_that_holds_a_value_is_not_spelled_out_whichever_rule_hits(key: str) -> None:
    [path] = paths((None, key))
    assert key not in path
    assert "[hidden:" in path


def test_a_long_key_is_cut() -> None:
    [path] = paths((None, "k" * 1000))
    assert len(path) < 120


@pytest.mark.parametrize("length", [900, 18_000])
@pytest.mark.parametrize("piece", ["a@b.co ", "4111 "])
def test_a_long_key_with_many_values_costs_no_more_the_more_hits_there_are(piece: str, length: int) -> None:
    key = piece * (length // len(piece))

    def enter(hits: int) -> None:
        ledger = Ledger()
        for index in range(hits):
            ledger.enter([RULE], ((None, key), index))

    start = time.process_time()
    enter(1)
    once = time.process_time() - start
    start = time.process_time()
    enter(200)
    assert time.process_time() - start < 20 * max(once, 0.002)


def test_the_name_of_a_key_of_more_than_a_thousand_characters_is_its_length() -> None:
    assert paths((None, "a@b.co " * 1500)) == ["$['[key of 10,500 characters]']"]


def test_the_same_hit_is_entered_once_with_its_count() -> None:
    ledger = Ledger()
    ledger.enter([RULE, RULE], (None, "a"))
    ledger.enter([RULE], (None, "a"))
    assert ledger.hidden() == (Hidden("m", "email", Action.REDACT, "$['a']", count=3),)


def test_what_goes_beyond_the_limit_is_counted_by_rule() -> None:
    ledger = Ledger()
    for index in range(MOST + 7):
        ledger.enter([RULE], (None, index))
    assert len(ledger.hidden()) == MOST + 1
    assert ledger.hidden()[-1] == Hidden("m", "email", Action.REDACT, "$ and 7 more", count=7)


def test_the_first_block_is_kept_even_beyond_the_limit() -> None:
    ledger = Ledger()
    assert ledger.blocked is None
    for index in range(MOST):
        ledger.enter([RULE], (None, index))
    for index in range(3):
        ledger.enter([Rule("b", "jwt", Action.BLOCK, "jwt")], (None, index))
    assert ledger.blocked == Hidden("b", "jwt", Action.BLOCK, "$[0]")


def test_keys_without_number_are_not_each_searched_and_every_hit_is_counted() -> None:
    # Without a key for digests such entries are all alike, so that their number alone bounds nothing.
    ledger = Ledger()
    for number in range(10 * MOST + 7):
        ledger.enter([RULE], (None, f"key{number}@example.com"))
    assert [(hidden.path, hidden.count) for hidden in ledger.hidden()] == [
        ("$['[hidden:email]']", 10 * MOST),
        ("$ and 7 more", 7),
    ]


def test_hits_in_one_place_and_in_others_have_each_their_path() -> None:
    first: At = (None, "a")
    ledger = Ledger()
    for at in (first, first, None, first, (None, "b"), (first, "c")):
        ledger.enter([RULE], at)
    assert [(hidden.path, hidden.count) for hidden in ledger.hidden()] == [
        ("$['a']", 3),
        ("$", 1),
        ("$['b']", 1),
        ("$['a']['c']", 1),
    ]
