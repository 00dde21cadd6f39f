"""The JSON APIs beside MCP: who asks, what they send, and how they are answered.

Takes a request with an access token, checked as a call's is, and gives the caller with all groups that
the policy names, and the body where it is strict JSON; gives answers and errors out of the one table of
reasons. A refusal is told only once it is on record.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from gateway import groups, jsontext
from gateway.answer import Answer
from gateway.approvals import evidence
from gateway.approvals.book import Actor, is_identifier
from gateway.approvals.orchestrations import Orchestrations
from gateway.authenticate import authenticate
from gateway.events import Event, Outcome
from gateway.inbound import bearer
from gateway.metadata import challenge
from gateway.pages.request import PageRequest
from gateway.policy.document import Policy
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Caller, CallerKind, Json, Origin, Refusal

_log = logging.getLogger("countersign")
_HEADERS = {"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff"}


@dataclass(slots=True)
class Asking:
    """One request on its way, with what is known of it so far, so that each refusal can say it."""

    request: PageRequest
    origin: Origin
    rooms: Rooms
    orchestrations: Orchestrations
    what: str = ""
    """As the record calls it: the method, and the path without ids."""
    subject: str = ""
    """The id in the path, or the empty string."""
    caller: Caller | None = None
    policy: str = ""
    """SHA-256 of the policy in force."""

    @property
    def actor(self) -> Actor:
        return Actor(self.caller, self.origin)

    def fields(self, event: Event, outcome: Outcome, column: str) -> dict[str, str | int]:
        """The record of a request as a whole; the id in its path goes into that column."""
        known: dict[str, str | int] = {"event": event, "outcome": outcome, "method": self.what, "policy": self.policy}
        known |= {"source": self.origin.source, "trace": self.origin.trace}
        known |= {column: self.subject} if is_identifier(self.subject) else {}
        return known | (evidence.acted(self.caller) if self.caller else {})


@dataclass(frozen=True, slots=True)
class Ending:
    """How the refusals of one API are recorded."""

    event: Event
    column: str
    """Which the id in the path goes into."""
    session: str
    """The session of the day, without its date."""
    unavailable: Reason
    """Where its store does not answer."""


type Handler = Callable[[Asking, Caller, Policy], Awaitable[Answer | Refusal]]


@dataclass(frozen=True, slots=True)
class Door:
    """One method and path of an API."""

    name: str
    """As the record has it; `{id}` stands for an id."""
    handler: Handler

    @property
    def method(self) -> str:
        return self.name.partition(" ")[0]

    def id_in(self, path: str) -> str | None:
        """The id in a path of this door, empty where it has none; None for any other path."""
        pattern = re.escape(self.name.partition(" ")[2]).replace(re.escape("{id}"), "([^/]+)")
        found = re.fullmatch(pattern, path)
        return None if found is None else "".join(found.groups())


async def through(asking: Asking, doors: Sequence[Door], unknown: Reason) -> Answer | Refusal:
    """What is answered behind the first door of that path and method; `unknown` where there is none."""
    found = [(door, each) for door in doors if (each := door.id_in(asking.request.path)) is not None]
    if not found:
        return Refusal(unknown, "no such path")
    door, asking.subject = next((pair for pair in found if pair[0].method == asking.request.method), found[0])
    asking.what = door.name
    if asking.request.method != door.method:
        return Refusal(Reason.HTTP_METHOD, asking.request.method)
    known = await caller_of(asking)
    return known if isinstance(known, Refusal) else await door.handler(asking, *known)


async def caller_of(asking: Asking) -> tuple[Caller, Policy] | Refusal:
    """The caller and the policy in force. Every other outcome is a refusal (fail-closed)."""
    request, rooms = asking.request, asking.rooms
    origin, authorization = request.sole("origin"), request.sole("authorization")
    if origin is None or authorization is None:
        return Refusal(Reason.HEADER_MALFORMED, "repeated")
    if origin and origin.lower() not in rooms.settings.origins:
        return Refusal(Reason.ORIGIN)
    caller = await authenticate(bearer(authorization), rooms.settings, rooms.keys)
    if isinstance(caller, Refusal):
        return caller
    asking.caller = caller
    policy = await rooms.policy.current()
    if policy is None:
        return Refusal(Reason.POLICY_UNAVAILABLE)
    asking.policy = policy.digest
    complete = await groups.complete(caller, policy, rooms.memberships)
    if isinstance(complete, Refusal):
        return complete
    asking.caller = complete
    return complete, policy


async def bounded(asking: Asking, steps: Awaitable[Answer | Refusal], end: Ending) -> Answer:
    """The answer; a refusal, or what was not foreseen, once it is on record. Never raises."""
    try:
        found = await steps
    except StoreUnavailableError as error:
        found = Refusal(end.unavailable, str(error))
    except Exception as error:  # noqa: BLE001 - fail-closed: the outer boundary
        # The kind alone: the text of an error may hold what the request held.
        _log.error("countersign.internal_error %s in the API of %s", type(error).__name__, end.session)
        found = Refusal(Reason.INTERNAL, type(error).__name__)
    return await turned_away(asking, found, end) if isinstance(found, Refusal) else found


def not_operator(caller: Caller, policy: Policy) -> Refusal | None:
    """Why this is no operator; None if it is one."""
    if caller.kind is CallerKind.AGENT:
        # fail-closed: whatever groups it is in, an agent oversees nobody.
        return Refusal(Reason.OPERATOR_NEEDED, "an agent")
    if not policy.operators:
        return Refusal(Reason.OPERATOR_NEEDED, "the policy names no operators")
    if policy.operators.isdisjoint(caller.groups):
        return Refusal(Reason.OPERATOR_NEEDED, "in none of the operators' groups")
    return None


def body_of(request: PageRequest, limit: int) -> Json | Refusal:
    """The body as strict JSON, of that many bytes at most."""
    if request.body is None or len(request.body) > limit:
        return Refusal(Reason.BODY_TOO_LARGE)
    media_type = request.sole("content-type") or ""
    if media_type.partition(";")[0].strip().lower() != "application/json":
        return Refusal(Reason.MEDIA_TYPE)
    body = jsontext.parse(request.body)
    return Refusal(Reason.NOT_JSON, body.why) if isinstance(body, jsontext.Malformed) else body


def answered(status: int, value: object) -> Answer:
    return Answer(status, dict(_HEADERS), jsontext.write(value))


async def turned_away(asking: Asking, refusal: Refusal, end: Ending) -> Answer:
    """The refusal, on record; a caller is told of it only once it is (fail-closed)."""
    recorder = asking.rooms.recorder
    fields = asking.fields(end.event, Outcome.REFUSED, end.column) | evidence.why(refusal)
    # Anybody may knock: what strangers do is recorded as far as the budget goes.
    append = recorder.stranger if asking.caller is None else recorder.approval
    if not await append(f"{asking.rooms.now():%Y%m%d}-{end.session}", fields) and asking.caller is not None:
        refusal = Refusal(Reason.EVIDENCE_UNAVAILABLE)
    return problem(asking, refusal)


def problem(asking: Asking, refusal: Refusal) -> Answer:
    """The error, out of the one table; of a refusal that is on record."""
    wire = refusal.reason.wire
    answer = answered(wire.http, {"error": {"code": wire.code, "message": wire.sentence}})
    if found := challenge(asking.rooms.settings, "", refusal.reason):
        answer.headers["www-authenticate"] = found
    if wire.http == 405:
        answer.headers["allow"] = asking.what.partition(" ")[0] or "GET"
    if wire.http == 503:
        answer.headers["retry-after"] = "5"
    return answer
