"""What the tests of tasks share: a client that declares the extension, and the gateway's own run of a call."""

from typing import Any

from gateway.answer import Answer
from gateway.approvals.run import run
from gateway.reasons import Reason
from tests.walk.approvals import REFUND, modern
from tests.walk.rooms import Gateway, message, request

EXTENSION = {"io.modelcontextprotocol/tasks": dict[str, Any]()}
DECLARED = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"extensions": EXTENSION, "elicitation": {}},
}
UNDECLARED = DECLARED | {"io.modelcontextprotocol/clientCapabilities": dict[str, Any]()}
DONE = {"content": [{"type": "text", "text": "refunded"}], "resultType": "complete"}
ASKS: dict[str, Any] = {
    "resultType": "input_required",
    "inputRequests": {"why": {"method": "elicitation/create", "params": {"message": "Why?"}}},
    "requestState": "s-1",
}


async def begin(door: Gateway, arguments: dict[str, Any] | None = None, token: str = "engineer") -> str:
    """The id of the task that the call became."""
    created = message(await modern(door, REFUND if arguments is None else arguments, DECLARED, token))["result"]
    assert created["resultType"] == "task", created
    return str(created["taskId"])


async def send(
    door: Gateway,
    method: str,
    task: str,
    token: str = "engineer",
    meta: dict[str, Any] = DECLARED,
    server: str = "records",
    **params: Any,
) -> Answer:
    """`tasks/<method>`."""
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": f"tasks/{method}", "mcp-name": task}
    body = request(f"tasks/{method}", {"taskId": task, **params, "_meta": meta})
    return await door.send(body, token=token, server=server, **headers)


async def get(door: Gateway, task: str, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = message(await send(door, "get", task, **options))["result"]
    return found


async def run_now(door: Gateway, task: str) -> None:
    await run(task, door.rooms)


def said(task: dict[str, Any]) -> str:
    """What the model reads in the result of a call that was not made."""
    assert (task["status"], task["result"]["isError"]) == ("completed", True)
    return str(task["result"]["content"][0]["text"])


def reason_of(answer: Answer) -> Reason:
    """Which refusal it is, of those that tasks know."""
    error = message(answer)["error"]
    known = (Reason.TASK_UNKNOWN, Reason.TASKS_UNDECLARED, Reason.METHOD_UNKNOWN, Reason.PARAMS_INVALID)
    return next(each for each in known if each.wire.sentence == error["message"])


def rewrite(door: Gateway, old: str, new: str) -> None:
    """Another policy is in force from now on."""
    text = door.policy_file.read_text()
    assert old in text
    door.policy_file.write_text(text.replace(old, new))
    door.clock.advance(2)


def cover_answers(door: Gateway) -> None:
    """From now on what the caller answers in mid-call is covered, and the server may ask."""
    rewrite(door, "    use_within: 30m\n", "    use_within: 30m\n    answers: covered\n")
    rewrite(door, "    mask: [personal]\n", "    mask: [personal]\n    client_features: [elicitation]\n")
