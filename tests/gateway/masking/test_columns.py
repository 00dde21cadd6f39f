from typing import Any

import pytest
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


@pytest.mark.parametrize("times", [1, 20, 200])
def test_small_floats_are_respelled_where_the_text_spells_them_so(times: int) -> None:
    def value() -> Any:
        records: list[dict[str, Any]] = [
            {"a": 1e-05, "b": [0.5, 2e-07]},
            {"a": 1e-10, "b": []},
            {"a": 1e-05, "c": 1},
        ] * times
        return [[dict(record) for record in records], {"only": 1e-06, "d": "x"}, 3e-05, ["x", 1e-05]]

    assert set(gathered(kept := value()).strings) == {"x"}
    assert kept == value()
    gathered(respelled := value(), has_exponents=True)
    assert respelled[0][:3] == [
        {"a": Number("1e-05"), "b": [0.5, Number("2e-07")]},
        {"a": 1e-10, "b": []},
        {"a": Number("1e-05"), "c": 1},
    ]
    assert respelled[1:] == [{"only": Number("1e-06"), "d": "x"}, Number("3e-05"), ["x", Number("1e-05")]]


@given(alike=ALIKE, value=VALUES)
def test_objects_with_the_same_keys_in_the_same_order_are_told_from_others(alike: int, value: Json) -> None:
    with columns_from(alike):
        levels = gathered(value).levels
    for group in [group for level in levels for group in level.alike]:
        assert [tuple(row) for row in group.rows] == [group.keys] * len(group.rows)
        assert [list(row.values()) for row in group.rows] == [
            [column.items[row] for column in group.columns] for row in range(len(group.rows))
        ]


def test_what_lies_deepest_is_gathered() -> None:
    value: Json = MAIL
    for _ in range(MAX_DEPTH // 2):
        value = [{"a": value}]
    assert list(gathered(value).strings) == [MAIL]
