"""People by name: who may be asked about when nobody has signed in.

Takes YAML (or JSON) that says of a person what a token would say, in the words that conditions use for
`caller`, and returns a Caller for each. A group is named by its label in the policy or by its object
id; one that is neither is refused, for a misspelt group would make every answer about its members wrong.
"""

import re
from collections.abc import Iterable, Mapping

import yaml

from gateway.policy.document import PolicyError
from gateway.policy.nodes import Findings, compose, entries, mapping, text, texts
from gateway.policy.suggestion import unknown
from gateway.values import Caller, CallerKind

_KEYS = ("kind", "groups", "roles", "oid", "tid", "client")
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def read_people(data: bytes, groups: Mapping[str, str]) -> dict[str, Caller] | tuple[PolicyError, ...]:
    """Everyone in a people file, by name, or its mistakes."""
    root = compose(data, "the people file", "engineer: {kind: user, groups: [engineering]}")
    if isinstance(root, PolicyError):
        return (root,)
    findings = Findings()
    people = {
        item.text: read_person(node, repr(item.text), groups, findings)
        for item, node in entries(root, "the people file", findings)
    }
    return tuple(findings.errors) or people


def read_one(data: bytes, groups: Mapping[str, str]) -> Caller | tuple[PolicyError, ...]:
    """The one person whom a file describes, or its mistakes."""
    root = compose(data, "the person's file", '{"kind": "user"}')
    if isinstance(root, PolicyError):
        return (root,)
    findings = Findings()
    person = read_person(root, "the person", groups, findings)
    return tuple(findings.errors) or person


def read_person(node: yaml.Node, what: str, groups: Mapping[str, str], findings: Findings) -> Caller:
    """What a token of this person would say."""
    found = mapping(node, what, findings, _KEYS, required=("kind",))
    return described(
        _read_kind(found["kind"], what, findings) if "kind" in found else CallerKind.USER,
        groups=_read_groups(found["groups"], what, groups, findings) if "groups" in found else (),
        roles=[item.text for item in texts(found["roles"], f"roles of {what}", findings)] if "roles" in found else (),
        **{
            key: text(found[key], f"{key} of {what}", findings) or ""
            for key in ("oid", "tid", "client")
            if key in found
        },
    )


def described(
    kind: CallerKind,
    *,
    groups: Iterable[str] = (),
    roles: Iterable[str] = (),
    oid: str = "",
    tid: str = "",
    client: str = "",
) -> Caller:
    """The caller whose token would say this. `groups` are object ids."""
    return Caller(
        tenant=tid.lower(),
        object_id=oid.lower(),
        kind=kind,
        client=client.lower(),
        groups=frozenset(groups),
        roles=frozenset(roles),
        token_id="",
        sign_in="",
        expires=0,
    )


def group_id(name: str, groups: Mapping[str, str]) -> str | None:
    """The object id of the group with this label or this id; None if it is neither."""
    if name in groups:
        return groups[name]
    return name.lower() if _OBJECT_ID.fullmatch(name.lower()) else None


def unknown_group(name: str, groups: Iterable[str]) -> str:
    """What is wrong with a group that `group_id` does not know."""
    return f"{unknown('group', name, groups)} (a label of the policy, or an object id)"


def _read_kind(node: yaml.Node, what: str, findings: Findings) -> CallerKind:
    written = text(node, f"kind of {what}", findings)
    if written in set(CallerKind):
        return CallerKind(written)
    if written is not None:
        findings.add(node, f"{unknown('kind', written, list(CallerKind))} (in {what})")
    return CallerKind.USER


def _read_groups(node: yaml.Node, what: str, groups: Mapping[str, str], findings: Findings) -> list[str]:
    found = []
    for item in texts(node, f"groups of {what}", findings):
        known = group_id(item.text, groups)
        if known is None:
            findings.add(item.node, f"groups of {what}: {unknown_group(item.text, groups)}")
        else:
            found.append(known)
    return found
