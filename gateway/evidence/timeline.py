"""What a replay is: the entries of a session in the order of time, and what it cannot show. Values alone.

`replay` makes them; the terminal, the page and JSON show them. Nothing here decides or refuses anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.evidence.bodies import Named

_GOOD = frozenset({"succeeded", "approved", "allowed", "answered", "loaded", "pinned", "accepted", "consumed"})
_BAD = frozenset({"refused", "failed", "withheld", "server_error", "tool_error", "denied", "revoked", "rejected"})
_WAITS = frozenset({"ambiguous", "cancelled", "detached", "expired", "quarantined", "unknown", "input_required"})


class Kind(StrEnum):
    CALL = "call"
    APPROVAL = "approval"
    ACCESS = "access"
    POLICY = "policy"
    TOOL = "tool"
    READING = "reading"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened in the course of an entry."""

    at: str
    what: str
    by: str = ""
    """Object id, or the name that an operator of a command line went by."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Masked:
    """Values that one rule hid from the answer."""

    mask: str
    by: str
    """The detector or the field path."""
    action: str
    count: int


@dataclass(frozen=True, slots=True)
class Body:
    """A request, an answer, or what a server asked its client: masked for everybody."""

    of: str
    """`request`, `answer` or `question`."""
    at: str
    row: str
    kept: str
    """`whole`, `cut` or `left_out`."""
    why: str
    """Why no more is kept: `policy`, `size`, `masking` or `store`."""
    size: int
    """Bytes of the body as it was."""
    original: str
    """Keyed digest of the body as it was."""
    blob: Named | None = None
    """Where the document lies, if it is not in the record."""
    text: str = ""
    """The document; empty where there is none, or it was not read."""
    fault: str = ""
    """Why there is no document to show, although one is kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A call with all that came of it, or something else that happened."""

    at: str
    kind: Kind
    event: str
    outcome: str
    """`unknown` where a call has none on record; `answered` where the gateway answered it itself."""
    about: Mapping[str, str]
    """What its records say, by the names that fields have in a record; what is empty is left out."""
    seconds: float | None = None
    """From the intent to the outcome."""
    approval: tuple[Step, ...] = ()
    steps: tuple[Step, ...] = ()
    masked: tuple[Masked, ...] = ()
    bodies: tuple[Body, ...] = ()
    missing: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    people: frozenset[str] = frozenset()

    @property
    def tone(self) -> str:
        """How it ended, in one word for a colour: good, bad, waits or plain."""
        if self.outcome in _GOOD:
            return "good"
        if self.outcome in _BAD:
            return "bad"
        return "waits" if self.outcome in _WAITS else "plain"


@dataclass(frozen=True, slots=True)
class Timeline:
    """One session, or as much of it as was asked for."""

    session: str
    entries: tuple[Entry, ...]
    records: int
    """How many were read, whatever was asked for."""
    missing: tuple[str, ...]
    left_out: int = 0
    """Entries that were not asked for."""
