import json

import pytest

from gateway.jsontext import MAX_DEPTH, Number
from gateway.masking.columns import TooDeepError
from gateway.masking.compiled import Outcome, compiled
from gateway.masking.documents import Document, Unreadable
from gateway.masking.embedded import Pieces
from gateway.masking.survey import MOST_NESTED, Survey, survey
from gateway.values import Action, Json, Mask
from tests.gateway.test_hostile_inputs import growth

MAIL = "alice@example.com"
RULES = compiled((Mask("m", Action.REDACT, detectors=("email", "payment_card", "phone"), fields=("salary",)),))


def of(value: Json) -> Survey:
    return survey(value, RULES)


def test_what_no_rule_means_is_absent() -> None:
    assert of({"a": ["nothing here", 1, None, True, {"b": Number("1.50")}]}) == Survey({}, {}, {}, {})


def test_what_is_found_in_strings_numbers_and_keys_is_named() -> None:
    found = of({MAIL: [f"to {MAIL}", 4111111111111111, Number("4111111111111111.0")], "Salary": 1})
    assert isinstance(outcome := found.strings[f"to {MAIL}"], Outcome)
    assert outcome.text == "to [hidden:email]"
    assert list(found.numbers) == ["4111111111111111", "4111111111111111.0"]
    assert list(found.keys) == [MAIL]
    assert list(found.named) == ["Salary"]


def test_documents_in_strings_are_surveyed_with_all_that_is_in_them() -> None:
    inner = json.dumps({"salary": 1, "x": [MAIL]})
    found = of({"t": json.dumps([inner])})
    assert isinstance(found.strings[inner], Document)
    assert isinstance(found.strings[MAIL], Outcome)
    assert "salary" in found.named


def test_documents_between_words_are_surveyed_where_a_rule_may_reach_into_them() -> None:
    assert isinstance(of(["so: " + json.dumps({"salary": 1})]).strings['so: {"salary": 1}'], Pieces)
    assert of(["so: " + json.dumps({"other": 1})]).strings == {}


def test_documents_beyond_the_limit_are_unreadable() -> None:
    text = "x"
    for _ in range(MOST_NESTED):
        text = json.dumps([text])
    assert Unreadable() not in of([text]).strings.values()
    assert Unreadable() in of([json.dumps([text])]).strings.values()


def test_a_value_deeper_than_any_that_was_parsed_raises() -> None:
    value: Json = []
    for _ in range(200):
        value = [value]
    with pytest.raises(TooDeepError):
        of(value)
    deep_with_a_key_twice = '{"a":1,"a":' + "[" * 200 + "]" * 200 + "}"
    assert of([deep_with_a_key_twice]).strings == {deep_with_a_key_twice: Unreadable()}


def test_documents_nested_too_deep_are_unreadable_and_those_beside_them_are_not() -> None:
    deep, other = "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), json.dumps([1e-05, MAIL])
    found = of([deep, 'so: {"salary":' + deep + "}", other])
    assert [found.strings[text] for text in (deep, 'so: {"salary":' + deep + "}")] == [Unreadable()] * 2
    assert isinstance(found.strings[other], Document)
    assert isinstance(found.strings[MAIL], Outcome)


def colliding(count: int) -> list[int]:
    """Whole numbers whose places in a table are those that Python tries, one after the other, for the last of them."""
    sought, mask = 123456789012345, (1 << 18) - 1
    places: dict[int, None] = {}
    place, rest = sought & mask, sought
    while len(places) < count:
        places[place] = None
        rest >>= 5
        place = (place * 5 + rest + 1) & mask
    return [((10**12 >> 18) << 18) + place for place in places] + [sought] * count


def test_numbers_that_collide_in_a_table_cost_no_more_than_others() -> None:
    values: dict[int, Json] = {count: list(colliding(count)) for count in (5_000, 20_000)}
    assert growth(lambda count: of(values[count]), 5_000) < 10
