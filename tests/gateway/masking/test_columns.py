from typing import Any

from hypothesis import given

from gateway.jsontext import MAX_DEPTH, Number
from gateway.values import Json
from tests.gateway.masking.trees import ALIKE, CARD, MAIL, VALUES, columns_from, gathered, holders


@given(alike=ALIKE, value=VALUES)
def test_each_string_key_and_long_number_is_gathered(alike: int, value: Json) -> None:
    with columns_from(alike):
        leaves = gathered(value)
    inside = [item for holder in holders(value) for item in (holder.values() if isinstance(holder, dict) else holder)]
    items: list[Any] = [value, *inside]
    assert set(leaves.strings) == {item for item in items if isinstance(item, str)}
    assert set(leaves.keys) == {key for holder in holders(value) if isinstance(holder, dict) for key in holder}
    assert set(leaves.numbers) == {str(item) for item in items if str(item) in {str(CARD), "4111111111111111.0"}}


def test_small_floats_are_respelled_where_the_text_spells_them_so() -> None:
    def value() -> Json:
        return [{"a": 1e-05, "b": [0.5, 2e-07]}, {"a": 1e-10, "b": []}, {"a": 1e-05, "c": 1}] * 20

    assert gathered(kept := value()).strings == {}
    assert kept == value()
    gathered(respelled := value(), has_exponents=True)
    assert respelled[:3] == [
        {"a": Number("1e-05"), "b": [0.5, Number("2e-07")]},
        {"a": 1e-10, "b": []},
        {"a": Number("1e-05"), "c": 1},
    ]


def test_what_lies_deepest_is_gathered() -> None:
    value: Json = MAIL
    for _ in range(MAX_DEPTH // 2):
        value = [{"a": value}]
    assert list(gathered(value).strings) == [MAIL]
