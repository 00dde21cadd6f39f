"""After room 6: which masks a caller's access, or the approval of this very call, lifts.

Takes a decided passage and gives nothing, or a refusal; the passage's decision then says what is hidden and who has
to approve. A mask is lifted by a grant while that is open, and by an approval that the caller asks for in `_meta`;
what lifts it is on record with the call. A mask that nothing lifts stays, and so does one whose grant cannot be
read (fail-closed).
"""

from dataclasses import replace

from gateway.approvals.digest import reveals
from gateway.grant import enter_if_open
from gateway.passage import Passage
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Decision, Mask, Refusal


async def lift(passage: Passage, rooms: Rooms) -> Refusal | None:
    """What may be lifted for this call is; REVEAL_REFUSED if it asks for what nothing lifts."""
    decision, asked = passage.decision, reveals(passage.call)
    if decision is None or asked is None:
        return Refusal(Reason.REVEAL_REFUSED, "not a list of names")
    if not asked and not any(mask.reveal for mask in decision.masks):
        passage.revealed = ""
        return None
    by_name = {mask.name: mask for mask in decision.masks}
    for name in asked:
        if name in by_name and by_name[name].reveal is None:
            return Refusal(Reason.REVEAL_REFUSED, name)
    opened = [mask for mask in decision.masks if await _is_open(passage, mask, rooms)]
    approved = [mask for mask in decision.masks if mask.name in asked and mask.reveal and mask.reveal.approval]
    lifted = {mask.name for mask in (*opened, *approved)}
    for name in asked:
        if name in by_name and name not in lifted:
            return Refusal(Reason.REVEAL_REFUSED, f"{name}: its grant is not open")
    passage.revealed = ",".join(mask.name for mask in decision.masks if mask.name in lifted)
    passage.decision = _without(decision, lifted, approved)
    return None


async def _is_open(passage: Passage, mask: Mask, rooms: Rooms) -> bool:
    if mask.reveal is None or not mask.reveal.grant:
        return False
    try:
        return await enter_if_open(passage, mask.reveal.grant, rooms)
    except StoreUnavailableError:
        # fail-closed: access that cannot be read lifts nothing.
        return False


def _without(decision: Decision, lifted: set[str], approved: list[Mask]) -> Decision:
    terms = (mask.reveal.approval for mask in approved if mask.reveal)
    return replace(
        decision,
        masks=tuple(mask for mask in decision.masks if mask.name not in lifted),
        approvals=tuple(dict.fromkeys((*decision.approvals, *(each for each in terms if each is not None)))),
    )
