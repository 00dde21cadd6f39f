"""The body of a request or an answer as evidence: masked, bounded, and bound to its record. Pure.

Takes a message as it was and as the record may hold it, and gives the fields of the record and, where the document
is larger than a record should be, the content of a blob that is named after its SHA-256. A body that is too large
is cut, or left out, and the record says so and why; of every body it holds the size and a keyed digest.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway import jsontext
from gateway.evidence.bodies import VERSION
from gateway.keyed import Keyed
from gateway.values import Hidden, Masked

MAX_INLINE = 4_096
"""Characters of a document that stands in its record; a longer one is a blob."""
MAX_KEPT = 2**20
"""Bytes of a masked body that are kept; a longer one is cut."""
MAX_READ = 4 * 2**20
"""Bytes of a body as it was; of a longer one nothing is kept but its size and digest."""


class Kept(StrEnum):
    """How much of a body the evidence holds (`kept` of a record)."""

    WHOLE = "whole"
    CUT = "cut"
    LEFT_OUT = "left_out"


class Why(StrEnum):
    """Why it holds no more (`kept_why` of a record)."""

    POLICY = "policy"
    """The policy keeps no such body of that server."""
    SIZE = "size"
    MASKING = "masking"
    """It could not be masked."""
    STORE = "store"
    """The container did not confirm it."""


@dataclass(frozen=True, slots=True)
class Payload:
    """The fields of a record that tell of a body, and the blob that holds it; `content` empty where none does."""

    fields: dict[str, str | int]
    content: bytes = b""

    @property
    def digest(self) -> str:
        return str(self.fields.get("payload", ""))


def payload_of(size: int, original: str, masked: Masked | Why, hidden: Sequence[Hidden] = ()) -> Payload:
    """The payload of a body of that many bytes, whose keyed digest is `original`.

    `masked` is the body as the record may hold it, or why it is left out; `hidden` what was hidden from the caller.
    """
    kept = Kept.LEFT_OUT
    document: dict[str, Any] = {}
    if isinstance(masked, Masked):
        text = jsontext.write(masked.message)
        kept = Kept.WHOLE if len(text) <= MAX_KEPT else Kept.CUT
        document = {"message": masked.message} if kept is Kept.WHOLE else {"beginning": _beginning(text)}
    fields: dict[str, str | int] = {"kept": kept, "original": original, "original_size": size}
    why = masked if isinstance(masked, Why) else Why.SIZE
    if kept is not Kept.WHOLE:
        fields["kept_why"] = why
    if hidden:
        document["hidden"] = [_told(each) for each in hidden]
    return _placed(fields, document)


def left_out(payload: Payload, why: Why) -> Payload:
    """The same without its document."""
    fields = {name: value for name, value in payload.fields.items() if name not in ("content", "payload")}
    return Payload(fields | {"kept": Kept.LEFT_OUT, "kept_why": why})


def body_digest(message: Any, keyed: Keyed) -> tuple[int, str]:
    """The size of a message, in bytes as the gateway writes it, and its keyed digest."""
    text = jsontext.write(message)
    return len(text), keyed.digest(text)


def _placed(fields: dict[str, str | int], document: dict[str, Any]) -> Payload:
    if not document:
        return Payload(fields)
    content = jsontext.write({"v": VERSION, **document})
    text = content.decode()
    if len(text) <= MAX_INLINE:
        return Payload(fields | {"content": text})
    return Payload(fields | {"payload": hashlib.sha256(content).hexdigest()}, content)


def _beginning(text: bytes) -> str:
    return text[:MAX_KEPT].decode(errors="ignore")


def _told(hidden: Hidden) -> dict[str, str | int]:
    told: dict[str, str | int] = {"path": hidden.path, "mask": hidden.mask, "by": hidden.by, "action": hidden.action}
    told["count"] = hidden.count
    return told | ({"digest": hidden.digest} if hidden.digest else {})
