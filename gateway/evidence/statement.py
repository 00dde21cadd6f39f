"""The statement of one seal, version 1. Pure.

A seal says which records of which chains it covers, from where the seal before ended, and names that one by the
SHA-256 of its text. What has another form or type is malformed, whatever its signature (fail-closed).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.evidence import jws

VERSION = 1
FIRST = "0" * 64
"""`previous` of the first seal, whose number is 1."""
TYPE = "countersign-seal+jws"


class MalformedSealError(ValueError):
    """The text is no seal of this form; says why."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A stretch of one chain."""

    session: str
    writer: str
    first: int
    """Sequence number, as `last`."""
    last: int
    head: str
    """Hash of the record at `last`."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A fault that the chain had when it was sealed; it was sealed as it was."""

    session: str
    writer: str
    sequence: int
    fault: str


@dataclass(frozen=True, slots=True)
class Statement:
    number: int
    previous: str
    start: str
    """When the seal before was made; the first one's is its own `end`."""
    end: str
    """When the reading for this one began: what was written before is in it."""
    records: int
    root: str
    chains: tuple[Covered, ...] = ()
    """In the order of session and writer."""
    events: Mapping[str, int] | None = None
    ended: tuple[str, ...] = ()
    """Sessions that have been quiet for so long that they count as over."""
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as it was read; nothing says yet that the signature is good."""

    statement: Statement
    kid: str
    message: bytes
    signature: bytes


def time_of(moment: datetime) -> str:
    """As a seal writes it; such texts sort as the moments do."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def message_of(statement: Statement, kid: str) -> bytes:
    """What is signed."""
    return jws.message_of(_claims(statement), kid, TYPE)


def parse(text: str) -> Seal:
    """The seal that the text is. Raises MalformedSealError."""
    try:
        found = jws.parse(text, TYPE)
        return Seal(_statement(found.claims), found.kid, found.message, found.signature)
    except MalformedSealError:
        raise
    except jws.MalformedError as error:
        raise MalformedSealError(str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedSealError(f"it cannot be read ({type(error).__name__})") from None


def is_signed(seal: Seal, key: jws.Key) -> bool:
    """Whether that key signed it."""
    return jws.is_signed(seal.message, seal.signature, key)


def _claims(statement: Statement) -> dict[str, Any]:
    chains = [[each.session, each.writer, each.first, each.last, each.head] for each in statement.chains]
    broken = [[each.session, each.writer, each.sequence, each.fault] for each in statement.broken]
    return {
        "v": VERSION,
        "number": statement.number,
        "previous": statement.previous,
        "from": statement.start,
        "to": statement.end,
        "records": statement.records,
        "root": statement.root,
        "chains": chains,
        "events": dict(statement.events or {}),
        "ended": list(statement.ended),
        **({"broken": broken} if broken else {}),
    }


def _statement(claims: Mapping[str, Any]) -> Statement:
    if claims["v"] != VERSION:
        raise MalformedSealError(f"it is of version {claims['v']!r}")
    return Statement(
        number=_number(claims["number"]),
        previous=_word(claims["previous"]),
        start=_moment(claims["from"]),
        end=_moment(claims["to"]),
        records=_number(claims["records"]),
        root=_word(claims["root"]),
        chains=tuple(_covered(each) for each in claims["chains"]),
        events={_word(name): _number(count) for name, count in claims["events"].items()},
        ended=tuple(map(_word, claims["ended"])),
        broken=tuple(_broken(each) for each in claims.get("broken", ())),
    )


def _covered(parts: Sequence[Any]) -> Covered:
    session, writer, first, last, head = parts
    found = Covered(_word(session), _word(writer), _number(first), _number(last), _word(head))
    if found.first > found.last:
        raise MalformedSealError("a chain ends before it begins")
    return found


def _broken(parts: Sequence[Any]) -> Broken:
    session, writer, sequence, fault = parts
    return Broken(_word(session), _word(writer), _number(sequence), _word(fault))


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _moment(value: Any) -> str:
    if time_of(datetime.fromisoformat(_word(value))) != value:
        raise ValueError
    return _word(value)


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError
    return value
