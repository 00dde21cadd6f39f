"""A policy document, from YAML text to checked values, or to the list of what is wrong with it.

`parse` takes the text as it lies in the file and returns a Policy, in which every name is resolved,
or every mistake with its line and what to write instead. It refuses the whole document for one
mistake: half a policy would be a policy that nobody wrote. Where groups are written by display name,
`read` stops at a Draft, which decides nothing, and `resolve` goes on with what the directory answered.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import yaml

from gateway.policy.approvals import read_approvals
from gateway.policy.changes import read_changes
from gateway.policy.document import Limit, Policy, PolicyError, Rule
from gateway.policy.grants import read_grants
from gateway.policy.groups import Found, Groups, read_groups
from gateway.policy.limits import read_limits
from gateway.policy.masks import Nameable, groups_named, read_masks
from gateway.policy.nodes import Findings, compose, mapping
from gateway.policy.notify import read_alerts, read_notify
from gateway.policy.rules import Names, read_rules
from gateway.policy.servers import read_servers

VERSION = "1"

_SECTIONS = (
    *("version", "groups", "servers", "masks", "approvals", "grants", "notify"),
    *("operators", "auditors", "alerts", "limits", "changes", "rules"),
)
_REQUIRED = ("version", "servers", "rules")


@dataclass(frozen=True, slots=True)
class Draft:
    """A document without mistakes of its own: a policy, once the groups that it writes by name have ids."""

    digest: str
    """SHA-256 of the document's bytes, hexadecimal."""
    names: Mapping[str, str]
    """Label to display name, of the groups that are written by name; never empty."""
    _sections: Mapping[str, yaml.Node] = field(repr=False, compare=False)

    @property
    def says_how_to_change(self) -> bool:
        return "changes" in self._sections


def parse(document: bytes | str, found: Found = MappingProxyType({})) -> Policy | tuple[PolicyError, ...]:
    """The policy, or its mistakes in the order of their lines. Never raises, whatever the text.

    A group that is written by name and is not in `found` is a mistake.
    """
    outcome = read(document)
    return resolve(outcome, found) if isinstance(outcome, Draft) else outcome


def read(document: bytes | str) -> Policy | Draft | tuple[PolicyError, ...]:
    """The policy, or a Draft where the directory has to be asked first, or all mistakes that show without it."""
    data = document.encode(errors="surrogatepass") if isinstance(document, str) else document
    root = compose(data)
    if isinstance(root, PolicyError):
        return (root,)
    findings = Findings()
    sections = mapping(root, "the policy", findings, _SECTIONS, _REQUIRED)
    digest = hashlib.sha256(data).hexdigest()
    policy, groups = _read_sections(sections, digest, None, findings)
    if findings.errors:
        return _in_order(findings)
    return Draft(digest, groups.names, sections) if groups.names else policy


def resolve(draft: Draft, found: Found) -> Policy | tuple[PolicyError, ...]:
    """The policy with the ids that the directory found for its names, or the names that do not mean one group."""
    findings = Findings()
    policy, _ = _read_sections(draft._sections, draft.digest, found, findings)
    return _in_order(findings) if findings.errors else policy


def _in_order(findings: Findings) -> tuple[PolicyError, ...]:
    return tuple(sorted(findings.errors, key=lambda error: (error.line, error.column)))


def _read_sections(
    sections: Mapping[str, yaml.Node], digest: str, found: Found | None, findings: Findings
) -> tuple[Policy, Groups]:
    if "version" in sections:
        _check_version(sections["version"], findings)
    groups = read_groups(sections["groups"], found, findings) if "groups" in sections else Groups()
    approvals = read_approvals(sections["approvals"], groups.ids, findings) if "approvals" in sections else {}
    grants = read_grants(sections["grants"], groups.ids, approvals, findings) if "grants" in sections else {}
    nameable = Nameable(groups.ids, approvals, grants)
    masks = read_masks(sections["masks"], nameable, findings) if "masks" in sections else {}
    servers = read_servers(sections["servers"], masks, findings) if "servers" in sections else {}
    notifiers = read_notify(sections["notify"], groups.ids, findings) if "notify" in sections else {}
    names = Names(groups.ids, servers, masks, approvals, grants)
    rules = read_rules(sections["rules"], names, findings) if "rules" in sections else ()
    limits = read_limits(sections["limits"], groups.ids, servers, findings) if "limits" in sections else ()
    policy = Policy(
        digest=digest,
        groups=groups.ids,
        servers=servers,
        masks=masks,
        rules=rules,
        rules_of=_by_server(rules, servers),
        approvals=approvals,
        grants=grants,
        notifiers=notifiers,
        operators=_groups_in(sections, "operators", groups, findings),
        auditors=_groups_in(sections, "auditors", groups, findings),
        alerts=read_alerts(sections["alerts"], groups.ids, notifiers, findings)
        if "alerts" in sections
        else frozenset(),
        changes=read_changes(sections["changes"], groups.ids, approvals, findings) if "changes" in sections else None,
        limits_of=_by_server(limits, servers),
    )
    return policy, groups


def _groups_in(sections: Mapping[str, yaml.Node], name: str, groups: Groups, findings: Findings) -> frozenset[str]:
    return groups_named(sections[name], name, groups.ids, findings) if name in sections else frozenset()


def _check_version(node: yaml.Node, findings: Findings) -> None:
    if not isinstance(node, yaml.ScalarNode) or node.value != VERSION:
        findings.add(node, f"version must be {VERSION}, the only one that this gateway reads")


def _by_server[Entry: (Rule, Limit)](
    entries: tuple[Entry, ...], servers: Mapping[str, object]
) -> dict[str, tuple[Entry, ...]]:
    return {name: tuple(entry for entry in entries if name in entry.servers) for name in servers}
