"""Recorded calls under a proposed policy."""

from dataclasses import replace

import pytest

from gateway.authorize import authorize
from gateway.policy.difference import Bearing
from gateway.policy.document import Policy
from gateway.policy.past_call import PastCall
from gateway.policy.replay import Replayed, replay
from gateway.policy.replay_words import words
from gateway.values import Call, Caller, CallerKind
from tests.fakes.values import CALLER
from tests.gateway.policy.documents import good
from tests.gateway.policy.generated import NOW, make_call
from tests.gateway.policy.past import past, record, seen

ENGINEERING, HR = "6f1c0000-0000-4000-8000-000000000001", "6f1c0000-0000-4000-8000-000000000002"
TEXT = f"""\
version: 1
groups: {{engineering: {ENGINEERING}, hr: {HR}}}
servers:
  records: {{url: "https://records.example.com/mcp", mask: [personal]}}
  other: {{url: "https://other.example.com/mcp"}}
masks:
  personal: {{detect: [email]}}
  money: {{fields: [salary]}}
approvals:
  two: {{approvers: [hr], people: 2}}
grants:
  window: {{ceiling: 1h, approval: two}}
rules:
  - {{name: read, effect: allow, who: {{groups: [engineering]}}, servers: [records], tools: ["get_*"]}}
  - {{name: pay, effect: allow, who: {{groups: [engineering]}}, servers: [records], tools: [pay]}}
  - {{name: large, effect: deny, who: anyone, servers: [records], tools: [pay], when: args.amount > 1000}}
  - {{name: bots, effect: allow, who: {{roles: [Mcp.Call]}}, servers: [other], tools: ["*"]}}
"""
ENGINEER = replace(CALLER, groups=frozenset({ENGINEERING}))
BOT = replace(CALLER, kind=CallerKind.APP, object_id="b07", roles=frozenset({"Mcp.Call"}))
GET, ALL = make_call("tools/call", "get_a", arguments={}), make_call("tools/call", "get_all", arguments={})
DELETE = make_call("tools/call", "delete_a", arguments={})


def pay(amount: object) -> Call:
    return make_call("tools/call", "pay", name="pay", arguments={"amount": amount})


def made(*calls: tuple[Caller, Call], text: str = TEXT, full: bool = False) -> list[PastCall]:
    """The calls as they are on record after this policy decided them."""
    then = good(text)
    return past(
        *(
            record(caller, call, authorize(then, caller, call, NOW), **(seen(caller) if full else {}))
            for caller, call in calls
        )
    )


def asked(old: str, new: str, *calls: tuple[Caller, Call], full: bool = False, **more: Caller) -> Replayed:
    """What the policy in which one piece is replaced makes of the calls."""
    assert old in TEXT, old
    then, proposed = good(TEXT), good(TEXT.replace(old, new))
    return replay(proposed, made(*calls, full=full), {then.digest: then}, more.values())


@pytest.mark.parametrize(
    ("old", "new", "call", "bearing", "phrase"),
    [
        ('["get_*"]', "[get_a]", ALL, Bearing.TIGHTENS, "refused (target_hidden) instead of allowed"),
        ("[pay]}", "[pay], require: {approval: two}}", pay(9), Bearing.TIGHTENS, "needs approval two"),
        ("[pay]}", "[pay], require: {grant: window}}", pay(9), Bearing.TIGHTENS, "needs grant window"),
        ("[pay]}", "[pay], mask: [money]}", pay(9), Bearing.TIGHTENS, "mask money is applied to answers"),
        (", mask: [personal]", "", pay(9), Bearing.LOOSENS, "mask personal is not applied to answers any more"),
        ("detect: [email]", "detect: [iban]", pay(9), Bearing.MAY, "mask personal on answers hides something else"),
        ("> 1000", "> 5", pay(9), Bearing.TIGHTENS, "refused (denied by large) instead of allowed"),
    ],
)
def test_a_decision_that_changes_is_told(old: str, new: str, call: Call, bearing: Bearing, phrase: str) -> None:
    replayed = asked(old, new, (ENGINEER, call), (ENGINEER, call), (ENGINEER, GET), full=True)
    line = next(line for line in replayed.lines if line.target == call.target)
    assert phrase in " ".join(each.phrase for each in line.verdict.differences)
    assert (line.verdict.bearing, line.verdict.why, line.calls, line.call) == (bearing, "", 2, "c0")


def test_a_call_that_was_refused_and_would_be_allowed_comes_first() -> None:
    replayed = asked('["get_*"]', '["delete_*"]', (ENGINEER, GET), (ENGINEER, GET), (ENGINEER, DELETE), full=True)
    assert (replayed.changed, replayed.untold, replayed.unchanged) == (3, 0, 0)
    assert words(replayed, {ENGINEER.object_id: "ada"})[1:] == [
        "loosens: allowed instead of refused (target_hidden): 1 call of user ada to records: tools/call delete_a "
        "(first 2026-11-23T00:00:00Z, call c2)",
        "tightens: refused (target_hidden) instead of allowed: 2 calls of user ada to records: tools/call get_a "
        "(first 2026-11-23T00:00:00Z, call c0)",
    ]


def test_calls_of_a_server_that_nothing_changes_for_need_nothing_on_record() -> None:
    [call] = made((BOT, replace(GET, server="other", method="subscriptions/listen")))
    then, proposed = good(TEXT), good(TEXT.replace("> 1000", "> 5"))
    assert replay(proposed, [call], {then.digest: then}).unchanged == 1


def test_the_rules_on_record_tell_whose_call_it_was() -> None:
    """Whoever met `read` is in engineering, for there is no other group in it."""
    replayed = asked("[pay]}", "[pay], require: {approval: two}}", (ENGINEER, pay(9)), (ENGINEER, GET))
    assert (replayed.changed, replayed.untold) == (1, 0)


def test_a_caller_without_access_may_have_been_denied_by_rules_that_are_not_on_record() -> None:
    """Of such a call the record has no rules, so it does not say that the caller was in no group that they name."""
    then = f"{TEXT}  - {{name: nobody, effect: deny, who: anyone, servers: [records], tools: [get_a]}}\n"
    then += "  - {name: not-hr, effect: deny, who: {groups: [hr]}, servers: [records], tools: [hire]}\n"
    proposed = f"{then}  - {{name: new, effect: allow, who: {{groups: [hr]}}, servers: [records], tools: [hire]}}\n"
    member = replace(CALLER, groups=frozenset({HR}))
    [line] = replay(good(proposed), made((member, GET), text=then), {good(then).digest: good(then)}).lines
    assert line.verdict.why == "whether the caller was in the group hr"


def test_a_condition_that_reads_what_was_not_kept_cannot_be_told() -> None:
    [call] = made((ENGINEER, pay(9)), full=True)
    bare = replace(call, call=replace(call.call, message={}), no_arguments="they were not kept")
    [line] = replay(good(TEXT.replace("> 1000", "> 5")), [bare], {good(TEXT).digest: good(TEXT)}).lines
    assert line.verdict.why == "how the condition args.amount > 5 came out (arguments: they were not kept)"


def masked(amount: object, text: str = TEXT) -> list[PastCall]:
    """A payment of 9 that was decided as such, with something else in place of the amount on record."""
    return past(record(ENGINEER, pay(amount), authorize(good(text), ENGINEER, pay(9), NOW), **seen(ENGINEER)))


@pytest.mark.parametrize("amount", ["[hidden:payment_card]", 0])
def test_a_condition_that_stays_as_it_is_came_out_as_it_did(amount: object) -> None:
    """What it reads is hidden; but the rule that denies large sums is the same, and did not match."""
    proposed = good(TEXT.replace("[pay]}", "[pay], require: {approval: two}}"))
    replayed = replay(proposed, masked(amount), {good(TEXT).digest: good(TEXT)})
    assert (replayed.changed, replayed.untold) == (1, 0)


def test_a_group_that_nobody_asked_about_then_cannot_be_told_unless_somebody_says() -> None:
    old, new = (
        "groups: [engineering]}, servers: [records], tools: [pay]",
        "groups: [hr]}, servers: [records], tools: [pay]",
    )
    [line] = asked(old, new, (ENGINEER, pay(9))).lines
    assert line.verdict.why == "whether the caller was in the group hr"
    assert line.verdict.differences[0].phrase == "refused (target_hidden) instead of allowed"
    assert asked(old, new, (ENGINEER, pay(9)), full=True).changed == 1
    assert asked(old, new, (ENGINEER, pay(9)), ada=ENGINEER).changed == 1
    both = replace(ENGINEER, groups=frozenset({ENGINEERING, HR}))
    assert asked(old, new, (ENGINEER, pay(9)), ada=both).unchanged == 1


def test_a_role_that_is_not_on_record_cannot_be_told_unless_somebody_says() -> None:
    call = replace(GET, server="other")
    old, new = "roles: [Mcp.Call]", "roles: [Mcp.Other]"
    assert asked(old, new, (BOT, call)).lines[0].verdict.why == "whether the token had the app role Mcp.Other"
    assert asked(old, new, (BOT, call), full=True).changed == 1


@pytest.mark.parametrize("amount", ["[hidden:payment_card]", 0])
def test_a_condition_that_reads_what_is_hidden_cannot_be_told(amount: object) -> None:
    then = TEXT.replace("args.amount > 1000", "args.amount == 7")
    [line] = replay(good(TEXT), masked(amount, then), {good(then).digest: good(then)}).lines
    assert line.verdict.why == "how the condition args.amount > 1000 came out (arguments: they are masked)"
    assert [each.phrase for each in line.verdict.differences] == ["refused (denied by large) instead of allowed"]


def test_an_argument_that_no_condition_reads_may_be_hidden() -> None:
    call = make_call("tools/call", "pay", arguments={"amount": 9, "note": "[hidden:email]"})
    assert asked("> 1000", "> 5", (ENGINEER, call), full=True).changed == 1


def test_without_the_policy_of_then_only_the_outcome_is_compared() -> None:
    calls = made((ENGINEER, GET), (ENGINEER, pay(9)), full=True)
    replayed = replay(good(TEXT.replace('["get_*"]', "[get_z]")), calls, {}, [ENGINEER])
    assert (replayed.changed, replayed.untold) == (1, 1)
    assert "is not kept" in replayed.lines[1].verdict.why


def test_a_record_that_the_policy_of_then_does_not_explain_is_told() -> None:
    [call] = made((ENGINEER, GET))
    replayed = replay(_stricter(), [replace(call, rules=("gone",))], {call.policy: good(TEXT)})
    assert replayed.lines[0].verdict.why == "the policy that decided it does not give the decision that is on record"


def test_what_a_call_was_aimed_at_may_be_masked_or_missing() -> None:
    calls = made(
        (ENGINEER, make_call("resources/read", "x://[hidden:email]")), (ENGINEER, make_call("completion/complete"))
    )
    calls = [replace(call, call=replace(call.call, message={})) for call in calls]
    lines = replay(_stricter(), calls, {good(TEXT).digest: good(TEXT)}).lines
    assert {line.verdict.why for line in lines} == {
        "what it was aimed at is masked in its record",
        "what it was to complete is not on record",
    }


def test_too_much_that_is_not_on_record_is_not_tried() -> None:
    groups = {f"g{number}": f"00000000-0000-4000-8000-{number:012}" for number in range(12)}
    rule = ", ".join(groups)
    listed = ", ".join(f"{label}: {object_id}" for label, object_id in groups.items())
    text = TEXT.replace("groups: {", f"groups: {{{listed}, ").replace("who: {groups: [engineering]}, servers: [records], tools: [pay]", f"who: {{groups: [{rule}]}}, servers: [records], tools: [pay]")  # fmt: skip  # noqa: E501
    [line] = replay(good(text), made((ENGINEER, pay(9))), {good(TEXT).digest: good(TEXT)}).lines
    assert "things that it depends on are not on record" in line.verdict.why


def test_the_sum_says_how_many_there_are_of_each() -> None:
    replayed = replay(_stricter(), made((ENGINEER, pay(9))), {}, undecided=3)
    assert words(replayed)[0] == (
        f"1 call under policy {_stricter().digest[:12]}: 0 would be decided otherwise, 1 cannot be told, 0 as before; "
        "3 more ended before a policy decided"
    )
    assert words(replayed)[1].startswith("cannot tell: 1 call of user ")


def _stricter() -> Policy:
    return good(TEXT.replace('["get_*"]', "[get_z]"))
