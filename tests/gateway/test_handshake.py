from dataclasses import replace
from typing import Any

import pytest

from gateway.handshake import offered, served
from gateway.reasons import Reason
from gateway.values import Call, Refusal
from tests.fakes.values import CALL


def initialize(version: Any) -> Call:
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
    return replace(CALL, method="initialize", message={"jsonrpc": "2.0", "id": 1, "params": params})


@pytest.mark.parametrize("version", ["2025-03-26", "2025-06-18", "2025-11-25"])
def test_l2_a_version_that_the_gateway_speaks_is_asked_for_as_it_is(version: str) -> None:
    assert offered(initialize(version)) == initialize(version)


@pytest.mark.parametrize("version", ["2024-11-05", "2026-07-28", "2099-01-01", "", None, 5])
def test_l2_for_any_other_version_the_newest_is_asked_for(version: Any) -> None:
    assert offered(initialize(version)).params["protocolVersion"] == "2025-11-25"
    assert offered(initialize(version)).params["clientInfo"] == {"name": "c", "version": "1"}


def test_other_calls_are_offered_as_they_are() -> None:
    assert offered(CALL) is CALL


@pytest.mark.parametrize("version", ["2024-11-05", "2026-07-28", None, ["2025-11-25"]])
def test_l2_a_version_that_the_gateway_does_not_speak_is_not_claimed(version: Any) -> None:
    outcome = served("initialize", {"protocolVersion": version, "capabilities": {}})
    assert isinstance(outcome, Refusal)
    assert outcome.reason is Reason.UPSTREAM_MALFORMED


def test_m11_capabilities_are_those_that_the_gateway_relays() -> None:
    capabilities = {"tools": {"listChanged": True}, "tasks": {}, "extensions": {"a/b": {}}, "logging": {}}
    result = {"protocolVersion": "2025-11-25", "capabilities": capabilities, "instructions": "i", "serverInfo": {}}
    outcome = served("initialize", result)
    assert outcome == result | {"capabilities": {"tools": {"listChanged": True}, "logging": {}}}


def test_m11_discover_names_the_versions_of_both_legs_and_is_private() -> None:
    result = {"supportedVersions": ["2099-01-01", "2026-07-28"], "capabilities": {"tasks": {}}, "cacheScope": "public"}
    assert served("server/discover", result) == {
        "supportedVersions": ["2026-07-28"],
        "capabilities": {},
        "cacheScope": "private",
    }


@pytest.mark.parametrize("versions", [[], ["2099-01-01"], None, "2026-07-28"])
def test_m11_a_server_without_a_common_version_is_not_claimed_to_have_one(versions: Any) -> None:
    assert isinstance(served("server/discover", {"supportedVersions": versions}), Refusal)


def test_other_results_stay_as_they_are() -> None:
    assert served("tools/list", {"tools": [], "capabilities": {"tasks": {}}}) == {
        "tools": [],
        "capabilities": {"tasks": {}},
    }


def test_m11_the_gateways_own_tasks_are_declared_whatever_the_server_says_of_extensions() -> None:
    result = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}, "extensions": {"a/b": {}}}}
    outcome = served("server/discover", result, has_tasks=True)
    assert isinstance(outcome, dict)
    assert outcome["capabilities"] == {"tools": {}, "extensions": {"io.modelcontextprotocol/tasks": {}}}
    assert result["capabilities"] == {"tools": {}, "extensions": {"a/b": {}}}


def test_m11_the_legacy_era_knows_no_such_tasks() -> None:
    result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}
    assert served("initialize", result, has_tasks=True) == result


@pytest.mark.parametrize("has_tasks", [True, False])
def test_m12_a_task_of_the_servers_own_is_no_answer(has_tasks: bool) -> None:
    outcome = served("tools/call", {"resultType": "task", "taskId": "x"}, has_tasks=has_tasks)
    assert isinstance(outcome, Refusal)
    assert outcome.reason is Reason.UPSTREAM_MALFORMED


@pytest.mark.parametrize("own", [{}, {"listChanged": False}, None, 5])
def test_m11_lists_of_whose_changes_the_gateway_tells_are_declared_if_the_server_has_them(own: Any) -> None:
    result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": own, "resources": {"subscribe": True}}}
    outcome = served("initialize", result, changing=("tools", "prompts"))
    assert isinstance(outcome, dict)
    assert outcome["capabilities"] == {"tools": {"listChanged": True}, "resources": {"subscribe": True}}
    assert result["capabilities"] == {"tools": own, "resources": {"subscribe": True}}
