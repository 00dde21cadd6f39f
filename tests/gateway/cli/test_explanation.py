"""Explanations say what live calls are told."""

from dataclasses import replace
from datetime import timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from gateway.authorize import authorize
from gateway.cli.explanation import explain, in_json
from gateway.policy.document import Effect, Rule, Who
from gateway.policy.eligibility import asks
from gateway.policy.glob import Glob
from gateway.policy.match import decide
from gateway.values import Call, Caller, Decision
from tests.fakes.values import CALL, CALLER
from tests.gateway.policy.generated import APPROVALS, CALLERS, CALLS, NOW, policy_of, rules

RULES = st.lists(rules(), max_size=5)


@given(RULES, CALLERS, CALLS)
def test_the_decision_is_the_one_of_live_calls(before: list[Rule], caller: Caller, call: Call) -> None:
    policy = policy_of(*before)
    explained = explain(policy, caller, call, NOW)
    assert explained.outcome == authorize(policy, caller, call, NOW) == decide(policy, caller, call, NOW)


@given(RULES, CALLERS, CALLS)
def test_what_programs_read_is_the_decision(before: list[Rule], caller: Caller, call: Call) -> None:
    policy = policy_of(*before)
    found = in_json(explain(policy, caller, call, NOW), policy)
    outcome = decide(policy, caller, call, NOW)
    assert (found["decision"] == "allow") is isinstance(outcome, Decision)
    assert found["rules"] == list(outcome.rules)
    if isinstance(outcome, Decision):
        assert tuple(terms["name"] for terms in found["grants"]) == outcome.grants
        may_ask = [terms["may_ask"] for terms in found["grants"]]
        assert may_ask == [asks(policy, caller, call.server, name) for name in outcome.grants]
        assert [(terms["name"], terms["people"]) for terms in found["approvals"]] == [
            (terms.name, terms.people) for terms in outcome.approvals
        ]
        assert [mask["name"] for mask in found["masks"]] == [mask.name for mask in outcome.masks]
    else:
        assert found["reason"] == outcome.reason.name.lower()


@given(RULES, CALLERS, CALLS)
def test_the_rules_that_match_are_the_rules_that_decide(before: list[Rule], caller: Caller, call: Call) -> None:
    found = in_json(explain(policy_of(*before), caller, call, NOW), policy_of(*before))
    assert [verdict["rule"] for verdict in found["verdicts"]] == [rule.name for rule in before]
    effect = Effect.ALLOW if found["decision"] == "allow" else Effect.DENY
    if found["rules"]:
        matching = [verdict for verdict in found["verdicts"] if verdict["matches"]]
        assert found["rules"] == [verdict["rule"] for verdict in matching if verdict["effect"] == effect]


def test_programs_read_who_approves_by_label_and_durations_in_seconds() -> None:
    rule = Rule("r", Effect.ALLOW, Who(), frozenset({"records"}), tools=(Glob("*"),), approval=APPROVALS["m"])
    policy = policy_of(rule)
    [terms] = in_json(explain(policy, CALLER, CALL, NOW), policy)["approvals"]
    assert terms == {
        "name": "m",
        "approvers": ["one", "two"],
        "people": 1,
        "expires": 3600,
        "use_within": 3600,
        "remind": 600,
        "escalate_after": 1200,
        "escalate_to": ["id-3"],
        "requester_reason": True,
        "approver_reason": True,
        "reuse": 0,
        "covers_answers": True,
    }


def test_programs_read_what_a_grant_is() -> None:
    rule = Rule("r", Effect.ALLOW, Who(), frozenset({"records"}), tools=(Glob("*"),), grant="desk")
    policy = policy_of(rule)
    approved_by = in_json(explain(policy_of(replace(rule, approval=APPROVALS["z"])), CALLER, CALL, NOW), policy)
    [terms] = in_json(explain(policy, CALLER, CALL, NOW), policy)["grants"]
    assert terms == {
        "name": "desk",
        "ceiling": 3600,
        "who": {"groups": ["one"]},
        "approval": approved_by["approvals"][0],
        "approves": None,
        "ahead": 0,
        "at_once": 0,
        "is_extendable": False,
        "needs_reason": True,
        "remind": 0,
        "cancels_calls": False,
        "hides_tools": True,
        "may_ask": False,
    }


def test_the_time_is_told_in_utc() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    assert in_json(explain(policy_of(), CALLER, CALL, there), policy_of())["at"] == "2026-11-23T00:00:00+00:00"
