"""What an approver sees of a call and its tool: masked for this approver. Pure.

Takes the call that waits, the pinned definition and the policy in force, and gives texts. Of what
cannot be masked, because a mask is gone, fails or blocks, nothing is shown, and what is not shown
cannot be approved (fail-closed).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway import jsontext
from gateway.access.grant import METHOD
from gateway.approvals.approval import Approval
from gateway.approvals.digest import reveals, shown_params
from gateway.mask import mask, mask_text
from gateway.policy.document import Policy
from gateway.policy.obligations import seen_by
from gateway.proposals.proposal import METHOD as POLICY
from gateway.storage.contract import Pin
from gateway.values import Call, Json, Mask, Masked

_HINTS = {
    ("readOnlyHint", True): "it changes nothing",
    ("readOnlyHint", False): "it changes things",
    ("destructiveHint", True): "it may destroy what is there",
    ("destructiveHint", False): "it destroys nothing",
    ("idempotentHint", True): "a repetition changes nothing more",
    ("idempotentHint", False): "each repetition acts again",
    ("openWorldHint", True): "it reaches other systems",
    ("openWorldHint", False): "it reaches no other system",
}

_TARGET = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri", METHOD: "name", POLICY: "name"}
"""The param that names a call's target."""


@dataclass(frozen=True, slots=True)
class ShownCall:
    """The params of a call, as JSON texts by name; None: they cannot be shown."""

    params: tuple[tuple[str, str], ...] | None
    hidden: int = 0
    """How many values are masked."""
    target: str = ""
    reveals: tuple[str, ...] = ()
    """Masks that the call asks to lift for its requester."""


@dataclass(frozen=True, slots=True)
class ShownTool:
    """What the tool's server says of it."""

    title: str
    description: str
    hints: tuple[str, ...]
    is_as_asked: bool
    """Whether that is the definition that the call was asked for with."""


def masks_for(approval: Approval, policy: Policy, groups: frozenset[str]) -> tuple[Mask, ...] | None:
    """The masks of the call for somebody in these groups; None if one of them, or the server, is gone."""
    if approval.request.method == POLICY:
        # A policy holds no secret, and whoever decides on one has to see all of it.
        return ()
    names = set(filter(None, approval.request.masks.split(",")))
    server = policy.servers.get(approval.request.server)
    # fail-closed: what a mask would have hidden that is no longer there, nobody knows.
    if server is None or not names <= policy.masks.keys():
        return None
    names |= {each.name for each in server.masks}
    return seen_by(policy, names, groups)


def shown_call(call: Call | None, masks: tuple[Mask, ...] | None) -> ShownCall:
    """The call as it may be seen; `call` is None where it is no longer kept or cannot be opened."""
    if call is None or masks is None:
        return ShownCall(None)
    params = shown_params(call)
    arguments = params.pop("arguments", {})
    # The target is told by itself.
    others = {name: value for name, value in params.items() if name != _TARGET.get(call.method)}
    # Apart, so that a mask's path begins at the arguments, as a condition of a rule does.
    masked = [_masked(part, masks) for part in (arguments, others)]
    if any(part is None for part in masked):
        return ShownCall(None)
    found = [part for part in masked if part is not None]
    texts = [pair for part, _ in found for pair in _texts(part, are_lines=call.method == POLICY)]
    return ShownCall(
        tuple(texts), sum(hidden for _, hidden in found), mask_text(call.target, masks), reveals(call) or ()
    )


def shown_tool(pin: Pin | None, definition: str, masks: tuple[Mask, ...] | None) -> ShownTool | None:
    """What the definition in the pin says; None if there is none, or it may not be shown."""
    if pin is None or masks is None:
        return None
    found = jsontext.parse(pin.accepted_text) if pin.accepted_text else None
    if not isinstance(found, dict):
        return None
    annotations = found.get("annotations")
    hints = annotations.items() if isinstance(annotations, dict) else ()
    title = found.get("title") or (annotations.get("title") if isinstance(annotations, dict) else None)
    return ShownTool(
        title=mask_text(title, masks) if isinstance(title, str) else "",
        description=mask_text(_text(found.get("description")), masks),
        hints=tuple(_HINTS[name, value] for name, value in hints if type(value) is bool and (name, value) in _HINTS),
        is_as_asked=pin.accepted == definition,
    )


def _masked(part: Json, masks: tuple[Mask, ...]) -> tuple[Json, int] | None:
    """What the masks leave of it, and how many values they hid; as in the structured content of an answer."""
    found = mask({"jsonrpc": "2.0", "id": 0, "result": {"structuredContent": part}}, masks)
    if not isinstance(found, Masked):
        return None
    return found.message["result"]["structuredContent"], sum(each.count for each in found.hidden)


def _texts(part: Json, *, are_lines: bool) -> list[tuple[str, str]]:
    named: Mapping[str, Json] = part if isinstance(part, dict) else {"arguments": part}
    return [(name, "\n".join(value) if are_lines else jsontext.pretty(value)) for name, value in named.items()]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
