"""Sizes in a policy, written as a number and a unit: `64KiB`, `1MiB`.

Takes the node of one and returns bytes; gives bytes back in the same spelling. A number without a unit
is refused, and so are units of a thousand, since their readers differ about them.
"""

import re

import yaml

from gateway.policy.nodes import Findings

_UNITS = {"KiB": 2**10, "MiB": 2**20}
_SIZE = re.compile(r"([0-9]{1,6})(KiB|MiB)")


def read_size(node: yaml.Node, what: str, findings: Findings) -> int:
    """The bytes, or 0 with a finding. `what` is what the operator calls it."""
    written = _SIZE.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
    if written is None:
        findings.add(node, f"{what} must be a number with KiB or MiB, such as 1MiB")
        return 0
    return int(written[1]) * _UNITS[written[2]]


def size_spelled(size: int) -> str:
    """The size in the largest unit of which it is a whole number."""
    unit = "KiB" if size % _UNITS["MiB"] else "MiB"
    return f"{size // _UNITS[unit]}{unit}"
