"""What Durable adds to the functions of an app: who is an orchestrator, who an activity, and the client.

Takes the worker and its functions; gives what the hub may invoke, and the JSON that a `durableClient`
binding hands to the SDK. Entities are refused: nothing here keeps their state.
"""

import json
import uuid
from collections.abc import Iterable

from devhost.durable.hub import Functions, Invoke
from devhost.protos import TypedData
from devhost.worker import HOST, Function, Worker

RPC_PATH = "/runtime/webhooks/durabletask/"
TASK_HUB = "devhost"

_OPERATIONS = {
    "id": "INSTANCEID",
    "statusQueryGetUri": "",
    "sendEventPostUri": "/raiseEvent/{eventName}",
    "terminatePostUri": "/terminate?reason={text}",
    "suspendPostUri": "/suspend?reason={text}",
    "resumePostUri": "/resume?reason={text}",
    "restartPostUri": "/restart",
    "purgeHistoryDeleteUri": "",
}


def client(port: int) -> str:
    """The client binding of an app that is served on that port: every address is on this machine."""
    base = f"http://{HOST}:{port}{RPC_PATH}"
    start = base + "orchestrators/{functionName}[/{instanceId}]"
    managed = {name: f"{base}instances/INSTANCEID{rest}" for name, rest in _OPERATIONS.items()} | {"id": "INSTANCEID"}
    return json.dumps(
        {
            "taskHubName": TASK_HUB,
            "creationUrls": {"createNewInstancePostUri": start, "createAndWaitOnNewInstancePostUri": start},
            "managementUrls": managed,
            "baseUrl": base.rstrip("/"),
            "requiredQueryStringParameters": "",
            "rpcBaseUrl": base,
        }
    )


def functions(worker: Worker) -> Functions:
    """The orchestrators and activities of the app. Raises ValueError when it has entities."""
    entities = sorted(function.name for function in worker.functions if function.trigger["type"] == "entityTrigger")
    if entities:
        raise ValueError(f"devhost does not emulate entity functions: {', '.join(entities)}")
    return Functions(
        orchestrators=_named(worker, worker.functions, "orchestration"),
        activities=_named(worker, worker.functions, "activity"),
    )


def _named(worker: Worker, found: Iterable[Function], kind: str) -> dict[str, Invoke]:
    return {
        # A trigger may give the function another name for Durable.
        function.trigger.get(kind) or function.name: _invoke(worker, function)
        for function in found
        if function.trigger["type"] == f"{kind}Trigger"
    }


def _invoke(worker: Worker, function: Function) -> Invoke:
    async def invoke(text: str) -> str:
        response = await worker.invoke(function, str(uuid.uuid4()), {function.trigger["name"]: TypedData(json=text)})
        answer: str = response.return_value.json
        return answer

    return invoke
