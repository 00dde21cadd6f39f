"""The values handed from room to room: frozen, free of input and output.

Names follow the MCP specification, OAuth and Entra. A room takes some of these and returns
another, or a `Refusal`; none of them raises, and none of them prints a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from gateway.reasons import Reason

type Json = Any
"""What `jsontext.parse` returns: dict, list, str, int, `jsontext.Number`, bool or None."""


class Era(StrEnum):
    """Which family of MCP revisions a message speaks (2026-07-28 versioning, section Terminology)."""

    MODERN = "modern"
    """2026-07-28 and later: stateless, `_meta` on every request."""
    LEGACY = "legacy"
    """2025-03-26 to 2025-11-25: an `initialize` handshake and `Mcp-Session-Id`."""


class MessageKind(StrEnum):
    """What travels in an HTTP exchange."""

    REQUEST = "request"
    NOTIFICATION = "notification"
    RESPONSE = "response"
    """A client's answer to a server's request (legacy era only)."""
    STREAM = "stream"
    """HTTP GET: the client listens (legacy era only)."""
    END = "end"
    """HTTP DELETE: the client ends its session (legacy era only)."""


class CallerKind(StrEnum):
    USER = "user"
    APP = "app"
    AGENT = "agent"


class Secret:
    """A string that no log, error or `repr` shows; `reveal` is the only way to it."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        return self.__value

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never serialised")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One HTTP request as it reached a door, before anything has been believed of it."""

    http_method: str
    server: str
    headers: tuple[tuple[str, str], ...]
    """Lower-case names, in order, repeats kept."""
    body: bytes | None
    """None when the body was larger than the limit and was not read to its end."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call came from, for the record (NIST AU-3 d)."""

    source: str
    """Client address as the platform reports it."""
    trace: str
    """`traceparent` of the client, or the empty string."""


@dataclass(frozen=True, slots=True)
class Call:
    """One JSON-RPC message from a caller to a server, parsed once and checked."""

    server: str
    era: Era
    kind: MessageKind
    method: str
    """The JSON-RPC method; empty for RESPONSE, STREAM and END."""
    target: str
    """Tool name, resource URI or prompt name where the method names one; else empty."""
    id: int | str | None
    message: Mapping[str, Json]
    """The parsed body; empty for STREAM and END."""
    headers: tuple[tuple[str, str], ...]
    """Those that travel on to the upstream; never a credential."""
    mcp_session: str
    """`Mcp-Session-Id` (legacy era), or the empty string."""
    token: Secret | None
    """The caller's bearer token; for `authenticate` alone."""

    @property
    def params(self) -> Mapping[str, Json]:
        found = self.message.get("params")
        return found if isinstance(found, dict) else {}

    @property
    def arguments(self) -> Mapping[str, Json]:
        """`params.arguments` of `tools/call` and `prompts/get`; else empty."""
        found = self.params.get("arguments")
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated subject of a token. Its key is (`tenant`, `object_id`), never a name."""

    tenant: str
    object_id: str
    kind: CallerKind
    client: str
    """Application that holds the token: `azp` (v2) or `appid` (v1)."""
    groups: frozenset[str]
    """Entra group object ids, lower case."""
    roles: frozenset[str]
    token_id: str
    """`uti`, or the empty string."""
    sign_in: str
    """`sid`, or the empty string."""
    expires: int
    """Unix seconds."""
    groups_complete: bool = True
    """False: the token left the groups out (overage), and nothing may be decided before `groups.complete`."""
    name: str = ""
    """What the token calls the person; for people to read, never to decide by."""
    grant: str = ""
    """Id of the grant that a session token was issued for, and the only one that it may use; else empty."""
    issued_by: str = ""
    """`uti` of the Entra token that asked for the session token, or the empty string."""


class Action(StrEnum):
    """What a mask does to a value that it finds."""

    REDACT = "redact"
    PARTIAL = "partial"
    """Its last four characters stay."""
    TOKEN = "token"  # noqa: S105 - an action
    """What stands in its place is the same for the same value within a session."""
    DROP = "drop"
    BLOCK = "block"
    APPROVAL = "approval"
    """It stays, and the request that holds it waits for people. For requests alone."""


@dataclass(frozen=True, slots=True)
class Reveal:
    """What lifts a mask: an approval that the caller asks for with the call, or a grant that is open."""

    approval: "ApprovalTerms | None" = None
    grant: str = ""


@dataclass(frozen=True, slots=True)
class Mask:
    """One masking rule of the policy, hashable so that its compiled form can be cached."""

    name: str
    action: Action
    detectors: tuple[str, ...] = ()
    """Names out of `gateway.masking.detectors.DETECTORS`."""
    fields: tuple[str, ...] = ()
    """Field names (`salary`) and JSON paths (`$.customer.ssn`, RFC 9535)."""
    patterns: tuple[tuple[str, str], ...] = ()
    """Name and RE2 pattern of values that only this policy knows."""
    words: tuple[str, ...] = ()
    """Words and phrases, in whatever case, that are hidden wherever they stand."""
    clear_for: frozenset[str] = frozenset()
    """Group object ids whose members see the clear value."""
    partial_for: frozenset[str] = frozenset()
    """Group object ids whose members see its last four characters, whatever the action."""
    reveal: Reveal | None = None
    approval: "ApprovalTerms | None" = None
    """What a request waits for under `Action.APPROVAL`."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """That something was hidden, where and by which rule; never the value."""

    mask: str
    by: str
    """The detector's name or the field rule as written."""
    action: Action
    path: str
    """Where in the message, as a normalised JSON path (RFC 9535, section 2.7)."""
    digest: str = ""
    """Keyed digest of the value as it was; empty where there was no one value, or no key."""
    count: int = 1
    """How often it stood there."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A message as the caller may see it."""

    message: dict[str, Json]
    hidden: tuple[Hidden, ...] = ()
    uninspected: str = ""
    """Images and other blobs in it that no detector reads, by type, with their number and size."""


@dataclass(frozen=True, slots=True)
class ApprovalTerms:
    """What a rule asks of an approval. Durations are in seconds."""

    name: str
    """As the policy's section `approvals` calls it."""
    approvers: frozenset[str]
    """Group object ids, lower case; a member of any of them may decide."""
    people: int = 1
    """How many different persons have to approve."""
    expires: int = 3600
    """For how long people may decide."""
    use_within: int = 3600
    """For how long after its approval the call may be made."""
    remind: int = 0
    """After each such time without a decision the approvers are told again; 0: never."""
    escalate_after: int = 0
    """When the members of `escalate_to` may decide too, and are told so; 0: never."""
    escalate_to: frozenset[str] = frozenset()
    requester_reason: bool = False
    """Nobody is asked before the requester has said why."""
    approver_reason: bool = False
    """No decision without a reason."""
    reuse: int = 0
    """For how long after the approval identical calls may use it again and again; 0: one call, once."""
    covers_answers: bool = False
    """Whether what the caller answers to the server in mid-call is covered; if not, it needs an approval of its own."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says of a call that it does not refuse."""

    rules: tuple[str, ...]
    """Names of the allow rules that matched, in document order."""
    policy: str
    """SHA-256 of the policy document, hexadecimal."""
    approvals: tuple[ApprovalTerms, ...] = ()
    """Each must be met before the call may go on, by different people; each once, in document order."""
    grants: tuple[str, ...] = ()
    """Names of the grants that must be open, each once, in document order."""
    masks: tuple[Mask, ...] = ()
    """Those that apply to this caller, in document order."""
    request_masks: tuple[Mask, ...] = ()
    """Those that apply to what this caller sends to the server, in document order."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call goes no further. A value, never an exception."""

    reason: Reason
    detail: str = ""
    """For the record and the operator; never for the wire, never a secret or a masked value."""
    data: Mapping[str, Json] = field(default_factory=dict)
    """`error.data` on the wire, where the specification asks for it."""
    rules: tuple[str, ...] = ()
    policy: str = ""
