"""The addresses of a policy: where the gateway may send what it holds.

Takes the node of a URL and returns the URL as it is written. One that is not HTTPS is refused except
on this machine, and so is one that holds a user name, a password or a fragment.
"""

from urllib.parse import SplitResult, urlsplit

import yaml

from gateway.policy.nodes import Findings, text
from gateway.settings import is_loopback


def read_url(node: yaml.Node, what: str, example: str, findings: Findings) -> str:
    """The URL, or the empty string with a finding. `what` is what the operator calls it."""
    url = text(node, what, findings) or ""
    if url and (fault := _wrong_url(url, example)):
        findings.add(node, f"{what} {fault}")
    return url


def _wrong_url(url: str, example: str) -> str | None:
    parts = _split(url)
    if parts is None or not parts.hostname or not url.isascii() or not url.isprintable() or " " in url:
        return f"is not a URL; write it like {example}"
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
