"""Masking: what of an answer this caller may see.

One JSON-RPC message and the masks that apply to the caller go in, the masked message comes out with
a list of what was hidden, where and by which rule. An answer that a mask blocks, and an answer that
cannot be masked for whatever cause, is refused.
"""

from gateway.keyed import Keyed
from gateway.masking.compiled import compiled
from gateway.masking.data import DataWalk
from gateway.masking.hide import GONE
from gateway.masking.ledger import Ledger
from gateway.masking.walk import walk
from gateway.reasons import Reason
from gateway.values import Json, Mask, Masked, Refusal

_WITHHELD = "[hidden]"


def mask(message: dict[str, Json], masks: tuple[Mask, ...], keyed: Keyed | None = None) -> Masked | Refusal:
    """The message as the caller may see it, in new objects wherever it differs; the input is not changed.

    Refused as BLOCKED when a mask blocks, as MASKING_FAILED on any error.
    """
    if not masks:
        return Masked(message)
    ledger = Ledger(keyed)
    try:
        masked = walk(message, compiled(masks), ledger)
    except Exception as error:  # noqa: BLE001  fail-closed: whatever went wrong, the answer stays here
        return Refusal(Reason.MASKING_FAILED, detail=type(error).__name__)
    if ledger.blocked:
        return Refusal(Reason.BLOCKED, detail=f"{ledger.blocked.mask} at {ledger.blocked.path}")
    return Masked(masked, ledger.hidden())


def mask_text(text: str, masks: tuple[Mask, ...]) -> str:
    """A single string for the record, such as a resource URI. Where `mask` would drop or refuse: `[hidden]`."""
    if not masks:
        return text
    ledger = Ledger()
    try:
        masked = DataWalk(compiled(masks), ledger, text).value(text, None)
    except Exception:  # noqa: BLE001  fail-closed: whatever went wrong, the text stays here
        return _WITHHELD
    return _WITHHELD if masked is GONE or ledger.blocked else str(masked)
