"""What holds of every replay: what it tells is so, and where everything is on record it tells everything."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.authorize import authorize
from gateway.policy.document import Rule
from gateway.policy.replay import replay
from gateway.policy.replay_decisions import differences
from gateway.values import Call, Caller
from tests.gateway.policy.generated import CALLERS, CALLS, NOW, policy_of, rules
from tests.gateway.policy.past import past, record, seen

RULES = st.lists(rules(), max_size=4)


@st.composite
def _edited(draw: st.DrawFn) -> tuple[list[Rule], list[Rule]]:
    """Rules, and what somebody made of them: some left out, some new, some otherwise the same."""
    before = draw(RULES)
    left = [rule for rule in before if draw(st.integers(0, 3))]
    turned = [replace(rule, when=draw(rules()).when) if draw(st.booleans()) else rule for rule in left]
    return before, [*turned, *draw(st.lists(rules(), max_size=2))]


@settings(max_examples=150, deadline=None)
@given(_edited(), CALLERS, CALLS, st.booleans(), st.booleans())
def test_what_is_told_is_so_whatever_is_not_on_record(
    edited: tuple[list[Rule], list[Rule]], caller: Caller, call: Call, with_groups: bool, with_body: bool
) -> None:
    then, proposed = policy_of(*edited[0]), replace(policy_of(*edited[1]), digest="1" * 64)
    before, after = (authorize(policy, caller, call, NOW) for policy in (then, proposed))
    fields = record(caller, call, before, **(seen(caller) if with_groups else {}))
    if not with_body:
        fields = {name: value for name, value in fields.items() if name not in ("kept", "content")}
    replayed = replay(proposed, past(fields), {then.digest: then})
    actual = differences(before, "", after)
    assert replayed.calls == 1
    if replayed.untold:
        [line] = replayed.lines
        assert not line.verdict.differences or set(actual) <= set(line.verdict.differences)
    else:
        assert tuple(each for line in replayed.lines for each in line.verdict.differences) == actual


@settings(max_examples=60, deadline=None)
@given(_edited(), CALLERS, CALLS.filter(lambda call: "completion" not in call.method and "listen" not in call.method))
def test_where_everything_is_on_record_everything_is_told(
    edited: tuple[list[Rule], list[Rule]], caller: Caller, call: Call
) -> None:
    then, proposed = (policy_of(*each) for each in edited)
    # A number 0 may be a hidden one.
    arguments = {"arguments": {"n": 2}} if "tools/call" in call.method or "prompts/get" in call.method else {}
    call = replace(call, message={"params": arguments})
    before = authorize(then, caller, call, NOW)
    fields = record(caller, call, before, **seen(caller))
    replayed = replay(replace(proposed, digest="1" * 64), past(fields), {then.digest: then})
    # Of a call that was refused no arguments are kept.
    assert not replayed.untold or (fields["event"] == "refused" and "arguments: " in replayed.lines[0].verdict.why)


@settings(max_examples=60, deadline=None)
@given(RULES, CALLERS, CALLS)
def test_the_policy_of_then_changes_nothing(found: list[Rule], caller: Caller, call: Call) -> None:
    policy = policy_of(*found)
    before = authorize(policy, caller, call, NOW)
    replayed = replay(policy, past(record(caller, call, before)), {policy.digest: policy})
    assert (replayed.changed, replayed.untold) == (0, 0)
