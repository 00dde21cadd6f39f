"""A call as the evidence has it: what was decided, and as much of the call as its record tells. Pure.

Takes records and gives the calls among them on which a policy decided. What a record does not hold is left open, and
said; nothing is filled in. Bodies are kept masked, so an argument that may not be as it was is named as such.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway import jsontext
from gateway.events import NONE, Event
from gateway.evidence.bodies import Named, named_in, read
from gateway.evidence.form import MAX_TEXT
from gateway.evidence.told import Told, moment_of
from gateway.reasons import Reason
from gateway.values import Call, Caller, CallerKind, Era, Json, MessageKind

POLICY_REFUSES = frozenset(
    reason.name.lower()
    for reason in (
        Reason.SERVER_UNKNOWN,
        Reason.NO_ACCESS,
        Reason.TARGET_HIDDEN,
        Reason.DENIED,
        Reason.CREDENTIAL_NEEDS_USER,
    )
)
"""Reasons that are the policy's own; a call that was refused for another one had been allowed by then."""
_UNDECIDED = frozenset({Reason.GROUPS_UNAVAILABLE.name.lower(), Reason.POLICY_UNAVAILABLE.name.lower()})
_WITH_ARGUMENTS = frozenset({"tools/call", "prompts/get"})
_EVENTS = (Event.INTENT, Event.RELAYED, Event.ANSWERED, Event.REFUSED, Event.OUTCOME)
"""Of the records of one call, the first of these tells what was decided last."""
_MARKER = "[hidden"
_ARGUMENTS = "$['params']['arguments']["
_NOT_KEPT = {
    "policy": "the policy kept no requests of this server",
    "size": "the request was too large to be kept whole",
    "masking": "the request could not be masked, so it was not kept",
    "store": "the store did not take the request",
}


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call on which a policy decided."""

    id: str
    session: str
    at: str
    """Time of its record."""
    now: datetime
    caller: Caller
    """Without groups and roles: those are below."""
    call: Call
    """With the arguments that are on record, masked."""
    policy: str
    """SHA-256 of the policy that decided."""
    reason: str
    """Why the policy refused it; empty where it allowed it."""
    rules: tuple[str, ...] | None
    """Names of the rules that decided; None where the record has not all of them."""
    groups: frozenset[str] | None = None
    """Those of the policy's groups that the caller was in; None where that is not on record."""
    roles: frozenset[str] | None = None
    hidden: frozenset[str] = frozenset()
    """Names of arguments that may not be as they were."""
    no_arguments: str = ""
    """Why its arguments are not there, in words; empty where they are."""
    blob: Named | None = None
    """Where its request lies, if that is not in the record."""

    @property
    def has_arguments(self) -> bool:
        """Whether it is one that conditions on arguments can tell apart."""
        return self.call.method in _WITH_ARGUMENTS


def past_calls(records: Iterable[Told]) -> tuple[list[PastCall], int]:
    """The calls in the order of time, and how many others came to their end before a policy decided."""
    best: dict[tuple[str, str], Told] = {}
    for record in records:
        key = record.session, record["call"]
        if record["event"] in _EVENTS and _is_of_a_caller(record):
            known = best.get(key)
            if known is None or _EVENTS.index(Event(record["event"])) < _EVENTS.index(Event(known["event"])):
                best[key] = record
    found = [_past_call(record) for record in best.values()]
    calls = [call for call in found if call is not None]
    return sorted(calls, key=lambda call: (call.at, call.id)), len(found) - len(calls)


def with_body(call: PastCall, content: str | bytes | None) -> PastCall:
    """The call with the arguments of its request, whose document this is as it was kept; None if it is not there."""
    document = read(content) if content is not None else None
    # Read again, so that numbers are those that conditions calculate with.
    whole = jsontext.parse(content) if content is not None and document is not None else None
    message = whole.get("message") if isinstance(whole, dict) else None
    if document is None or not isinstance(message, dict):
        return replace(call, blob=None, no_arguments="its request cannot be read")
    params = message.get("params")
    arguments = params.get("arguments") if isinstance(params, dict) else None
    masked = _masked(arguments if isinstance(arguments, dict) else {})
    taken = [str(each.get("path", "")) for each in document.hidden]
    return replace(
        call,
        call=replace(call.call, message=message),
        hidden=frozenset(masked).union(*(_top(path, arguments) for path in taken)),
        no_arguments="",
        blob=None,
    )


def _is_of_a_caller(record: Told) -> bool:
    """Whether somebody made it: not what the server asked, nor what the gateway itself did."""
    return bool(record["call"]) and record["message"] != "server_request" and not record["cause"]


def _past_call(record: Told) -> PastCall | None:
    now, kind, caller_kind = moment_of(record["time"]), record["message"], record["kind"]
    is_known = kind in set(MessageKind) and caller_kind in set(CallerKind)
    if not record["policy"] or now is None or not is_known or record["reason"] in _UNDECIDED:
        return None
    method = record["method"]
    message: dict[str, Json] = {"jsonrpc": "2.0", "method": method, "params": {}}
    call = PastCall(
        id=record["call"],
        session=record.session,
        at=record["time"],
        now=now,
        caller=_caller(record, CallerKind(caller_kind)),
        call=_call(record, MessageKind(kind), message),
        policy=record["policy"],
        reason=record["reason"] if record["reason"] in POLICY_REFUSES else "",
        rules=_listed(record, "rules", ","),
        groups=_set(record, "groups"),
        roles=_set(record, "roles"),
        no_arguments=_NOT_KEPT.get(record["kept_why"], "no request is kept of a call that did not go on"),
    )
    if record["event"] != Event.INTENT or record["kept"] != "whole":
        return call
    return with_body(call, record["content"]) if record["content"] else replace(call, blob=named_in(record.fields))


def _caller(record: Told, kind: CallerKind) -> Caller:
    return Caller(
        tenant=record["tenant"],
        object_id=record["subject"],
        kind=kind,
        client=record["client"],
        groups=frozenset(),
        roles=frozenset(),
        token_id="",
        sign_in="",
        expires=0,
        # Of a session token, which alone has it, only that it is one counts here.
        grant=record["issued"],
    )


def _call(record: Told, kind: MessageKind, message: Mapping[str, Json]) -> Call:
    era = Era.LEGACY if record["era"] == Era.LEGACY else Era.MODERN
    return Call(record["server"], era, kind, record["method"], record["target"], None, message, (), "", None)


def _listed(record: Told, name: str, between: str) -> tuple[str, ...] | None:
    text = record[name]
    # A longer text was cut when it was recorded.
    return None if len(text) > MAX_TEXT else tuple(filter(None, text.split(between)))


def _set(record: Told, name: str) -> frozenset[str] | None:
    found = _listed(record, name, " ") if name in record.fields else None
    return None if found is None else frozenset(found) - {NONE}


def _masked(arguments: Mapping[str, Json]) -> Iterator[str]:
    """Arguments in which something may have been hidden: a text by a marker, a number by 0, a boolean by false."""
    is_key_hidden = any(_MARKER in name for name in arguments)
    return (name for name, value in arguments.items() if is_key_hidden or _may_be_masked(value))


def _may_be_masked(value: Json) -> bool:
    if isinstance(value, dict):
        return any(_MARKER in name or _may_be_masked(each) for name, each in value.items())
    if isinstance(value, list):
        return any(map(_may_be_masked, value))
    return _MARKER in value if isinstance(value, str) else value in (0, False)


def _top(path: str, arguments: Any) -> Sequence[str]:
    """The names of the arguments that a normalised path (RFC 9535, section 2.7) may lead to."""
    if not path.startswith(_ARGUMENTS[:-1]):
        return ()
    name, closed, _ = path.removeprefix(_ARGUMENTS).removeprefix("'").partition("']")
    if not path.startswith(_ARGUMENTS) or not closed or "\\" in path:
        return tuple(arguments) if isinstance(arguments, dict) else ()
    return (name,)


def is_masked(call: PastCall) -> bool:
    """Whether the name of what it was aimed at is not on record as it was."""
    return _MARKER in call.call.target or _MARKER in call.call.server
