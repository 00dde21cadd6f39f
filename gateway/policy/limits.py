"""The `limits` section of a policy: how much each caller may ask of each server.

Takes the section's node and the names that are known, and returns limits in order. A limit must say
whom it is for and on which servers, as a rule must, and limit something. None of its numbers is 0: who
may ask nothing is told so by a rule that denies.
"""

import math
import re
from collections.abc import Mapping

import yaml

from gateway.policy.document import Limit, Policy, Server, Who
from gateway.policy.masks import NAME, NAME_IN_WORDS
from gateway.policy.match import is_among
from gateway.policy.nodes import Findings, Item, entries, mapping
from gateway.policy.rules import read_where
from gateway.policy.size import read_size
from gateway.policy.who import read_who
from gateway.values import Caller

_LIMITS = ("requests_per_second", "concurrent", "calls_per_session", "result_bytes")
_KEYS = ("who", "servers", "requests_per_second", "burst", "concurrent", "calls_per_session", "result_bytes")

FASTEST, SLOWEST = 10_000, 0.001
"""Requests a second."""
LARGEST, SMALLEST = 1024 * 2**20, 2**10
"""Bytes of a result."""
MOST = 1_000_000
"""Of what is counted."""
_RATE = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
_COUNT = re.compile(r"[0-9]{1,7}")


def read_limits(
    node: yaml.Node, groups: Mapping[str, str], servers: Mapping[str, Server], findings: Findings
) -> tuple[Limit, ...]:
    """The limits in order."""
    found = entries(node, "limits", findings)
    if isinstance(node, yaml.MappingNode) and not node.value:
        findings.add(node, "limits is empty; leave it out, or write 'NAME: {who: anyone, servers: [...], ...}'")
    return tuple(_read_limit(item, value, groups, servers, findings) for item, value in found)


def applying(policy: Policy, caller: Caller, server: str) -> tuple[Limit, ...]:
    """The limits that this caller has on that server, in document order. Pure."""
    return tuple(limit for limit in policy.limits_of.get(server, ()) if is_among(limit.who, caller))


def _read_limit(
    item: Item, node: yaml.Node, groups: Mapping[str, str], servers: Mapping[str, Server], findings: Findings
) -> Limit:
    what = f"limit {item.text!r}"
    if not NAME.fullmatch(item.text):
        findings.add(item.node, f"{what}: {NAME_IN_WORDS}")
    found = mapping(node, what, findings, _KEYS, required=("who", "servers"))
    if isinstance(node, yaml.MappingNode) and not found.keys() & set(_LIMITS):
        *others, last = (f"'{key}'" for key in _LIMITS)
        findings.add(node, f"{what} limits nothing; add {', '.join(others)} or {last}")
    if "burst" in found and "requests_per_second" not in found:
        findings.add(found["burst"], f"burst of {what} needs 'requests_per_second', which fills it again")
    rate = _read_rate(found["requests_per_second"], what, findings) if "requests_per_second" in found else 0.0
    return Limit(
        name=item.text,
        who=read_who(found["who"], what, groups, findings) if "who" in found else Who(),
        servers=read_where(found["servers"], what, servers, findings) if "servers" in found else frozenset(),
        rate=rate,
        burst=_read_count(found, "burst", what, findings) or math.ceil(rate),
        concurrent=_read_count(found, "concurrent", what, findings),
        calls=_read_count(found, "calls_per_session", what, findings),
        result_bytes=_read_result(found["result_bytes"], what, findings) if "result_bytes" in found else 0,
    )


def _read_rate(node: yaml.Node, what: str, findings: Findings) -> float:
    rate = float(node.value) if isinstance(node, yaml.ScalarNode) and _RATE.fullmatch(node.value) else 0.0
    if not SLOWEST <= rate <= FASTEST:
        findings.add(
            node, f"requests_per_second of {what} must be a number between {SLOWEST} and {FASTEST}, such as 5 or 0.5"
        )
    return rate


def _read_count(found: Mapping[str, yaml.Node], key: str, what: str, findings: Findings) -> int:
    """The number; 0 where the key was left out."""
    if key not in found:
        return 0
    node = found[key]
    count = int(node.value) if isinstance(node, yaml.ScalarNode) and _COUNT.fullmatch(node.value) else 0
    if not 1 <= count <= MOST:
        findings.add(node, f"{key} of {what} must be a whole number between 1 and {MOST}, such as 10")
    return count


def _read_result(node: yaml.Node, what: str, findings: Findings) -> int:
    known = len(findings.errors)
    size = read_size(node, f"result_bytes of {what}", findings)
    if len(findings.errors) == known and not SMALLEST <= size <= LARGEST:
        findings.add(node, f"result_bytes of {what} must lie between 1KiB and 1024MiB")
    return size
