"""The `credential` of a server: what opens it, and where the gateway gets that.

Takes the node and returns one of six kinds, or None for a server that stands open. It refuses a secret
that is written out, a header that the transport or the protocol needs for itself, a token issuer
without HTTPS, and a token that would open more than the server it is sent to.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import yaml

from gateway.policy.address import read_url
from gateway.policy.document import (
    Basic,
    Bearer,
    ClientCredentials,
    Credential,
    ManagedIdentity,
    OnBehalfOf,
    OwnHeader,
)
from gateway.policy.nodes import Findings, mapping, text

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
_SCOPES = re.compile(r"[!#-\[\]-~]+( [!#-\[\]-~]+)*")
"""RFC 6749, appendix A.4."""
_APP_ID_URI = re.compile(r"(api|https)://[!-~]*[^/]")
_TOKEN_EXCHANGE = "api://azureadtokenexchange"  # noqa: S105 - an audience
"""With the gateway's token for it (or for its national clouds) one signs in as the gateway's app registration."""
_MICROSOFTS = ("azure.com", "azure.net", "azure.us", "azure.cn", "windows.net", "microsoft.com", "durabletask.io")
"""Domains of the resources that Microsoft runs, the gateway's own vault and stores among them."""


def read_credential(node: yaml.Node, what: str, findings: Findings) -> Credential | None:
    """The credential of the server that `what` names; None where it needs none, or where there is a finding."""
    if isinstance(node, yaml.ScalarNode) and node.value == "none":
        return None
    found = mapping(node, f"credential of {what}", findings, _KINDS)
    if isinstance(node, yaml.MappingNode) and len(node.value) != 1:
        findings.add(node, f"credential of {what} must be one of {', '.join(_KINDS)}, such as {_EXAMPLE}")
    for name, inner in found.items():
        kind = _KINDS[name]
        required = [key for key in kind.fields if key not in kind.optional]
        written = mapping(inner, f"{name} of {what}", findings, kind.fields, required)
        return kind.make(
            *(read(written[key], what, findings) if key in written else "" for key, read in kind.fields.items())
        )
    return None


def read_secret_name(node: yaml.Node, what: str, findings: Findings) -> str:
    """The name of a secret in the vault. `what` is what the operator calls it."""
    if isinstance(node, yaml.ScalarNode) and _SECRET_NAME.fullmatch(node.value):
        name: str = node.value
        return name
    # The value is not repeated: whoever wrote the secret itself here must not find it in a log.
    findings.add(node, f"{what} must be the name of a Key Vault secret (letters, digits, '-'), never the secret itself")
    return ""


def _read_secret(node: yaml.Node, what: str, findings: Findings) -> str:
    return read_secret_name(node, f"secret of {what}", findings)


def _read_header_name(node: yaml.Node, what: str, findings: Findings) -> str:
    name = (text(node, f"header name of {what}", findings) or "").lower()
    if name == "authorization":
        findings.add(node, f"header of {what}: for Authorization write 'bearer: {{secret: ...}}' or 'basic: {{...}}'")
    elif name in _RESERVED_HEADERS or name.startswith(_RESERVED_BEGINNINGS):
        findings.add(node, f"header of {what}: {name!r} belongs to HTTP or MCP; use a header of the server's own")
    elif name and not _HEADER_NAME.fullmatch(name):
        findings.add(node, f"header of {what}: {name!r} is not a header name; write one such as X-Api-Key")
    return name


def _read_user(node: yaml.Node, what: str, findings: Findings) -> str:
    user = text(node, f"user of {what}", findings) or ""
    if ":" in user or not user.isprintable():
        findings.add(node, f"user of {what} must hold neither ':' nor control characters; the password is the 'secret'")
    return user


def _read_token_url(node: yaml.Node, what: str, findings: Findings) -> str:
    return read_url(node, f"token_url of {what}", "https://login.example.com/oauth2/token", findings)


def _read_client(node: yaml.Node, what: str, findings: Findings) -> str:
    client = text(node, f"client_id of {what}", findings) or ""
    if not client.isascii() or not client.isprintable():
        findings.add(node, f"client_id of {what} must be plain ASCII, as the issuer gave it")
    return client


def _read_scopes(node: yaml.Node, what: str, findings: Findings) -> str:
    scopes = text(node, f"scope of {what}", findings) or ""
    if scopes and not _SCOPES.fullmatch(scopes):
        findings.add(node, f"scope of {what} must be scopes with one space between them, as the issuer spells them")
    return scopes


def _read_user_scopes(node: yaml.Node, what: str, findings: Findings) -> str:
    scopes = _read_scopes(node, what, findings)
    resources = {
        _APP_ID_URI.fullmatch(scope.rpartition("/")[0]) and scope.rpartition("/")[0] for scope in scopes.split(" ")
    }
    # A bare name would be a scope of Microsoft Graph to Entra.
    if scopes and (None in resources or len(resources) > 1):
        findings.add(node, f"scope of {what} must name one upstream's App ID URI, such as api://crm/access_as_user")
    return scopes


def _read_resource(node: yaml.Node, what: str, findings: Findings) -> str:
    resource = text(node, f"resource of {what}", findings) or ""
    host = (_host(resource) or "").lower().rstrip(".")
    if not resource:
        return ""
    if not _APP_ID_URI.fullmatch(resource) or resource.endswith("/.default"):
        findings.add(node, f"resource of {what} must be the upstream's App ID URI, such as api://crm, without a scope")
    elif resource.lower().startswith(_TOKEN_EXCHANGE) or any(f".{host}".endswith(f".{name}") for name in _MICROSOFTS):
        findings.add(
            node, f"resource of {what}: a token for {resource!r} opens more than this server; use the server's own"
        )
    return resource


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Kind:
    make: Callable[..., Credential]
    fields: Mapping[str, Callable[[yaml.Node, str, Findings], str]]
    """In the order of the value's own fields."""
    optional: tuple[str, ...] = ()


_KINDS = {
    "bearer": _Kind(Bearer, {"secret": _read_secret}),
    "header": _Kind(OwnHeader, {"name": _read_header_name, "secret": _read_secret}),
    "basic": _Kind(Basic, {"user": _read_user, "secret": _read_secret}),
    "client_credentials": _Kind(
        ClientCredentials,
        {"token_url": _read_token_url, "client_id": _read_client, "secret": _read_secret, "scope": _read_scopes},
        optional=("scope",),
    ),
    "managed_identity": _Kind(ManagedIdentity, {"resource": _read_resource}),
    "on_behalf_of": _Kind(OnBehalfOf, {"scope": _read_user_scopes}),
}
_EXAMPLE = "'bearer: {secret: ...}'"
