"""The call of a task, made by the gateway itself once people have approved it: the body of the activity `approval_run`.

Takes the id of an approval and leaves a result, or the server's questions, for `tasks` to tell; by the
same rooms as every call. It may be started at any time, any number of times, by two processes at once.
Each leg of the call is begun by one insert, before the upstream hears of it, and by nobody twice:

- ended before the mark `leg-<n>`: nothing was sent, and the next run begins again;
- ended after it without a result: nobody knows what the server did; that is recorded as AMBIGUOUS, is
  the result, and the server is not asked again, also where the end came just before the call was sent;
- ended after the result was kept and before its mark: the next run sets the mark.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from typing import Any

from gateway import jsontext, sse
from gateway.answer import Answer, error_message, tool_error
from gateway.approval import watch
from gateway.approvals import contents
from gateway.approvals.agenda import RESULT, TASK
from gateway.approvals.approval import Approval, State
from gateway.approvals.sealed_call import SealedCall, as_of, unpack_caller
from gateway.approvals.task import (
    ANSWERED,
    ASKED,
    CALLER,
    LEG,
    Status,
    answer_name,
    is_of_task,
    legs_of,
    passing,
    task_of,
)
from gateway.call import bounded, resumed
from gateway.reasons import Reason
from gateway.record import Outcome, Passage
from gateway.rooms import Rooms
from gateway.settle import outcome_of
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Call, Caller, Refusal

LAST = 10
"""Legs of one call; a server that asks more often is not asked again."""
TRIES = 3
"""To keep a result, since an answer that is lost makes a call that nobody knows the end of."""


class TakenError(Exception):
    """Another run began this leg a moment ago. What came of it will be there at the next try."""


async def run(identifier: str, rooms: Rooms) -> None:
    """What is due of the task's call is done: made, gone on with, or known to be ambiguous. Where it cannot be made
    now, nothing changes. Raises StoreUnavailableError or TakenError where the next run has to find out."""
    approval = await rooms.approvals.read(identifier)
    if approval is None or TASK not in approval.marks:
        return
    legs = legs_of(approval)
    if RESULT in approval.marks:
        await _tidy(approval, rooms)
    elif legs.begun == legs.answered:
        if legs.begun or approval.state(rooms.now()) is State.APPROVED:
            await _make(approval, legs.begun + 1, rooms)
    elif legs.asked < legs.begun:
        await _recover(approval, legs.begun, rooms)


async def _make(approval: Approval, leg: int, rooms: Rooms) -> None:
    """One leg of the call is made, if it may be made now."""
    sealed = await rooms.approvals.call_of(approval)
    if sealed is None:
        return
    passage = await _passage(approval, sealed, leg, rooms)
    answer = await bounded(passage, resumed(passage, approval, sealed.call, rooms), rooms)
    message = await _message(answer, passage.call)
    if passage.note is not None:  # the approval was used, so the call was sent, or may have been
        await _insist(lambda: _keep(passage, approval, message, rooms), rooms)
    elif passage.on_its_way:
        await _unsent(passage, approval, message, rooms)
    elif answer.status < 500:
        await _finish(approval, _as_result(message), rooms)
    # else: what the gateway cannot decide or record just now it may be able to later; the approval is as it was.


async def _passage(approval: Approval, sealed: SealedCall, leg: int, rooms: Rooms) -> Passage:
    known = await _newest_caller(approval, rooms) or sealed.caller
    passage = Passage(await _call(approval, sealed.call, leg, rooms), sealed.origin)
    passage.caller = as_of(known, rooms.now().timestamp())
    passage.session, passage.client_session = approval.request.session, sealed.client_session
    passage.approval, passage.leg, passage.is_unattended = approval.id, leg, True
    return passage


async def _call(approval: Approval, begun: Call, leg: int, rooms: Rooms) -> Call:
    """The call of this leg: from the second on with what the caller answered (2026-07-28 basic/patterns/mrtr)."""
    if leg == 1:
        return begun
    asked = await contents.kept(rooms.approvals, approval.id, f"{ASKED}{leg - 1}")
    if asked is None:
        raise StoreUnavailableError("the questions are gone")
    params = {key: value for key, value in begun.params.items() if key not in ("inputResponses", "requestState")}
    answers = {
        key.partition(_KEY)[2]: await contents.kept(rooms.approvals, approval.id, answer_name(leg - 1, key))
        for key in asked["requests"]
    }
    params |= {"inputResponses": answers} if answers else {}
    params |= {"requestState": asked["state"]} if asked["state"] is not None else {}
    # A further round is another request, so it has another id.
    identifier = f"{approval.id}-{leg}"
    return replace(begun, id=identifier, message={**begun.message, "id": identifier, "params": params})


async def _newest_caller(approval: Approval, rooms: Rooms) -> Caller | None:
    names = (name.removeprefix(CALLER) for name in approval.marks if name.startswith(CALLER))
    for expires in sorted(map(int, names), reverse=True):
        found = await contents.kept(rooms.approvals, approval.id, f"{CALLER}{expires}")
        if found is not None:
            return unpack_caller(found)
    return None


async def _message(answer: Answer, call: Call) -> dict[str, Any]:
    """The JSON-RPC response in what would have been a client's answer; progress and the like concern nobody."""
    try:
        found = jsontext.parse(answer.body) if isinstance(answer.body, bytes) else await _last(answer.body)
    except sse.EventTooLargeError:
        return error_message(call, Refusal(Reason.UPSTREAM_TOO_LARGE))
    return found if isinstance(found, dict) else error_message(call, Refusal(Reason.INTERNAL))


async def _last(stream: AsyncGenerator[bytes]) -> Any:
    found, parser = None, sse.Parser(contents.MAX_VALUE)
    async with contextlib.aclosing(stream):
        async for chunk in stream:
            events = (jsontext.parse(event.data, duplicates=True) for event in parser.feed(chunk) if event.data)
            found = next((each for each in events if isinstance(each, dict) and "method" not in each), found)
    return found


async def _keep(passage: Passage, approval: Approval, message: dict[str, Any], rooms: Rooms) -> None:
    """What the call came to is kept: its result, or what the server asks."""
    result = message.get("result")
    if not isinstance(result, dict) or result.get("resultType") != "input_required":
        await _finish(approval, message, rooms)
    elif refusal := _unanswerable(passage, approval, result):
        await _finish(approval, error_message(passage.call, refusal), rooms)
    else:
        # A key names one question in all the life of a task; the server's own count for one leg.
        requests = {f"{passage.leg}{_KEY}{key}": each for key, each in result.get("inputRequests", {}).items()}
        asked = {"requests": requests, "state": result.get("requestState")}
        await contents.keep(rooms.approvals, approval.id, f"{ASKED}{passage.leg}", asked)
        await _ask(approval, passage.leg, bool(requests), rooms)


def _unanswerable(passage: Passage, approval: Approval, result: dict[str, Any]) -> Refusal | None:
    """Why the server's questions cannot be put to the caller of a task."""
    terms = passage.decision.approvals if passage.decision else ()
    if not approval.covers_answers or not all(each.covers_answers for each in terms):
        return Refusal(Reason.SERVER_REQUEST_REFUSED)
    if not isinstance(result.get("inputRequests", {}), dict) or passage.leg >= LAST:
        return Refusal(Reason.UPSTREAM_MALFORMED)
    return None


async def _ask(approval: Approval, leg: int, has_questions: bool, rooms: Rooms) -> None:
    await rooms.approvals.mark(approval, f"{ASKED}{leg}")
    if not has_questions:
        await rooms.approvals.mark(approval, f"{ANSWERED}{leg}")


async def _unsent(passage: Passage, approval: Approval, message: dict[str, Any], rooms: Rooms) -> None:
    """The approval could not be used. Whether this run had begun the leg by then, only the rows tell."""
    current = await rooms.approvals.read(approval.id) or approval
    mark = current.marks.get(f"{LEG}{passage.leg}")
    if mark is None:
        return
    if mark["call"] != passage.id:
        raise TakenError
    if not await _is_overtaken(current, passage.call, rooms):
        await _finish(approval, message, rooms)


async def _recover(approval: Approval, leg: int, rooms: Rooms) -> None:
    """A run that began the leg left no result; what it did leave counts."""
    book = rooms.approvals
    if (asked := await contents.kept(book, approval.id, f"{ASKED}{leg}")) is not None:
        await _ask(approval, leg, bool(asked["requests"]), rooms)
    elif (kept := await contents.kept(book, approval.id, RESULT)) is not None:
        await _finish(approval, kept, rooms)
    elif (sealed := await book.call_of(approval)) is None:
        raise StoreUnavailableError("the call cannot be read")
    elif not await _is_overtaken(approval, sealed.call, rooms):
        await _give_up(approval, sealed, leg, rooms)


async def _give_up(approval: Approval, sealed: SealedCall, leg: int, rooms: Rooms) -> None:
    """The call was begun, and its answer is not there: what the server did is not known, or only that it answered."""
    refusal = Refusal(Reason.ANSWER_LOST if "outcome" in approval.marks else Reason.CALL_AMBIGUOUS)
    if refusal.reason is Reason.CALL_AMBIGUOUS:
        passage = Passage(sealed.call, sealed.origin, str(approval.marks[f"{LEG}{leg}"]["call"]), sealed.caller)
        passage.session, passage.approval, passage.leg = approval.request.session, approval.id, leg
        passage.definition = approval.request.definition
        watch(passage, approval, rooms)
        if not await rooms.recorder.outcome(passage, Outcome.AMBIGUOUS, refusal=refusal):
            raise StoreUnavailableError("the evidence does not answer")
    outcome = Outcome(str(approval.marks["outcome"]["outcome"])) if "outcome" in approval.marks else Outcome.AMBIGUOUS
    await _finish(approval, _response(sealed.call, tool_error(sealed.call, refusal)), rooms, outcome)


async def _is_overtaken(approval: Approval, call: Call, rooms: Rooms) -> bool:
    """Whether a repeat of the call, or whoever ended the approval, was faster; that is the result then."""
    task = None if is_of_task(approval) else task_of(approval, rooms.now())
    if task is None:
        return False
    if task.status is Status.CANCELLED:
        await rooms.approvals.mark(approval, RESULT, status=task.status.value)
    else:
        result = tool_error(call, Refusal(task.ending or Reason.APPROVAL_SPENT))
        await _finish(approval, _response(call, result), rooms, Outcome.REFUSED)
    return True


async def _finish(approval: Approval, message: dict[str, Any], rooms: Rooms, outcome: Outcome | None = None) -> None:
    """The message is the result of the task; or the one that was first."""
    book = rooms.approvals
    try:
        is_first = await contents.keep(book, approval.id, RESULT, message)
    except ValueError:
        message, outcome = {"error": {"code": 50206, "message": Reason.UPSTREAM_TOO_LARGE.wire.sentence}}, None
        is_first = await contents.keep(book, approval.id, RESULT, message)
    kept = message if is_first else await contents.kept(book, approval.id, RESULT) or message
    status = Status.FAILED if "error" in kept else Status.COMPLETED
    await book.mark(approval, RESULT, status=status.value, outcome=(outcome or outcome_of(kept)).value)
    await _tidy(approval, rooms)


async def _tidy(approval: Approval, rooms: Rooms) -> None:
    """Nothing is kept but the result."""
    with contextlib.suppress(StoreUnavailableError):
        for name in passing(await rooms.approvals.read(approval.id) or approval):
            await rooms.approvals.store.forget(approval.id, name)


async def _insist(step: Callable[[], Awaitable[None]], rooms: Rooms) -> None:
    """The step, a few times where the store does not confirm."""
    for _ in range(TRIES - 1):
        try:
            await step()
        except StoreUnavailableError:
            await asyncio.sleep(rooms.pace.look)
        else:
            return
    await step()


def _as_result(message: dict[str, Any]) -> dict[str, Any]:
    """A call that was not made has a result that a model reads; errors of a task are those of its call alone."""
    if "error" not in message:
        return message
    text = [{"type": "text", "text": message["error"]["message"]}]
    result = {"content": text, "isError": True, "resultType": "complete"}
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


def _response(call: Call, result: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call.id, "result": result}


_KEY = "."
