"""What a policy remembers of calls: nothing that it would not say again, and no more than there is room for."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.policy import remembered
from gateway.policy.document import Effect, Rule, Who
from gateway.policy.glob import Glob
from gateway.policy.match import conclude, decide, verdicts
from gateway.policy.remembered import MAX_ITEMS, MAX_NAME, Remembered
from gateway.values import Call, Caller, Decision, Refusal
from tests.fakes.values import CALLER
from tests.gateway.policy.generated import CALLERS, CALLS, NOW, make_call, policy_of, rules

ANYONE = Rule("all", Effect.ALLOW, Who(), frozenset({"records"}), tools=(Glob("*"),))


@given(st.lists(rules(), max_size=5), st.lists(st.tuples(CALLERS, CALLS), max_size=6), CALLERS, CALLS)
def test_what_was_decided_before_for_others_and_of_other_calls_changes_no_decision(
    of: list[Rule], before: list[tuple[Caller, Call]], caller: Caller, call: Call
) -> None:
    policy = policy_of(*of)
    for other, another in before:
        decide(policy, other, another, NOW)
    fresh = decide(policy_of(*of), caller, call, NOW)
    assert decide(policy, caller, call, NOW) == fresh == decide(policy, caller, call, NOW)


@given(st.lists(rules(), max_size=5), CALLERS, CALLS)
def test_what_is_remembered_decides_as_the_verdict_of_every_rule_does(
    of: list[Rule], caller: Caller, call: Call
) -> None:
    policy = policy_of(*of)
    if call.server not in policy.servers:
        return
    expected = conclude(policy, caller, call, verdicts(policy, caller, call, NOW))
    assert [decide(policy, caller, call, NOW) for _ in range(2)] == [expected, expected]


def test_a_policy_with_other_rules_has_a_memory_of_its_own() -> None:
    policy, call = policy_of(ANYONE), make_call("tools/call", "get")
    assert isinstance(decide(policy, CALLER, call, NOW), Decision)
    deny = replace(ANYONE, effect=Effect.DENY)
    assert isinstance(decide(replace(policy, rules_of={"records": (ANYONE, deny)}), CALLER, call, NOW), Refusal)


def test_a_tool_is_looked_for_among_the_rules_once() -> None:
    policy, call = policy_of(ANYONE), make_call("tools/call", "get")
    decide(policy, CALLER, call, NOW)
    # Nobody changes a policy; were the rules read again, this would refuse.
    object.__setattr__(policy, "rules_of", {})
    assert isinstance(decide(policy, CALLER, call, NOW), Decision)


def test_what_is_kept_is_bounded_whatever_tools_are_named() -> None:
    memory: Remembered[int] = Remembered()
    for number in range(3 * MAX_ITEMS // 10):
        memory.keep((number,), "tool", tuple(range(9)))
        assert sum(len(items) + 1 for items in memory._known.values()) <= MAX_ITEMS
    assert memory.find((number,)) == tuple(range(9))
    assert memory.find((0,)) is None


def test_names_and_answers_that_are_too_long_are_worked_out_anew() -> None:
    memory: Remembered[int] = Remembered()
    memory.keep(("name",), "n" * (MAX_NAME + 1), ())
    memory.keep(("items",), "n", (0,) * remembered.MAX_ITEMS)
    assert memory.find(("name",)) is memory.find(("items",)) is None


def test_a_method_that_is_too_long_is_not_remembered() -> None:
    policy = policy_of(ANYONE)
    decide(policy, CALLER, make_call("m" * (MAX_NAME + 1), ""), NOW)
    assert not policy.remembered._known
