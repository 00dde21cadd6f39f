"""Whose groups are asked for, how often, and what happens without an answer."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from devhost.accounts import GROUPS
from gateway import groups
from gateway.groups import LIFETIME, RETRY, Memberships, complete
from gateway.policy.document import Policy
from gateway.reasons import Reason
from gateway.storage.contract import DirectoryUnavailableError
from gateway.values import Caller, CallerKind, Refusal
from tests.fakes.clock import Clock
from tests.fakes.policies import policy, policy_text
from tests.fakes.values import CALLER
from tests.gateway.policy.documents import good

POLICY = policy()
NAMED = frozenset(POLICY.groups.values())
CROWD = replace(CALLER, groups_complete=False)
ENGINEERING = GROUPS["engineering"]


class Asked:
    """A directory that says the same to all. `reachable` and `answers` are its faults."""

    def __init__(self) -> None:
        self.questions: list[tuple[str, frozenset[str]]] = []
        self.reachable = True
        self.answers = asyncio.Event()
        self.answers.set()

    async def memberships(self, object_id: str, kind: CallerKind, groups: Collection[str]) -> frozenset[str]:
        self.questions.append((object_id, frozenset(groups)))
        await self.answers.wait()
        if not self.reachable:
            raise DirectoryUnavailableError("down")
        return frozenset({ENGINEERING})

    async def groups_called(self, names: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        raise NotImplementedError


def reason(outcome: Caller | Refusal) -> Reason | None:
    return outcome.reason if isinstance(outcome, Refusal) else None


async def test_a_caller_gets_exactly_the_groups_that_the_directory_confirms() -> None:
    directory = Asked()
    caller = await complete(replace(CROWD, groups=frozenset({"left-over"})), POLICY, Memberships(directory))
    assert caller == replace(CALLER, groups=frozenset({ENGINEERING}))
    assert directory.questions == [(CROWD.object_id, NAMED)]


async def test_a_caller_whose_token_lists_all_groups_is_not_asked_about() -> None:
    directory = Asked()
    caller = replace(CALLER, groups=frozenset({"one"}))
    assert await complete(caller, POLICY, Memberships(directory)) is caller
    assert directory.questions == []


async def test_without_a_policy_or_without_groups_in_it_nothing_is_asked() -> None:
    directory = Asked()
    assert await complete(CROWD, None, Memberships(directory)) is CROWD
    ungrouped = replace(POLICY, groups={})
    caller = await complete(CROWD, ungrouped, Memberships(directory))
    assert caller == replace(CALLER, groups=frozenset())
    assert directory.questions == []


async def test_an_answer_counts_for_minutes_and_no_longer() -> None:
    directory, clock = Asked(), Clock()
    memberships = Memberships(directory, clock)
    for _ in range(3):
        await complete(CROWD, POLICY, memberships)
    clock.advance(LIFETIME - 1)
    await complete(CROWD, POLICY, memberships)
    assert len(directory.questions) == 1
    clock.advance(1)
    directory.reachable = False
    assert reason(await complete(CROWD, POLICY, memberships)) is Reason.GROUPS_UNAVAILABLE


async def test_a_failure_is_forgotten_in_a_moment() -> None:
    directory, clock = Asked(), Clock()
    memberships = Memberships(directory, clock)
    directory.reachable = False
    refused = await complete(CROWD, POLICY, memberships)
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.detail) == (Reason.GROUPS_UNAVAILABLE, "down")
    directory.reachable = True
    assert reason(await complete(CROWD, POLICY, memberships)) is Reason.GROUPS_UNAVAILABLE
    clock.advance(RETRY)
    assert isinstance(await complete(CROWD, POLICY, memberships), Caller)


@pytest.mark.parametrize("reachable", [True, False])
async def test_many_calls_of_one_caller_at_once_cause_one_question(reachable: bool) -> None:
    directory = Asked()
    directory.reachable = reachable
    directory.answers.clear()
    memberships = Memberships(directory, Clock())
    asking = asyncio.gather(*(complete(CROWD, POLICY, memberships) for _ in range(50)))
    await asyncio.sleep(0)
    directory.answers.set()
    outcomes = await asking
    assert len(directory.questions) == 1
    assert {isinstance(outcome, Caller) for outcome in outcomes} == {reachable}


async def test_a_call_that_is_given_up_leaves_the_others_their_answer() -> None:
    directory = Asked()
    directory.answers.clear()
    memberships = Memberships(directory)
    first = asyncio.create_task(complete(CROWD, POLICY, memberships))
    second = asyncio.create_task(complete(CROWD, POLICY, memberships))
    await asyncio.sleep(0)
    first.cancel()
    directory.answers.set()
    assert isinstance(await second, Caller)
    assert first.cancelled()


@pytest.mark.parametrize("other", [replace(CROWD, object_id="another"), replace(CROWD, tenant="another")])
async def test_one_callers_answer_is_not_anothers(other: Caller) -> None:
    directory = Asked()
    memberships = Memberships(directory)
    await complete(CROWD, POLICY, memberships)
    await complete(other, POLICY, memberships)
    assert len(directory.questions) == 2


async def test_a_policy_that_names_another_group_is_asked_about_anew_and_any_other_change_is_not() -> None:
    directory = Asked()
    memberships = Memberships(directory)
    await complete(CROWD, POLICY, memberships)
    await complete(CROWD, good(policy_text() + "# changed\n"), memberships)
    assert len(directory.questions) == 1
    payroll = "60000000-0000-4000-8000-000000000099"
    wider = replace(POLICY, groups={**POLICY.groups, "payroll": payroll})
    assert isinstance(wider, Policy)
    await complete(CROWD, wider, memberships)
    assert directory.questions[1:] == [(CROWD.object_id, NAMED | {payroll})]


async def test_only_so_many_answers_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MAX_HELD", 2)
    directory = Asked()
    memberships = Memberships(directory)
    first, second, third = (replace(CROWD, object_id=name) for name in ("first", "second", "third"))
    for caller in (first, second, first, third, first, second):
        await complete(caller, POLICY, memberships)
    assert [object_id for object_id, _ in directory.questions] == ["first", "second", "third", "second"]
