"""The `masks` section of a policy: what is hidden, how, and who sees it clear.

Takes the section's node and what it may name, and returns masks by name, in order. A mask that would
hide nothing is refused, and so is a detector, field rule, pattern, group, approval or grant that does
not exist.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import yaml

from gateway.masking.detectors import DETECTORS, GROUPS
from gateway.masking.fields import check_field
from gateway.policy.custom import read_patterns, read_words
from gateway.policy.nodes import Findings, Item, entries, mapping, text, texts
from gateway.policy.suggestion import unknown
from gateway.values import Action, ApprovalTerms, Mask, Reveal

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""Of masks and rules: these stand in records, comma-separated."""
NAME_IN_WORDS = "a name has up to 64 letters, digits, '-', '_' and '.'"

_KEYS = (
    *("detect", "fields", "patterns", "words", "action", "approval"),
    *("clear_for", "partial_for", "reveal"),
)
_HIDES = frozenset({"detect", "fields", "patterns", "words"})


@dataclass(frozen=True, slots=True)
class Nameable:
    """What a mask may name."""

    groups: Mapping[str, str]
    approvals: Mapping[str, ApprovalTerms]
    grants: Collection[str]


def read_masks(node: yaml.Node, names: Nameable, findings: Findings) -> dict[str, Mask]:
    """The masks by name. One with a mistake is there too, so that who names it makes no second mistake."""
    return {item.text: _read_mask(item, value, names, findings) for item, value in entries(node, "masks", findings)}


def masks_named(
    node: yaml.Node, what: str, masks: Mapping[str, Mask], findings: Findings, *, of_requests: bool = False
) -> tuple[Mask, ...]:
    """The masks that a list names; those that ask for an approval only where it is about requests."""
    found = []
    for item in texts(node, what, findings):
        if item.text not in masks:
            findings.add(item.node, unknown("mask", item.text, masks))
            continue
        mask = masks[item.text]
        if mask.action is Action.APPROVAL and not of_requests:
            findings.add(item.node, f"mask {item.text!r} asks for an approval of requests; name it in 'mask_requests'")
        found.append(mask)
    return tuple(found)


def groups_named(node: yaml.Node, what: str, groups: Mapping[str, str], findings: Findings) -> frozenset[str]:
    """Object ids of the groups that a list names by label."""
    found = set()
    for item in texts(node, what, findings):
        if item.text in groups:
            found.add(groups[item.text])
        else:
            findings.add(item.node, f"{unknown('group', item.text, groups)} (in {what}; list it under 'groups' first)")
    return frozenset(found)


def _read_mask(item: Item, node: yaml.Node, names: Nameable, findings: Findings) -> Mask:
    what = f"mask {item.text!r}"
    if not NAME.fullmatch(item.text):
        findings.add(item.node, f"{what}: {NAME_IN_WORDS}")
    found = mapping(node, what, findings, _KEYS)
    if isinstance(node, yaml.MappingNode) and not found.keys() & _HIDES:
        findings.add(node, f"{what} hides nothing; add 'detect: [email]' or 'fields: [salary]'")
    action = _read_action(found["action"], what, findings) if "action" in found else Action.REDACT
    if (action is Action.APPROVAL) != ("approval" in found) and isinstance(node, yaml.MappingNode):
        findings.add(node, f"{what}: 'action: approval' and 'approval: NAME' belong together")
    return Mask(
        name=item.text,
        action=action,
        detectors=_read_detectors(found["detect"], what, findings) if "detect" in found else (),
        fields=_read_fields(found["fields"], what, findings) if "fields" in found else (),
        patterns=read_patterns(found["patterns"], what, findings) if "patterns" in found else (),
        words=read_words(found["words"], what, findings) if "words" in found else (),
        clear_for=_groups(found, "clear_for", what, names, findings),
        partial_for=_groups(found, "partial_for", what, names, findings),
        reveal=_read_reveal(found["reveal"], what, names, findings) if "reveal" in found else None,
        approval=_read_approval(found["approval"], what, names, findings) if "approval" in found else None,
    )


def _groups(found: Mapping[str, yaml.Node], key: str, what: str, names: Nameable, findings: Findings) -> frozenset[str]:
    return groups_named(found[key], f"{key} of {what}", names.groups, findings) if key in found else frozenset()


def _read_reveal(node: yaml.Node, what: str, names: Nameable, findings: Findings) -> Reveal:
    where = f"reveal of {what}"
    found = mapping(node, where, findings, ("approval", "grant"))
    if len(found) != 1 and isinstance(node, yaml.MappingNode):
        findings.add(node, f"{where}: name one of 'approval' and 'grant'")
    grant = text(found["grant"], f"grant in {where}", findings) if "grant" in found else ""
    if grant and grant not in names.grants:
        findings.add(found["grant"], f"{unknown('grant', grant, names.grants)} (in {where})")
    approval = _read_approval(found["approval"], where, names, findings) if "approval" in found else None
    return Reveal(approval, grant or "")


def _read_approval(node: yaml.Node, what: str, names: Nameable, findings: Findings) -> ApprovalTerms | None:
    written = text(node, f"approval of {what}", findings)
    if written is not None and written not in names.approvals:
        findings.add(node, f"{unknown('approval', written, names.approvals)} (in {what}; list it under 'approvals')")
    return names.approvals.get(written or "")


def _read_action(node: yaml.Node, what: str, findings: Findings) -> Action:
    written = text(node, f"action of {what}", findings)
    if written in set(Action):
        return Action(written)
    if written is not None:
        findings.add(node, f"{unknown('action', written, list(Action))} (in {what})")
    return Action.REDACT


def _read_detectors(node: yaml.Node, what: str, findings: Findings) -> tuple[str, ...]:
    found = texts(node, f"detect of {what}", findings)
    for item in found:
        if item.text not in DETECTORS and item.text not in GROUPS:
            findings.add(item.node, f"{unknown('detector', item.text, (*DETECTORS, *GROUPS))} (in {what})")
    return tuple(dict.fromkeys(name for item in found for name in GROUPS.get(item.text, (item.text,))))


def _read_fields(node: yaml.Node, what: str, findings: Findings) -> tuple[str, ...]:
    found = texts(node, f"fields of {what}", findings)
    for item in found:
        if fault := check_field(item.text):
            findings.add(item.node, f"fields of {what}: {fault}")
    return tuple(item.text for item in found)
