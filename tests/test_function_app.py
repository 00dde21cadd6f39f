import json
import subprocess
import sys

import function_app
from devhost.stack import ROOT

LATER = ("mcp", "mcp_types", "azure.identity", "azure.keyvault", "jsonpath_rfc9535", "cel", "typer", "devhost")
"""What a first call does not need must not be loaded before it; `mcp` and `devhost` are not deployed at all."""


def test_loading_the_app_loads_nothing_that_a_first_refusal_does_not_need() -> None:
    script = "import json, sys, function_app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, timeout=60)
    loaded = json.loads(done.stdout)
    assert "gateway.call" in loaded
    assert [name for name in loaded for late in LATER if name == late or name.startswith(f"{late}.")] == []


def test_the_doors_are_those_of_the_readme() -> None:
    routes = {}
    for function in function_app.app.get_functions():
        trigger = function.get_trigger().get_dict_repr()
        routes[trigger["route"]] = (
            trigger["authLevel"].name,
            sorted(getattr(method, "name", method) for method in trigger["methods"]),
        )
    assert routes == {
        "mcp/{server}": ("ANONYMOUS", ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]),
        ".well-known/oauth-protected-resource": ("ANONYMOUS", ["GET"]),
        ".well-known/oauth-protected-resource/mcp/{server}": ("ANONYMOUS", ["GET"]),
        "health": ("ANONYMOUS", ["GET"]),
    }
