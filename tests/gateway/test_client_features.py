from dataclasses import replace
from typing import Any

import pytest

from gateway.client_features import asked, declared, forbidden
from gateway.values import Call, Era
from tests.fakes.values import CALL

ALL = frozenset({"elicitation", "sampling", "roots"})
NONE: frozenset[str] = frozenset()
CAPABILITIES: dict[str, Any] = {"elicitation": {"url": {}}, "sampling": {}, "roots": {}, "experimental": {"x": {}}}


def initialize() -> Call:
    message = {"jsonrpc": "2.0", "id": 1, "params": {"protocolVersion": "2025-11-25", "capabilities": CAPABILITIES}}
    return replace(CALL, method="initialize", message=message)


def modern() -> Call:
    meta = {"io.modelcontextprotocol/clientCapabilities": CAPABILITIES, "other": 1}
    return replace(CALL, era=Era.MODERN, message={"jsonrpc": "2.0", "id": 1, "params": {"name": "t", "_meta": meta}})


def test_a_server_sees_only_the_features_that_the_policy_lets_it_use() -> None:
    one = frozenset({"elicitation"})
    assert declared(initialize(), one).params["capabilities"] == {"elicitation": {"url": {}}, "experimental": {"x": {}}}
    meta = declared(modern(), one).params["_meta"]
    assert meta == {
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"url": {}}, "experimental": {"x": {}}},
        "other": 1,
    }


def test_with_all_features_nothing_is_cut() -> None:
    assert declared(initialize(), ALL) == initialize()
    assert declared(modern(), ALL) == modern()


def test_other_legacy_calls_declare_nothing() -> None:
    assert declared(CALL, NONE) is CALL


@pytest.mark.parametrize(
    ("method", "feature"),
    [("elicitation/create", "elicitation"), ("sampling/createMessage", "sampling"), ("roots/list", "roots")],
)
def test_a_request_to_the_client_is_forbidden_unless_its_feature_is_let_through(method: str, feature: str) -> None:
    legacy = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}
    modern_result = {"jsonrpc": "2.0", "id": 1, "result": {"resultType": "input_required", "inputRequests": {
        "a": {"method": method, "params": {}}}}}  # fmt: skip
    for message in (legacy, modern_result):
        assert forbidden(message, NONE) == method
        assert forbidden(message, ALL - {feature}) == method
        assert forbidden(message, frozenset({feature})) == ""


@pytest.mark.parametrize(
    "requests", [{"a": {}}, {"a": 1}, [1], "x", {"a": {"method": "tasks/get"}}, {"a": {"method": ""}}]
)
def test_what_a_server_asks_for_in_another_form_is_forbidden(requests: Any) -> None:
    result = {"resultType": "input_required", "inputRequests": requests}
    message = {"jsonrpc": "2.0", "id": 1, "result": result}
    assert forbidden(message, ALL)


def test_an_unknown_request_is_forbidden_and_a_ping_is_not() -> None:
    assert forbidden({"id": 1, "method": "shell/run"}, ALL) == "shell/run"
    assert forbidden({"id": 1, "method": "ping"}, NONE) == ""


def test_state_alone_and_notifications_and_results_ask_for_nothing() -> None:
    messages: list[dict[str, Any]] = [
        {"result": {"resultType": "input_required", "requestState": "s"}},
        {"method": "notifications/progress"},
        {"result": {"content": []}},
        {"error": {}},
    ]
    for message in messages:
        assert forbidden(message, NONE) == ""
        assert asked(message) == ""


def test_m10_a_server_that_misses_a_feature_which_the_policy_cut_is_not_quoted_to_the_client() -> None:
    data: Any = {"requiredCapabilities": {"sampling": {}, "tools": {}}}
    message = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32021, "message": "m", "data": data}}
    assert forbidden(message, NONE) == "sampling"
    assert forbidden(message, frozenset({"sampling"})) == ""
    others: list[Any] = [{}, {"requiredCapabilities": []}, None]
    for other in others:
        assert forbidden({"error": {"code": -32021, "data": other}}, NONE) == ""


TASKS = "io.modelcontextprotocol/tasks"


def test_a_server_does_not_hear_that_the_client_knows_tasks() -> None:
    capabilities = {"extensions": {TASKS: {}, "a/b": {"c": 1}}}
    for call, where in ((initialize(), "capabilities"), (modern(), "_meta")):
        params = dict(call.params)
        params[where] = (
            capabilities if where == "capabilities" else {"io.modelcontextprotocol/clientCapabilities": capabilities}
        )
        seen = declared(replace(call, message={**call.message, "params": params}), ALL).params[where]
        found = seen if where == "capabilities" else seen["io.modelcontextprotocol/clientCapabilities"]
        assert found == {"extensions": {"a/b": {"c": 1}}}
    assert capabilities["extensions"].keys() == {TASKS, "a/b"}


@pytest.mark.parametrize("extensions", [None, [], "x", {}])
def test_odd_extensions_stay_as_they_are(extensions: Any) -> None:
    call = initialize()
    params = {**call.params, "capabilities": {"extensions": extensions}}
    seen = declared(replace(call, message={**call.message, "params": params}), ALL)
    assert seen.params["capabilities"] == {"extensions": extensions}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [({"taskIds": ["x"], "toolsListChanged": True}, {"toolsListChanged": True}), ({}, {}), ([], []), (None, None)],
)
def test_no_server_is_asked_to_tell_of_tasks(wanted: Any, expected: Any) -> None:
    call = replace(modern(), method="subscriptions/listen")
    params = {**call.params, "notifications": wanted}
    assert declared(replace(call, message={**call.message, "params": params}), ALL).params["notifications"] == expected
    other = replace(modern(), message={**call.message, "params": params})
    assert declared(other, ALL).params["notifications"] == wanted
