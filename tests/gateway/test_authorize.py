"""The room, and the policy of the local stack."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.accounts import ACCOUNTS, GROUPS
from gateway.authorize import authorize, filter_list
from gateway.policy.document import Rule
from gateway.policy.target import TargetKind
from gateway.reasons import Reason
from gateway.values import Call, Caller, CallerKind, Decision, Refusal
from tests.fakes.values import CALLER
from tests.gateway.policy.documents import GOOD, good
from tests.gateway.policy.generated import CALLERS, NOW, PROMPTS, TOOLS, URIS, make_call, policy_of, rules

ENGINEER = replace(CALLER, groups=frozenset({"6f1c0000-0000-4000-8000-000000000001"}))
ALL = '    resources: ["customer://*"]\n    prompts: [letter]\n'
DEMO = good((Path(__file__).parents[2] / "devhost" / "policy.yaml").read_bytes())


def test_without_a_policy_nothing_is_allowed() -> None:
    refused = authorize(None, CALLER, make_call("ping"), NOW)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.POLICY_UNAVAILABLE


def test_before_a_callers_groups_are_known_nothing_is_allowed() -> None:
    caller = replace(CALLER, groups=frozenset({"6f1c0000-0000-4000-8000-000000000001"}), groups_complete=False)
    refused = authorize(good(), caller, make_call("tools/call", "get_customer"), NOW)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.GROUPS_UNAVAILABLE


def test_where_a_user_is_needed_an_application_is_refused_and_only_if_the_policy_would_allow_it() -> None:
    policy = good(GOOD.replace("/mcp\n", "/mcp\n    credential: {on_behalf_of: {scope: api://crm/access}}\n"))
    call = make_call("tools/call", "get_x")
    assert isinstance(authorize(policy, ENGINEER, call, NOW), Decision)
    for kind in (CallerKind.APP, CallerKind.AGENT):
        refused = authorize(policy, replace(ENGINEER, kind=kind), call, NOW)
        assert isinstance(refused, Refusal)
        assert (refused.reason, refused.rules) == (Reason.CREDENTIAL_NEEDS_USER, ("engineers-read",))
        hidden = authorize(policy, replace(CALLER, kind=kind), call, NOW)
        assert isinstance(hidden, Refusal)
        assert hidden.reason is not Reason.CREDENTIAL_NEEDS_USER


def test_where_entra_is_asked_on_behalf_of_a_user_a_session_token_is_refused() -> None:
    policy = good(GOOD.replace("/mcp\n", "/mcp\n    credential: {on_behalf_of: {scope: api://crm/access}}\n"))
    refused = authorize(policy, replace(ENGINEER, grant="a-grant"), make_call("tools/call", "get_x"), NOW)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.CREDENTIAL_NEEDS_USER


def test_with_a_policy_the_policy_decides() -> None:
    assert isinstance(authorize(good(), ENGINEER, make_call("tools/call", "get_x"), NOW), Decision)


@pytest.mark.parametrize(
    ("method", "result", "shown"),
    [
        ("tools/list", {"tools": [{"name": "get_b"}, {"name": "x"}, {"name": "get_a"}]}, ["get_b", "get_a"]),
        ("resources/list", {"resources": [{"uri": "customer://1"}, {"uri": "order://1"}]}, ["customer://1"]),
        (
            "resources/templates/list",
            {"resourceTemplates": [{"uriTemplate": "customer://{id}"}, {"uriTemplate": "order://{id}"}]},
            ["customer://{id}"],
        ),
        ("prompts/list", {"prompts": [{"name": "poem"}, {"name": "letter"}]}, ["letter"]),
    ],
)
def test_a_list_keeps_what_the_caller_may_use_in_its_order(
    method: str, result: dict[str, Any], shown: list[str]
) -> None:
    [(key, _)] = result.items()
    filtered = filter_list(good(GOOD + ALL), ENGINEER, make_call(method), result)
    assert [next(iter(entry.values())) for entry in filtered[key]] == shown


def test_a_filtered_list_keeps_its_cursor_and_is_cached_for_its_caller_only() -> None:
    result = {"tools": [], "nextCursor": "n", "ttlMs": 5, "cacheScope": "public", "_meta": {"a": 1}}
    filtered = filter_list(good(), ENGINEER, make_call("tools/list"), result)
    assert filtered == result | {"cacheScope": "private"}
    assert result["cacheScope"] == "public"


def test_m13_a_client_keeps_a_list_no_longer_than_a_minute() -> None:
    filtered = filter_list(good(), ENGINEER, make_call("tools/list"), {"tools": [], "ttlMs": 86_400_000})
    assert filtered["ttlMs"] == 60_000


def test_a_list_without_a_cache_scope_gets_none() -> None:
    assert filter_list(good(), ENGINEER, make_call("tools/list"), {"tools": []}) == {"tools": []}


@pytest.mark.parametrize("listed", [None, "get_a", {"name": "get_a"}, [None], ["get_a"], [{}], [{"name": 5}]])
def test_what_has_no_name_is_shown_to_nobody(listed: Any) -> None:
    assert filter_list(good(), ENGINEER, make_call("tools/list"), {"tools": listed})["tools"] == []


def test_the_result_of_another_method_stays_as_it_is() -> None:
    result = {"tools": [{"name": "x"}], "cacheScope": "public"}
    assert filter_list(good(), ENGINEER, make_call("server/discover"), result) == result


@given(st.lists(rules(conditions=False), max_size=5), CALLERS)
def test_a_filtered_list_holds_exactly_what_would_be_allowed(before: list[Rule], caller: Caller) -> None:
    policy = policy_of(*before)
    for kind, (listing, key, field, use), names in (
        (TargetKind.TOOL, ("tools/list", "tools", "name", "tools/call"), TOOLS),
        (TargetKind.RESOURCE, ("resources/list", "resources", "uri", "resources/read"), URIS),
        (TargetKind.PROMPT, ("prompts/list", "prompts", "name", "prompts/get"), PROMPTS),
    ):
        listed = filter_list(policy, caller, make_call(listing), {key: [{field: name} for name in names]})
        usable = [name for name in names if isinstance(authorize(policy, caller, make_call(use, name), NOW), Decision)]
        assert [entry[field] for entry in listed[key]] == usable, kind


def account(name: str) -> Caller:
    found = ACCOUNTS[name]
    groups, roles = frozenset(found.group_ids), frozenset(found.roles)
    return replace(CALLER, kind=CallerKind(found.kind), groups=groups, roles=roles)


def demo(name: str, call: Call) -> str:
    """What the demo policy says: `refused` or the approvals and masks."""
    decision = authorize(DEMO, account(name), call, NOW)
    if isinstance(decision, Refusal):
        return decision.reason.name.lower()
    return " ".join([*(terms.name for terms in decision.approvals), *(mask.name for mask in decision.masks)]) or "clear"


def tool(target: str, server: str = "records", **arguments: object) -> Call:
    return make_call("tools/call", target, server, arguments=arguments)


def test_the_demo_policy_knows_the_groups_of_the_development_tenant() -> None:
    assert DEMO.groups == GROUPS
    assert {name: server.url for name, server in DEMO.servers.items()} == {
        "records": "http://localhost:7074/mcp",
        "everything": "http://localhost:7075/mcp",
    }


@pytest.mark.parametrize(
    ("name", "call", "expected"),
    [
        ("engineer", tool("get_customer"), "personal secrets"),
        ("engineer", tool("slow_report"), "personal secrets"),
        ("engineer", make_call("tools/list"), "personal secrets"),
        ("engineer", make_call("resources/read", "records://customers/c-1001"), "personal secrets"),
        ("engineer", make_call("prompts/get", "write_to_customer"), "personal secrets"),
        ("engineer", tool("issue_refund", amount=10), "refunds personal secrets"),
        ("engineer", tool("issue_refund", amount=1001), "denied"),
        ("engineer", tool("issue_refund"), "denied"),
        ("engineer", tool("delete_customer"), "target_hidden"),
        ("engineer", tool("echo", "everything"), "secrets"),
        ("engineer", tool("get-env", "everything"), "target_hidden"),
        ("approver", tool("get_customer"), "no_access"),
        ("approver2", tool("get_customer"), "secrets"),
        ("approver2", tool("issue_refund", amount=10), "target_hidden"),
        ("approver2", tool("echo", "everything"), "no_access"),
        ("outsider", tool("get_customer"), "no_access"),
        ("outsider", make_call("tools/list"), "no_access"),
        ("pipeline", tool("get_customer"), "personal secrets"),
        ("pipeline", tool("search_customers", region="eu"), "personal secrets"),
        ("pipeline", tool("search_customers", region="us"), "denied"),
        ("pipeline", tool("get_employee"), "target_hidden"),
        ("pipeline", tool("echo", "everything"), "secrets"),
        ("pipeline", tool("get-sum", "everything"), "target_hidden"),
        ("agent", tool("get_customer"), "personal secrets"),
        ("agent", tool("delete_customer"), "target_hidden"),
    ],
)
def test_the_demo_policy_does_what_its_comments_say(name: str, call: Call, expected: str) -> None:
    assert demo(name, call) == expected


def test_an_agent_could_not_delete_a_customer_if_some_rule_allowed_it() -> None:
    text = (Path(__file__).parents[2] / "devhost" / "policy.yaml").read_text()
    opened = good(text.replace("tools: [search_customers, get_customer]", 'tools: ["*"]'))
    assert isinstance(authorize(opened, account("pipeline"), tool("delete_customer"), NOW), Decision)
    assert isinstance(authorize(opened, account("agent"), tool("delete_customer"), NOW), Refusal)
