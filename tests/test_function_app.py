import json
import subprocess
import sys

import function_app
from devhost.stack import ROOT
from gateway.approvals.orchestrations import NAME
from gateway.approvals.orchestrator import RUN, TEND

LATER = (
    "mcp",
    "mcp_types",
    "azure.identity",
    "azure.keyvault",
    "azure.storage",
    "azure.communication",
    "jsonpath_rfc9535",
    "cel",
    "typer",
    "jinja2",
    "devhost",
)
"""What a first call does not need must not be loaded before it; `mcp` and `devhost` are not deployed at all."""

FUNCTIONS = function_app.app.get_functions()
"""Asked for once: the app takes a second time for a second function of each name."""

PAGES = (
    *("approvals", "approvals/{id}", "requests/{id}", "access", "access/{id}"),
    *("evidence", "evidence/{session}", "sign-in", "sign-in/callback", "sign-out"),
)
ACCESS = (
    *("access/requests", "access/requests/{id}", "access/{id}/end", "access/{id}/token"),
    *("api/grants", "api/grants/revoke", "api/grants/{id}/revoke"),
)
OPERATORS = ("api/approvals", "api/approvals/{id}", "api/approvals/{id}/revoke", "api/health")
POLICIES = ("api/policies", "api/policies/{id}", "api/policies/{id}/withdraw")


def test_loading_the_app_loads_nothing_that_a_first_refusal_does_not_need() -> None:
    script = "import json, sys, function_app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, timeout=60)
    loaded = json.loads(done.stdout)
    assert "gateway.call" in loaded
    assert [name for name in loaded for late in LATER if name == late or name.startswith(f"{late}.")] == []


def test_the_doors_are_those_of_the_readme() -> None:
    routes = {}
    for function in FUNCTIONS:
        trigger = function.get_trigger().get_dict_repr()
        if trigger["type"] != "httpTrigger":
            continue
        routes[trigger["route"]] = (
            trigger["authLevel"].name,
            sorted(getattr(method, "name", method) for method in trigger["methods"]),
        )
    every = ("ANONYMOUS", ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
    assert routes == {
        "mcp/{server}": every,
        ".well-known/oauth-protected-resource": ("ANONYMOUS", ["GET"]),
        ".well-known/oauth-protected-resource/mcp/{server}": ("ANONYMOUS", ["GET"]),
        ".well-known/jwks.json": ("ANONYMOUS", ["GET"]),
        "health": ("ANONYMOUS", ["GET"]),
        **dict.fromkeys(PAGES, ("ANONYMOUS", ["GET", "HEAD", "POST"])),
        **dict.fromkeys(OPERATORS + ACCESS + POLICIES, every),
    }


def test_what_durable_calls_is_called_as_the_gateway_calls_it() -> None:
    found = {function.get_function_name(): function.get_trigger().get_dict_repr()["type"] for function in FUNCTIONS}
    durable = {name: kind for name, kind in found.items() if kind != "httpTrigger"}
    timed = dict.fromkeys(("seal_evidence", "verify_evidence"), "timerTrigger")
    assert durable == {NAME: "orchestrationTrigger", TEND: "activityTrigger", RUN: "activityTrigger", **timed}


def test_seals_are_made_every_five_minutes_and_verified_every_hour() -> None:
    triggers = {function.get_function_name(): function.get_trigger().get_dict_repr() for function in FUNCTIONS}
    assert triggers["seal_evidence"]["schedule"] == "0 */5 * * * *"
    assert triggers["verify_evidence"]["schedule"] == "0 7 * * * *"
