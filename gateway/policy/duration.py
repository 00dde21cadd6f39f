"""Times in a policy, written as a number and a unit: `500ms`, `30s`, `15m`, `4h`, `2d`.

Takes the node of one and the bounds that it must keep, and returns seconds; gives seconds back in the
same spelling. A number without a unit is refused, since nobody can say what its writer meant, and so
is what lies outside the bounds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from gateway.policy.nodes import Findings

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400
_WHOLE: dict[str, float] = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_UNITS = {"ms": 0.001} | _WHOLE
_DURATION = re.compile(r"([0-9]{1,6})(ms|s|m|h|d)")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds."""

    smallest: float
    largest: float
    default: float
    """Where nothing is written, and the example where something else is."""


def read_duration(node: yaml.Node, what: str, bounds: Bounds, findings: Findings) -> float:
    """The seconds, or the default with a finding. `what` is what the operator calls it."""
    return _read(node, what, bounds, _UNITS, findings)


def read_seconds(node: yaml.Node, what: str, bounds: Bounds, findings: Findings) -> int:
    """The same in whole seconds: milliseconds are not read."""
    return int(_read(node, what, bounds, _WHOLE, findings))


def spelled(seconds: float) -> str:
    """The duration in the largest unit of which it is a whole number."""
    for unit, length in reversed(_WHOLE.items()):
        if seconds and seconds % length == 0:
            return f"{int(seconds // length)}{unit}"
    return f"{seconds * 1000:g}ms" if seconds % 1 else "0s"


def _read(node: yaml.Node, what: str, bounds: Bounds, units: Mapping[str, float], findings: Findings) -> float:
    written = _DURATION.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
    if written is None or written[2] not in units:
        *others, last = units
        example = spelled(bounds.default)
        findings.add(node, f"{what} must be a number with {', '.join(others)} or {last}, such as {example}")
        return bounds.default
    seconds = int(written[1]) * units[written[2]]
    if not bounds.smallest <= seconds <= bounds.largest:
        findings.add(node, f"{what} must lie between {spelled(bounds.smallest)} and {spelled(bounds.largest)}")
    return seconds
