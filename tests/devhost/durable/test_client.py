"""The SDK's own client against a served app."""

import uuid
from typing import Any

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus as Status  # type: ignore[import-untyped]  # no py.typed

from tests.devhost.durable.conftest import Served

RPC = "/runtime/webhooks/durabletask"


@pytest.fixture
def one() -> str:
    return uuid.uuid4().hex


async def test_a_function_with_a_client_starts_an_orchestration(served: Served, one: str) -> None:
    async with served.http.post(f"/start/fan/{one}", json=["a", "b"]) as response:
        assert (response.status, await response.json()) == (200, one)
    assert await served.ended(one) == ("Completed", "noted ['noted a', 'noted b']")


async def test_without_an_id_one_is_made(served: Served) -> None:
    first, second = [await served.client.start_new("fan", client_input=["a"]) for _ in range(2)]
    assert first != second
    assert (await served.ended(first))[0] == "Completed"


async def test_a_status_is_accepted_while_it_runs_and_ok_when_it_has_ended(served: Served, one: str) -> None:
    await served.client.start_new("race", one, None)
    await served.quiet()
    async with served.http.get(f"{RPC}/instances/{one}") as response:
        assert response.status == 202
    found = await served.client.get_status(one)
    assert (found.runtime_status, found.custom_status) == (Status.Running, "waits")
    await served.client.raise_event(one, "denied", None)
    assert await served.ended(one) == ("Completed", "denied")
    async with served.http.get(f"{RPC}/instances/{one}") as response:
        assert response.status == 200


async def test_a_status_shows_history_and_input_when_asked(served: Served, one: str) -> None:
    await served.client.start_new("fan", one, ["a"])
    await served.quiet()
    found = await served.client.get_status(one, show_history=True, show_history_output=True, show_input=True)
    assert found.historyEvents[0]["EventType"] == "ExecutionStarted"
    assert [entry.get("Result") for entry in found.historyEvents[1:3]] == ["noted a", "noted ['noted a']"]
    async with served.http.get(f"{RPC}/instances/{one}?showInput=false") as response:
        body = await response.json()
    assert (body["input"], body["historyEvents"]) == (None, None)


async def test_an_unknown_instance_is_nowhere(served: Served, one: str) -> None:
    assert not await served.client.get_status(one)
    for ask in (served.client.terminate, served.client.suspend, served.client.resume, served.client.raise_event):
        with pytest.raises(Exception, match="No instance with ID"):
            await ask(one, "decided")
    assert (await served.client.purge_instance_history(one)).instances_deleted == 0
    with pytest.raises(Exception, match="unexpected status code 400"):
        await served.client.restart(one)


async def test_an_ended_instance_is_gone(served: Served, one: str) -> None:
    await served.client.start_new("race", one)
    await served.client.terminate(one, "no longer needed")
    assert await served.ended(one) == ("Terminated", "no longer needed")
    with pytest.raises(Exception, match="gone: either completed or failed"):
        await served.client.raise_event(one, "approved", None)
    await served.client.terminate(one, "again")
    assert (await served.client.purge_instance_history(one)).instances_deleted == 1
    assert not await served.client.get_status(one)


async def test_an_id_in_use_and_an_unknown_orchestrator_are_refused(served: Served, one: str) -> None:
    await served.client.start_new("race", one)
    with pytest.raises(Exception, match="already exists"):
        await served.client.start_new("race", one)
    with pytest.raises(Exception, match="is not an orchestrator function"):
        await served.client.start_new("note", one)
    await served.client.terminate(one, "")
    assert await served.client.start_new("race", one) == one


async def test_a_suspended_instance_goes_on_when_resumed(served: Served, one: str) -> None:
    await served.client.start_new("race", one)
    await served.quiet()
    await served.client.suspend(one, "hold")
    await served.client.raise_event(one, "approved", None)
    assert (await served.ended(one))[0] == "Suspended"
    await served.client.resume(one, "go on")
    assert await served.ended(one) == ("Completed", "approved")


async def test_a_restart_has_the_same_input(served: Served, one: str) -> None:
    await served.client.start_new("fan", one, ["a"])
    await served.quiet()
    again = await served.client.restart(one)
    assert again["id"] != one
    assert await served.ended(again["id"]) == await served.ended(one)


async def test_event_data_reaches_the_orchestrator_as_the_sdk_wrote_it(served: Served, one: str) -> None:
    """As JSON text: the SDK's client writes JSON into JSON, and the extension keeps it so."""
    await served.client.start_new("decision", one, 60)
    await served.client.raise_event(one, "decided", {"by": "approver"})
    assert await served.ended(one) == ("Completed", 'noted {"by": "approver"}')


async def test_instances_are_listed_and_purged_by_condition(served: Served, one: str) -> None:
    for number in range(3):
        await served.client.start_new("race", f"{one}-{number}")
    await served.client.terminate(f"{one}-0", "")
    await served.quiet()
    listed = await served.client.get_status_by(instance_id_prefix=one, runtime_status=[Status.Running])
    assert sorted(found.instance_id for found in listed) == [f"{one}-1", f"{one}-2"]
    assert {f"{one}-0", f"{one}-1"} <= {found.instance_id for found in await served.client.get_status_all()}
    first = (await served.client.get_status(f"{one}-0")).created_time
    purged = await served.client.purge_instance_history_by(first, None, [Status.Terminated])
    assert purged.instances_deleted >= 1
    assert not await served.client.get_status(f"{one}-0")


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("POST", f"{RPC}/orchestrators/race", {"data": "{", "headers": {"Content-Type": "application/json"}}, 400),
        ("POST", f"{RPC}/orchestrators/race", {"json": 1, "headers": {"Origin": "http://elsewhere"}}, 403),
        ("POST", "/devhost/durable/advance", {"json": {"seconds": 0}, "headers": {"Origin": "null"}}, 403),
        ("POST", "/devhost/durable/advance", {"data": "x"}, 400),
        ("POST", f"{RPC}/instances/one/rewind", {}, 501),
        ("GET", f"{RPC}/orchestrators/race", {}, 404),
        ("GET", f"{RPC}/entities/counter/one", {}, 404),
        ("GET", "/devhost/durable/elsewhere", {}, 404),
    ],
)
async def test_what_the_client_never_asks_is_refused(
    served: Served, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    async with served.http.request(method, path, **options) as response:
        assert response.status == status


async def test_an_event_must_be_json(served: Served, one: str) -> None:
    await served.client.start_new("race", one)
    async with served.http.post(f"{RPC}/instances/{one}/raiseEvent/approved", data=b"1") as response:
        assert response.status == 400
    await served.client.terminate(one, "")
