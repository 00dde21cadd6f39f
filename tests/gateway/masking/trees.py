"""Values as they are gathered: records, single objects, and lists."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import strategies as st

from gateway.jsontext import Number
from gateway.masking import columns
from gateway.masking.columns import Leaves
from gateway.values import Json

MAIL = "alice@example.com"
CARD = 4111111111111111


def gathered(value: Json, *, has_exponents: bool = False) -> Leaves:
    leaves = Leaves(least_number=10**10)
    leaves.gather([value], has_exponents)
    return leaves


def holders(value: Any) -> list[Any]:
    """The objects and lists in a value, itself included."""
    if not isinstance(value, dict | list):
        return []
    inside = value.values() if isinstance(value, dict) else value
    return [value, *(holder for item in inside for holder in holders(item))]


KEYS = st.sampled_from(["a", "b", "c", "d", "pay"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.sampled_from(["", "x", "y", MAIL, "to " + MAIL])
    | st.sampled_from(['{"a": "' + MAIL + '", "b": 1.0}', '[{"pay": {"c": 1e-05}}, "x"]', '["x"]'])
    | st.sampled_from([1, CARD, 1.5, -0.0, 1e-05, Number("1.50"), Number("4111111111111111.0")])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(KEYS, inner, max_size=4)
        # As of records: the same keys in the same order.
        | st.lists(st.fixed_dictionaries({"a": inner, "b": SCALARS}), max_size=6)
        | st.lists(st.fixed_dictionaries({"b": inner}), max_size=6)
    ),
    max_leaves=30,
)
ALIKE = st.sampled_from([1, 3, 1000])
"""So many objects with the same keys make columns."""


@contextmanager
def columns_from(count: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_ALIKE", count)
        patch.setattr(columns, "_FEW", count)
        yield
