"""The sealed `requestState` of a client that comes back."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.approvals.rounds import (
    KEY,
    PREFIX,
    Round,
    declines,
    input_required,
    is_own,
    open_round,
    seal_round,
    without_round,
)
from gateway.seal import Seal
from gateway.values import Call
from tests.fakes.values import CALL, CALLER

SEAL = Seal([b"k" * 32])
THIS = Round("a" * 32, 3)


def back(state: Any, **params: Any) -> Call:
    return replace(CALL, message={**CALL.message, "params": {"name": "x", "requestState": state, **params}})


def sealed() -> str:
    return seal_round(SEAL, THIS, CALLER, CALL.server)


def test_it_opens_for_its_caller_and_server() -> None:
    assert is_own(back(sealed()))
    assert open_round(SEAL, back(sealed()), CALLER) == THIS


def test_it_opens_for_nobody_else() -> None:
    for other in (replace(CALLER, object_id="x"), replace(CALLER, tenant="x"), replace(CALLER, client="x")):
        assert open_round(SEAL, back(sealed()), other) is None
    assert open_round(SEAL, replace(back(sealed()), server="other"), CALLER) is None
    assert open_round(Seal([b"o" * 32]), back(sealed()), CALLER) is None


@given(st.integers(0, 500), st.characters(codec="ascii"))
def test_changed_in_one_character_it_opens_no_more(place: int, sign: str) -> None:
    text = sealed()
    place = len(PREFIX) + place % (len(text) - len(PREFIX))
    changed = text[:place] + sign + text[place + 1 :]
    assert changed == text or open_round(SEAL, back(changed), CALLER) is None


@pytest.mark.parametrize("state", [None, 7, "", "upstream-state", PREFIX + "x" * 2000])
def test_another_state_is_not_one_of_ours(state: Any) -> None:
    assert open_round(SEAL, back(state), CALLER) is None


def test_two_states_of_one_round_differ_so_that_each_counts_once() -> None:
    assert Round("a" * 32, 1).nonce != Round("a" * 32, 1).nonce


def test_the_call_goes_on_without_the_gateways_round_and_with_its_upstreams() -> None:
    call = back(sealed(), inputResponses={KEY: {"action": "accept"}})
    assert without_round(call).params == {"name": "x"}
    assert without_round(call, {"requestState": "theirs", "name": "y"}).params == {
        "name": "x",
        "requestState": "theirs",
    }


@pytest.mark.parametrize(("action", "said_no"), [("accept", False), ("decline", True), ("cancel", True)])
def test_whoever_declines_to_open_the_page_said_no(action: str, said_no: bool) -> None:
    assert declines(back("s", inputResponses={KEY: {"action": action}})) is said_no
    assert not declines(back("s", inputResponses=[]))


def test_a_later_round_asks_nothing_and_so_needs_no_capability() -> None:
    assert "inputRequests" not in input_required("state")
    assert input_required("state", {"mode": "url"})["inputRequests"][KEY]["method"] == "elicitation/create"
