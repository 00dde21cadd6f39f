"""The `servers` section of a policy: where each upstream is, what opens it, how long to wait.

Takes the section's node and the masks that are known, and returns servers by name. An address that
is not HTTPS is refused except on this machine, and so is a credential in a header that the transport
or the protocol needs for itself.
"""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import yaml

from gateway.policy.document import Credential, Server
from gateway.policy.masks import masks_named
from gateway.policy.nodes import Findings, Item, entries, mapping, text
from gateway.settings import is_loopback
from gateway.values import Mask

_KEYS = ("url", "credential", "timeouts", "mask")
_NAME = re.compile(r"[a-z0-9-]{1,63}")
_SECRET_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
"""Azure Key Vault, object names."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
"""RFC 9110, section 5.1."""
_RESERVED_HEADERS = frozenset(
    {"accept", "accept-charset", "accept-encoding", "connection", "cookie", "date", "expect", "forwarded", "host"}
    | {"keep-alive", "last-event-id", "origin", "referer", "set-cookie", "te", "traceparent", "tracestate", "trailer"}
    | {"transfer-encoding", "upgrade", "user-agent", "via"}
)
_RESERVED_BEGINNINGS = ("mcp-", "content-", "proxy-", "sec-", "x-forwarded-")

_DURATION = re.compile(r"(\d{1,6})(ms|s|m)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 60.0
_TIMEOUTS = {"connect": (0.1, 30.0, CONNECT_TIMEOUT), "read": (0.1, 600.0, READ_TIMEOUT)}
"""Smallest, largest, and where nothing is written; seconds."""


def read_servers(node: yaml.Node, masks: Mapping[str, Mask], findings: Findings) -> dict[str, Server]:
    """The servers by name. One with a mistake is there too, so that rules that name it are no second mistake."""
    found = entries(node, "servers", findings)
    if isinstance(node, yaml.MappingNode) and not node.value:
        findings.add(node, "servers is empty; name at least one, such as 'records: {url: https://...}'")
    return {item.text: _read_server(item, value, masks, findings) for item, value in found}


def _read_server(item: Item, node: yaml.Node, masks: Mapping[str, Mask], findings: Findings) -> Server:
    what = f"server {item.text!r}"
    if not _NAME.fullmatch(item.text):
        findings.add(item.node, f"{what}: a name has up to 63 of the characters a-z, 0-9 and '-', as in a URL path")
    found = mapping(node, what, findings, _KEYS, required=("url",))
    timeouts = mapping(found["timeouts"], f"timeouts of {what}", findings, _TIMEOUTS) if "timeouts" in found else {}
    return Server(
        name=item.text,
        url=_read_url(found["url"], what, findings) if "url" in found else "",
        credential=_read_credential(found["credential"], what, findings) if "credential" in found else None,
        connect_timeout=_read_timeout("connect", timeouts, what, findings),
        read_timeout=_read_timeout("read", timeouts, what, findings),
        masks=masks_named(found["mask"], f"mask of {what}", masks, findings) if "mask" in found else (),
    )


def _read_url(node: yaml.Node, what: str, findings: Findings) -> str:
    url = text(node, f"url of {what}", findings) or ""
    if url and (fault := _wrong_url(url)):
        findings.add(node, f"url of {what} {fault}")
    return url


def _wrong_url(url: str) -> str | None:
    parts = _split(url)
    if parts is None or not parts.hostname or not url.isascii() or not url.isprintable() or " " in url:
        return "is not a URL; write it like https://records.example.com/mcp"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        return "must begin with https:// (plain http only to this machine)"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password; name a secret under 'credential'"
    if "#" in url:
        return "must not have a fragment; leave out '#' and what follows"
    return None


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _read_credential(node: yaml.Node, what: str, findings: Findings) -> Credential | None:
    if isinstance(node, yaml.ScalarNode) and node.value == "none":
        return None
    found = mapping(node, f"credential of {what}", findings, ("bearer", "header"))
    if isinstance(node, yaml.MappingNode) and len(node.value) != 1:
        findings.add(node, f"credential of {what} must be one of 'bearer: {{secret: ...}}' and 'header: {{...}}'")
    if "bearer" in found:
        inner = mapping(found["bearer"], f"bearer of {what}", findings, ("secret",), required=("secret",))
        return Credential("authorization", _read_secret(inner, what, findings))
    if "header" in found:
        keys = ("name", "secret")
        inner = mapping(found["header"], f"header of {what}", findings, keys, required=keys)
        name = _read_header_name(inner["name"], what, findings) if "name" in inner else ""
        return Credential(name, _read_secret(inner, what, findings))
    return None


def _read_secret(found: Mapping[str, yaml.Node], what: str, findings: Findings) -> str:
    if "secret" not in found:
        return ""
    node = found["secret"]
    if isinstance(node, yaml.ScalarNode) and _SECRET_NAME.fullmatch(node.value):
        secret: str = node.value
        return secret
    # The value is not repeated: whoever wrote the secret itself here must not find it in a log.
    what = f"secret of {what}"
    findings.add(node, f"{what} must be the name of a Key Vault secret (letters, digits, '-'), never the secret itself")
    return ""


def _read_header_name(node: yaml.Node, what: str, findings: Findings) -> str:
    name = (text(node, f"header name of {what}", findings) or "").lower()
    if name == "authorization":
        findings.add(node, f"header of {what}: for Authorization write 'bearer: {{secret: ...}}'")
    elif name in _RESERVED_HEADERS or name.startswith(_RESERVED_BEGINNINGS):
        findings.add(node, f"header of {what}: {name!r} belongs to HTTP or MCP; use a header of the server's own")
    elif name and not _HEADER_NAME.fullmatch(name):
        findings.add(node, f"header of {what}: {name!r} is not a header name; write one such as X-Api-Key")
    return name


def _read_timeout(key: str, found: Mapping[str, yaml.Node], what: str, findings: Findings) -> float:
    smallest, largest, default = _TIMEOUTS[key]
    if key not in found:
        return default
    node = found[key]
    written = _DURATION.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
    if written is None:
        findings.add(node, f"{key} timeout of {what} must be a number with ms, s or m, such as {default:g}s")
        return default
    seconds = int(written[1]) * _SECONDS[written[2]]
    if not smallest <= seconds <= largest:
        findings.add(node, f"{key} timeout of {what} must lie between {smallest:g}s and {largest:g}s")
    return seconds
