"""The second reading of a resource URI: what it names once an upstream has decoded and resolved it.

`customer://eu/%2e%2e/us/1`, `CUSTOMER://us/1` and `customer://us/1` may be one resource to an upstream
and are three strings to a glob. A rule therefore looks at a URI as it is written and in normal form:
an allow must cover both, a deny bites on either. Unlike RFC 3986, section 6, the normal form decodes
everything once, since it is only ever compared and never sent.
"""

import re
from urllib.parse import unquote

HOLE = "\ue000"
"""Stands for a variable of a URI template; a private-use character, so no published URI holds it."""

_TEMPLATE_VARIABLE = re.compile(r"\{[^{}]*\}")
_PARTS = re.compile(r"(?:([^:/?#]+):)?([^?#]*)(.*)", re.DOTALL)
"""Scheme, hierarchical part, query and fragment (RFC 3986, appendix B)."""
_DEFAULT_PORTS = {"http:": ":80", "https:": ":443", "ws:": ":80", "wss:": ":443"}
_DROPPED = str.maketrans("", "", "\t\r\n")
_EDGES = "".join(map(chr, range(0x21)))
"""WHATWG URL, section 4.4: these are removed wherever they stand, and those at both ends."""


def normal_form(uri: str) -> str:
    """The URI with one spelling: decoded, without dot segments, user name or default port."""
    cleaned = uri.translate(_DROPPED).strip(_EDGES)
    found = _PARTS.fullmatch(cleaned)
    if found is None:
        return cleaned
    scheme = "" if found[1] is None else found[1].lower() + ":"
    # Decoded before it is split: an escaped slash ends a name for those who decode first.
    hierarchy = unquote(found[2]).replace("\\", "/")
    if not hierarchy.startswith("//"):
        return scheme + _resolved(hierarchy) + unquote(found[3])
    authority, slash, path = hierarchy[2:].partition("/")
    return f"{scheme}//{_host(authority, scheme)}{_resolved(slash + path)}{unquote(found[3])}"


def template_text(template: str) -> str:
    """The template with HOLE in place of each variable (RFC 6570)."""
    return _TEMPLATE_VARIABLE.sub(HOLE, template)


def _host(authority: str, scheme: str) -> str:
    return authority.rpartition("@")[2].lower().removesuffix(_DEFAULT_PORTS.get(scheme, ""))


def _resolved(path: str) -> str:
    kept: list[str] = []
    root = 1 if path.startswith("/") else 0
    for segment in path.split("/"):
        if segment == ".." and len(kept) > root:
            kept.pop()
        elif segment not in (".", ".."):
            kept.append(segment)
    # `/a/..` names the folder `/`, and `/a/.` the folder `/a/`.
    return "/".join([*kept, ""] if path.endswith(("/.", "/..")) else kept)
