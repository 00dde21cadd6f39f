"""Findings for people and for programs. Pure."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

from gateway.doctor.finding import Finding, State, code_of

WIDTH = 120
_WORDS = {State.OK: "ok", State.WARNING: "warning", State.FAULT: "FAULT", State.CANNOT_TELL: "cannot tell"}
_COUNTED = {State.FAULT: "faults", State.CANNOT_TELL: "not seen", State.WARNING: "warnings", State.OK: "ok"}


def as_text(findings: Sequence[Finding]) -> str:
    """One line for each finding, what to do below it, and the sum at the end."""
    names = max((len(finding.check) for finding in findings), default=0)
    words = max(map(len, _WORDS.values()))
    lines: list[str] = []
    for finding in findings:
        head = f"{finding.check:<{names}}  {_WORDS[finding.state]:<{words}}  "
        lines += _wrapped(finding.seen, head, len(head))
        if finding.do:
            lines += _wrapped(f"-> {finding.do}", " " * len(head), len(head) + 3)
    counts = Counter(finding.state for finding in findings)
    told = ", ".join(f"{word}: {counts[state]}" for state, word in _COUNTED.items() if counts[state])
    return "\n".join([*lines, "", told or "nothing was looked at"])


def as_value(findings: Sequence[Finding]) -> dict[str, Any]:
    """The same as JSON has it."""
    counts = Counter(finding.state for finding in findings)
    told = [
        {"check": finding.check, "state": str(finding.state), "seen": finding.seen, "do": finding.do}
        for finding in findings
    ]
    return {"code": code_of(findings), "counts": {str(state): counts[state] for state in State}, "findings": told}


def _wrapped(text: str, head: str, indent: int) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=head, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )
