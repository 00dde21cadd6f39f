"""A question to the policy, about a call that nobody has made, and the answer in one word.

Takes a server and the names that a command line or a policy case gives, and returns the Call of the
message that would carry them, as `inbound` would read it, or a sentence about what is missing or does not
fit together. It knows no policy: whether the server and the tool exist is for the decision to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from gateway.policy.suggestion import unknown
from gateway.protocol import METHODS
from gateway.reasons import Reason
from gateway.values import Call, Decision, Era, Json, MessageKind, Refusal

_AIMS: Mapping[str, tuple[str, ...]] = {
    "tools/call": ("tool",),
    "resources/read": ("resource",),
    "resources/subscribe": ("resource",),
    "resources/unsubscribe": ("resource",),
    "prompts/get": ("prompt",),
    "completion/complete": ("prompt", "resource"),
}
"""What each method is aimed at, one of these; a method that is not listed is aimed at nothing."""
_USED_BY = {"tool": "tools/call", "resource": "resources/read", "prompt": "prompts/get"}
_WITH_ARGUMENTS = ("tools/call", "prompts/get")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, in the words of the command line. Each is the empty text where it is not given."""

    server: str
    tool: str = ""
    resource: str = ""
    prompt: str = ""
    method: str = ""
    arguments: Mapping[str, Json] = field(default_factory=dict)


class Answer(StrEnum):
    """The outcome of a decision in one word."""

    ALLOW = "allow"
    REFUSE = "refuse"
    HIDDEN = "hidden"
    """Refused as unknown, and left out of lists."""


def answer_of(outcome: Decision | Refusal) -> Answer:
    if isinstance(outcome, Decision):
        return Answer.ALLOW
    return Answer.HIDDEN if outcome.reason is Reason.TARGET_HIDDEN else Answer.REFUSE


def call_of(question: Question) -> Call | str:
    """The call, or what is wrong with the question."""
    given = {"tool": question.tool, "resource": question.resource, "prompt": question.prompt}
    aims = [aim for aim, name in given.items() if name]
    if len(aims) > 1:
        return f"give a {aims[0]} or a {aims[1]}, not both"
    aim = aims[0] if aims else ""
    method = question.method or (_USED_BY[aim] if aim else "")
    if fault := _wrong(method, aim) or _wrong_arguments(method, question.arguments):
        return fault
    return _call(question.server, method, _params(method, aim, given.get(aim, ""), question.arguments))


def read_time(written: str) -> datetime | None:
    """The time in an ISO 8601 text, in UTC where it names no zone; None if it is no time."""
    try:
        time = datetime.fromisoformat(written)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _wrong(method: str, aim: str) -> str | None:
    if not method:
        return "name what is asked for: a tool, a resource, a prompt or a method"
    if method not in METHODS:
        return unknown("method", method, METHODS)
    wanted = _AIMS.get(method, ())
    if wanted and aim not in wanted:
        return f"{method} needs a {' or a '.join(wanted)}"
    if aim and not wanted and (method, aim) != ("subscriptions/listen", "resource"):
        return f"{method} names no {aim}"
    return None


def _wrong_arguments(method: str, arguments: Mapping[str, Json]) -> str | None:
    if arguments and method not in _WITH_ARGUMENTS:
        return f"{method} has no arguments; only {' and '.join(_WITH_ARGUMENTS)} have"
    return None


def _params(method: str, aim: str, name: str, arguments: Mapping[str, Json]) -> dict[str, Json]:
    if method in _WITH_ARGUMENTS:
        return {"name": name, "arguments": dict(arguments)}
    if method == "completion/complete":
        reference = {"type": "ref/prompt", "name": name} if aim == "prompt" else {"type": "ref/resource", "uri": name}
        return {"ref": reference, "argument": {"name": "", "value": ""}}
    if method == "subscriptions/listen" and name:
        return {"notifications": {"resourceSubscriptions": [name]}}
    return {"uri": name} if name else {}


def _call(server: str, method: str, params: dict[str, Json]) -> Call:
    is_notification = method.startswith("notifications/")
    message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if is_notification else {"id": 1})
    reference = params.get("ref", params)
    return Call(
        server=server,
        era=Era.LEGACY if Era.LEGACY in METHODS[method].eras else Era.MODERN,
        kind=MessageKind.NOTIFICATION if is_notification else MessageKind.REQUEST,
        method=method,
        target=reference.get("name", reference.get("uri", "")),
        id=None if is_notification else 1,
        message=message,
        headers=(),
        mcp_session="",
        token=None,
    )
