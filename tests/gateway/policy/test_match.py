"""The decision."""

from dataclasses import replace

import pytest

from gateway.policy.document import Policy, Rule
from gateway.policy.match import IMPLIED, Why, decide, verdicts, visible
from gateway.policy.target import TargetKind, target_of
from gateway.protocol import METHODS
from gateway.reasons import Reason
from gateway.values import Call, Caller, CallerKind, Decision, MessageKind, Refusal
from tests.fakes.values import CALLER
from tests.gateway.policy.documents import GOOD, changed, good
from tests.gateway.policy.generated import (
    MASKS,
    NOW,
    make_call,
    policy_of,
)

ENGINEER = replace(CALLER, groups=frozenset({"6f1c0000-0000-4000-8000-000000000001"}))
HR = replace(CALLER, groups=frozenset({"6f1c0000-0000-4000-8000-000000000002"}))
GET = make_call("tools/call", "get_customer", arguments={"amount": 7})


def outcome(document: str, call: Call = GET, caller: Caller = ENGINEER) -> Decision | Refusal:
    return decide(good(document), caller, call, NOW)


def allowed(document: str, call: Call = GET, caller: Caller = ENGINEER) -> bool:
    return isinstance(outcome(document, call, caller), Decision)


def reason(document: str, call: Call = GET, caller: Caller = ENGINEER) -> Reason:
    refused = outcome(document, call, caller)
    assert isinstance(refused, Refusal)
    return refused.reason


def and_rule(**lines: str) -> str:
    """The good document with one more rule."""
    body = {"name": "second", "effect": "allow", "who": "anyone", "servers": "[records]"} | lines
    return GOOD + "  - " + "    ".join(f"{key}: {value}\n" for key, value in body.items())


def test_a_call_is_decided_by_a_rule_and_the_record_learns_which() -> None:
    decision = outcome(GOOD)
    assert isinstance(decision, Decision)
    assert (decision.rules, decision.policy) == (("engineers-read",), good().digest)
    assert (decision.approvals, decision.grants) == ((), ())
    assert [mask.name for mask in decision.masks] == ["personal"]


@pytest.mark.parametrize(
    ("caller", "who", "is_for"),
    [
        (CALLER, "anyone", True),
        (HR, "{groups: [engineering, hr]}", True),
        (HR, "{groups: [engineering]}", False),
        (HR, "{groups: [hr], kinds: [app]}", False),
        (HR, "{groups: [hr], roles: [Mcp.Call]}", False),
        (replace(HR, roles=frozenset({"Mcp.Call"})), "{groups: [hr], roles: [Mcp.Call, Other]}", True),
        (replace(HR, roles=frozenset({"mcp.call"})), "{roles: [Mcp.Call]}", False),
        (replace(CALLER, kind=CallerKind.AGENT), "{kinds: [app, agent]}", True),
    ],
)
def test_within_a_list_any_entry_will_do_and_all_lists_must_agree(caller: Caller, who: str, is_for: bool) -> None:
    assert allowed(changed("{groups: [engineering]}", who), caller=caller) is is_for


@pytest.mark.parametrize(
    ("condition", "if_allow", "if_deny"),
    [
        ("when: args.amount == 7", True, False),
        ("when: args.amount == 8", False, True),
        ("when: args.missing == 8", False, False),
        ("unless: args.amount == 7", False, True),
        ("unless: args.amount == 8", True, False),
        ("unless: args.missing == 8", False, False),
    ],
)
def test_a_condition_that_fails_counts_against_the_call(condition: str, if_allow: bool, if_deny: bool) -> None:
    assert allowed(GOOD + f"    {condition}\n") is if_allow
    key, _, text = condition.partition(": ")
    assert allowed(and_rule(effect="deny", tools='["*"]', **{key: text})) is if_deny


def test_a_deny_whose_when_fails_still_has_its_exceptions() -> None:
    document = and_rule(effect="deny", tools='["*"]', when="args.missing == 1", unless="args.amount == 7")
    assert allowed(document)


APPROVALS = "approvals: {two: {approvers: [hr], people: 2}, one: {approvers: [hr]}, other: {approvers: [hr]}}\n"
GRANTS = "grants: {desk: {ceiling: 1h, approval: one, without_it: hide}, bench: {ceiling: 2h, approves: 'true'}}\n"
REQUIRED = f"{APPROVALS}{GRANTS}rules:\n"


def test_requirements_and_masks_of_all_matching_rules_add_up() -> None:
    document = GOOD + "    require: {approval: one}\n"
    for number, (approval, grant) in enumerate((("one", "bench"), ("two", "bench"), ("two", "desk"))):
        document += (
            f"  - {{name: r{number}, effect: allow, who: anyone, servers: [records], tools: [get_customer], "
            f"require: {{approval: {approval}, grant: {grant}}}, mask: [secrets]}}\n"
        )
    document = document.replace("rules:\n", f"  secrets:\n    detect: [jwt]\n{REQUIRED}")
    decision = outcome(document)
    assert isinstance(decision, Decision)
    assert [(terms.name, terms.people) for terms in decision.approvals] == [("two", 2), ("one", 1)]
    assert decision.grants == ("desk", "bench")
    assert [mask.name for mask in decision.masks] == ["personal", "secrets"]


def test_a_mask_is_clear_for_its_groups_only() -> None:
    document = changed("    detect: [email]\n", "    detect: [email]\n    clear_for: [hr]\n")
    both = replace(ENGINEER, groups=ENGINEER.groups | HR.groups)
    decision, clear = outcome(document), outcome(document, caller=both)
    assert isinstance(decision, Decision)
    assert isinstance(clear, Decision)
    assert (len(decision.masks), clear.masks) == (1, ())


def test_an_unknown_server_is_no_secret_and_a_known_one_without_a_rule_is_closed() -> None:
    assert reason(GOOD, replace(GET, server="other")) is Reason.SERVER_UNKNOWN
    assert reason(GOOD, caller=HR) is Reason.NO_ACCESS
    assert reason(and_rule(effect="deny", tools='["*"]'), caller=HR) is Reason.NO_ACCESS


def test_a_refusal_names_the_rules_that_deny_and_why() -> None:
    document = and_rule(effect="deny", tools='["get_*"]', when="args.missing == 1")
    refused = outcome(document)
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.rules, refused.policy) == (Reason.DENIED, ("second",), good(document).digest)
    assert refused.detail == "second: its 'when' cannot be evaluated (a field is missing)"


def test_a_refusal_without_a_deny_says_what_kept_the_allow_from_matching() -> None:
    refused = outcome(GOOD + "    unless: args.amount == 7\n")
    assert isinstance(refused, Refusal)
    assert (refused.rules, refused.detail) == ((), "engineers-read: its 'unless' is true")


def test_what_the_caller_cannot_see_is_unknown() -> None:
    hidden = outcome(GOOD, make_call("tools/call", "delete_customer"))
    denied = outcome(and_rule(effect="deny", tools="[get_customer]"))
    assert isinstance(hidden, Refusal)
    assert isinstance(denied, Refusal)
    assert hidden.reason is denied.reason is Reason.TARGET_HIDDEN
    assert hidden.detail == "no rule covers this call"


def test_verdicts_tell_why_each_rule_does_not_match() -> None:
    document = and_rule(who="{groups: [hr]}", tools='["*"]')
    policy = good(document)
    assert [verdict.why for verdict in verdicts(policy, ENGINEER, GET, NOW)] == [Why.COVERS, Why.OTHER_CALLER]
    other = make_call("tools/call", "other")
    assert [verdict.why for verdict in verdicts(policy, HR, other, NOW)] == [Why.OTHER_CALLER, Why.COVERS]
    assert verdicts(policy, ENGINEER, other, NOW)[0].why is Why.OTHER_TARGET


def test_every_method_that_the_gateway_knows_is_implied_or_needs_a_rule() -> None:
    aimed = {method for method in METHODS if target_of(make_call(method, "x")) is not None}
    assert aimed | IMPLIED | {"completion/complete"} == set(METHODS)
    assert not aimed & IMPLIED


@pytest.mark.parametrize("method", sorted(IMPLIED))
def test_methods_that_neither_act_nor_read_come_with_access(method: str) -> None:
    document = GOOD + "    when: args.missing == 1\n    require: {approval: one, grant: desk}\n"
    document = document.replace("rules:\n", REQUIRED)
    decision = outcome(document, make_call(method))
    assert isinstance(decision, Decision)
    assert (decision.rules, decision.approvals, decision.grants) == (("engineers-read",), (), ())
    assert reason(document, make_call(method), HR) is Reason.NO_ACCESS
    assert reason(and_rule(effect="deny", methods=f"[{method}]"), make_call(method)) is Reason.DENIED


@pytest.mark.parametrize("kind", [MessageKind.RESPONSE, MessageKind.STREAM, MessageKind.END])
def test_streams_and_answers_to_the_server_come_with_access(kind: MessageKind) -> None:
    call = replace(make_call(""), kind=kind)
    assert allowed(GOOD, call)
    assert reason(GOOD, call, HR) is Reason.NO_ACCESS
    assert reason(and_rule(effect="deny", methods='["*"]'), call) is Reason.DENIED
    assert allowed(and_rule(effect="deny", methods='["tools/*"]'), call)


def test_a_request_without_a_method_is_nothing_that_is_implied() -> None:
    assert reason(GOOD, make_call("")) is Reason.DENIED


def test_a_method_that_nobody_knows_is_denied() -> None:
    assert reason(GOOD, make_call("tasks/list")) is Reason.DENIED


@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
def test_the_id_of_a_task_is_no_tool(method: str) -> None:
    task = make_call(method, "get_customer", taskId="get_customer")
    assert allowed(GOOD, task)
    assert allowed(and_rule(effect="deny", tools='["*"]', resources='["*"]', prompts='["*"]'), task)
    assert reason(and_rule(effect="deny", methods='["tasks/*"]'), task) is Reason.DENIED
    assert reason(GOOD, task, HR) is Reason.NO_ACCESS


def test_what_comes_with_access_is_masked_by_all_rules_of_the_caller() -> None:
    decision = decide(policy_of(*_two_masked_rules()), CALLER, make_call("tools/list", server="open"), NOW)
    assert isinstance(decision, Decision)
    assert decision.masks == (MASKS["a"], MASKS["b"])


def _two_masked_rules() -> tuple[Rule, Rule]:
    policy = good(and_rule(who="{kinds: [user]}", tools="[x]", when="args.missing == 1"))
    first, second = policy.rules
    servers = frozenset({"open"})
    return (
        replace(first, who=second.who, servers=servers, masks=(MASKS["a"],)),
        replace(second, servers=servers, masks=(MASKS["b"],)),
    )


@pytest.mark.parametrize(
    ("lines", "method", "target"),
    [
        ({"resources": '["customer://eu/*"]'}, "resources/read", "customer://eu/1"),
        ({"resources": '["customer://eu/*"]'}, "resources/subscribe", "customer://eu/1"),
        ({"resources": '["customer://eu/*"]'}, "resources/unsubscribe", "customer://eu/1"),
        ({"prompts": "[letter]"}, "prompts/get", "letter"),
        ({"methods": '["resources/*"]'}, "resources/read", "anything://at/all"),
        ({"methods": "[tools/call]"}, "tools/call", "anything"),
    ],
)
def test_each_list_covers_its_methods(lines: dict[str, str], method: str, target: str) -> None:
    assert allowed(and_rule(**lines), make_call(method, target))
    assert reason(GOOD, make_call(method, target)) is Reason.TARGET_HIDDEN


def test_one_list_does_not_cover_the_methods_of_another() -> None:
    document = and_rule(resources='["*"]')
    for method in ("tools/call", "prompts/get"):
        assert reason(document, make_call(method, "letter")) is Reason.TARGET_HIDDEN


EU_ONLY = and_rule(resources='["customer://eu/*"]')
NOT_US = and_rule(resources='["customer://*"]') + (
    "  - {name: third, effect: deny, who: anyone, servers: [records], resources: ['customer://us/*']}\n"
)


@pytest.mark.parametrize(
    "uri", ["customer://eu/x/../1", "customer://eu/x/%2e%2e/1", "customer://eu/x/..%2F1", "CUSTOMER://eu/x/1"]
)
def test_another_spelling_of_a_uri_is_not_what_was_allowed(uri: str) -> None:
    document = EU_ONLY.replace("customer://eu/*", "customer://eu/x/*")
    assert allowed(document, make_call("resources/read", "customer://eu/x/1"))
    assert reason(document, make_call("resources/read", uri)) is Reason.TARGET_HIDDEN


@pytest.mark.parametrize("uri", ["customer://us/1", "CUSTOMER://US/1", "customer://%75s/1", "customer://eu@us/1"])
def test_another_spelling_of_a_uri_is_still_what_was_denied(uri: str) -> None:
    assert reason(NOT_US, make_call("resources/read", uri)) is Reason.TARGET_HIDDEN
    assert allowed(NOT_US, make_call("resources/read", "customer://eu/1"))


BOUND_US = and_rule(resources='["customer://*"]').replace(
    "rules:\n", "approvals:\n  leads: {approvers: [hr]}\nrules:\n"
) + (
    "  - {name: third, effect: allow, who: anyone, servers: [records], resources: ['customer://us/*'],"
    " require: {approval: leads}}\n"
)


@pytest.mark.parametrize("uri", ["customer://us/1", "customer://%75s/1", "customer://us/x/../1", "customer://US/1"])
def test_another_spelling_of_a_uri_still_needs_what_a_narrower_rule_requires(uri: str) -> None:
    call = make_call("resources/read", uri)
    decision = outcome(BOUND_US, call)
    assert isinstance(decision, Decision)
    assert [each.name for each in decision.approvals] == ["leads"]
    elsewhere = outcome(BOUND_US, make_call("resources/read", "customer://eu/1"))
    assert isinstance(elsewhere, Decision)
    assert elsewhere.approvals == ()


def _completion(template: str) -> Call:
    return make_call("completion/complete", template, ref={"type": "ref/resource", "uri": template})


@pytest.mark.parametrize(
    ("template", "completes", "shows"),
    [
        ("customer://eu/{id}", True, True),
        ("customer://{region}/{id}", False, True),
        ("customer://us/{id}", False, False),
        ("order://{id}", False, False),
    ],
)
def test_a_template_is_listed_where_part_of_it_may_be_read_and_completed_where_all_may(
    template: str, completes: bool, shows: bool
) -> None:
    for document in (EU_ONLY, NOT_US):
        assert allowed(document, _completion(template)) is completes
        assert visible(good(document), ENGINEER, "records", TargetKind.TEMPLATE, template) is shows


def test_a_completion_for_a_prompt_needs_the_prompt() -> None:
    call = make_call("completion/complete", "letter", ref={"type": "ref/prompt", "name": "letter"})
    assert allowed(and_rule(prompts="[letter]"), call)
    assert reason(GOOD, call) is Reason.TARGET_HIDDEN


def test_a_completion_without_a_clear_target_needs_a_rule_for_the_method() -> None:
    call = make_call("completion/complete", "letter", ref={"type": "ref/prompt", "name": "other"})
    assert reason(and_rule(prompts='["*"]', resources='["*"]'), call) is Reason.DENIED
    assert allowed(and_rule(methods="[completion/complete]"), call)


@pytest.mark.parametrize(
    ("wanted", "may"),
    [
        ({}, True),
        ({"toolsListChanged": True}, True),
        ({"resourceSubscriptions": []}, True),
        ({"resourceSubscriptions": ["customer://eu/1"]}, True),
        ({"resourceSubscriptions": ["customer://eu/1", "customer://us/1"]}, False),
        ({"resourceSubscriptions": "customer://us/1"}, False),
        ({"resourceSubscriptions": [7]}, False),
    ],
)
def test_a_subscription_names_only_resources_that_the_caller_sees(wanted: dict[str, object], may: bool) -> None:
    assert allowed(NOT_US, make_call("subscriptions/listen", notifications=wanted)) is may


def test_conditions_do_not_hide_and_unconditional_denies_do() -> None:
    policies: list[Policy] = [
        good(GOOD + "    when: args.missing == 1\n"),
        good(and_rule(effect="deny", tools="[get_customer]", when="args.amount > 5")),
        good(and_rule(effect="deny", tools="[get_customer]")),
    ]
    shown = [visible(policy, ENGINEER, "records", TargetKind.TOOL, "get_customer") for policy in policies]
    assert shown == [True, True, False]
    assert not visible(policies[0], HR, "records", TargetKind.TOOL, "get_customer")
    assert not visible(policies[0], ENGINEER, "other", TargetKind.TOOL, "get_customer")


def test_a_rule_under_a_grant_that_hides_shows_its_tools_while_that_is_open() -> None:
    def shown(grant: str, opened: frozenset[str] | None) -> bool:
        policy = good((GOOD + f"    require: {{grant: {grant}}}\n").replace("rules:\n", REQUIRED))
        return visible(policy, ENGINEER, "records", TargetKind.TOOL, "get_customer", opened)

    assert not shown("desk", frozenset())
    assert not shown("desk", frozenset({"bench"}))
    assert shown("desk", frozenset({"desk"}))
    assert shown("desk", None)
    assert shown("bench", frozenset())


def test_conditions_know_the_caller_by_the_labels_of_the_policy() -> None:
    assert allowed(GOOD + "    when: \"'engineering' in caller.groups && !('hr' in caller.groups)\"\n")
    text = (
        f"caller.oid == '{CALLER.object_id}' && caller.tid == '{CALLER.tenant}' && caller.client == '{CALLER.client}'"
    )
    assert allowed(GOOD + f'    when: "{text}"\n')
    assert allowed(
        GOOD + "    when: \"call.tool == 'get_customer' && call.server == 'records' && call.prompt == ''\"\n"
    )
