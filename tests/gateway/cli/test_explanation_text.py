"""Explanations in a terminal."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.explanation import explain, in_json
from gateway.cli.explanation_text import in_text
from gateway.policy.condition import Condition, Place, compile_condition
from gateway.policy.document import Effect, Limit, Policy, Rule, Who
from gateway.policy.glob import Glob
from gateway.values import Call, Caller, CallerKind, Decision
from tests.fakes.values import CALLER
from tests.gateway.policy.generated import (
    APPROVALS,
    CALLERS,
    CALLS,
    MASKS,
    NOW,
    condition,
    make_call,
    policy_of,
    rules,
)

ALLOW = Rule("allowing", Effect.ALLOW, Who(), frozenset({"records"}), tools=(Glob("get_*"), Glob("find_*")))
GET = make_call("tools/call", "get_a", arguments={"n": 1})


def shown(*of: Rule, call: Call = GET, caller: Caller = CALLER, columns: int = 100) -> list[str]:
    explained = explain(policy_of(*of), caller, call, NOW)
    return in_text(explained, policy_of(*of), person="engineer", columns=columns).splitlines()


def reason_of(rule: Rule) -> str:
    """What is said of a rule beside one that allows."""
    lines = shown(ALLOW, rule, columns=120)
    [line] = [line for line in lines if rule.name in line and line.startswith("  ")]
    return line.partition(rule.name)[2].strip()


def test_a_decision_comes_first_and_then_what_follows_from_it() -> None:
    rule = replace(ALLOW, masks=(MASKS["a"],))
    caller = replace(CALLER, groups=frozenset({"id-1", "elsewhere"}), roles=frozenset({"Mcp.Call"}))
    assert shown(rule, caller=caller)[:3] == [
        "ALLOWED  tools/call get_a on records, as engineer (user; groups elsewhere, one; roles Mcp.Call)",
        "requires nothing more",
        "masks    a (redact), c (block)",
    ]
    assert shown(replace(ALLOW, servers=frozenset({"open"})), call=replace(GET, server="open"))[1:3] == [
        "requires nothing more",
        "masks    nothing",
    ]


def test_what_has_to_be_approved_is_not_said_to_be_simply_allowed() -> None:
    second = replace(ALLOW, name="second", approval=APPROVALS["a"])
    lines = shown(replace(ALLOW, approval=APPROVALS["m"]), second, columns=110)
    assert lines[:5] == [
        "ALLOWED  once approved: tools/call get_a on records, as engineer (user)",
        "approval a: 2 people of two; to decide within 1h; good for identical calls within 15m",
        "approval m: 1 person of one or two, after 20m also of id-3; to decide within 1h; reminded every 10m; reasons",
        "         from requester and approver; good for one call within 1h; covers answers in mid-call",
        "masks    c (block)",
    ]
    assert shown(replace(ALLOW, approval=APPROVALS["a"]))[2].startswith("masks")


def test_what_needs_a_grant_says_how_it_opens_and_whether_this_caller_may_ask() -> None:
    rules = replace(ALLOW, grant="bench", approval=APPROVALS["a"]), replace(ALLOW, name="second", grant="window")
    assert shown(*rules, columns=110)[:5] == [
        "ALLOWED  under a grant and once approved: tools/call get_a on records, as engineer (user)",
        "grant    window: for up to 15m; opened by 2 people of two",
        "grant    bench: for up to 2h; opened by 1 person of one or two, after 20m also of id-3; this caller may not",
        "         ask for it",
        "approval a: 2 people of two; to decide within 1h; good for identical calls within 15m",
    ]


def test_a_grant_that_a_condition_opens_says_so() -> None:
    text = "grant.reason.matches('^CHG')"
    approves = compile_condition(text, {}, Place.GRANT)
    assert isinstance(approves, Condition)
    policy = policy_of(replace(ALLOW, grant="window"))
    for approval, further in ((None, ""), (APPROVALS["a"], "; else opened by 2 people of two")):
        terms = replace(policy.grants["window"], approves=approves, approval=approval)
        opened = replace(policy, grants={"window": terms})
        lines = in_text(explain(opened, CALLER, GET, NOW), opened, person="engineer", columns=120).splitlines()
        assert lines[:2] == [
            "ALLOWED  under a grant: tools/call get_a on records, as engineer (user)",
            f"grant    window: for up to 15m; opens at once if {text}{further}",
        ]


def test_a_refusal_says_why_and_what_the_client_is_told() -> None:
    deny = replace(ALLOW, name="denying", effect=Effect.DENY, when=condition("args.n > 0"))
    assert shown(ALLOW, deny)[:3] == [
        "REFUSED  tools/call get_a on records, as engineer (user)",
        "reason   denied: denying: it covers this call",
        "answer   The policy of this gateway does not allow this call.",
    ]


def test_an_unknown_server_is_corrected() -> None:
    assert shown(call=replace(GET, server="recrds")) == [
        "REFUSED  tools/call get_a on recrds, as engineer (user)",
        "reason   server_unknown: unknown server 'recrds'; did you mean 'records'?",
        "answer   No such MCP server here.",
    ]


def test_a_subscription_names_what_it_is_to() -> None:
    wanted = {"resourceSubscriptions": ["x://eu/1"]}
    call = make_call("subscriptions/listen", notifications=wanted)
    assert shown(call=call)[0] == "REFUSED  subscriptions/listen x://eu/1 on records, as engineer (user)"


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (ALLOW, "it covers this call"),
        (
            replace(ALLOW, when=condition("args.n > 0"), unless=condition("args.n > 1")),
            "it covers this call; its 'when' is true: args.n > 0; its 'unless' is false: args.n > 1",
        ),
        (
            replace(ALLOW, who=Who(frozenset({"id-1"}), frozenset({"Mcp.Call"}), frozenset({CallerKind.APP}))),
            "it is for other callers: groups one; roles Mcp.Call; kinds app",
        ),
        (
            replace(ALLOW, tools=(Glob("a"), Glob("b*")), methods=(Glob("tools/list"),)),
            "it covers other calls: tools a, b*; methods tools/list",
        ),
        (replace(ALLOW, when=condition("args.n > 1")), "its 'when' is false: args.n > 1"),
        (
            replace(ALLOW, when=condition("args.missing > 1")),
            "its 'when' cannot be evaluated: args.missing > 1 (a field is missing)",
        ),
        (replace(ALLOW, unless=condition("args.n > 0")), "its 'unless' is true: args.n > 0"),
        (
            replace(ALLOW, unless=condition("args.missing > 1")),
            "its 'unless' cannot be evaluated: args.missing > 1 (a field is missing)",
        ),
    ],
)
def test_a_rule_says_why_it_matches_or_does_not(rule: Rule, reason: str) -> None:
    assert reason_of(replace(rule, name="second")) == reason


def test_a_rule_for_the_whole_server_is_told_apart() -> None:
    assert "it gives access to the server" in shown(ALLOW, call=make_call("tools/list"))[5]


def test_rules_that_match_stand_before_others_and_conditions_before_strangers() -> None:
    strange = replace(ALLOW, name="strange", who=Who(groups=frozenset({"id-1"})))
    false = replace(ALLOW, name="false", when=condition("args.n > 1"))
    lines = shown(strange, false, ALLOW)
    assert lines[3:] == [
        "",
        "Rules that match:",
        "  allow  allowing  it covers this call",
        "",
        "Rules that do not:",
        "  allow  false     its 'when' is false: args.n > 1",
        "  allow  strange   it is for other callers: groups one",
    ]


@given(
    st.lists(rules(), max_size=5), CALLERS, CALLS, st.integers(80, 120), st.sampled_from(["short", "n" * 64])
)  # fmt: skip
def test_no_line_is_wider_than_the_terminal(
    before: list[Rule], caller: Caller, call: Call, columns: int, name: str
) -> None:
    policy: Policy = policy_of(*(replace(rule, name=f"{name[1:]}{number}") for number, rule in enumerate(before)))
    explained = explain(policy, caller, call, NOW)
    text = in_text(explained, policy, person="", columns=columns)
    assert max(map(len, text.splitlines())) <= columns
    assert text.startswith("ALLOWED" if isinstance(explained.outcome, Decision) else "REFUSED")
    in_one_line = " ".join(text.split())
    assert all(f"{said.rule.name} {said.why.value}" in in_one_line for said in explained.verdicts)


def test_limits_of_this_caller_on_this_server_are_told_with_their_numbers() -> None:
    here = frozenset({"records"})
    limits = (
        Limit("all", Who(), here, 2.5, 20, 4, 500, 2 * 1024 * 1024),
        Limit("few", Who(), here, concurrent=1),
        Limit("agents", Who(kinds=frozenset({CallerKind.AGENT})), here, concurrent=2),
    )
    policy = replace(policy_of(ALLOW), limits_of={"records": limits})
    lines = in_text(explain(policy, CALLER, GET, NOW), policy, person="engineer", columns=100).splitlines()
    assert lines[3:5] == [
        "limit    all: at most 2.5 requests a second, 20 at once; 4 open; 500 calls in a session; answers of",
        "         2MiB, in each process",
    ]
    assert lines[5] == "limit    few: at most 1 open, in each process"
    assert not any("agents" in line for line in lines)
    told = in_json(explain(policy, CALLER, GET, NOW), policy)["limits"]
    assert [each["name"] for each in told] == ["all", "few"]
    assert (told[0]["result_bytes"], told[1]["requests_per_second"]) == (2 * 1024 * 1024, None)
