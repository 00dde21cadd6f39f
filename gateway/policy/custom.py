"""What a mask of a policy brings itself: patterns of its own, and words.

Takes the nodes and gives names with RE2 patterns, and words and phrases. Refused are patterns that RE2 does not read
or that find the empty text, and words that hold nothing to find.
"""

import re

import yaml

from gateway.masking.custom import LONGEST, fault_of
from gateway.policy.nodes import Findings, entries, text, texts

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def read_patterns(node: yaml.Node, what: str, findings: Findings) -> tuple[tuple[str, str], ...]:
    """Names and patterns, in order."""
    found: list[tuple[str, str]] = []
    for item, value in entries(node, f"patterns of {what}", findings):
        if not _NAME.fullmatch(item.text):
            findings.add(item.node, f"patterns of {what}: a name has up to 32 of a-z, 0-9 and '_', as employee_id")
        written = text(value, f"pattern {item.text!r} of {what}", findings)
        fault = fault_of(written) if written is not None else None
        if fault:
            findings.add(value, f"pattern {item.text!r} of {what}: {fault}")
        elif written is not None:
            found.append((item.text, written))
    return tuple(found)


def read_words(node: yaml.Node, what: str, findings: Findings) -> tuple[str, ...]:
    """The words and phrases."""
    found = texts(node, f"words of {what}", findings)
    for item in found:
        if not any(sign.isalnum() for sign in item.text) or len(item.text) > LONGEST:
            findings.add(item.node, f"words of {what}: {item.text[:40]!r} is no word of up to {LONGEST} characters")
    return tuple(item.text for item in found)
