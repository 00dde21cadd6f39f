"""The verdict on a definition, by its pin and the server's trust."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.document import Trust
from gateway.storage.contract import Pin
from gateway.tools.definition import Definition
from gateway.tools.pins import KNOWN, Verdict, accept, decide, follow

A, B = Definition("t", "a", "text a"), Definition("t", "b", "text b")
USED = Pin("t", accepted="a", accepted_text="text a", version="v1")
NEW = Pin("t", waiting="b", waiting_text="text b", version="v1")

HASHES = st.sampled_from(["a", "b", "c"])
PINS = st.none() | st.builds(Pin, tool=st.just("t"), accepted=HASHES | st.just(""), waiting=HASHES | st.just(""))


@pytest.mark.parametrize(
    ("digest", "pin", "has_baseline", "trust", "verdict"),
    [
        ("a", None, False, Trust.QUARANTINE, Verdict.PIN),
        ("a", None, True, Trust.QUARANTINE, Verdict.HOLD),
        ("a", None, True, Trust.ACCEPT, Verdict.PIN),
        ("a", USED, True, Trust.QUARANTINE, Verdict.USABLE),
        ("b", USED, True, Trust.QUARANTINE, Verdict.HOLD),
        ("b", USED, False, Trust.QUARANTINE, Verdict.HOLD),
        ("b", USED, True, Trust.ACCEPT, Verdict.PIN),
        ("b", NEW, True, Trust.QUARANTINE, Verdict.HELD),
        ("b", NEW, True, Trust.ACCEPT, Verdict.PIN),
        ("a", NEW, True, Trust.QUARANTINE, Verdict.HOLD),
    ],
)
def test_a_definition_is_used_held_or_news(
    digest: str, pin: Pin | None, has_baseline: bool, trust: Trust, verdict: Verdict
) -> None:
    assert decide(digest, pin, has_baseline=has_baseline, trust=trust) is verdict


@given(digest=HASHES, pin=PINS, has_baseline=st.booleans(), trust=st.sampled_from(Trust))
def test_only_the_accepted_definition_is_usable(digest: str, pin: Pin | None, has_baseline: bool, trust: Trust) -> None:
    verdict = decide(digest, pin, has_baseline=has_baseline, trust=trust)
    assert (verdict is Verdict.USABLE) == (pin is not None and pin.accepted == digest)


@given(digest=HASHES, pin=PINS)
def test_in_quarantine_nothing_is_pinned_after_the_baseline(digest: str, pin: Pin | None) -> None:
    assert decide(digest, pin, has_baseline=True, trust=Trust.QUARANTINE) is not Verdict.PIN


@given(digest=HASHES, pin=PINS, has_baseline=st.booleans(), trust=st.sampled_from(Trust))
def test_what_was_decided_once_is_news_no_more(digest: str, pin: Pin | None, has_baseline: bool, trust: Trust) -> None:
    verdict = decide(digest, pin, has_baseline=has_baseline, trust=trust)
    if verdict not in KNOWN:
        pin = follow(pin, Definition("t", digest, f"text {digest}"), verdict)
    assert decide(digest, pin, has_baseline=True, trust=trust) in KNOWN


def test_a_changed_tool_waits_beside_the_one_that_is_pinned() -> None:
    held = follow(USED, B, Verdict.HOLD)
    assert held == replace(USED, waiting="b", waiting_text="text b")
    assert decide("a", held, has_baseline=True, trust=Trust.QUARANTINE) is Verdict.USABLE


def test_an_accepted_tool_takes_the_place_of_the_one_before() -> None:
    accepted = accept(follow(USED, B, Verdict.HOLD))
    assert accepted == Pin("t", accepted="b", accepted_text="text b", version="v1")
    assert decide("a", accepted, has_baseline=True, trust=Trust.QUARANTINE) is Verdict.HOLD


def test_a_tool_that_the_policy_trusts_waits_no_longer() -> None:
    assert follow(NEW, B, Verdict.PIN) == Pin("t", accepted="b", accepted_text="text b", version="v1")
