"""The sealed `requestState` by which a client comes back for the answer to a call that waits. Pure.

Takes an approval and the number of a round, and gives a text that opens for nobody but the caller and
server that it was made for (2026-07-28 basic/patterns/mrtr: servers must protect it). The first round
asks the client to open the requester's page; the later ones only wait.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.approvals.digest import ROUND
from gateway.seal import Seal
from gateway.values import Call, Caller, Json

PURPOSE = "request-state"
PREFIX = "countersign."
"""What tells the gateway's own `requestState` from an upstream's; one that begins so and does not open is refused."""
LAST = 8
"""Clients give up after ten rounds; before that the call is answered."""
METHODS = frozenset({"tools/call", "prompts/get", "resources/read"})
"""Whose results may be `input_required`."""
KEY = "approval"
"""Name of the one input request of the first round."""
MAX_STATE = 1024
"""Characters."""


@dataclass(frozen=True, slots=True)
class Round:
    """What a `requestState` of the gateway says."""

    approval: str
    number: int
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))
    """Each `requestState` counts once."""


def is_own(call: Call) -> bool:
    """Whether the client came back with a `requestState` that claims to be the gateway's."""
    state = call.params.get("requestState")
    return isinstance(state, str) and state.startswith(PREFIX)


def seal_round(seal: Seal, this: Round, caller: Caller, server: str) -> str:
    return PREFIX + seal.seal_text(
        json.dumps([this.approval, this.number, this.nonce]).encode(), _bound_to(caller, server)
    )


def open_round(seal: Seal, call: Call, caller: Caller) -> Round | None:
    """The round in a call's `requestState`; None if it was not made for this caller and server, or was changed."""
    state = call.params.get("requestState")
    if not isinstance(state, str) or len(state) > MAX_STATE:
        return None
    content = seal.open_text(state.removeprefix(PREFIX), _bound_to(caller, call.server))
    return None if content is None else Round(*json.loads(content))


def declines(call: Call) -> bool:
    """Whether the person who was asked to open the page said no."""
    responses = call.params.get("inputResponses")
    answer = responses.get(KEY) if isinstance(responses, dict) else None
    return isinstance(answer, dict) and answer.get("action") in ("decline", "cancel")


def without_round(call: Call, original: Mapping[str, Json] | None = None) -> Call:
    """The call without what the gateway's own round added; with the rounds of its upstream, if it had begun some."""
    params = {key: value for key, value in call.params.items() if key not in ROUND}
    begun = {key: original[key] for key in ROUND if original is not None and key in original}
    return replace(call, message={**call.message, "params": params | begun})


def input_required(state: str, elicitation: dict[str, Any] | None = None) -> dict[str, Any]:
    """The result that sends the client round again (2026-07-28 basic/patterns/mrtr, client/elicitation)."""
    result: dict[str, Any] = {"resultType": "input_required", "requestState": state}
    if elicitation is not None:
        result["inputRequests"] = {KEY: {"method": "elicitation/create", "params": elicitation}}
    return result


def _bound_to(caller: Caller, server: str) -> bytes:
    return json.dumps([caller.tenant, caller.object_id, caller.client, server]).encode()
