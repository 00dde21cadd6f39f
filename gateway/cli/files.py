"""Files that operators name on the command line, read and checked.

Takes a path and returns what the file holds, or its mistakes with the path in front; a file that cannot
be read is a mistake like any other. The directory is not asked: a group that the policy writes by
display name gets a stand-in for its object id, so that its label can be used and nothing else.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gateway.cli.printed import Mistake
from gateway.policy.document import Policy, PolicyError
from gateway.policy.parse import Draft, read, resolve
from gateway.policy.people import read_people
from gateway.values import Caller

PEOPLE = "people.yaml"
"""Beside the policy: who can be named there."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy without mistakes of its own."""

    policy: Policy
    by_name: tuple[str, ...]
    """Labels of the groups that are written by name, of which only the directory knows whether they exist."""


def load[Content](
    path: Path, read_content: Callable[[bytes], Content | tuple[PolicyError, ...]]
) -> Content | tuple[Mistake, ...]:
    """What the file holds, or its mistakes."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return (Mistake(str(path), 0, 0, f"cannot be read: {error.strerror}"),)
    content = read_content(data)
    return placed(path, content) if isinstance(content, tuple) else content


def placed(path: Path, errors: Iterable[PolicyError]) -> tuple[Mistake, ...]:
    """The mistakes, with the path in front."""
    return tuple(Mistake(str(path), error.line, error.column, error.message) for error in errors)


def load_policy(path: Path) -> Loaded | tuple[Mistake, ...]:
    """The policy, or its mistakes."""
    return load(path, _read_policy)


def load_people(path: Path, policy: Policy) -> dict[str, Caller] | tuple[Mistake, ...]:
    """Everyone in a people file."""
    return load(path, partial(read_people, groups=policy.groups))


def _read_policy(data: bytes) -> Loaded | tuple[PolicyError, ...]:
    outcome = read(data)
    if not isinstance(outcome, Draft):
        return Loaded(outcome, ()) if isinstance(outcome, Policy) else outcome
    policy = resolve(outcome, {name: (_stand_in(name),) for name in outcome.names.values()})
    return Loaded(policy, tuple(outcome.names)) if isinstance(policy, Policy) else policy


def _stand_in(name: str) -> str:
    # Version 5: Entra makes random ids (version 4), so this one is nobody's.
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"group:{name.casefold()}"))
