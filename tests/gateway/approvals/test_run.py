"""The gateway's own run of a task's call, interrupted at every point: begun once, made once, told as it was."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from starlette.responses import Response

from gateway.approvals import contents, rulings
from gateway.approvals.approval import State, Verdict
from gateway.approvals.book import Actor
from gateway.approvals.run import TakenError
from gateway.reasons import Reason
from gateway.storage.contract import StoreUnavailableError
from tests.fakes.approvals import Fault
from tests.fakes.upstream import Seen, Upstream, result, serving
from tests.fakes.values import ORIGIN
from tests.walk.approvals import approve, caller, deny, modern, only
from tests.walk.rooms import Gateway, gateway, message
from tests.walk.tasks import ASKS, DECLARED, DONE, begin, cover_answers, get, rewrite, run_now, said, send


class ProcessEndsError(BaseException):
    """The process is gone: nothing of it catches this."""


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result(DONE)) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


@contextlib.contextmanager
def ends(door: Gateway, method: str, name: str, *, after: bool) -> Iterator[None]:
    """The process ends before or after the store does this to a row or content of that name."""
    real = getattr(door.approvals, method)

    async def struck(approval: str, row: str, *more: Any) -> Any:
        if not row.startswith(name):
            return await real(approval, row, *more)
        if after:
            await real(approval, row, *more)
        raise ProcessEndsError

    setattr(door.approvals, method, struck)
    try:
        yield
    finally:
        setattr(door.approvals, method, real)


async def approved(door: Gateway) -> str:
    task = await begin(door)
    await approve(door)
    return task


async def die(door: Gateway, task: str) -> None:
    with pytest.raises(ProcessEndsError):
        await run_now(door, task)


def events(door: Gateway) -> list[str]:
    """Those from the intent on."""
    found = [event for event in door.evidence.events() if "answered" not in event]
    return found[found.index("intent/allowed") :] if "intent/allowed" in found else []


async def test_a_run_that_ends_before_its_leg_is_marked_begins_again(door: Gateway, upstream: Upstream) -> None:
    task = await approved(door)
    with ends(door, "insert", "leg-1", after=False):
        await die(door, task)
    await run_now(door, task)
    assert (await get(door, task))["result"] == DONE
    assert len(upstream.seen) == 1
    assert events(door)[-3:] == ["intent/allowed", "approval_consumed/consumed", "outcome/succeeded"]


@pytest.mark.parametrize("row", ["leg-1", "spent"])
async def test_a_run_that_ends_after_its_leg_is_marked_is_ambiguous_and_never_repeated(
    door: Gateway, upstream: Upstream, row: str
) -> None:
    task = await approved(door)
    with ends(door, "insert", row, after=True):
        await die(door, task)
    assert (await get(door, task))["status"] == "working"
    for _ in range(3):
        await run_now(door, task)
    assert said(await get(door, task)) == Reason.CALL_AMBIGUOUS.wire.sentence
    assert upstream.seen == []
    assert events(door) == ["intent/allowed", "outcome/call_ambiguous"]
    rows = door.evidence.of_calls()
    intent, outcome = (next(each for each in rows if each["event"] == name) for name in ("intent", "outcome"))
    assert outcome["call"] == intent["call"]
    assert outcome["outcome"] == "ambiguous"
    assert (await only(door)).marks["result"]["outcome"] == "ambiguous"
    assert (await only(door)).marks["outcome"]["outcome"] == "ambiguous"


async def test_a_run_that_ends_while_the_server_works_is_ambiguous(door: Gateway, upstream: Upstream) -> None:
    task = await approved(door)

    async def end(*_: Any, **__: Any) -> Any:
        raise ProcessEndsError

    real, door.rooms.upstreams.send = door.rooms.upstreams.send, end  # type: ignore[method-assign]
    await die(door, task)
    door.rooms.upstreams.send = real  # type: ignore[method-assign]
    await run_now(door, task)
    assert said(await get(door, task)) == Reason.CALL_AMBIGUOUS.wire.sentence
    assert events(door) == ["intent/allowed", "approval_consumed/consumed", "outcome/call_ambiguous"]


async def test_an_ambiguity_that_cannot_be_recorded_is_told_to_nobody(door: Gateway) -> None:
    task = await approved(door)
    with ends(door, "insert", "spent", after=True):
        await die(door, task)
    with door.evidence.down(), pytest.raises(StoreUnavailableError):
        await run_now(door, task)
    assert (await get(door, task))["status"] == "working"
    await run_now(door, task)
    assert (await get(door, task))["status"] == "completed"


async def test_an_answer_that_was_recorded_and_lost_is_not_ambiguous(door: Gateway, upstream: Upstream) -> None:
    task = await approved(door)
    with ends(door, "keep", "result", after=False):
        await die(door, task)
    await run_now(door, task)
    assert said(await get(door, task)) == Reason.ANSWER_LOST.wire.sentence
    assert events(door)[-1] == "outcome/succeeded"
    assert len(upstream.seen) == 1


async def test_an_answer_that_was_kept_and_not_marked_is_the_result(door: Gateway, upstream: Upstream) -> None:
    task = await approved(door)
    with ends(door, "insert", "result", after=False):
        await die(door, task)
    assert (await get(door, task))["status"] == "working"
    await run_now(door, task)
    assert (await get(door, task))["result"] == DONE
    assert len(upstream.seen) == 1


async def test_questions_that_were_kept_and_not_marked_are_asked(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = result(ASKS)
    cover_answers(door)
    task = await approved(door)
    with ends(door, "insert", "asked-1", after=False):
        await die(door, task)
    await run_now(door, task)
    assert (await get(door, task))["status"] == "input_required"


async def test_a_second_leg_is_begun_once_too(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = result(ASKS)
    cover_answers(door)
    task = await approved(door)
    await run_now(door, task)
    await send(door, "update", task, inputResponses={"1.why": {"action": "accept"}})
    with ends(door, "insert", "leg-2", after=True):
        await die(door, task)
    await run_now(door, task)
    assert said(await get(door, task)) == Reason.CALL_AMBIGUOUS.wire.sentence
    assert len(upstream.seen) == 1


async def test_without_evidence_nothing_is_made_and_the_next_run_makes_it(door: Gateway, upstream: Upstream) -> None:
    task = await approved(door)
    with door.evidence.down():
        await run_now(door, task)
    assert upstream.seen == []
    assert (await only(door)).spent is None
    await run_now(door, task)
    assert (await get(door, task))["result"] == DONE


async def test_a_use_that_cannot_be_recorded_is_none(door: Gateway, upstream: Upstream) -> None:
    task = await approved(door)
    real = door.evidence.insert

    async def without_use(partition: str, row: str, columns: Any) -> None:
        if columns["event"] == "approval_consumed":
            raise StoreUnavailableError("down")
        await real(partition, row, columns)

    door.evidence.insert = without_use  # type: ignore[method-assign]
    await run_now(door, task)
    door.evidence.insert = real  # type: ignore[method-assign]
    found = await get(door, task)
    assert (found["status"], found["error"]["code"]) == ("failed", Reason.EVIDENCE_UNAVAILABLE.wire.code)
    assert upstream.seen == []


async def test_an_outcome_that_cannot_be_recorded_keeps_the_answer_back(door: Gateway, upstream: Upstream) -> None:
    task = await approved(door)
    broken = contextlib.ExitStack()

    def answer(seen: Seen) -> Response:
        broken.enter_context(door.evidence.down())
        return result(DONE)(seen)

    upstream.answer = answer
    with broken:
        await run_now(door, task)
    found = await get(door, task)
    assert (found["status"], found["error"]["code"]) == ("failed", Reason.OUTCOME_UNRECORDED.wire.code)
    assert "refunded" not in str(found)


async def test_a_store_that_is_down_at_the_start_changes_nothing(door: Gateway, upstream: Upstream) -> None:
    task = await approved(door)
    with door.approvals.down(), pytest.raises(StoreUnavailableError):
        await run_now(door, task)
    await run_now(door, task)
    assert (await get(door, task))["result"] == DONE


@pytest.mark.parametrize("fault", [Fault.INSERT_FAILS_AND_IS_NOT_WRITTEN, Fault.INSERT_FAILS_BUT_IS_WRITTEN])
@pytest.mark.parametrize("row", ["leg-1", "spent"])
async def test_a_store_that_does_not_confirm_the_beginning_keeps_the_call_from_being_made(
    door: Gateway, upstream: Upstream, row: str, fault: Fault
) -> None:
    task = await approved(door)
    with door.approvals.failing(row, fault):
        await run_now(door, task)
    assert upstream.seen == []
    for _ in range(2):
        await run_now(door, task)
    found = await get(door, task)
    # Only where not even the leg was begun may it be begun again.
    is_new = (row, fault) == ("leg-1", Fault.INSERT_FAILS_AND_IS_NOT_WRITTEN)
    assert (found["status"], len(upstream.seen)) == (("completed", 1) if is_new else ("failed", 0))


async def test_a_store_that_does_not_confirm_the_result_at_first_is_asked_again(
    door: Gateway, upstream: Upstream
) -> None:
    task = await approved(door)
    real, failures = door.approvals.keep, [StoreUnavailableError("down")] * 2

    async def keep(approval: str, name: str, content: bytes) -> None:
        if name == "result" and failures:
            raise failures.pop()
        await real(approval, name, content)

    door.approvals.keep = keep  # type: ignore[method-assign]
    await run_now(door, task)
    assert (await get(door, task))["result"] == DONE
    assert len(upstream.seen) == 1


async def test_a_result_that_the_store_never_takes_is_lost_and_the_call_is_not_repeated(
    door: Gateway, upstream: Upstream
) -> None:
    task = await approved(door)
    with door.approvals.failing("result"):
        for _ in range(3):
            with pytest.raises(StoreUnavailableError):
                await run_now(door, task)
    assert (await get(door, task))["status"] == "working"
    await run_now(door, task)
    assert said(await get(door, task)) == Reason.ANSWER_LOST.wire.sentence
    assert len(upstream.seen) == 1


async def test_an_answer_that_no_store_holds_is_an_error(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "MAX_VALUE", 100_000)
    # Masking makes it longer than the gateway would have read.
    upstream.answer = result({"content": [{"type": "text", "text": "a@b.co " * 12_000}]})
    task = await approved(door)
    await run_now(door, task)
    found = await get(door, task)
    assert (found["status"], found["error"]["code"]) == ("failed", Reason.UPSTREAM_TOO_LARGE.wire.code)


async def test_a_run_that_finds_its_leg_begun_a_moment_ago_leaves_it_to_that_one(
    door: Gateway, upstream: Upstream
) -> None:
    task = await approved(door)
    first = {"at": _now(door), "call": "another"}
    with door.approvals.failing("leg-1", Fault.ANOTHER_WRITER_IS_FIRST, first), pytest.raises(TakenError):
        await run_now(door, task)
    assert upstream.seen == []
    assert (await get(door, task))["status"] == "working"


async def test_a_repeat_that_is_faster_gets_the_call_and_the_task_says_so(door: Gateway, upstream: Upstream) -> None:
    task = await approved(door)
    insert = door.approvals.insert

    async def repeat_first(approval: str, row: str, columns: Any) -> None:
        if row == "leg-1":
            door.approvals.insert = insert  # type: ignore[method-assign]
            assert message(await modern(door))["result"] == DONE
        await insert(approval, row, columns)

    door.approvals.insert = repeat_first  # type: ignore[method-assign]
    await run_now(door, task)
    assert said(await get(door, task)) == Reason.TASK_SPENT.wire.sentence
    assert len(upstream.seen) == 1
    assert (await only(door)).marks["result"]["outcome"] == "refused"


async def test_a_cancellation_that_is_faster_cancels(door: Gateway, upstream: Upstream) -> None:
    task = await approved(door)
    insert = door.approvals.insert

    async def cancel_first(approval: str, row: str, columns: Any) -> None:
        if row == "leg-1":
            door.approvals.insert = insert  # type: ignore[method-assign]
            await send(door, "cancel", task)
        await insert(approval, row, columns)

    door.approvals.insert = cancel_first  # type: ignore[method-assign]
    await run_now(door, task)
    assert (await get(door, task))["status"] == "cancelled"
    assert (await only(door)).marks["result"]["status"] == "cancelled"
    assert upstream.seen == []


async def test_a_task_that_is_not_approved_is_not_made(door: Gateway, upstream: Upstream) -> None:
    task = await begin(door)
    await run_now(door, task)
    await run_now(door, "0" * 32)
    await run_now(door, "no id at all")
    await deny(door)
    await run_now(door, task)
    assert upstream.seen == []


async def test_an_approval_without_a_task_is_not_made_by_the_gateway(door: Gateway, upstream: Upstream) -> None:
    await modern(door)
    await run_now(door, (await approve(door)).id)
    assert upstream.seen == []


# Decided again right before it is made; what no longer fits leaves the approval as it was.

DENIES = "rules:\n  - {name: stop, effect: deny, who: anyone, servers: [records], tools: [issue_refund]}\n"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("rules:\n", DENIES, Reason.TARGET_HIDDEN),
        ("approvers]\n    expires: 1h", "approvers]\n    people: 2\n    expires: 1h", Reason.APPROVAL_INSUFFICIENT),
        ("approvers: [approvers]\n    expires: 1h", "approvers: [hr]\n    expires: 1h", Reason.APPROVAL_INSUFFICIENT),
        ("who: {groups: [engineering]}", "who: {groups: [hr]}", Reason.NO_ACCESS),
    ],
)
async def test_a_policy_that_no_longer_lets_it_is_obeyed(
    door: Gateway, upstream: Upstream, old: str, new: str, reason: Reason
) -> None:
    task = await approved(door)
    before = door.policy_file.read_text()
    rewrite(door, old, new)
    await run_now(door, task)
    rewrite(door, door.policy_file.read_text(), before)
    assert said(await get(door, task)) == reason.wire.sentence
    assert (upstream.seen, (await only(door)).state(door.rooms.now())) == ([], State.APPROVED)
    assert f"refused/{reason.name.lower()}" in door.evidence.events()
    await run_now(door, task)
    assert upstream.seen == []
    assert message(await modern(door, meta=DECLARED))["result"] == DONE
    assert said(await get(door, task)) == reason.wire.sentence


async def test_a_tool_that_changed_is_not_called(door: Gateway, upstream: Upstream) -> None:
    rewrite(door, "    mask: [personal]\n", "    mask: [personal]\n    trust: accept\n")
    task = await approved(door)
    upstream.tools = [{"name": "issue_refund", "description": "Pays anybody."}]
    door.clock.advance(301)
    await run_now(door, task)
    assert said(await get(door, task)) == Reason.APPROVAL_OUTDATED.wire.sentence
    assert (upstream.seen, (await only(door)).spent) == ([], None)


async def test_a_policy_that_asks_for_nobody_any_more_lets_it_be_made_once(door: Gateway, upstream: Upstream) -> None:
    task = await approved(door)
    rewrite(door, "    require: {approval: refunds}\n", "")
    for _ in range(2):
        await run_now(door, task)
    assert (await get(door, task))["result"] == DONE
    assert len(upstream.seen) == 1


async def test_a_server_that_cannot_be_asked_for_its_tools_leaves_the_call_for_later(
    door: Gateway, upstream: Upstream
) -> None:
    task = await approved(door)
    door.clock.advance(301)
    upstream.lists = lambda _: Response(status_code=500)
    await run_now(door, task)
    assert ((await get(door, task))["status"], upstream.seen) == ("working", [])
    upstream.lists = None
    await run_now(door, task)
    assert (await get(door, task))["result"] == DONE


async def test_what_answers_are_covered_is_decided_again_for_each_leg(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = result(ASKS)
    cover_answers(door)
    task = await approved(door)
    await run_now(door, task)
    await send(door, "update", task, inputResponses={"1.why": {"action": "accept"}})
    rewrite(door, "    answers: covered\n", "")
    await run_now(door, task)
    assert said(await get(door, task)) == Reason.APPROVAL_INSUFFICIENT.wire.sentence
    assert len(upstream.seen) == 1


# Whatever happens in whatever order, no leg is begun twice.

STEPS = ("get", "update", "cancel", "run", "approve", "deny", "expire", "repeat", "revoke", "update-run", "runs")
CRASHES = tuple(
    (method, name, after)
    for method, name in (("insert", "leg-"), ("insert", "spent"), ("keep", "result"), ("insert", "result"))
    for after in (False, True)
)
FAULTS = ("leg-", "spent", "result", "asked-", "outcome")


BEFORE = (
    (),
    ("approve",),
    ("approve", "run"),
    ("approve", "run", "update"),
    ("approve", "run", "update-run", "update"),
)


@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([ASKS, DONE]),
    st.sampled_from(BEFORE),
    st.lists(
        st.sampled_from(STEPS) | st.sampled_from(CRASHES) | st.tuples(st.sampled_from(FAULTS), st.sampled_from(Fault)),
        max_size=8,
    ),
)
@example(DONE, BEFORE[1], ["runs"])
@example(ASKS, BEFORE[3], ["runs"])
@example(ASKS, BEFORE[3], [("insert", "leg-", True), "runs"])
async def test_whatever_happens_each_leg_is_sent_at_most_once(
    answer: dict[str, Any], before: tuple[str, ...], steps: list[Any]
) -> None:
    with TemporaryDirectory() as folder:
        async with serving(result(answer)) as upstream, gateway(Path(folder), upstream.url) as door:
            cover_answers(door)
            task = await begin(door)
            ended: dict[str, Any] | None = None
            for step in (*before, *steps):
                await _step(door, task, step)
                _check(upstream)
                found = message(await send(door, "get", task)).get("result")
                if ended is not None and found is not None:
                    assert found["status"] == ended["status"], "an end is an end"
                if found is not None and found["status"] in ("completed", "failed", "cancelled"):
                    ended = found


def _check(upstream: Upstream) -> None:
    sent = [seen.body["params"].get("requestState", "") + str(seen.id) for seen in upstream.seen]
    assert len(sent) == len(set(sent)), sent
    # The call itself, be it by the task or by a repeat, is sent once.
    first = [seen for seen in upstream.seen if "requestState" not in seen.body["params"]]
    assert len(first) <= 1


async def _step(door: Gateway, task: str, step: Any) -> None:
    with contextlib.suppress(ProcessEndsError, TakenError, StoreUnavailableError):
        if isinstance(step, tuple) and len(step) == 3:
            method, name, after = step
            with ends(door, method, name, after=after):
                await run_now(door, task)
        elif isinstance(step, tuple):
            with door.approvals.failing(step[0], step[1], _first(door, step)):
                await run_now(door, task)
        else:
            await _act(door, task, step)


def _first(door: Gateway, step: Any) -> dict[str, Any] | None:
    """What another writer would have written there."""
    return {"at": _now(door), "call": "another"} if step[0] == "leg-" else None


async def _act(door: Gateway, task: str, step: str) -> None:
    approval = await door.rooms.approvals.read(task)
    assert approval is not None
    if step in ("approve", "deny"):
        verdict = Verdict.APPROVE if step == "approve" else Verdict.DENY
        actor = Actor(await caller(door, "approver"), ORIGIN)
        await rulings.decide(door.rooms.approvals, approval, verdict, "because", actor)
    elif step == "revoke":
        await rulings.end(door.rooms.approvals, approval, State.REVOKED, Actor(None, ORIGIN, "olga"))
    elif step == "expire":
        door.calendar.advance(1000)
    elif step == "run":
        await run_now(door, task)
    elif step == "runs":
        await asyncio.gather(run_now(door, task), run_now(door, task), return_exceptions=True)
    elif step == "repeat":
        await _repeat(door, task)
    else:
        number = max([int(name[6:]) for name in approval.marks if name.startswith("asked-")], default=1)
        await send(door, step.partition("-")[0], task, inputResponses={f"{number}.why": {"action": "accept"}})
        if step == "update-run":
            await run_now(door, task)


async def _repeat(door: Gateway, task: str) -> None:
    """The call again, where that does not ask for another approval."""
    approval = await door.rooms.approvals.read(task)
    assert approval is not None
    if approval.state(door.rooms.now()) in (State.PENDING, State.APPROVED):
        await modern(door, meta=DECLARED)


def _now(door: Gateway) -> str:
    return door.calendar().isoformat()
