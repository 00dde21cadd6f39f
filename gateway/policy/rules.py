"""The `rules` section of a policy: who may do what where, under which condition and with what duties.

Takes the section's node and the names that are known, and returns rules in order. A rule must say
whom it is for, on which servers, and what it covers; nothing of this has a default that is wider than
what is written. A glob that could never match is refused, and so is a list that another makes
pointless, since both read as if they protected something.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import yaml

from gateway.policy.condition import Condition, Place
from gateway.policy.conditional import read_condition
from gateway.policy.document import Effect, GrantTerms, Rule, Server, Who
from gateway.policy.glob import Glob, UriGlob
from gateway.policy.masks import NAME, NAME_IN_WORDS, masks_named
from gateway.policy.nodes import Findings, Item, mapping, sequence, text, texts
from gateway.policy.suggestion import unknown
from gateway.policy.who import read_who
from gateway.protocol import METHODS
from gateway.values import ApprovalTerms, Mask

_COVERED_WHOLE = {"tools": "tools/call", "resources": "resources/read", "prompts": "prompts/get"}
"""The method by which a list's targets are used."""
_COVERS = (*_COVERED_WHOLE, "methods")
_KEYS = ("name", "effect", "who", "servers", *_COVERS, "when", "unless", "require", "mask", "mask_requests")
_REQUIRED = ("name", "effect", "who", "servers")
_REQUIREMENTS = ("approval", "grant")

MAX_GLOB = 200
"""Characters."""
_NO_WILDCARDS = re.compile(r"[?\[\]{}^$|\\()+]")
_NOT_IN_URIS = re.compile(r"[{}^|\\<>\"`]")
_URI_BEGINNING = re.compile(r"(?:[a-z][a-z0-9+.-]*(?:[:*].*)?|\*.*)", re.DOTALL)
_DOT_SEGMENT = re.compile(r"(?:^|/)(?:\.|%2[eE]){1,2}(?:/|$)")


@dataclass(frozen=True, slots=True)
class Names:
    """What rules may name."""

    groups: Mapping[str, str]
    servers: Mapping[str, Server]
    masks: Mapping[str, Mask]
    approvals: Mapping[str, ApprovalTerms]
    grants: Mapping[str, GrantTerms]


def read_rules(node: yaml.Node, names: Names, findings: Findings) -> tuple[Rule, ...]:
    """The rules in order; `rules: []` is a policy that allows nothing."""
    if isinstance(node, yaml.SequenceNode) and not node.value:
        return ()
    rules: list[Rule] = []
    lines: dict[str, int] = {}
    for rule_node in sequence(node, "rules", findings):
        rule = _read_rule(rule_node, names, findings)
        if rule is None:
            continue
        if rule.name in lines:
            findings.add(rule_node, f"rule name {rule.name!r} is taken by the rule in line {lines[rule.name]}")
        lines.setdefault(rule.name, rule_node.start_mark.line + 1)
        rules.append(rule)
    return tuple(rules)


def _read_rule(node: yaml.Node, names: Names, findings: Findings) -> Rule | None:
    what = _title(node)
    found = mapping(node, what, findings, _KEYS, _REQUIRED)
    if not found:
        return None
    effect = _read_effect(found["effect"], what, findings) if "effect" in found else Effect.DENY
    _check_cover(node, found, what, findings)
    if effect is Effect.DENY:
        for key in found.keys() & {"require", "mask", "mask_requests"}:
            findings.add(found[key], f"{what} denies, so it has no '{key}'; write that in an allow rule")
    methods = _read_globs(found, "methods", what, _wrong_method, findings)
    _check_overlap(found, methods, what, findings)
    required = _read_required(found["require"], what, findings) if "require" in found else {}
    return Rule(
        name=_read_name(found["name"], what, findings) if "name" in found else "",
        effect=effect,
        who=read_who(found["who"], what, names.groups, findings) if "who" in found else Who(),
        servers=read_where(found["servers"], what, names.servers, findings) if "servers" in found else frozenset(),
        tools=tuple(Glob(item.text) for item in _read_globs(found, "tools", what, _wrong_name, findings)),
        resources=tuple(UriGlob(item.text) for item in _read_globs(found, "resources", what, _wrong_uri, findings)),
        prompts=tuple(Glob(item.text) for item in _read_globs(found, "prompts", what, _wrong_name, findings)),
        methods=tuple(Glob(item.text) for item in methods),
        when=_read_condition(found, "when", what, names, findings),
        unless=_read_condition(found, "unless", what, names, findings),
        approval=_read_approval(required["approval"], what, names, findings) if "approval" in required else None,
        grant=_read_grant(required["grant"], what, names, findings) if "grant" in required else "",
        masks=masks_named(found["mask"], f"mask of {what}", names.masks, findings) if "mask" in found else (),
        request_masks=masks_named(
            found["mask_requests"], f"mask_requests of {what}", names.masks, findings, of_requests=True
        )
        if "mask_requests" in found
        else (),
    )


def _title(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "name" and isinstance(value, yaml.ScalarNode) and NAME.fullmatch(value.value):
                return f"rule {value.value!r}"
    return f"the rule in line {node.start_mark.line + 1}"


def _read_name(node: yaml.Node, what: str, findings: Findings) -> str:
    name = text(node, f"name of {what}", findings) or ""
    if name and not NAME.fullmatch(name):
        findings.add(node, f"name of {what}: {NAME_IN_WORDS}")
    return name


def _read_effect(node: yaml.Node, what: str, findings: Findings) -> Effect:
    written = text(node, f"effect of {what}", findings)
    if written in set(Effect):
        return Effect(written)
    if written is not None:
        findings.add(node, f"{unknown('effect', written, list(Effect))} (in {what})")
    return Effect.DENY


def _check_cover(node: yaml.Node, found: Mapping[str, yaml.Node], what: str, findings: Findings) -> None:
    if not found.keys() & set(_COVERS):
        findings.add(
            node, f"{what} does not say what it allows or denies; add 'tools', 'resources', 'prompts' or 'methods'"
        )


def _check_overlap(found: Mapping[str, yaml.Node], methods: list[Item], what: str, findings: Findings) -> None:
    for key, method in _COVERED_WHOLE.items():
        covering = next((item for item in methods if Glob(item.text).matches(method)), None)
        if key in found and covering is not None:
            findings.add(
                covering.node,
                f"methods of {what}: {covering.text!r} covers {method} for every target, so '{key}' narrows nothing; "
                "remove one of them",
            )


def read_where(node: yaml.Node, what: str, servers: Mapping[str, Server], findings: Findings) -> frozenset[str]:
    """The servers that a list of globs names."""
    found: set[str] = set()
    for item in texts(node, f"servers of {what}", findings):
        glob = Glob(item.text)
        named = {name for name in servers if glob.matches(name)}
        if not named:
            findings.add(item.node, f"{unknown('server', item.text, servers)} (in {what})")
        found |= named
    return frozenset(found)


def _read_globs(
    found: Mapping[str, yaml.Node], key: str, what: str, wrong: Callable[[str], str | None], findings: Findings
) -> list[Item]:
    items = texts(found[key], f"{key} of {what}", findings) if key in found else []
    for item in items:
        if fault := _wrong_glob(item.text) or wrong(item.text):
            findings.add(item.node, f"{key} of {what}: {item.text!r} {fault}")
    return items


def _wrong_glob(glob: str) -> str | None:
    if len(glob) > MAX_GLOB:
        return f"has {len(glob)} characters; at most {MAX_GLOB} are read"
    if glob != glob.strip() or not glob.isprintable():
        return "has blanks at an end or characters that cannot be seen; remove them"
    return "has '**'; one * already stands for any characters, '/' too" if "**" in glob else None


def _wrong_name(glob: str) -> str | None:
    if found := _NO_WILDCARDS.search(glob):
        return f"has '{found[0]}', which is no wildcard here; only * is, for any characters"
    return None


def _wrong_uri(glob: str) -> str | None:
    if found := _NOT_IN_URIS.search(glob):
        return f"has '{found[0]}', which no URI has; for the variable of a template write *"
    if not _URI_BEGINNING.fullmatch(glob) or not {":", "*"} & set(glob):
        return "cannot match a URI, which begins with a scheme in lower case, such as customer://*"
    return (
        "has a '.' or '..' segment, which is resolved before globs are compared" if _DOT_SEGMENT.search(glob) else None
    )


def _wrong_method(glob: str) -> str | None:
    if any(Glob(glob).matches(method) for method in METHODS):
        return None
    return f"matches no method: {unknown('method', glob, METHODS)}"


def _read_condition(
    found: Mapping[str, yaml.Node], key: str, what: str, names: Names, findings: Findings
) -> Condition | None:
    if key not in found:
        return None
    return read_condition(found[key], f"{key} of {what}", names.groups, Place.RULE, findings)


def _read_required(node: yaml.Node, what: str, findings: Findings) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode) or not node.value:
        findings.add(
            node,
            f"require of {what}: write 'require: {{approval: NAME}}', with a NAME out of the section 'approvals', "
            "or '{grant: NAME}', with one out of 'grants', or both",
        )
        return {}
    return mapping(node, f"require of {what}", findings, _REQUIREMENTS)


def _read_approval(node: yaml.Node, what: str, names: Names, findings: Findings) -> ApprovalTerms | None:
    name = text(node, f"approval of {what}", findings)
    if name is not None and name not in names.approvals:
        hint = f"(in {what}; describe it under 'approvals' first)"
        findings.add(node, f"{unknown('approval', name, names.approvals)} {hint}")
    return names.approvals.get(name or "")


def _read_grant(node: yaml.Node, what: str, names: Names, findings: Findings) -> str:
    name = text(node, f"grant of {what}", findings)
    if name is not None and name not in names.grants:
        findings.add(node, f"{unknown('grant', name, names.grants)} (in {what}; describe it under 'grants' first)")
    return name or ""
