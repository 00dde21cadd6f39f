"""Records of calls as the gateway writes them, for tests of those who ask a policy about them again."""

import json

from gateway.events import NONE
from gateway.evidence.told import Told
from gateway.policy.past_call import PastCall, past_calls
from gateway.values import Call, Caller, Decision, Json, Refusal
from tests.gateway.policy.generated import NOW

ACTS = frozenset({"tools/call", "resources/read", "prompts/get", "completion/complete"})
"""Methods whose requests are kept."""


def record(caller: Caller, call: Call, outcome: Decision | Refusal, **fields: str | int) -> dict[str, str | int]:
    """The fields of the first record of the call, without groups and roles."""
    is_refused = isinstance(outcome, Refusal)
    acts = call.method in ACTS
    found: dict[str, str | int] = {
        **{"event": "refused" if is_refused else "intent" if acts else "relayed", "call": "c1"},
        **{"time": NOW.isoformat().replace("+00:00", "Z"), "tenant": caller.tenant, "subject": caller.object_id},
        **{"kind": caller.kind, "client": caller.client, "server": call.server, "message": call.kind},
        **{"method": call.method, "target": call.target, "policy": outcome.policy, "rules": ",".join(outcome.rules)},
    }
    if isinstance(outcome, Refusal):
        found |= {"reason": outcome.reason.name.lower(), "detail": outcome.detail}
    elif acts:
        found |= kept(call.message)
    return {name: value for name, value in (found | fields).items() if value != ""}


def kept(message: Json, **more: Json) -> dict[str, str | int]:
    """The fields of a record that holds this request."""
    return {"kept": "whole", "content": json.dumps({"v": 1, "message": message, **more})}


def seen(caller: Caller) -> dict[str, str | int]:
    """The fields that tell of the caller's groups and roles."""
    return {
        name: " ".join(sorted(found)) or NONE for name, found in (("groups", caller.groups), ("roles", caller.roles))
    }


def told(*records: dict[str, str | int], session: str = "20261123-one") -> list[Told]:
    return [Told(session, f"w-{number:08d}", fields) for number, fields in enumerate(records)]


def past(*records: dict[str, str | int]) -> list[PastCall]:
    """The calls of these records, each a call of its own."""
    calls, _ = past_calls(told(*({**fields, "call": f"c{number}"} for number, fields in enumerate(records))))
    return calls
