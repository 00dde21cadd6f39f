"""What one process keeps of its callers' use: given back, bounded, and not to be got rid of."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.answer import Answer
from gateway.limits import LOOKS, PAUSE, Limits, during, largest_answer
from gateway.passage import Passage
from gateway.policy.document import Limit, Policy, Who
from gateway.reasons import Reason
from gateway.values import Call, CallerKind, Era, MessageKind
from tests.fakes.clock import Clock
from tests.fakes.policies import policy
from tests.fakes.values import CALL, CALLER, ORIGIN


def limited(*limits: Limit) -> Policy:
    return replace(policy(), limits_of={"records": limits})


def limit(name: str = "gentle", who: Who | None = None, **numbers: Any) -> Limit:
    return Limit(name, who or Who(), frozenset({"records"}), **numbers)


def passage(by: Policy, caller: str = "", call: Call = CALL, **known: Any) -> Passage:
    who = replace(CALLER, object_id=caller) if caller else CALLER
    return Passage(call, ORIGIN, caller=who, policy=by, **({"session": "20261124-a"} | known))


def reason(found: Any) -> Reason | None:
    return found.reason if found else None


GET = replace(CALL, kind=MessageKind.STREAM, method="", id=None, message={})
LISTEN = replace(CALL, era=Era.MODERN, method="subscriptions/listen")
LISTED = replace(CALL, method="tools/list")
CANCELLED = replace(CALL, kind=MessageKind.NOTIFICATION, method="notifications/cancelled", id=None)
ANSWERED = replace(CALL, kind=MessageKind.RESPONSE, method="")


def test_a_limit_is_for_those_whom_it_names_on_its_servers() -> None:
    limits, by = Limits(Clock()), limited(limit("agents", Who(kinds=frozenset({CallerKind.AGENT})), concurrent=1))
    agent = replace(CALLER, kind=CallerKind.AGENT)
    found = [reason(limits.admit(Passage(CALL, ORIGIN, caller=who, policy=by))) for who in (agent, agent, CALLER)]
    assert found == [None, Reason.TOO_MANY_OPEN, None]
    assert limits.admit(Passage(replace(CALL, server="open"), ORIGIN, caller=agent, policy=by)) is None
    assert limits.admit(Passage(CALL, ORIGIN, caller=agent)) is None


def test_all_limits_that_apply_must_let_a_request_pass_and_one_that_does_not_costs_none_of_them() -> None:
    limits = Limits(Clock())
    by = limited(limit("wide", rate=1.0, burst=3), limit("narrow", rate=1.0, burst=1))
    assert limits.admit(passage(by)) is None
    for _ in range(5):
        refusal = limits.admit(passage(by))
        assert refusal
        assert refusal.detail.startswith("limit narrow: ")
    wide = limited(limit("wide", rate=1.0, burst=3))
    assert [reason(limits.admit(passage(wide))) for _ in range(3)] == [None, None, Reason.TOO_FAST]


def test_callers_and_servers_do_not_count_for_each_other() -> None:
    limits = Limits(Clock())
    one = limit(rate=1.0, burst=1)
    by = replace(policy(), limits_of={"records": (one,), "open": (one,)})
    assert limits.admit(passage(by, "a")) is None
    assert limits.admit(passage(by, "b")) is None
    assert limits.admit(passage(by, "a", replace(CALL, server="open"))) is None
    assert reason(limits.admit(passage(by, "a"))) is Reason.TOO_FAST


def test_a_second_walk_of_the_same_call_takes_nothing_more() -> None:
    limits, again = Limits(Clock()), passage(limited(limit(rate=1.0, burst=1, concurrent=1)))
    assert limits.admit(again) is None
    assert limits.admit(again) is None


def test_what_was_not_limited_at_first_is_not_on_its_second_walk() -> None:
    """Whoever gives back has looked by then: what it took now would never come back."""
    limits, again = Limits(Clock()), passage(policy())
    assert limits.admit(again) is None
    again.policy = limited(limit(concurrent=1))
    assert limits.admit(again) is None
    assert limits.admit(passage(again.policy)) is None


def test_a_call_that_the_gateway_makes_after_an_approval_is_not_limited() -> None:
    limits, by = Limits(Clock()), limited(limit(rate=1.0, burst=1, concurrent=1, calls=1))
    assert limits.admit(passage(by)) is None
    assert limits.admit(passage(by, is_unattended=True)) is None


@pytest.mark.parametrize("call", [CANCELLED, ANSWERED])
def test_who_has_all_places_taken_may_still_cancel_and_answer_the_server(call: Call) -> None:
    limits, by = Limits(Clock()), limited(limit(concurrent=1))
    assert limits.admit(passage(by)) is None
    assert limits.admit(passage(by, call=call)) is None
    assert reason(limits.admit(passage(by))) is Reason.TOO_MANY_OPEN


@pytest.mark.parametrize("listening", [GET, LISTEN])
def test_streams_that_listen_count_among_themselves(listening: Call) -> None:
    limits, by = Limits(Clock()), limited(limit(concurrent=1))
    assert limits.admit(passage(by, call=listening)) is None
    assert limits.admit(passage(by)) is None
    assert reason(limits.admit(passage(by, call=listening))) is Reason.TOO_MANY_OPEN


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 4))
def test_what_is_given_back_may_be_taken_again_and_twice_is_once(steps: list[bool], most: int) -> None:
    limits, by = Limits(Clock()), limited(limit(concurrent=most))
    taken: list[Callable[[], None]] = []
    for takes in steps:
        if takes:
            call = passage(by)
            assert (limits.admit(call) is None) == (len(taken) < most)
            taken += [call.give_back] if call.give_back else []
        elif taken:
            give_back = taken.pop()
            give_back()
            give_back()
    for give_back in taken:
        give_back()
    assert not limits._open


def test_a_session_has_the_calls_that_were_made_in_it() -> None:
    limits, by = Limits(Clock()), limited(limit(calls=2))
    for is_made in (True, False, True):
        call = passage(by)
        assert limits.admit(call) is None
        call.on_its_way = is_made
        assert call.give_back
        call.give_back()
    assert reason(limits.admit(passage(by))) is Reason.SESSION_SPENT
    assert limits.admit(passage(by, call=LISTED)) is None
    assert limits.admit(passage(by, session="20261124-b")) is None


def test_calls_that_run_at_the_same_time_count_before_they_are_made() -> None:
    limits, by = Limits(Clock()), limited(limit(calls=2))
    found = [reason(limits.admit(passage(by))) for _ in range(3)]
    assert found == [None, None, Reason.SESSION_SPENT]


def test_a_new_session_token_of_the_same_grant_begins_no_session() -> None:
    limits, by = Limits(Clock()), limited(limit(calls=1))
    for session, expected in (("20261124-a", None), ("20261124-b", Reason.SESSION_SPENT)):
        call = passage(by, session=session)
        call.caller = replace(CALLER, grant="grant-1")
        assert reason(limits.admit(call)) is expected


def flood(limits: Limits, by: Policy, count: int) -> list[str]:
    """The details of the refusals that go on record."""
    found = []
    for _ in range(count):
        call = passage(by)
        refusal = limits.admit(call)
        assert refusal
        if not call.is_counted:
            found.append(refusal.detail)
    return found


def test_of_a_flood_the_first_refusal_is_recorded_and_the_next_one_says_how_many_were_not() -> None:
    limits, by = Limits(clock := Clock()), limited(limit(rate=0.001, burst=1))
    assert limits.admit(passage(by)) is None
    said = "limit gentle: requests_per_second 0.001, burst 1"
    assert flood(limits, by, 100) == [said]
    assert limits.omitted == 99
    clock.advance(PAUSE)
    assert flood(limits, by, 2) == [f"{said}; 99 more were refused since the last record"]
    assert limits.omitted == 1
    clock.advance(PAUSE)
    assert flood(limits, by, 1) == [f"{said}; 1 more were refused since the last record"]
    assert limits.omitted == 0


def test_memory_is_bounded_and_many_others_do_not_give_a_caller_a_new_bucket() -> None:
    limits, by = Limits(Clock(), capacity=50), limited(limit(rate=0.001, burst=1))
    assert limits.admit(passage(by, "attacker")) is None
    passing = sum(limits.admit(passage(by, f"other-{number}")) is None for number in range(500))
    assert passing == 50  # 49 with a bucket of their own, and one out of that of all others
    assert reason(limits.admit(passage(by, "attacker"))) is Reason.TOO_FAST
    assert len(limits._buckets) == 51
    assert len(limits._told) <= 50


def test_a_full_bucket_makes_room_also_behind_some_that_are_not() -> None:
    limits = Limits(clock := Clock(), capacity=LOOKS)
    slow, fast = limit("slow", rate=0.001, burst=1), limit("fast", rate=1000.0, burst=1)
    for number in range(LOOKS - 1):
        assert limits.admit(passage(limited(slow), f"slow-{number}")) is None
    assert limits.admit(passage(limited(fast), "fast")) is None
    clock.advance(1)
    for number in range(3):
        assert limits.admit(passage(limited(fast), f"later-{number}")) is None
        clock.advance(1)
    assert len(limits._buckets) == LOOKS
    assert all(reason(limits.admit(passage(limited(slow), f"slow-{n}"))) is Reason.TOO_FAST for n in range(LOOKS - 1))


def test_sessions_are_kept_in_bounded_memory() -> None:
    limits, by = Limits(Clock(), capacity=20), limited(limit(calls=1))
    for number in range(100):
        assert limits.admit(passage(by, session=f"20261124-{number}")) is None
    assert len(limits._made) == 20


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 2)), max_size=120))
def test_no_caller_passes_more_often_than_its_limit_however_many_there_are(steps: list[tuple[str, float]]) -> None:
    limits, by = Limits(clock := Clock(), capacity=3), limited(limit(rate=1.0, burst=2))
    began, passed = clock.now, dict.fromkeys("abcdef", 0)
    for who, pause in steps:
        clock.advance(pause)
        passed[who] += limits.admit(passage(by, who)) is None
        # Those who come while all buckets are taken share one, which then counts beside their own.
        assert passed[who] <= 2 * (2 + clock.now - began + 1e-3)


def sized(size: int, name: str = "sized") -> Limit:
    return limit(name, result_bytes=size)


def test_the_smallest_bound_of_an_answer_counts_for_calls_and_for_streams_that_may_bring_one() -> None:
    by = limited(sized(4096), sized(2048, "smaller"), limit("other", concurrent=1))
    assert [largest_answer(passage(by, call=call)) for call in (CALL, GET, LISTEN)] == [2048] * 3
    assert largest_answer(passage(by, is_unattended=True)) == 2048
    assert largest_answer(passage(by, call=LISTED)) == 0
    assert largest_answer(passage(policy())) == 0


async def events(*, breaks: bool = False) -> AsyncGenerator[bytes]:
    yield b"1"
    if breaks:
        raise ConnectionResetError
    yield b"2"


async def answered(taking: Passage, limits: Limits, body: bytes | AsyncGenerator[bytes] = b"{}") -> Answer:
    assert limits.admit(taking) is None
    await asyncio.sleep(0)
    return Answer(200, {}, body)


BY = limited(limit(concurrent=1))


async def test_what_a_call_took_is_given_back_with_its_answer() -> None:
    limits = Limits(Clock())
    for _ in range(3):
        taking = passage(BY)
        assert (await during(taking, answered(taking, limits))).body == b"{}"


async def test_what_a_call_took_is_given_back_when_it_is_cancelled() -> None:
    limits, taking = Limits(Clock()), passage(BY)
    task = asyncio.create_task(during(taking, answered(taking, limits)))
    await asyncio.sleep(0)
    assert limits._open
    task.cancel()
    await asyncio.wait({task})
    assert not limits._open


@pytest.mark.parametrize("breaks", [False, True])
async def test_a_stream_holds_its_place_until_it_ends(breaks: bool) -> None:
    limits, taking = Limits(Clock()), passage(BY)
    body = (await during(taking, answered(taking, limits, events(breaks=breaks)))).body
    assert not isinstance(body, bytes)
    assert await anext(body) == b"1"
    assert reason(limits.admit(passage(BY))) is Reason.TOO_MANY_OPEN
    with pytest.raises(ConnectionResetError if breaks else StopAsyncIteration):
        while True:
            await anext(body)
    assert not limits._open


async def test_a_stream_whose_client_leaves_gives_its_place_back_and_is_closed_itself() -> None:
    limits, taking, inner = Limits(Clock()), passage(BY), events()
    body = (await during(taking, answered(taking, limits, inner))).body
    assert not isinstance(body, bytes)
    await anext(body)
    await body.aclose()
    assert not limits._open
    with pytest.raises(StopAsyncIteration):
        await anext(inner)


async def test_a_stream_that_nobody_ever_reads_gives_its_place_back() -> None:
    limits, taking = Limits(Clock()), passage(BY)
    found = await during(taking, answered(taking, limits, events()))
    assert limits._open
    del found
    gc.collect()
    await asyncio.sleep(0)
    assert not limits._open


async def test_a_stream_of_a_call_without_limits_is_handed_on_as_it_is() -> None:
    taking, inner = passage(policy()), events()
    assert (await during(taking, answered(taking, Limits(Clock()), inner))).body is inner
    await inner.aclose()
