"""Who may ask for which grant, and what opens one without people."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.condition import Condition, Place, compile_condition
from gateway.policy.document import Effect, Rule
from gateway.policy.eligibility import AccessRequest, approved_by_rule, asks, grants_for
from gateway.policy.match import decide, is_among
from gateway.values import Call, Caller, CallerKind, Decision
from tests.fakes.values import CALLER
from tests.gateway.policy.documents import changed, good
from tests.gateway.policy.generated import CALLERS, CALLS, GRANTS, NOW, SERVERS, policy_of, rules

ENGINEER = replace(CALLER, groups=frozenset({"6f1c0000-0000-4000-8000-000000000001"}))
HR = replace(CALLER, groups=frozenset({"6f1c0000-0000-4000-8000-000000000002"}))
REQUEST = AccessRequest("records", "CHG001234: a customer waits", 900, NOW + timedelta(hours=1))
SECTION = """\
grants:
  desk: {ceiling: 1h, approves: 'true'}
  hr-only: {ceiling: 1h, approves: 'true', who: {groups: [hr]}}
  unused: {ceiling: 1h, approves: 'true'}
rules:
  - {name: desks, effect: allow, who: {groups: [engineering]}, servers: [other], tools: [a], require: {grant: desk}}
  - {name: hrs, effect: allow, who: anyone, servers: [records, other], tools: [a], require: {grant: hr-only}}
"""
POLICY = good(changed("rules:\n", SECTION).replace("servers:\n", "servers:\n  other: {url: 'https://x.example'}\n", 1))


@pytest.mark.parametrize(
    ("caller", "server", "name", "may"),
    [
        (ENGINEER, "other", "desk", True),
        (ENGINEER, "records", "desk", False),  # no rule there needs it
        (HR, "other", "desk", False),  # the rule that needs it is for others
        (HR, "records", "hr-only", True),
        (ENGINEER, "records", "hr-only", False),  # the grant is for others
        (ENGINEER, "records", "unused", False),
        (ENGINEER, "records", "unknown", False),
        (ENGINEER, "nowhere", "desk", False),
    ],
)
def test_whoever_asks_must_be_one_for_whom_the_grant_and_a_rule_with_it_are(
    caller: Caller, server: str, name: str, may: bool
) -> None:
    assert asks(POLICY, caller, server, name) is may


def test_what_a_caller_may_ask_for_is_listed_in_the_order_of_the_document() -> None:
    both = replace(CALLER, groups=ENGINEER.groups | HR.groups)
    listed = [(server, terms.name) for server, terms in grants_for(POLICY, both)]
    assert listed == [("other", "desk"), ("other", "hr-only"), ("records", "hr-only")]
    assert grants_for(POLICY, CALLER) == ()


@given(st.lists(rules(), max_size=5), CALLERS)
def test_the_list_is_what_may_be_asked_for(before: list[Rule], caller: Caller) -> None:
    policy = policy_of(*before)
    listed = {(server, terms.name) for server, terms in grants_for(policy, caller)}
    assert listed == {(server, name) for server in SERVERS for name in GRANTS if asks(policy, caller, server, name)}


@given(st.lists(rules(), max_size=5), CALLERS, CALLS)
def test_a_call_that_needs_a_grant_is_of_one_who_may_ask_for_it_if_the_grant_is_for_them(
    before: list[Rule], caller: Caller, call: Call
) -> None:
    policy = policy_of(*before)
    decision = decide(policy, caller, call, NOW)
    if isinstance(decision, Decision):
        for name in decision.grants:
            assert asks(policy, caller, call.server, name) is is_among(GRANTS[name].who, caller)


def opens(text: str, caller: Caller = ENGINEER, request: AccessRequest = REQUEST) -> bool:
    """Whether a grant with this condition opens without people."""
    compiled = compile_condition(text, POLICY.groups, Place.GRANT)
    assert isinstance(compiled, Condition), compiled
    return approved_by_rule(POLICY, replace(POLICY.grants["desk"], approves=compiled), caller, request, NOW)


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("grant.reason.matches('^CHG[0-9]{6}')", True),
        ("grant.name == 'desk' && grant.server == 'records'", True),
        ("grant.minutes == 15 && grant.starts - now == duration('1h')", True),
        ("'engineering' in caller.groups && caller.kind == 'user'", True),
        ("'hr' in caller.groups", False),
        ("int(grant.reason) == 1 || true", True),
        ("int(grant.reason) == 1", False),
        ("grant.reason.matches('^CHG') && int(grant.reason) == 1", False),
    ],
)
def test_a_condition_opens_a_grant_where_it_holds_and_not_where_it_fails(text: str, does: bool) -> None:
    assert opens(text) is does


@pytest.mark.parametrize(("seconds", "minutes"), [(60, 1), (61, 2), (59, 1), (3600, 60), (3601, 61)])
def test_minutes_are_rounded_up(seconds: int, minutes: int) -> None:
    assert opens(f"grant.minutes == {minutes}", request=replace(REQUEST, seconds=seconds))


def test_what_has_no_start_of_its_own_starts_now() -> None:
    assert opens("grant.starts == now", request=replace(REQUEST, starts=None))


def test_without_a_condition_or_without_all_groups_people_decide() -> None:
    assert not approved_by_rule(POLICY, replace(POLICY.grants["desk"], approves=None), ENGINEER, REQUEST, NOW)
    assert opens("!('hr' in caller.groups)")
    assert not opens("!('hr' in caller.groups)", replace(ENGINEER, groups_complete=False))


def test_an_application_may_ask_where_the_rule_is_for_it() -> None:
    app = replace(CALLER, kind=CallerKind.APP, roles=frozenset({"Mcp.Call"}))
    rule = Rule("r", Effect.ALLOW, GRANTS["bench"].who, frozenset({"records"}), grant="bench")
    assert asks(policy_of(rule), app, "records", "bench")
    assert not asks(policy_of(rule), CALLER, "records", "bench")
    assert not asks(policy_of(replace(rule, effect=Effect.DENY)), app, "records", "bench")
