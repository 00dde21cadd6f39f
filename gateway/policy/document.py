"""A policy that has been checked: frozen values, every name resolved, every pattern compiled.

Takes nothing and decides nothing; `parse` makes these values and `match` reads them. What is not in
a policy is not allowed, so an empty tuple here never means "all".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.policy.condition import Condition
from gateway.policy.glob import Glob, UriGlob
from gateway.policy.remembered import Remembered
from gateway.values import ApprovalTerms, CallerKind, Mask


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
class Bearer:
    """A secret that travels as a bearer token (RFC 6750)."""

    secret: str
    """Name of the secret in Key Vault, here and below; never the secret itself."""


@dataclass(frozen=True, slots=True)
class OwnHeader:
    """A secret that travels as it is, in a header of the server's own."""

    name: str
    """Lower case."""
    secret: str


@dataclass(frozen=True, slots=True)
class Basic:
    """A user name and a password (RFC 7617)."""

    user: str
    secret: str


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A token that the gateway gets as a client of the upstream's own issuer (RFC 6749, section 4.4)."""

    token_url: str
    client: str
    secret: str
    scope: str
    """As the issuer spells it; empty where it needs none."""


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """A token of the gateway's managed identity, for an upstream that Entra protects."""

    resource: str
    """App ID URI of the upstream's registration."""


@dataclass(frozen=True, slots=True)
class OnBehalfOf:
    """A token of the calling user for the upstream, which Entra gives the gateway for the caller's own token."""

    scope: str
    """With the App ID URI in front."""


type StoredCredential = Bearer | OwnHeader | Basic
"""Travels as it lies in the vault."""
type IssuedCredential = ClientCredentials | ManagedIdentity | OnBehalfOf
"""A token that an issuer gives out for a while."""
type Credential = StoredCredential | IssuedCredential
"""What opens a server."""


class Trust(StrEnum):
    """How a tool of a server is treated that is new or has changed since the server was first seen."""

    ACCEPT = "accept"
    QUARANTINE = "quarantine"
    """Hidden and refused until an operator accepts it."""


class Bodies(StrEnum):
    """Which bodies of a server's calls the evidence keeps, masked."""

    ALL = "all"
    REQUESTS = "requests"
    NONE = "none"


class Streams(StrEnum):
    """What becomes of a value that a server breaks over two messages of one stream."""

    MASK = "mask"
    """What is left of it is hidden; its beginning had left before it could be known."""
    STRICT = "strict"
    """The stream is refused."""


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
    trust: Trust = Trust.QUARANTINE
    client_features: frozenset[str] = frozenset()
    """What the server may ask of its clients: elicitation, sampling, roots."""
    bodies: Bodies = Bodies.ALL
    request_masks: tuple[Mask, ...] = ()
    """Apply to everything that is sent to this server."""
    largest_blob: int | None = None
    """Bytes of an image or another blob that may pass although no detector reads it; None: any number."""
    streams: Streams = Streams.MASK

    @property
    def needs_user(self) -> bool:
        """Whether only a person can be answered for here: an application has nobody to act on behalf of."""
        return isinstance(self.credential, OnBehalfOf)


@dataclass(frozen=True, slots=True)
class Teams:
    """A channel of Teams that is told of approvals, by the webhook of a workflow."""

    webhook: str
    """Name of the secret in Key Vault that holds the webhook's URL; whoever has that URL may post."""


@dataclass(frozen=True, slots=True)
class Email:
    """Mail addresses that are told of approvals, through Azure Communication Services by managed identity."""

    endpoint: str
    """Of the Communication Services resource, without a trailing slash."""
    sender: str
    to: tuple[str, ...]


type Notifier = Teams | Email
"""A way to tell the members of a group that something waits for them."""


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a rule is for: one hit in each set that is not empty. All empty: anyone with a valid token."""

    groups: frozenset[str] = frozenset()
    """Entra group object ids, lower case."""
    roles: frozenset[str] = frozenset()
    kinds: frozenset[CallerKind] = frozenset()


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """What just-in-time access of one kind is. Durations are in seconds."""

    name: str
    """As the policy's section `grants` calls it."""
    ceiling: int
    """The longest that it may last, extensions included."""
    who: Who
    """Who may ask for it."""
    approval: ApprovalTerms | None = None
    """What people have to say to a request; None where only a condition approves."""
    approves: Condition | None = None
    """Opens it without people where it holds, over `caller`, `grant` and `now`."""
    ahead: int = 0
    """How far ahead a request may lay its start; 0: it starts when it is approved."""
    at_once: int = 0
    """How many of this kind may be open on a server at once, whoever holds them; 0: any number."""
    is_extendable: bool = False
    needs_reason: bool = True
    remind: int = 0
    """How long before its end the holder is reminded; 0: never."""
    cancels_calls: bool = False
    """Whether a call that runs when it ends is cancelled; if not, the call may finish."""
    hides_tools: bool = False
    """Whether lists leave out what needs it while it is not open."""


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
    approval: ApprovalTerms | None = None
    """What a call that this rule allows needs before it may go on."""
    grant: str = ""
    """Name of the grant that a call which this rule allows needs; empty if none."""
    masks: tuple[Mask, ...] = ()
    request_masks: tuple[Mask, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """How much each caller may ask of each server, in one process. 0 is any number."""

    name: str
    who: Who
    servers: frozenset[str]
    rate: float = 0
    """Requests a second."""
    burst: int = 0
    """Requests at once, after a pause; at least 1 where there is a rate."""
    concurrent: int = 0
    """Requests that are open at the same time."""
    calls: int = 0
    """Calls that act or read, of one session."""
    result_bytes: int = 0
    """Of the answer to such a call."""


@dataclass(frozen=True, slots=True)
class ChangeTerms:
    """How the policy itself is changed."""

    who: Who
    """Who may propose a change."""
    approval: ApprovalTerms
    """What other people have to say to it."""


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
    approvals: Mapping[str, ApprovalTerms] = field(default_factory=dict)
    """In document order."""
    grants: Mapping[str, GrantTerms] = field(default_factory=dict)
    """In document order."""
    notifiers: Mapping[str, tuple[Notifier, ...]] = field(default_factory=dict)
    """By group object id: how its members are told that something waits for them."""
    operators: frozenset[str] = frozenset()
    """Groups whose members may list, show and revoke approvals; object ids."""
    auditors: frozenset[str] = frozenset()
    """Groups whose members may read the evidence on its pages; object ids."""
    alerts: frozenset[str] = frozenset()
    """Groups that are told when something is wrong with the evidence; object ids, each with notifiers."""
    changes: ChangeTerms | None = None
    """None: the policy changes with its file alone."""
    limits_of: Mapping[str, tuple[Limit, ...]] = field(default_factory=dict)
    """By server, in document order; those of a call that match its caller all apply."""
    remembered: Remembered[Any] = field(default_factory=Remembered, init=False, repr=False, compare=False)
    """What `match` has worked out; of this very policy, since a changed copy gets one of its own."""

    def alerted(self) -> tuple[Notifier, ...]:
        """The ways to tell them, each once however many groups it serves."""
        found = (notifier for group in sorted(self.alerts) for notifier in self.notifiers.get(group, ()))
        return tuple(dict.fromkeys(found))
