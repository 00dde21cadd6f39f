"""What holds of the decision for every policy, caller and call."""

import re
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.document import Effect, Rule, Who
from gateway.policy.glob import Glob
from gateway.policy.match import IMPLIED, conclude, decide, is_among, verdicts, visible
from gateway.policy.target import TargetKind
from gateway.reasons import Reason
from gateway.values import Call, Caller, Decision, Refusal
from tests.gateway.policy.generated import (
    APPROVALS,
    CALLERS,
    CALLS,
    GRANTS,
    NOW,
    PROMPTS,
    TOOLS,
    URIS,
    make_call,
    policy_of,
    rules,
)

RULES = st.lists(rules(), max_size=5)
DEMANDING = st.builds(
    lambda rule, terms, grant: replace(rule, who=Who(), methods=(Glob("*"),), approval=terms, grant=grant),
    rules(Effect.ALLOW, conditions=False),
    st.sampled_from(list(APPROVALS.values())),
    st.sampled_from(list(GRANTS)),
)
"""Rules that allow anyone anything, with an approval and a grant, so that they meet."""


@given(CALLERS, CALLS)
def test_nothing_is_allowed_by_default(caller: Caller, call: Call) -> None:
    refused = decide(policy_of(), caller, call, NOW)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.NO_ACCESS


@given(st.lists(rules(Effect.DENY), max_size=4), CALLERS, CALLS)
def test_denies_alone_allow_nothing(denies: list[Rule], caller: Caller, call: Call) -> None:
    assert isinstance(decide(policy_of(*denies), caller, call, NOW), Refusal)


@given(RULES, rules(Effect.DENY), st.integers(0, 5), CALLERS, CALLS)
def test_a_further_deny_only_ever_refuses(
    before: list[Rule], deny: Rule, place: int, caller: Caller, call: Call
) -> None:
    without = decide(policy_of(*before), caller, call, NOW)
    with_deny = decide(policy_of(*before[:place], deny, *before[place:]), caller, call, NOW)
    assert isinstance(with_deny, Refusal) or with_deny == without


@given(RULES, rules(Effect.ALLOW), st.integers(0, 5), CALLERS, CALLS)
def test_a_further_allow_never_loosens_a_call_that_is_allowed(
    before: list[Rule], allow: Rule, place: int, caller: Caller, call: Call
) -> None:
    without = decide(policy_of(*before), caller, call, NOW)
    with_allow = decide(policy_of(*before[:place], allow, *before[place:]), caller, call, NOW)
    if isinstance(without, Decision):
        assert isinstance(with_allow, Decision)
        assert set(with_allow.masks) >= set(without.masks)
        assert set(with_allow.grants) >= set(without.grants)
        assert set(with_allow.approvals) >= set(without.approvals)
        assert set(with_allow.rules) >= set(without.rules)


@given(RULES, CALLERS, CALLS)
def test_what_is_explained_rule_by_rule_is_what_is_decided(before: list[Rule], caller: Caller, call: Call) -> None:
    policy = policy_of(*before)
    found = verdicts(policy, caller, call, NOW)
    assert len(found) == len(policy.rules_of.get(call.server, ()))
    if call.server in policy.servers:
        assert conclude(policy, caller, call, found) == decide(policy, caller, call, NOW)


@given(RULES, st.randoms(use_true_random=False), CALLERS, CALLS)
def test_the_order_of_rules_decides_nothing(before: list[Rule], random: Any, caller: Caller, call: Call) -> None:
    shuffled = random.sample(before, len(before))
    one, other = decide(policy_of(*before), caller, call, NOW), decide(policy_of(*shuffled), caller, call, NOW)
    if isinstance(one, Decision):
        assert isinstance(other, Decision)
        assert (one.masks, one.approvals, one.grants) == (other.masks, other.approvals, other.grants)
        assert set(one.rules) == set(other.rules)
    else:
        assert isinstance(other, Refusal)
        assert one.reason is other.reason


@given(RULES, CALLERS, st.sampled_from(TOOLS), st.integers(0, 3))
def test_tools_are_decided_as_the_sentence_says(before: list[Rule], caller: Caller, tool: str, number: int) -> None:
    """No deny matches and an allow does, where a condition that fails makes a deny match and an allow not."""
    call = make_call("tools/call", tool, arguments={"n": number})
    holds = {"true": True, "false": False, "args.n > 1": number > 1, "'one' in caller.groups": "id-1" in caller.groups}

    def matches(rule: Rule) -> bool:
        patterns = [*((glob.text, tool) for glob in rule.tools), *((glob.text, "tools/call") for glob in rule.methods)]
        is_covered = any(
            re.fullmatch(".*".join(map(re.escape, glob.split("*"))), name) is not None for glob, name in patterns
        )
        is_deny = rule.effect is Effect.DENY
        is_when = rule.when is None or holds.get(rule.when.text, is_deny)
        is_excepted = rule.unless is not None and holds.get(rule.unless.text, not is_deny)
        return is_covered and is_among(rule.who, caller) and is_when and not is_excepted

    matching = {rule.effect for rule in before if "records" in rule.servers and matches(rule)}
    assert isinstance(decide(policy_of(*before), caller, call, NOW), Decision) is (matching == {Effect.ALLOW})


@given(RULES | st.lists(DEMANDING, min_size=1, max_size=2), rules() | DEMANDING, st.integers(0, 5), CALLERS, CALLS)
def test_a_further_rule_never_takes_an_approval_or_a_grant_away(
    before: list[Rule], further: Rule, place: int, caller: Caller, call: Call
) -> None:
    without = decide(policy_of(*before), caller, call, NOW)
    with_further = decide(policy_of(*before[:place], further, *before[place:]), caller, call, NOW)
    if isinstance(without, Decision) and isinstance(with_further, Decision):
        assert set(with_further.approvals) >= set(without.approvals)
        assert set(with_further.grants) >= set(without.grants)


@given(RULES | st.lists(DEMANDING, min_size=2, max_size=4), CALLERS, CALLS)
def test_approvals_and_grants_are_those_of_the_rules_that_match_each_once_in_the_order_of_the_document(
    before: list[Rule], caller: Caller, call: Call
) -> None:
    decision = decide(policy_of(*before), caller, call, NOW)
    if isinstance(decision, Decision):
        asked = {rule.approval for rule in before if rule.name in decision.rules}
        expected = [terms for terms in APPROVALS.values() if terms in asked]
        assert list(decision.approvals) == ([] if call.method in IMPLIED else expected)
        required = {rule.grant for rule in before if rule.name in decision.rules}
        grants = [name for name in GRANTS if name in required]
        assert list(decision.grants) == ([] if call.method in IMPLIED else grants)


def _uses(kind: TargetKind, name: str) -> Call:
    return make_call({"tool": "tools/call", "resource": "resources/read", "prompt": "prompts/get"}[kind.value], name)


TARGETS = st.sampled_from(
    [(TargetKind.TOOL, name) for name in TOOLS]
    + [(TargetKind.RESOURCE, name) for name in URIS]
    + [(TargetKind.PROMPT, name) for name in PROMPTS]
)


@given(st.lists(rules(conditions=False), max_size=5), CALLERS, TARGETS)
def test_without_conditions_a_list_shows_exactly_what_may_be_used(
    before: list[Rule], caller: Caller, target: tuple[TargetKind, str]
) -> None:
    policy = policy_of(*before)
    decision = decide(policy, caller, _uses(*target), NOW)
    assert visible(policy, caller, "records", *target) is isinstance(decision, Decision)


OPEN = st.frozensets(st.sampled_from(list(GRANTS)))
OFTEN_GRANTED = RULES | st.lists(DEMANDING, max_size=2)


@given(OFTEN_GRANTED, CALLERS, TARGETS, OPEN)
def test_a_list_hides_exactly_what_only_hiding_grants_cover_that_are_not_open(
    before: list[Rule], caller: Caller, target: tuple[TargetKind, str], opened: frozenset[str]
) -> None:
    """What a hiding grant that is not open covers is shown as if its rule were not there."""

    def hides(rule: Rule) -> bool:
        return rule.grant != "" and GRANTS[rule.grant].hides_tools and rule.grant not in opened

    left = policy_of(*(rule for rule in before if not hides(rule)))
    shown = visible(policy_of(*before), caller, "records", *target, opened)
    assert shown is visible(left, caller, "records", *target)
    assert shown is visible(policy_of(*before), caller, "records", *target) or any(map(hides, before))


@given(OFTEN_GRANTED, CALLERS, TARGETS, OPEN, OPEN)
def test_a_grant_that_opens_hides_nothing_and_with_all_open_lists_are_as_without_grants(
    before: list[Rule], caller: Caller, target: tuple[TargetKind, str], opened: frozenset[str], more: frozenset[str]
) -> None:
    policy = policy_of(*before)
    if visible(policy, caller, "records", *target, opened):
        assert visible(policy, caller, "records", *target, opened | more)
    assert visible(policy, caller, "records", *target, frozenset(GRANTS)) is visible(policy, caller, "records", *target)


@given(RULES, CALLERS, TARGETS)
def test_what_may_be_used_is_listed_and_what_is_listed_is_not_called_unknown(
    before: list[Rule], caller: Caller, target: tuple[TargetKind, str]
) -> None:
    policy = policy_of(*before)
    decision = decide(policy, caller, _uses(*target), NOW)
    if isinstance(decision, Decision):
        assert visible(policy, caller, "records", *target)
    elif visible(policy, caller, "records", *target):
        assert decision.reason is Reason.DENIED
    else:
        assert decision.reason in (Reason.TARGET_HIDDEN, Reason.NO_ACCESS)


@given(RULES, CALLERS, CALLS)
def test_every_rule_of_the_server_has_its_verdict(before: list[Rule], caller: Caller, call: Call) -> None:
    policy = policy_of(*before)
    found = verdicts(policy, caller, call, NOW)
    assert [verdict.rule for verdict in found] == list(policy.rules_of["records"])
    decision = decide(policy, caller, call, NOW)
    if isinstance(decision, Decision):
        assert decision.rules == tuple(verdict.rule.name for verdict in found if verdict.matches)
