"""What Durable reads from an app's functions, and what its client is made of."""

import azure.durable_functions as df  # type: ignore[import-untyped]  # no py.typed
import pytest

from devhost.durable import bindings
from devhost.worker import Function, Worker


def function(name: str, kind: str, **more: str) -> Function:
    return Function(id=name, name=name, trigger={"type": kind, "name": "context", **more})


def test_the_sdk_makes_a_client_whose_every_address_is_on_this_machine() -> None:
    client = df.DurableOrchestrationClient(bindings.client(7071))
    links = client.create_http_management_payload("one")
    assert links["id"] == "one"
    assert links["terminatePostUri"].endswith("/instances/one/terminate?reason={text}")
    base = "http://127.0.0.1:7071/runtime/webhooks/durabletask/"
    assert client._orchestration_bindings.rpc_base_url == base
    assert all(link.startswith(base) for name, link in links.items() if name != "id")


def test_orchestrators_and_activities_are_found_by_the_name_that_durable_knows() -> None:
    app = (
        function("decide", "orchestrationTrigger"),
        function("second", "orchestrationTrigger", orchestration="decide2"),
        function("note", "activityTrigger"),
        function("door", "httpTrigger"),
    )
    found = bindings.functions(Worker(app, ""))
    assert (set(found.orchestrators), set(found.activities)) == ({"decide", "decide2"}, {"note"})


def test_entities_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="does not emulate entity functions: counter"):
        bindings.functions(Worker((function("counter", "entityTrigger"),), ""))
