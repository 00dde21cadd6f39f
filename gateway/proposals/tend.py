"""Looks after a proposal, and whatever else has the same id: the approval, and the grant where it is one of those.

Takes an id and gives the next step for its orchestration. What was done is a row or a version, so that it may be
called at any time, any number of times, by any process.
"""

import logging
from typing import Any

from gateway.access import tend as of_access
from gateway.approvals.agenda import LOOK
from gateway.approvals.approval import State as Approval
from gateway.proposals.proposal import State
from gateway.proposals.version import UnprovenError
from gateway.rooms import Rooms
from gateway.storage.contract import SecretUnavailableError, StoreUnavailableError

_log = logging.getLogger("countersign")


async def tend(identifier: str, rooms: Rooms) -> dict[str, Any]:
    """All that is due is done. Gives `wake` (a time; empty: over), `event` (what may wake earlier) and `run`."""
    # First the proposal, which uses up its approval.
    is_done = await look(identifier, rooms)
    step = await of_access.tend(identifier, rooms)
    soon = (rooms.now() + LOOK).isoformat()
    return step if is_done else {**step, "wake": min(step["wake"] or soon, soon)}


async def look(identifier: str, rooms: Rooms) -> bool:
    """What is due of the proposal of that id, if there is one, is done; False: it has to be tried again."""
    try:
        proposal = await rooms.proposals.read(identifier)
        if proposal is None or proposal.state is not State.PENDING:
            return True
        approval = await rooms.approvals.read(identifier)
    except (StoreUnavailableError, SecretUnavailableError, UnprovenError) as error:
        # An alert is set on this id: what people agreed on is not in force.
        _log.error("countersign.policy_change_failed %s %s", identifier, type(error).__name__)
        return False
    return approval is not None and approval.state(rooms.now()) is Approval.PENDING
