"""What a call is aimed at: a tool, a resource, a prompt, or nothing that a glob could name.

Takes a call and returns its target as rules compare it. Where the body could be read as naming
something else than what the record will say, there is no target, and only a rule that allows the
method whatever its target can allow the call.
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.policy.uri import normal_form, template_text
from gateway.values import Call


class TargetKind(StrEnum):
    TOOL = "tool"
    RESOURCE = "resource"
    TEMPLATE = "template"
    """A URI template: many resources at once."""
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Target:
    """A tool, resource, template or prompt by its name."""

    kind: TargetKind
    name: str
    """Of a template: with HOLE for its variables."""
    normal: str
    """Of a resource or template: its normal form; else the name."""


USED_BY = {
    TargetKind.TOOL: "tools/call",
    TargetKind.RESOURCE: "resources/read",
    TargetKind.TEMPLATE: "resources/read",
    TargetKind.PROMPT: "prompts/get",
}
"""The method that uses a target of this kind: what may be used may be seen in a list."""

_AIMED = {
    "tools/call": TargetKind.TOOL,
    "resources/read": TargetKind.RESOURCE,
    "resources/subscribe": TargetKind.RESOURCE,
    "resources/unsubscribe": TargetKind.RESOURCE,
    "prompts/get": TargetKind.PROMPT,
}
_REFERENCES = {"ref/resource": (TargetKind.TEMPLATE, "uri"), "ref/prompt": (TargetKind.PROMPT, "name")}
"""2026-07-28 server/utilities/completion: a completion is of one variable of a template or prompt."""


def target_of(call: Call) -> Target | None:
    """The call's target, or None."""
    if call.method in _AIMED:
        return make_target(_AIMED[call.method], call.target) if call.target else None
    if call.method != "completion/complete":
        return None
    reference = call.params.get("ref")
    kind_and_field = _REFERENCES.get(str(reference.get("type"))) if isinstance(reference, dict) else None
    if kind_and_field is None or not isinstance(reference, dict):
        return None
    kind, field = kind_and_field
    # fail-closed: what is decided on must be what the record calls the target.
    return make_target(kind, call.target) if call.target and reference.get(field) == call.target else None


def make_target(kind: TargetKind, name: str) -> Target:
    """The target of this kind and name."""
    if kind is TargetKind.TEMPLATE:
        name = template_text(name)
    is_uri = kind in (TargetKind.RESOURCE, TargetKind.TEMPLATE)
    return Target(kind, name, normal_form(name) if is_uri else name)
