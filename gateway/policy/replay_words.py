"""A replay in words, for the people who approve a change of the policy. Pure.

Takes what a replay found and gives a line that sums it up, and one for each sort of call. Names of tools and
resources are those that callers sent, as recorded: whoever shows a line makes it visible in its own way.
"""

from collections.abc import Iterator, Mapping

from gateway.policy.replay import Line, Replayed

_DIGITS = 12
"""Of a policy's hash: enough for a person to tell two apart."""


def words(replayed: Replayed, names: Mapping[str, str] | None = None) -> list[str]:
    """The lines, the sum first. `names` has what people are called, by object id."""
    return [summary(replayed), *(_line(line, names or {}) for line in replayed.lines)]


def summary(replayed: Replayed) -> str:
    """How many calls would be decided otherwise."""
    told = (
        f"{_calls(replayed.calls)} under policy {replayed.policy[:_DIGITS]}: {replayed.changed} would be decided "
        f"otherwise, {replayed.untold} cannot be told, {replayed.unchanged} as before"
    )
    return f"{told}; {replayed.undecided} more ended before a policy decided" if replayed.undecided else told


def _line(line: Line, names: Mapping[str, str]) -> str:
    what = " ".join(filter(None, (line.method, line.target))) or "messages without a method"
    who = names.get(line.subject) or line.subject or "nobody known"
    calls = f"{_calls(line.calls)} of {line.kind} {who} to {line.server}: {what} (first {line.first}, call {line.call})"
    said = "; ".join(_phrases(line))
    if line.verdict.why:
        return f"cannot tell: {calls}: {line.verdict.why}" + (f"; it may be {said}" if said else "")
    return f"{line.verdict.bearing}: {said}: {calls}"


def _phrases(line: Line) -> Iterator[str]:
    return (difference.phrase for difference in line.verdict.differences)


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number} calls"
