from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.mask import mask
from gateway.masking.clean import Hits, clean
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


@given(alike=ALIKE, value=VALUES, hits=HITS)
def test_what_is_called_clean_holds_nothing_that_was_found(alike: int, value: Json, hits: Hits) -> None:
    with columns_from(alike):
        named = clean(gathered(value).levels, hits)
        assert not [holder for holder in holders(value) if id(holder) in named and is_hit(holder, hits)]


@given(value=VALUES, action=st.sampled_from([Action.REDACT, Action.DROP, Action.PARTIAL]))
def test_records_are_masked_as_single_objects_are(value: Json, action: Action) -> None:
    masks = (Mask("m", action, detectors=("email", "payment_card"), fields=("pay",)),)
    message: dict[str, Json] = {"jsonrpc": "2.0", "id": 1, "result": {"content": [], "structuredContent": [value] * 2}}
    with columns_from(1):
        in_columns = mask(message, masks)
    with columns_from(1_000_000):
        assert in_columns == mask(message, masks)


def test_records_in_which_nothing_was_found_are_named_so_that_nobody_visits_them() -> None:
    records: list[Any] = [{"name": "x", "tags": ["a"], "contact": None} for _ in range(100)]
    records[7]["contact"] = MAIL
    named = clean(gathered(records).levels, Hits({MAIL: None}, {}, set()))
    assert [index for index, record in enumerate(records) if id(record) not in named] == [7]
    assert id(records[7]["tags"]) in named
    assert id(records) not in named


def test_a_record_is_not_clean_that_holds_an_object_unlike_all_others_in_which_something_was_found() -> None:
    records: list[Any] = [{"name": "x", "more": {f"k{index}": "x"}} for index in range(100)]
    records[3]["name"] = records[7]["more"]["k7"] = MAIL
    named = clean(gathered(records).levels, Hits({MAIL: None}, {}, set()))
    assert not {id(records), id(records[7]), id(records[7]["more"])} & named
