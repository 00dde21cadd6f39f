"""A policy that has been checked: frozen values, every name resolved, every pattern compiled.

Takes nothing and decides nothing; `parse` makes these values and `match` reads them. What is not in
a policy is not allowed, so an empty tuple here never means "all".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.policy.condition import Condition
from gateway.policy.glob import Glob, UriGlob
from gateway.values import CallerKind, Mask


@dataclass(frozen=True, slots=True)
class PolicyError:
    """One mistake in a policy document: where it is, what it is, and what to write instead."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class Effect(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Credential:
    """Which secret opens a server, and in which header it travels; never the secret itself."""

    header: str
    """Lower case; under `authorization` the secret travels as a bearer token, else as it is."""
    secret: str
    """Name of the secret in Key Vault."""


@dataclass(frozen=True, slots=True)
class Server:
    """An upstream MCP server."""

    name: str
    url: str
    credential: Credential | None
    connect_timeout: float
    """Seconds."""
    read_timeout: float
    """Seconds."""
    masks: tuple[Mask, ...]
    """Apply to every answer of this server."""


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a rule is for: one hit in each set that is not empty. All empty: anyone with a valid token."""

    groups: frozenset[str] = frozenset()
    """Entra group object ids, lower case."""
    roles: frozenset[str] = frozenset()
    kinds: frozenset[CallerKind] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. It covers a call that any of its four lists of globs covers."""

    name: str
    effect: Effect
    who: Who
    servers: frozenset[str]
    tools: tuple[Glob, ...] = ()
    resources: tuple[UriGlob, ...] = ()
    prompts: tuple[Glob, ...] = ()
    methods: tuple[Glob, ...] = ()
    """JSON-RPC methods, whatever their target."""
    when: Condition | None = None
    unless: Condition | None = None
    requires: frozenset[str] = frozenset()
    masks: tuple[Mask, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole document."""

    digest: str
    """SHA-256 of the document's bytes, hexadecimal."""
    groups: Mapping[str, str]
    """Label to object id. Ids decide; labels are for people and conditions."""
    servers: Mapping[str, Server]
    masks: Mapping[str, Mask]
    """In document order."""
    rules: tuple[Rule, ...]
    rules_of: Mapping[str, tuple[Rule, ...]]
    """By server, in document order."""
