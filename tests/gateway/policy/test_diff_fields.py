"""That a diff looks at every field of everything that a policy holds: each is changed in turn, and told."""

import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from gateway.policy.condition import Condition, Place, compile_condition
from gateway.policy.diff import diff
from gateway.policy.diff_parts import PARTS
from gateway.policy.document import (
    Basic,
    Bearer,
    ChangeTerms,
    ClientCredentials,
    Credential,
    Email,
    Limit,
    ManagedIdentity,
    OnBehalfOf,
    OwnHeader,
    Policy,
    Teams,
    Who,
)
from gateway.policy.glob import Glob, UriGlob
from gateway.values import Action, ApprovalTerms, Mask, Reveal
from tests.gateway.policy.documents import good

LOCAL = Path("devhost/policy.yaml").read_text()
SECTIONS = (
    *("groups", "servers", "masks", "rules", "approvals", "grants", "notifiers"),
    *("operators", "auditors", "alerts", "changes", "limits_of"),
)
FOLLOW = {"digest", "rules_of", "remembered"}
"""What follows from the layout, or from the other fields."""
OTHER = "99999999-0000-4000-8000-000000000009"
CREDENTIALS: tuple[Credential, ...] = (
    *(Bearer("s"), OwnHeader("x-key", "s"), Basic("u", "s"), ManagedIdentity("api://a"), OnBehalfOf("api://a/b")),
    ClientCredentials("https://i.example/token", "c", "s", "all"),
)
SAMPLES: dict[Any, Any] = {
    Condition: compile_condition("caller.kind == 'agent'", {}, Place.GRANT),
    ApprovalTerms: ApprovalTerms("other", frozenset()),
    Mask: Mask("other", Action.REDACT),
    Reveal: Reveal(None, "other"),
    Glob: Glob("other"),
    UriGlob: UriGlob("x://other"),
    str: "other",
    tuple[str, str]: ("other", "other"),
} | {type(each): each for each in CREDENTIALS}
"""A part that another one names is changed where it stands; here another takes its place."""
MADE: dict[type, Callable[[Any], Any]] = {
    bool: lambda value: not value,
    int: lambda value: (value or 0) + 7,
    float: lambda value: (value or 0) + 7,
}


def rich() -> Policy:
    """A policy with something in each section."""
    policy = good(LOCAL)
    few = Limit("few", Who(), frozenset({"records"}), rate=5, burst=9, concurrent=3)
    terms = ChangeTerms(Who(groups=policy.operators), policy.approvals["access"])
    return replace(policy, limits_of={"records": (few,)}, changes=terms)


def others(value: Any, hint: Any) -> Iterator[Any]:
    """Values of the same type that mean something else; of a dataclass, one for each of its fields."""
    hint = getattr(hint, "__value__", hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (typing.Union, UnionType):
        for kind in arguments:
            yield from others(value, kind)
    elif hint is NoneType:
        yield from () if value is None else (None,)
    elif origin is tuple:
        yield value[1:] if value else (SAMPLES[arguments[0]],)
    elif origin is frozenset:
        further = {OTHER} if arguments[0] is str else set(arguments[0]) - value
        yield value | further
    else:
        yield from plain_others(value, hint)


def plain_others(value: Any, kind: Any) -> Iterator[Any]:
    if issubclass(kind, Enum):
        yield from (each for each in kind if each is not value)
    elif kind is str and value:
        yield f"{value}x"
    elif kind in SAMPLES:
        yield SAMPLES[kind]
    elif kind in MADE:
        yield MADE[kind](value)
    else:
        assert isinstance(kind, type) and is_dataclass(kind), kind
        yield from mutants(value) if isinstance(value, kind) else ()


def mutants(part: Any) -> Iterator[Any]:
    """The part with one field changed, for each of its fields but the name by which it is found."""
    hints = get_type_hints(type(part))
    for field in fields(part):
        if field.name != "name" or isinstance(part, OwnHeader):
            for value in others(getattr(part, field.name), hints[field.name]):
                yield replace(part, **{field.name: value})


@dataclass(frozen=True)
class _Tuple:
    """Entries of a section that has them in a tuple."""

    entries: tuple[Any, ...]

    def changed(self) -> Iterator[tuple[Any, ...]]:
        for number, entry in enumerate(self.entries):
            for each in mutants(entry):
                yield (*self.entries[:number], each, *self.entries[number + 1 :])


def changed_sections(section: Any) -> Iterator[Any]:
    """The section with one thing in it changed, for everything in it."""
    if isinstance(section, tuple):
        yield from _Tuple(section).changed()
    elif isinstance(section, frozenset):
        yield from (section | {OTHER}, frozenset())
    elif isinstance(section, Mapping):
        for name, entry in section.items():
            for each in changed_entries(entry):
                yield {**section, name: each}
            yield {key: value for key, value in section.items() if key != name}
    else:
        yield from (None, *mutants(section))


def changed_entries(entry: Any) -> Iterator[Any]:
    if isinstance(entry, str):
        yield OTHER
    else:
        yield from _Tuple(entry).changed() if isinstance(entry, tuple) else mutants(entry)


def test_every_field_of_every_part_has_a_row() -> None:
    for part, table in PARTS.items():
        own = {field.name for field in fields(part)} - {"name", "effect"}
        assert table.keys() == own, part


def test_a_diff_knows_every_section_of_a_policy() -> None:
    assert {field.name for field in fields(Policy)} == {*SECTIONS} | FOLLOW


@pytest.mark.parametrize("section", SECTIONS)
def test_no_field_of_a_policy_is_left_out(section: str) -> None:
    policy = rich()
    assert getattr(policy, section)
    tried = 0
    for changed in changed_sections(getattr(policy, section)):
        other = replace(policy, **{section: changed})
        tried += 1
        assert diff(policy, other), changed
        assert diff(other, policy), changed
    assert tried >= 2


@pytest.mark.parametrize("credential", CREDENTIALS, ids=lambda each: type(each).__name__)
def test_every_field_of_a_credential_is_told_apart(credential: Credential) -> None:
    before = replace(good().servers["records"], credential=credential)
    for each in mutants(credential):
        one, two = (
            replace(good(), servers={"records": server}) for server in (before, replace(before, credential=each))
        )
        assert diff(one, two), each


@pytest.mark.parametrize("way", [Teams("a"), Email("https://e.example", "s@e.example", ("a@e.example",))])
def test_every_field_of_a_notifier_is_told_apart(way: Any) -> None:
    for each in mutants(way):
        assert diff(replace(good(), notifiers={"g": (way,)}), replace(good(), notifiers={"g": (each,)})), each


def test_every_sentence_is_one_line() -> None:
    changes = diff(good(), rich())
    assert len(changes) > 20
    assert all(change.sentence.isprintable() for change in changes)
