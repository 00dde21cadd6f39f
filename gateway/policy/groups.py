"""The `groups` section of a policy: labels, and the Entra groups that they stand for.

Takes the section's node and what the directory answered of display names, and returns the object id
of each label. A group may be written by its id, or as `{name: ...}`, which only the directory can
turn into an id; a name that no group has, or more than one, is refused, since ids are what decides.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from gateway.policy.nodes import Findings, Item, entries, mapping, text

type Found = Mapping[str, tuple[str, ...]]
"""By display name as the policy writes it: the object ids of the groups that have it."""

MAX_NAMES = 50
"""Groups written by name; each is one question to the directory, and their ids are one field of a record."""
MAX_NAME = 256
"""Characters; Entra allows no more."""
_MAX_LABEL = 120
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STAND_IN = "name:"
"""No object id has a colon."""
_EXAMPLE = f"{'0' * 8}-1111-2222-3333-{'4' * 12}"


@dataclass(slots=True)
class Groups:
    """The section as read."""

    ids: dict[str, str] = field(default_factory=dict)
    """Label to object id; to a stand-in where a name has not been looked up, which no caller ever has."""
    names: dict[str, str] = field(default_factory=dict)
    """Label to display name, of the groups that are written by name."""


def read_groups(node: yaml.Node, found: Found | None, findings: Findings) -> Groups:
    """The groups. With `found` None names are checked as far as that goes without the directory."""
    groups = Groups()
    labels: dict[str, str] = {}
    for item, value in entries(node, "groups", findings):
        what = f"group {item.text!r}"
        if isinstance(value, yaml.MappingNode):
            key = _read_named(item, value, found, groups, findings)
        else:
            key = _checked(text(value, what, findings), value, what, findings)
        if key and key in labels:
            same = "name" if key.startswith(_STAND_IN) else "object id"
            findings.add(value, f"{what} has the {same} of group {labels[key]!r}; keep one label for it")
        if len(item.text) > _MAX_LABEL or not item.text.isprintable() or set(item.text) & set("'\"\\"):
            findings.add(item.node, f"{what}: a label has up to {_MAX_LABEL} characters and no quotes")
        labels.setdefault(key, item.text)
        groups.ids[item.text] = key
    return groups


def _read_named(item: Item, node: yaml.Node, found: Found | None, groups: Groups, findings: Findings) -> str:
    what = f"group {item.text!r}"
    written = mapping(node, what, findings, ("name",), ("name",)).get("name")
    name = text(written, f"name of {what}", findings) if written is not None else None
    if written is None or name is None:
        return ""
    if len(name) > MAX_NAME or not name.isprintable() or name != name.strip():
        findings.add(written, f"name of {what}: a name has up to {MAX_NAME} characters, all visible, no blanks around")
        return ""
    groups.names[item.text] = name
    if len(groups.names) == MAX_NAMES + 1:
        findings.add(written, f"{what}: at most {MAX_NAMES} groups are written by name; write object ids from here on")
    if found is None:
        # Entra tells no names apart by case.
        return f"{_STAND_IN}{name.casefold()}"
    return _resolved(name, written, what, found, findings)


def _resolved(name: str, node: yaml.Node, what: str, found: Found, findings: Findings) -> str:
    if name not in found:
        findings.add(node, f"{what} is written by name, and the directory was not asked for {name!r}")
        return ""
    if len(found[name]) != 1:
        has = "more than one group has" if found[name] else "no group has"
        mend = "write the object id of the one that is meant" if found[name] else "correct it, or write an object id"
        findings.add(node, f"{what}: {has} the name {name!r}; {mend} (names are looked up when this document changes)")
        return ""
    return _checked(found[name][0], node, what, findings)


def _checked(object_id: str | None, node: yaml.Node, what: str, findings: Findings) -> str:
    if object_id is None:
        return ""
    if not _OBJECT_ID.fullmatch(object_id.lower()):
        findings.add(node, f"{what} must be the object id of an Entra group, such as {_EXAMPLE}, or {{name: ...}}")
    return object_id.lower()
