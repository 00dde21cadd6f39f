"""The tasks extension (io.modelcontextprotocol/tasks, 2026-07-28), for calls that wait for people.

Takes the passage of a call that waits, and gives a task in its place; takes `tasks/get`, `tasks/update`
and `tasks/cancel`, and answers them for the caller who made the task, and for nobody else. The id of a
task is that of its approval; it opens nothing by itself. What the task's call comes to, `approvals.run`
writes down.
"""

from datetime import timedelta
from typing import Any

from gateway import answer as answers
from gateway.answer import Answer
from gateway.approvals import contents, rulings
from gateway.approvals.agenda import RESULT, TASK
from gateway.approvals.approval import Approval, State
from gateway.approvals.book import Actor
from gateway.approvals.orchestrations import SETTLED
from gateway.approvals.sealed_call import pack_caller
from gateway.approvals.task import (
    ANSWERED,
    ASKED,
    CALLER,
    Status,
    Task,
    answer_name,
    is_declared,
    legs_of,
    offers,
    task_of,
)
from gateway.client_features import TASK_IDS
from gateway.protocol import TASKS_EXTENSION
from gateway.reasons import Reason
from gateway.record import Event, Passage
from gateway.rooms import Rooms
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Era, Refusal

METHODS = frozenset({"tasks/get", "tasks/update", "tasks/cancel"})
RENEWED = 600
"""Seconds by which a token must outlive the one known before, so that a task keeps few of them."""
OVERDUE = timedelta(seconds=10)
"""After which a call that should be on its way is asked for again."""

_UNDECLARED = Refusal(
    Reason.TASKS_UNDECLARED, data={"requiredCapabilities": {"extensions": {TASKS_EXTENSION: dict[str, Any]()}}}
)
_ANOTHERS = "it is another caller's"


def is_offered(passage: Passage) -> bool:
    """Whether the gateway makes a task of this call."""
    is_call = passage.call.era is Era.MODERN and passage.call.method == "tools/call"
    return is_call and offers(passage.policy, passage.call.server)


def unheard(passage: Passage) -> Refusal | None:
    """The refusal of a client that wants to be told of tasks without declaring the extension. Pure."""
    wanted = passage.call.params.get("notifications") if passage.call.method == "subscriptions/listen" else None
    if not isinstance(wanted, dict) or TASK_IDS not in wanted or is_declared(passage.call):
        return None
    return _UNDECLARED if offers(passage.policy, passage.call.server) else None


async def create(passage: Passage, approval: Approval, rooms: Rooms) -> Answer | Refusal:
    """The task of a call that waits; from now on the gateway makes the call once it is approved.

    An identical call gets the same task. Raises StoreUnavailableError.
    """
    book, caller = rooms.approvals, passage.vouched
    if caller is None:
        return Refusal(Reason.TOKEN_MISSING)
    # The call is sealed with the caller who asked for it; of anybody later nothing is known yet.
    expires = caller.expires if approval.request.call == passage.id else 0
    await book.mark(approval, TASK, call=passage.id, expires=expires)
    # After the mark: whoever settled it meanwhile saw the mark, or is seen here.
    current = await rulings.settle(book, approval)
    await _renew(passage, current, rooms)
    task = task_of(current, rooms.now())
    if task is None:
        return Refusal(Reason.APPROVAL_SPENT, "it ended while its task was made")
    if current.state(rooms.now()) is not State.PENDING and not await _wake(passage, current, SETTLED):
        return Refusal(Reason.APPROVALS_UNAVAILABLE, "the orchestration cannot be woken")
    if not await rooms.recorder.refused(passage, Refusal(Reason.APPROVAL_PENDING, "task")):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    seed = task.shown(current.id, _page(current, rooms)) | {"status": Status.WORKING.value}
    return _replied(passage, {"resultType": "task", **seed})


async def answer(passage: Passage, rooms: Rooms) -> Answer | Refusal:
    """The answer to one of `METHODS`. Never raises for a store that is down."""
    try:
        return await _answer(passage, rooms)
    except StoreUnavailableError:
        return Refusal(Reason.APPROVALS_UNAVAILABLE, "the store of approvals does not answer")


async def _find(passage: Passage, rooms: Rooms) -> tuple[Approval, Task] | Refusal:
    """The caller's own task, for a request that declares the extension."""
    approval = await rooms.approvals.read(passage.call.target)
    task = task_of(approval, rooms.now()) if approval else None
    is_own = approval is not None and task is not None and _is_own(passage, approval)
    if not is_own and not offers(passage.policy, passage.call.server):
        return Refusal(Reason.METHOD_UNKNOWN)
    if not is_declared(passage.call):
        return _UNDECLARED
    if approval is None or task is None or not is_own:
        return Refusal(Reason.TASK_UNKNOWN, _ANOTHERS if task else "")
    return approval, task


async def _answer(passage: Passage, rooms: Rooms) -> Answer | Refusal:
    found = await _find(passage, rooms)
    if isinstance(found, Refusal):
        return found
    approval, task = found
    passage.approval = approval.id
    if passage.call.method == "tasks/update" and not _are_responses(passage.call.params.get("inputResponses")):
        return Refusal(Reason.PARAMS_INVALID, "inputResponses")
    if not await rooms.recorder.intent(passage, Event.ANSWERED):
        return Refusal(Reason.EVIDENCE_UNAVAILABLE)
    await _renew(passage, approval, rooms)
    if passage.call.method == "tasks/get":
        return await _get(passage, approval, task, rooms)
    if passage.call.method == "tasks/update":
        await _update(passage, approval, task, rooms)
    elif refusal := await _cancel(passage, approval, rooms):
        return refusal
    return _replied(passage, {"resultType": "complete"})


async def _get(passage: Passage, approval: Approval, task: Task, rooms: Rooms) -> Answer | Refusal:
    """The task with all that its status has to tell."""
    told: dict[str, Any] = {"resultType": "complete", **task.shown(approval.id, _page(approval, rooms))}
    if task.status is Status.INPUT_REQUIRED:
        questions = await _questions(approval, task, rooms)
        told["inputRequests"] = {
            key: asked for key, asked in questions.items() if answer_name(task.leg, key) not in approval.marks
        }
    elif task.ending is not None:
        told["result"] = answers.tool_error(passage.call, Refusal(task.ending))
    elif task.status in (Status.COMPLETED, Status.FAILED):
        message = await contents.kept(rooms.approvals, approval.id, RESULT)
        if message is None:
            return Refusal(Reason.TASK_UNKNOWN, "its result is forgotten")
        name = "error" if task.status is Status.FAILED else "result"
        told[name] = message[name]
    elif _is_overdue(approval, task, rooms):
        await _wake(passage, approval, SETTLED)
    return _replied(passage, told)


async def _update(passage: Passage, approval: Approval, task: Task, rooms: Rooms) -> None:
    """What answers an open question is kept, the first of each; the call goes on once all are answered."""
    if task.status is not Status.INPUT_REQUIRED:
        return
    book, questions = rooms.approvals, await _questions(approval, task, rooms)
    for key, response in passage.call.params["inputResponses"].items():
        if key in questions:
            name = answer_name(task.leg, key)
            await contents.keep(book, approval.id, name, response)
            await book.mark(approval, name)
    current = await book.read(approval.id) or approval
    if all(answer_name(task.leg, key) in current.marks for key in questions):
        await book.mark(approval, f"{ANSWERED}{task.leg}")
        await _wake(passage, approval, f"{ANSWERED}{task.leg}")


async def _cancel(passage: Passage, approval: Approval, rooms: Rooms) -> Refusal | None:
    """A call that is not made yet is withdrawn; one that is goes on, and the cancellation is only acknowledged."""
    state = approval.state(rooms.now())
    if legs_of(approval).begun or RESULT in approval.marks or state not in (State.PENDING, State.APPROVED):
        return None
    actor = Actor(passage.caller, passage.origin)
    ended = await rulings.end(rooms.approvals, approval, State.WITHDRAWN, actor)
    if isinstance(ended, Refusal):
        # Somebody else ended or used it first, which is on record and for `tasks/get` to tell.
        return None if ended.reason is Reason.APPROVAL_OVER else ended
    await _wake(passage, approval, SETTLED)
    return None


async def _renew(passage: Passage, approval: Approval, rooms: Rooms) -> None:
    """The caller is known as the newest token has it, as long as the call has yet to be made or gone on with."""
    caller, mark = passage.vouched, approval.marks.get(TASK)
    if caller is None or mark is None or RESULT in approval.marks:
        return
    numbers = (name.removeprefix(CALLER) for name in approval.marks if name.startswith(CALLER))
    earlier = [int(number) for number in numbers]
    if caller.expires < max([*earlier, int(mark["expires"])]) + RENEWED:
        return
    name = f"{CALLER}{caller.expires}"
    await contents.keep(rooms.approvals, approval.id, name, pack_caller(caller))
    await rooms.approvals.mark(approval, name)
    for number in earlier:
        await rooms.approvals.store.forget(approval.id, f"{CALLER}{number}")


async def _questions(approval: Approval, task: Task, rooms: Rooms) -> dict[str, Any]:
    asked = await contents.kept(rooms.approvals, approval.id, f"{ASKED}{task.leg}")
    return dict(asked["requests"]) if asked else {}


def _is_overdue(approval: Approval, task: Task, rooms: Rooms) -> bool:
    """Whether the call should be on its way and is not: whoever was to wake the orchestration may have ended."""
    legs, is_late = legs_of(approval), rooms.now() - task.updated > OVERDUE
    is_due = legs.answered == legs.begun if legs.begun else approval.state(rooms.now()) is State.APPROVED
    return is_due and is_late


def _is_own(passage: Passage, approval: Approval) -> bool:
    caller, request = passage.caller, approval.request
    if caller is None or not approval.is_asked_by(caller):
        return False
    return (caller.client, passage.call.server) == (request.client, request.server)


def _are_responses(found: Any) -> bool:
    return isinstance(found, dict) and all(isinstance(each, dict) for each in found.values())


async def _wake(passage: Passage, approval: Approval, event: str) -> bool:
    return passage.orchestrations is not None and await passage.orchestrations.wake(approval.id, event)


def _page(approval: Approval, rooms: Rooms) -> str:
    return f"{rooms.settings.url}/requests/{approval.id}"


def _replied(passage: Passage, result: dict[str, Any]) -> Answer:
    return answers.replied(200, "", {"jsonrpc": "2.0", "id": passage.call.id, "result": result})


__all__ = ["METHODS", "answer", "create", "is_declared", "is_offered", "unheard"]
