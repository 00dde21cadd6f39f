"""The `servers` section of a policy: where each upstream is, what opens it, how far to trust its tools.

Takes the section's node and the masks that are known, and returns servers by name. A name that does
not fit a URL path is refused, and so is a timeout without a unit or out of bounds; addresses and
credentials have a file each.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

import yaml

from gateway.client_features import FEATURES
from gateway.policy.address import read_url
from gateway.policy.credential import read_credential
from gateway.policy.document import Bodies, Server, Streams, Trust
from gateway.policy.duration import Bounds, read_duration
from gateway.policy.masks import masks_named
from gateway.policy.nodes import Findings, Item, entries, mapping, text, texts
from gateway.policy.size import read_size
from gateway.policy.suggestion import unknown
from gateway.values import Mask

_KEYS = (
    *("url", "credential", "timeouts", "mask", "trust", "client_features", "bodies"),
    *("mask_requests", "blobs", "streams"),
)
_NAME = re.compile(r"[a-z0-9-]{1,63}")
_EXAMPLE = "https://records.example.com/mcp"

_BLOBS = {"pass": None, "block": 0}

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 60.0
_TIMEOUTS = {"connect": Bounds(0.1, 30.0, CONNECT_TIMEOUT), "read": Bounds(0.1, 600.0, READ_TIMEOUT)}


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
        url=read_url(found["url"], f"url of {what}", _EXAMPLE, findings) if "url" in found else "",
        credential=read_credential(found["credential"], what, findings) if "credential" in found else None,
        connect_timeout=_read_timeout("connect", timeouts, what, findings),
        read_timeout=_read_timeout("read", timeouts, what, findings),
        masks=masks_named(found["mask"], f"mask of {what}", masks, findings) if "mask" in found else (),
        client_features=_read_features(found["client_features"], what, findings)
        if "client_features" in found
        else frozenset(),
        trust=_read_word(Trust, found, "trust", what, findings) or Trust.QUARANTINE,
        request_masks=masks_named(found["mask_requests"], f"mask_requests of {what}", masks, findings, of_requests=True)
        if "mask_requests" in found
        else (),
        bodies=_read_word(Bodies, found, "bodies", what, findings) or Bodies.ALL,
        largest_blob=_read_blobs(found["blobs"], what, findings) if "blobs" in found else None,
        streams=_read_word(Streams, found, "streams", what, findings) or Streams.MASK,
    )


def _read_features(node: yaml.Node, what: str, findings: Findings) -> frozenset[str]:
    found = texts(node, f"client_features of {what}", findings)
    for item in found:
        if item.text not in FEATURES:
            findings.add(item.node, f"{unknown('client feature', item.text, FEATURES)} (in {what})")
    return frozenset(item.text for item in found)


def _read_word[Word: StrEnum](
    words: type[Word], found: Mapping[str, yaml.Node], key: str, what: str, findings: Findings
) -> Word | None:
    """The word out of a closed list; None where the key was left out, or names none of them."""
    written = text(found[key], f"{key} of {what}", findings) if key in found else None
    if written is not None and written not in set(words):
        findings.add(found[key], f"{unknown(key, written, list(words))} (in {what})")
    return words(written) if written in set(words) else None


def _read_blobs(node: yaml.Node, what: str, findings: Findings) -> int | None:
    """The bytes that may pass unread; None for any number, and none at all where it cannot be told (fail-closed)."""
    if isinstance(node, yaml.MappingNode):
        found = mapping(node, f"blobs of {what}", findings, ("limit",), required=("limit",))
        return read_size(found["limit"], f"limit of blobs of {what}", findings) if "limit" in found else 0
    written = node.value if isinstance(node, yaml.ScalarNode) else ""
    if written not in _BLOBS:
        findings.add(node, f"blobs of {what} must be pass, block, or a limit, such as {{limit: 1MiB}}")
    return _BLOBS.get(written, 0)


def _read_timeout(key: str, found: Mapping[str, yaml.Node], what: str, findings: Findings) -> float:
    bounds = _TIMEOUTS[key]
    return read_duration(found[key], f"{key} timeout of {what}", bounds, findings) if key in found else bounds.default
