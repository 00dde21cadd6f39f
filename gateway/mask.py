"""Masking: what of an answer this caller may see.

One JSON-RPC message and the masks that apply to the caller go in, the masked message comes out with
a list of what was hidden, where and by which rule. An answer that a mask blocks, and an answer that
cannot be masked for whatever cause, is refused.
"""

from dataclasses import dataclass

from gateway.keyed import Keyed
from gateway.masking import places
from gateway.masking.blobs import Door, in_words
from gateway.masking.compiled import compiled
from gateway.masking.data import DataWalk
from gateway.masking.hide import GONE
from gateway.masking.ledger import Ledger
from gateway.masking.walk import Way, walk
from gateway.reasons import Reason
from gateway.values import Json, Mask, Masked, Refusal

_WITHHELD = "[hidden]"
_LONGEST_TEXT = 16 * 1024
"""Characters of a single string that is masked. It is masked where others wait, and a caller may send megabytes as the
id of a request."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What else is to be known of a message that is masked."""

    from_client: bool = False
    results: tuple[Mask, ...] = ()
    """Those that results may meet: a list of tools promises no more than they leave of them."""
    largest_blob: int | None = None
    """Bytes of a blob that may pass although no detector reads it; None: any number."""
    left_alone: frozenset[places.Opaque] = places.ALL_OPAQUE
    """What nobody may change, since somebody calls or matches by it."""


FROM_SERVER = Terms()
FROM_CLIENT = Terms(from_client=True)
SEARCHED = Terms(from_client=True, left_alone=places.ALL_OPAQUE - {places.CALLED})
"""A client's message that is searched and not changed: names and URIs in it are read as well."""
KEPT = Terms(left_alone=frozenset())
"""A server's message that is kept and never sent, so that all identifiers in it are masked."""
KEPT_FROM_CLIENT = Terms(from_client=True, left_alone=frozenset())


def mask(
    message: dict[str, Json], masks: tuple[Mask, ...], keyed: Keyed | None = None, terms: Terms = FROM_SERVER
) -> Masked | Refusal:
    """The message as the caller may see it, in new objects wherever it differs; the input is not changed.

    Refused as BLOCKED when a mask blocks or a blob may not pass unread, as MASKING_FAILED on any error.
    """
    if not masks and not terms.results and terms.largest_blob is None:
        return Masked(message)
    ledger, door = Ledger(keyed), Door(terms.largest_blob)
    try:
        known = places.FROM_CLIENT if terms.from_client else places.FROM_SERVER
        results = compiled(terms.results) if terms.results else None
        masked = walk(message, compiled(masks), ledger, Way(known, results, door, terms.left_alone))
    except Exception as error:  # noqa: BLE001  fail-closed: whatever went wrong, the answer stays here
        return Refusal(Reason.MASKING_FAILED, detail=type(error).__name__)
    if ledger.blocked:
        return Refusal(Reason.BLOCKED, detail=f"{ledger.blocked.mask} at {ledger.blocked.path}")
    if door.stopped:
        stopped = f"{door.stopped.media_type} of {in_words(door.stopped.size)} at {door.stopped.path}"
        return Refusal(Reason.BLOCKED, detail=f"not inspected: {stopped}")
    return Masked(masked, ledger.hidden(), door.summary())


def mask_text(text: str, masks: tuple[Mask, ...]) -> str:
    """A single string for the record, such as a resource URI. Where `mask` would drop or refuse: `[hidden]`.

    Of a string of more than 16,384 characters nothing but its length is told.
    """
    if not masks:
        return text
    if len(text) > _LONGEST_TEXT:
        return f"[text of {len(text):,} characters]"
    ledger = Ledger()
    try:
        masked = DataWalk(compiled(masks), ledger, text).value(text, None)
    except Exception:  # noqa: BLE001  fail-closed: whatever went wrong, the text stays here
        return _WITHHELD
    return _WITHHELD if masked is GONE or ledger.blocked else str(masked)
