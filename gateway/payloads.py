"""Rooms 8 and 12, for bodies: what a request or an answer held, kept so that it stays.

Takes a message of a passage and gives the fields that its record is to have; where the document is large, it lies
in a blob by then, created once. What is kept is masked as for somebody who may see nothing: by every mask of the
policy and every detector, whatever the caller may see. A blob that is not confirmed is said to be missing, and the
walk lets nothing pass then (fail-closed).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

from gateway import mask
from gateway.aside import aside
from gateway.evidence.bodies import blob_name, policy_name
from gateway.evidence.payload import MAX_READ, Kept, Payload, Why, body_digest, left_out, payload_of
from gateway.keyed import Keyed
from gateway.masking.detectors import DETECTORS
from gateway.passage import Passage
from gateway.policy.document import Bodies, Policy
from gateway.storage.contract import BlobExistsError, BlobStore, StoreUnavailableError
from gateway.values import Action, Hidden, Mask, Masked, Refusal

EVERYTHING = (Mask("record", Action.REDACT, detectors=tuple(DETECTORS)),)
"""Names and URIs in a record are masked with every detector, whatever the policy lets the caller see."""


@dataclass(frozen=True, slots=True)
class Filed:
    """The fields of the record, and whether what they tell of is durable."""

    fields: Mapping[str, str | int]
    is_durable: bool = True


class Payloads:
    """Keeps bodies in one container."""

    def __init__(self, blobs: BlobStore | None) -> None:
        self._blobs = blobs

    async def file(
        self, passage: Passage, message: Mapping[str, Any], time: str, *, answers: bool, hidden: Sequence[Hidden] = ()
    ) -> Filed:
        """The body is kept as far as the policy says.

        `time` is that of the record; `answers` says that the message came from the upstream.
        """
        return await self.keep(await self.made(passage, message, answers=answers, hidden=hidden), time)

    async def made(
        self, passage: Passage, message: Mapping[str, Any], *, answers: bool, hidden: Sequence[Hidden] = ()
    ) -> Payload | None:
        """The body as it may be kept; nothing is written yet. None where there is nothing to keep."""
        if not message or passage.keyed is None:
            return None
        making = partial(_payload, passage, message, passage.keyed, tuple(hidden), answers=answers)
        return await aside(message, making, passage.caller)

    async def keep(self, payload: Payload | None, time: str) -> Filed:
        """The payload is durable, for a record of that time."""
        if payload is None or not payload.content:
            return Filed(payload.fields if payload else {})
        if await self._create(blob_name(time, payload.digest), payload.content):
            return Filed(payload.fields)
        return Filed(left_out(payload, Why.STORE).fields, is_durable=False)

    async def file_policy(self, digest: str, text: bytes) -> Filed:
        """The text of a policy that came into force is kept under its SHA-256; it names secrets and holds none."""
        if not text:
            return Filed({})
        if await self._create(policy_name(digest), text):
            return Filed({"kept": Kept.WHOLE, "original_size": len(text)})
        return Filed({"kept": Kept.LEFT_OUT, "kept_why": Why.STORE, "original_size": len(text)}, is_durable=False)

    async def _create(self, name: str, content: bytes) -> bool:
        if self._blobs is None:
            return False
        try:
            await self._blobs.create(name, content)
        except BlobExistsError:
            # Named after its content: the same body of the same day, or an attempt whose answer was lost.
            return True
        except StoreUnavailableError:
            return False
        return True


def _payload(
    passage: Passage, message: Mapping[str, Any], keyed: Keyed, hidden: tuple[Hidden, ...], *, answers: bool
) -> Payload:
    size, original = body_digest(message, keyed)
    return payload_of(size, original, _masked(passage, message, size, answers=answers), hidden)


def _masked(passage: Passage, message: Mapping[str, Any], size: int, *, answers: bool) -> Masked | Why:
    policy, server = passage.policy, passage.call.server
    kept = policy.servers[server].bodies if policy and server in policy.servers else Bodies.NONE
    if policy is None or kept is Bodies.NONE or (answers and kept is Bodies.REQUESTS):
        return Why.POLICY
    if size > MAX_READ:
        return Why.SIZE
    terms = mask.KEPT if answers else mask.KEPT_FROM_CLIENT
    masked = mask.mask(dict(message), for_record(policy), passage.keyed, terms)
    return Why.MASKING if isinstance(masked, Refusal) else masked


def for_record(policy: Policy) -> tuple[Mask, ...]:
    """Every mask of the policy, for nobody in particular, and every detector; all of them redact."""
    return _for_record(tuple(policy.masks.values()))


@lru_cache(maxsize=8)
def _for_record(masks: tuple[Mask, ...]) -> tuple[Mask, ...]:
    return (*(replace(each, action=Action.REDACT, clear_for=frozenset()) for each in masks), *EVERYTHING)
