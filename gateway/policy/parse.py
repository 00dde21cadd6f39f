"""A policy document, from YAML text to checked values, or to the list of what is wrong with it.

`parse` takes the text as it lies in the file and returns a Policy, in which every name is resolved,
or every mistake with its line and what to write instead. It refuses the whole document for one
mistake: half a policy would be a policy that nobody wrote.
"""

import hashlib
import re
from collections.abc import Mapping

import yaml

from gateway.policy.document import Policy, PolicyError, Rule
from gateway.policy.masks import read_masks
from gateway.policy.nodes import Findings, compose, entries, mapping, text
from gateway.policy.rules import Names, read_rules
from gateway.policy.servers import read_servers

VERSION = "1"

_SECTIONS = ("version", "groups", "servers", "masks", "rules")
_REQUIRED = ("version", "servers", "rules")
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAX_LABEL = 120


def parse(document: bytes | str) -> Policy | tuple[PolicyError, ...]:
    """The policy, or its mistakes in the order of their lines. Never raises, whatever the text."""
    data = document.encode(errors="surrogatepass") if isinstance(document, str) else document
    root = compose(data)
    if isinstance(root, PolicyError):
        return (root,)
    findings = Findings()
    sections = mapping(root, "the policy", findings, _SECTIONS, _REQUIRED)
    policy = _read_sections(sections, hashlib.sha256(data).hexdigest(), findings)
    if findings.errors:
        return tuple(sorted(findings.errors, key=lambda error: (error.line, error.column)))
    return policy


def _read_sections(sections: Mapping[str, yaml.Node], digest: str, findings: Findings) -> Policy:
    if "version" in sections:
        _check_version(sections["version"], findings)
    groups = _read_groups(sections["groups"], findings) if "groups" in sections else {}
    masks = read_masks(sections["masks"], groups, findings) if "masks" in sections else {}
    servers = read_servers(sections["servers"], masks, findings) if "servers" in sections else {}
    rules = read_rules(sections["rules"], Names(groups, servers, masks), findings) if "rules" in sections else ()
    return Policy(digest, groups, servers, masks, rules, _by_server(rules, servers))


def _check_version(node: yaml.Node, findings: Findings) -> None:
    if not isinstance(node, yaml.ScalarNode) or node.value != VERSION:
        findings.add(node, f"version must be {VERSION}, the only one that this gateway reads")


def _read_groups(node: yaml.Node, findings: Findings) -> dict[str, str]:
    groups: dict[str, str] = {}
    labels: dict[str, str] = {}
    for item, value in entries(node, "groups", findings):
        what = f"group {item.text!r}"
        object_id = (text(value, what, findings) or "").lower()
        if object_id and not _OBJECT_ID.fullmatch(object_id):
            findings.add(
                value, f"{what} must be the object id of an Entra group, such as {'0' * 8}-1111-2222-3333-{'4' * 12}"
            )
        elif object_id in labels:
            findings.add(value, f"{what} has the object id of group {labels[object_id]!r}; keep one label for it")
        if len(item.text) > _MAX_LABEL or not item.text.isprintable() or set(item.text) & set("'\"\\"):
            findings.add(item.node, f"{what}: a label has up to {_MAX_LABEL} characters and no quotes")
        labels.setdefault(object_id, item.text)
        groups[item.text] = object_id
    return groups


def _by_server(rules: tuple[Rule, ...], servers: Mapping[str, object]) -> dict[str, tuple[Rule, ...]]:
    return {name: tuple(rule for rule in rules if name in rule.servers) for name in servers}
