"""A call on its way through the rooms: the one value that changes as it goes on.

Whoever has to end the walk, at whatever point, finds here all that the record should say.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.access.grant import Grant
from gateway.approvals.approval import Approval
from gateway.approvals.orchestrations import Orchestrations
from gateway.events import Outcome
from gateway.keyed import Keyed
from gateway.policy.document import Policy
from gateway.telemetry.trace import Trace
from gateway.values import Call, Caller, Decision, Hidden, Json, Origin, Refusal


@dataclass(slots=True)
class Passage:
    """A call on its way through the rooms, with what is known of it so far.

    The one value that changes as the call goes on, so that whoever has to end the walk, at whatever
    point, knows all that the record should say.
    """

    call: Call
    origin: Origin
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    caller: Caller | None = None
    vouched: Caller | None = None
    """The caller as the token alone has it, without what the directory added."""
    session: str = ""
    client_session: str = ""
    """`Mcp-Session-Id` as the client holds it; `call` has the upstream's own."""
    policy: Policy | None = None
    decision: Decision | None = None
    gone: Callable[[], Awaitable[None]] | None = None
    """Returns once the client has left, where that can be known."""
    cause: str = ""
    """Id of the call for which the gateway itself makes this one."""
    keyed: Keyed | None = None
    """What stands for hidden values in this session; None before the call may be made."""
    sent: tuple[Hidden, ...] = ()
    """What was hidden of the request, or has to be approved in it."""
    uninspected: str = ""
    """What no detector read of the answer, by type, with number and size."""
    revealed: str = ""
    """Names of the masks that are lifted for this call, with commas."""
    definition: str = ""
    """SHA-256 of the definition of the tool that is called."""
    admit: "Callable[[Passage, dict[str, Json]], Awaitable[dict[str, Json] | Refusal]] | None" = None
    """Takes the tools that are held back out of a list that answers this call."""
    under: Grant | None = None
    """The grant that the call is made under, whose session it then is recorded in."""
    grants: tuple[Grant, ...] = ()
    """All grants that the call is made under, as they were when it was let through."""
    grant_over: bool = False
    """Whether one of them ended while the call ran."""
    look: "Callable[[Passage], Awaitable[Refusal | None]] | None" = None
    """Reads what is open now; None where lists do not depend on it."""
    open_grants: frozenset[str] = frozenset()
    """Names of the grants that are open, where lists depend on them."""
    list_ttl: int | None = None
    """Milliseconds for which a client may keep such a list."""
    grant_round: int = 0
    """How often the client has come back while access was not open."""
    approval: str = ""
    """Id of the approval that the call waits for, or that it is made by."""
    spends: Approval | None = None
    """The approval that this call uses up when it is made."""
    orchestrations: Orchestrations | None = None
    """Of approvals; None where there are none."""
    can_open_pages: bool = False
    """Whether the client of a legacy session said that it lets its person open a page."""
    is_held: bool = False
    """Whether the client has waited for people in this request already."""
    is_unattended: bool = False
    """Whether the gateway makes the call by itself, after an approval, so that nobody is there to be asked."""
    leg: int = 0
    """Which leg of a task's call this is, from 1 on; each is begun once."""
    remember: Callable[[str], Awaitable[None]] | None = None
    """Notes the `requestState` of a server that asks for more, where the approval covers the answers."""
    note: Callable[[Outcome], Awaitable[None]] | None = None
    """Notes what came of the call with the approval that it was made by."""
    give_back: Callable[[], None] | None = None
    """Gives back what the call holds of its limits; None before it has been through their room."""
    is_counted: bool = False
    """Whether its refusal follows others of the same kind closely, so that it is counted and not recorded."""
    concluding: asyncio.Future[bool] | None = None
    """The writing of the outcome, once it has begun."""
    on_its_way: bool = False
    """Whether an intent is on record, so that an ending is an outcome and not a refusal."""
    trace: Trace = field(default_factory=Trace)
    """What operators are told of the call while it goes through the rooms."""
