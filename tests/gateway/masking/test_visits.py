from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.mask import mask
from gateway.masking.visits import Hits, visits
from gateway.values import Action, Json, Mask
from tests.gateway.masking.trees import ALIKE, CARD, MAIL, VALUES, columns_from, gathered, holders


def is_hit(value: Any, hits: Hits) -> bool:
    if isinstance(value, dict):
        return not hits.keys.isdisjoint(value) or any(is_hit(item, hits) for item in value.values())
    if isinstance(value, list):
        return any(is_hit(item, hits) for item in value)
    if isinstance(value, str):
        return value in hits.strings
    return not isinstance(value, bool) and str(value) in hits.numbers


HITS = st.builds(
    lambda strings, numbers, keys: Hits(dict.fromkeys(strings), dict.fromkeys(numbers), keys),
    st.sets(st.sampled_from([MAIL, "to " + MAIL, "x"])),
    st.sets(st.sampled_from([str(CARD), "4111111111111111.0"])),
    st.sets(st.just("pay")),
)


def items_of(holder: Any) -> list[tuple[Any, Any]]:
    return list(holder.items() if isinstance(holder, dict) else enumerate(holder))


def left_out(value: Any, named: dict[int, Any]) -> list[tuple[Any, Any]]:
    """What a walk by these visits does not come to: each as its step and itself."""
    if not isinstance(value, dict | list):
        return []
    steps = named.get(id(value))
    visited = [(step, item) for step, item in items_of(value) if steps is None or step in steps]
    passed = [(step, item) for step, item in items_of(value) if steps is not None and step not in steps]
    return passed + [left for _, item in visited for left in left_out(item, named)]


@given(alike=ALIKE, value=VALUES, hits=HITS)
def test_nothing_that_was_found_lies_in_what_is_not_visited(alike: int, value: Json, hits: Hits) -> None:
    with columns_from(alike):
        named = visits(gathered(value).levels, hits)
        assert not [(step, item) for step, item in left_out(value, named) if is_hit(item, hits) or step in hits.keys]


@given(alike=ALIKE, value=VALUES, hits=HITS)
def test_each_member_is_visited_once_and_in_its_order(alike: int, value: Json, hits: Hits) -> None:
    with columns_from(alike):
        named = visits(gathered(value).levels, hits)
    for holder in holders(value):
        steps = named.get(id(holder), ())
        assert list(steps) == [step for step, _ in items_of(holder) if step in steps]


@given(
    value=VALUES,
    action=st.sampled_from([Action.REDACT, Action.DROP, Action.PARTIAL]),
    fields=st.sampled_from([(), ("pay",), ("$..a",), ("$..b", "pay"), ("$[*][1]", "a")]),
)
def test_records_are_masked_as_single_objects_are(value: Json, action: Action, fields: tuple[str, ...]) -> None:
    masks = (Mask("m", action, detectors=("email", "payment_card"), fields=fields),)
    message: dict[str, Json] = {"jsonrpc": "2.0", "id": 1, "result": {"content": [], "structuredContent": [value] * 2}}
    with columns_from(1):
        in_columns = mask(message, masks)
    with columns_from(1_000_000):
        assert in_columns == mask(message, masks)


def test_of_records_only_those_in_which_something_was_found_are_visited_and_there_only_that() -> None:
    records: list[Any] = [{"name": "x", "tags": ["a"], "contact": None} for _ in range(100)]
    records[7]["contact"], records[9]["tags"] = MAIL, ["a", MAIL, "b", MAIL]
    named = visits(gathered(records).levels, Hits({MAIL: None}, {}, set()))
    assert {index: list(named[id(record)]) for index, record in enumerate(records) if named[id(record)]} == {
        7: ["contact"],
        9: ["tags"],
    }
    assert (list(named[id(records)]), list(named[id(records[9]["tags"])])) == ([7, 9], [1, 3])


def test_an_object_unlike_all_others_is_visited_where_something_was_found() -> None:
    records: list[Any] = [{"name": "x", "more": {f"k{index}": "x", "b": 1}} for index in range(100)]
    records[3]["name"] = records[7]["more"]["k7"] = MAIL
    named = visits(gathered(records).levels, Hits({MAIL: None}, {}, set()))
    assert (list(named[id(records)]), list(named[id(records[7])])) == ([3, 7], ["more"])
    assert (list(named[id(records[7]["more"])]), list(named[id(records[8]["more"])])) == (["k7"], [])


def test_a_clean_value_beside_one_in_which_something_was_found_is_not_visited() -> None:
    clean: list[Any] = [{"name": "x", "tags": ["a"]} for _ in range(1000)]
    both = {"clean": clean, "list": ["x", MAIL]}
    named = visits(gathered(both).levels, Hits({MAIL: None}, {}, set()))
    assert (list(named[id(both)]), list(named[id(clean)])) == (["list"], [])


@given(alike=ALIKE, value=VALUES, hits=HITS)
def test_an_entry_names_only_what_is_kept_so_that_nothing_else_comes_to_have_its_identity(
    alike: int, value: Json, hits: Hits
) -> None:
    with columns_from(alike):
        leaves = gathered(value)
        named = visits(leaves.levels, hits)
    assert named.keys() <= {id(holder) for holder in (*holders(value), *leaves.roots)}


def test_what_was_never_gathered_has_no_entry() -> None:
    records: list[Any] = [{"name": MAIL} for _ in range(1000)]
    named = visits(gathered(records).levels, Hits({MAIL: None}, {}, set()))
    assert not named.keys() & {id(holder) for holder in holders([{"name": MAIL}])}
