"""Explanations say what live calls are told."""

from datetime import timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from gateway.authorize import authorize
from gateway.cli.explanation import explain, in_json
from gateway.policy.document import Effect, Rule
from gateway.policy.match import decide
from gateway.values import Call, Caller, Decision
from tests.fakes.values import CALL, CALLER
from tests.gateway.policy.generated import CALLERS, CALLS, NOW, policy_of, rules

RULES = st.lists(rules(), max_size=5)


@given(RULES, CALLERS, CALLS)
def test_the_decision_is_the_one_of_live_calls(before: list[Rule], caller: Caller, call: Call) -> None:
    policy = policy_of(*before)
    explained = explain(policy, caller, call, NOW)
    assert explained.outcome == authorize(policy, caller, call, NOW) == decide(policy, caller, call, NOW)


@given(RULES, CALLERS, CALLS)
def test_what_programs_read_is_the_decision(before: list[Rule], caller: Caller, call: Call) -> None:
    policy = policy_of(*before)
    found = in_json(explain(policy, caller, call, NOW))
    outcome = decide(policy, caller, call, NOW)
    assert (found["decision"] == "allow") is isinstance(outcome, Decision)
    assert found["rules"] == list(outcome.rules)
    if isinstance(outcome, Decision):
        assert set(found["requires"]) == outcome.requires
        assert [mask["name"] for mask in found["masks"]] == [mask.name for mask in outcome.masks]
    else:
        assert found["reason"] == outcome.reason.name.lower()


@given(RULES, CALLERS, CALLS)
def test_the_rules_that_match_are_the_rules_that_decide(before: list[Rule], caller: Caller, call: Call) -> None:
    found = in_json(explain(policy_of(*before), caller, call, NOW))
    assert [verdict["rule"] for verdict in found["verdicts"]] == [rule.name for rule in before]
    effect = Effect.ALLOW if found["decision"] == "allow" else Effect.DENY
    if found["rules"]:
        matching = [verdict for verdict in found["verdicts"] if verdict["matches"]]
        assert found["rules"] == [verdict["rule"] for verdict in matching if verdict["effect"] == effect]


def test_the_time_is_told_in_utc() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    assert in_json(explain(policy_of(), CALLER, CALL, there))["at"] == "2026-11-23T00:00:00+00:00"
