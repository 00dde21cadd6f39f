"""What a check found, as values. Pure.

Takes what was seen and what is to be done about it, and gives findings; of all findings, the exit code.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

ALL_WELL, FAULTS, NOT_SEEN = 0, 1, 3


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """It works, and not as it should."""
    FAULT = "fault"
    CANNOT_TELL = "cannot_tell"
    """Whoever looked could not see it: that is no good news."""


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    """Name of the check, as `--only` takes it."""
    state: State
    seen: str
    """What was seen; never a secret."""
    do: str = ""
    """What to do; empty where all is well."""


def ok(check: str, seen: str) -> Finding:
    return Finding(check, State.OK, seen)


def warning(check: str, seen: str, do: str) -> Finding:
    return Finding(check, State.WARNING, seen, do)


def fault(check: str, seen: str, do: str) -> Finding:
    return Finding(check, State.FAULT, seen, do)


def cannot_tell(check: str, seen: str, do: str) -> Finding:
    return Finding(check, State.CANNOT_TELL, seen, do)


def code_of(findings: Iterable[Finding]) -> int:
    """1 if there is a fault, else 3 if something could not be seen, else 0: a warning is no fault."""
    states = {finding.state for finding in findings}
    if State.FAULT in states:
        return FAULTS
    return NOT_SEEN if State.CANNOT_TELL in states else ALL_WELL
