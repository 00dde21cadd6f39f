"""The `masks` section of a policy: what is hidden, how, and who sees it clear.

Takes the section's node and the groups that are known, and returns masks by name, in order. A mask
that would hide nothing is refused, and so is a detector, field rule or group that does not exist.
"""

import re
from collections.abc import Mapping

import yaml

from gateway.masking.detectors import DETECTORS
from gateway.masking.fields import check_field
from gateway.policy.nodes import Findings, Item, entries, mapping, text, texts
from gateway.policy.suggestion import unknown
from gateway.values import Action, Mask

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""Of masks and rules: these stand in records, comma-separated."""
NAME_IN_WORDS = "a name has up to 64 letters, digits, '-', '_' and '.'"

_KEYS = ("detect", "fields", "action", "clear_for")


def read_masks(node: yaml.Node, groups: Mapping[str, str], findings: Findings) -> dict[str, Mask]:
    """The masks by name. One with a mistake is there too, so that who names it makes no second mistake."""
    return {item.text: _read_mask(item, value, groups, findings) for item, value in entries(node, "masks", findings)}


def masks_named(node: yaml.Node, what: str, masks: Mapping[str, Mask], findings: Findings) -> tuple[Mask, ...]:
    """The masks that a list names."""
    found = []
    for item in texts(node, what, findings):
        if item.text in masks:
            found.append(masks[item.text])
        else:
            findings.add(item.node, unknown("mask", item.text, masks))
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


def _read_mask(item: Item, node: yaml.Node, groups: Mapping[str, str], findings: Findings) -> Mask:
    what = f"mask {item.text!r}"
    if not NAME.fullmatch(item.text):
        findings.add(item.node, f"{what}: {NAME_IN_WORDS}")
    found = mapping(node, what, findings, _KEYS)
    if isinstance(node, yaml.MappingNode) and not found.keys() & {"detect", "fields"}:
        findings.add(node, f"{what} hides nothing; add 'detect: [email]' or 'fields: [salary]'")
    return Mask(
        name=item.text,
        action=_read_action(found["action"], what, findings) if "action" in found else Action.REDACT,
        detectors=_read_detectors(found["detect"], what, findings) if "detect" in found else (),
        fields=_read_fields(found["fields"], what, findings) if "fields" in found else (),
        clear_for=groups_named(found["clear_for"], f"clear_for of {what}", groups, findings)
        if "clear_for" in found
        else frozenset(),
    )


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
        if item.text not in DETECTORS:
            findings.add(item.node, f"{unknown('detector', item.text, DETECTORS)} (in {what})")
    return tuple(item.text for item in found)


def _read_fields(node: yaml.Node, what: str, findings: Findings) -> tuple[str, ...]:
    found = texts(node, f"fields of {what}", findings)
    for item in found:
        if fault := check_field(item.text):
            findings.add(item.node, f"fields of {what}: {fault}")
    return tuple(item.text for item in found)
