"""The `notify` section of a policy: how the members of a group hear that something waits for them; and `alerts`.

Takes the section's node and the groups that are known, and returns the notifiers of each group by its
object id; `alerts` names those of the groups that hear of alarms too. It refuses a webhook's URL that is
written out, since that URL is all that a stranger needs to post in the channel, and an endpoint that is none
of Azure Communication Services, since the gateway would send its token there.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import yaml

from gateway.policy.address import read_url
from gateway.policy.credential import read_secret_name
from gateway.policy.document import Email, Notifier, Teams
from gateway.policy.masks import groups_named
from gateway.policy.nodes import Findings, entries, mapping, sequence, text, texts
from gateway.policy.suggestion import unknown
from gateway.settings import is_loopback

MAX_TO = 50
"""Recipients of one mail; Azure Communication Services take no more."""

_KINDS = ("teams", "email")
_EXAMPLE = "'teams: {webhook: NAME}' or 'email: {endpoint: ..., sender: ..., to: [...]}'"
_ENDPOINT = "https://contoso.communication.azure.com"
_SERVICES = (".communication.azure.com", ".communication.azure.us")
_ADDRESS = re.compile(r"[0-9A-Za-z.!#$%&'*+/=?^_`{|}~-]{1,64}@[0-9A-Za-z-]{1,63}(\.[0-9A-Za-z-]{1,63})*")
"""WHATWG HTML, a valid e-mail address; no name beside it, no comment, no quotes."""


def read_notify(node: yaml.Node, groups: Mapping[str, str], findings: Findings) -> dict[str, tuple[Notifier, ...]]:
    """The notifiers by group object id."""
    notifiers: dict[str, tuple[Notifier, ...]] = {}
    for item, value in entries(node, "notify", findings):
        found = _read_all(value, f"notify of group {item.text!r}", findings)
        if item.text in groups:
            notifiers[groups[item.text]] = found
        else:
            findings.add(item.node, f"{unknown('group', item.text, groups)} (in notify; list it under 'groups' first)")
    return notifiers


def read_alerts(
    node: yaml.Node, groups: Mapping[str, str], notifiers: Mapping[str, object], findings: Findings
) -> frozenset[str]:
    """The object ids of the groups. One that `notify` has no way to is a mistake: nobody would ever hear."""
    found = groups_named(node, "alerts", groups, findings)
    for label in (label for label, group in groups.items() if group in found - notifiers.keys()):
        findings.add(node, f"alerts: group {label!r} is not in 'notify'; write there how its members are told")
    return found


def _read_all(node: yaml.Node, what: str, findings: Findings) -> tuple[Notifier, ...]:
    if isinstance(node, yaml.ScalarNode):
        # The value is not repeated: it may be the webhook's URL.
        findings.add(node, f"{what} must be a list, each item of it {_EXAMPLE}")
        return ()
    notifiers: list[Notifier] = []
    for item in sequence(node, what, findings):
        notifier = _read_one(item, what, findings)
        if notifier is not None and notifier in notifiers:
            findings.add(item, f"{what} has this notifier twice; keep one")
        elif notifier is not None:
            notifiers.append(notifier)
    return tuple(notifiers)


def _read_one(node: yaml.Node, what: str, findings: Findings) -> Notifier | None:
    found = mapping(node, f"a notifier in {what}", findings, _KINDS)
    if isinstance(node, yaml.MappingNode) and len(node.value) != 1:
        findings.add(node, f"a notifier in {what} must be one thing, {_EXAMPLE}")
        return None
    if "teams" in found:
        return _read_teams(found["teams"], f"teams in {what}", findings)
    return _read_email(found["email"], f"email in {what}", findings) if "email" in found else None


def _read_teams(node: yaml.Node, what: str, findings: Findings) -> Teams | None:
    found = mapping(node, what, findings, ("webhook",), ("webhook",))
    return Teams(read_secret_name(found["webhook"], f"webhook of {what}", findings)) if found else None


def _read_email(node: yaml.Node, what: str, findings: Findings) -> Email | None:
    keys = ("endpoint", "sender", "to")
    found = mapping(node, what, findings, keys, keys)
    if found.keys() != set(keys):
        return None
    return Email(
        _read_endpoint(found["endpoint"], f"endpoint of {what}", findings),
        _read_address(text(found["sender"], f"sender of {what}", findings), found["sender"], what, findings),
        _read_recipients(found["to"], what, findings),
    )


def _read_endpoint(node: yaml.Node, what: str, findings: Findings) -> str:
    before = len(findings.errors)
    url = read_url(node, what, _ENDPOINT, findings)
    if not url or len(findings.errors) > before:
        return ""
    parts = urlsplit(url)
    if parts.path not in ("", "/") or parts.query or url.endswith("?"):
        findings.add(node, f"{what} must be the resource's own, without a path, such as {_ENDPOINT}")
    elif not is_loopback(url) and not (parts.hostname or "").endswith(_SERVICES):
        findings.add(node, f"{what} must be a resource of Azure Communication Services, such as {_ENDPOINT}")
    return url.rstrip("/")


def _read_recipients(node: yaml.Node, what: str, findings: Findings) -> tuple[str, ...]:
    items = texts(node, f"to of {what}", findings)
    if len(items) > MAX_TO:
        findings.add(items[MAX_TO].node, f"to of {what} has {len(items)} addresses; at most {MAX_TO} are written to")
    return tuple(_read_address(item.text, item.node, what, findings) for item in items)


def _read_address(address: str | None, node: yaml.Node, what: str, findings: Findings) -> str:
    if address is not None and not _ADDRESS.fullmatch(address):
        findings.add(node, f"{what}: {address!r} is no mail address, such as leads@contoso.com")
    return address or ""
