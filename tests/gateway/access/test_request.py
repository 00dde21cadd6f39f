"""What may be asked for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.grant import State
from gateway.access.request import Asked, Wish, extension_key, facts, holder_key, place_key, unfit
from gateway.approvals.book import Actor
from gateway.reasons import Reason
from tests.fakes.values import ORIGIN
from tests.gateway.access.desk import HOLDER, KIND, kind
from tests.gateway.access.test_grant import SPAN, grant
from tests.gateway.approvals.desk import START, person

WISH = Wish("records", "desk", 600, reason="CHG1")


def judged(terms: Any = KIND, held: Any = None, **wish: Any) -> Reason | None:
    return unfit(replace(WISH, **wish), terms, HOLDER, held, START)


def test_what_fits_the_terms_may_be_asked_for() -> None:
    assert judged() is None
    assert judged(seconds=3600) is None
    assert judged(subject=HOLDER.object_id) is None
    assert judged(kind(needs_reason=False), reason="") is None
    assert judged(kind(ahead=86400), starts=START + timedelta(seconds=86400)) is None


@pytest.mark.parametrize(
    ("terms", "wish", "why"),
    [
        ({}, {"seconds": 3601}, Reason.GRANT_DURATION),
        ({}, {"seconds": 0}, Reason.GRANT_DURATION),
        ({}, {"seconds": -60}, Reason.GRANT_DURATION),
        ({}, {"subject": "somebody else"}, Reason.GRANT_FOR_ANOTHER),
        ({}, {"reason": "   "}, Reason.REASON_MISSING),
        ({}, {"reason": "x" * 1001}, Reason.REASON_MISSING),
        ({}, {"starts": START + timedelta(seconds=1)}, Reason.GRANT_START),
        ({"ahead": 60}, {"starts": START - timedelta(seconds=1)}, Reason.GRANT_START),
        ({"ahead": 60}, {"starts": START + timedelta(seconds=61)}, Reason.GRANT_START),
    ],
)
def test_what_does_not_is_refused_and_not_corrected(terms: dict[str, Any], wish: dict[str, Any], why: Reason) -> None:
    assert judged(kind(**terms), **wish) is why


def test_nobody_holds_one_twice() -> None:
    pending, scheduled = grant(opened=None), grant()
    assert judged(held=pending) is Reason.GRANT_HELD
    assert judged(held=scheduled) is Reason.GRANT_HELD


def test_an_open_one_is_extended_up_to_the_ceiling_where_the_terms_let_it() -> None:
    held = grant(opened=replace(SPAN, starts=START, ends=START + timedelta(seconds=3000)))
    assert held.state(START) is State.OPEN
    assert judged(held=held, seconds=600) is None
    assert judged(held=held, seconds=601) is Reason.GRANT_DURATION
    assert judged(kind(is_extendable=False), held=held, seconds=600) is Reason.GRANT_HELD
    assert judged(kind(ahead=60), held=held, seconds=600, starts=START) is Reason.GRANT_HELD


def test_one_that_is_over_stands_in_nobodys_way() -> None:
    assert unfit(WISH, KIND, HOLDER, grant(), START + timedelta(days=1)) is None


def test_an_extension_is_recorded_in_the_session_of_what_it_extends() -> None:
    held = grant(opened=replace(SPAN, starts=START, ends=START + timedelta(seconds=3000)))
    asked = Asked(WISH, KIND, "0" * 64, False, START)
    made = facts("b" * 32, asked, Actor(HOLDER, ORIGIN), HOLDER, held)
    assert (made.extends, made.session, made.latest) == (held.id, held.request.session, START + timedelta(seconds=3600))
    fresh = facts("b" * 32, asked, Actor(HOLDER, ORIGIN), HOLDER, None)
    assert (fresh.extends, fresh.session, fresh.latest) == ("", f"20261123-{'b' * 32}", None)


@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), min_size=2, max_size=2, unique=True))
def test_no_two_holders_places_or_extensions_share_a_key(pairs: list[tuple[str, str]]) -> None:
    (one, other), (third, fourth) = pairs
    assert holder_key(HOLDER, one, other) != holder_key(HOLDER, third, fourth)
    assert place_key(one, other, 0) != place_key(third, fourth, 0)
    assert place_key(one, other, 0) != place_key(one, other, 1)
    assert holder_key(HOLDER, one, other) != holder_key(person("other"), one, other)
    assert extension_key(grant()) != extension_key(grant(id="b" * 32))
