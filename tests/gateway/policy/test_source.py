"""The policy file and its changes."""

import asyncio
import hashlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.policy import source
from gateway.policy.document import Policy
from gateway.policy.source import INTERVAL, RETRY, Change, PolicySource
from gateway.storage.contract import DirectoryUnavailableError
from gateway.values import CallerKind
from tests.fakes.clock import Clock
from tests.gateway.policy.documents import GOOD, changed

OTHER = GOOD + "# another version\n"
BAD = changed("tools:", "tool:")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


def put(file: Path, text: str | None, like: os.stat_result | None = None) -> None:
    """Another file in its place: with that text, or a pipe; whoever waits at the old pipe is let go."""
    new = file.with_name("new.yaml")
    if text is None:
        os.mkfifo(new)
    else:
        new.write_text(text)
    if like is not None:
        os.utime(new, ns=(like.st_atime_ns, like.st_mtime_ns))
    waiting = file.open("r+b", buffering=0) if file.is_fifo() else None
    new.replace(file)
    if waiting is not None:
        waiting.close()


def move(file: Path, to: Path) -> None:
    file.rename(to)


class Counted(Path):
    """A path that counts how often it is opened."""

    opened = 0

    def open(self, *how: Any, **options: Any) -> Any:
        self.opened += 1
        return super().open(*how, **options)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def in_force(policies: PolicySource) -> str | None:
    policy = await policies.current()
    return policy.digest if policy else None


async def test_the_file_is_in_force_when_it_is_first_asked_for(file: Path, clock: Clock) -> None:
    policies = PolicySource(file, clock)
    assert policies.problem is None
    assert await in_force(policies) == digest(GOOD)
    [change] = policies.changes()
    assert (change, change.text) == (Change(digest(GOOD)), GOOD.encode())
    assert policies.changes() == ()


async def test_a_new_version_is_in_force_within_the_interval(file: Path, clock: Clock) -> None:
    policies = PolicySource(file, clock)
    await policies.current()
    put(file, OTHER)
    assert await in_force(policies) == digest(GOOD)
    clock.advance(INTERVAL)
    assert await in_force(policies) == digest(OTHER)
    assert [change.digest for change in policies.changes()] == [digest(GOOD), digest(OTHER)]


async def test_a_bad_version_leaves_the_last_good_one_in_force_and_is_told(file: Path, clock: Clock) -> None:
    policies = PolicySource(file, clock)
    await policies.current()
    put(file, BAD)
    clock.advance(INTERVAL)
    assert await in_force(policies) == digest(GOOD)
    assert policies.problem is not None
    assert "line 17, column 5: unknown key 'tool'" in policies.problem[-1]
    refused = policies.changes()[1]
    assert (refused, refused.text) == (Change(digest(BAD), policies.problem), b"")


async def test_a_bad_version_is_told_once_and_forgotten_when_it_is_mended(file: Path, clock: Clock) -> None:
    policies = PolicySource(file, clock)
    put(file, BAD)
    for _ in range(3):
        assert await policies.current() is None
        clock.advance(INTERVAL)
    put(file, OTHER)
    assert await in_force(policies) == digest(OTHER)
    assert policies.problem is None
    assert [change.digest for change in policies.changes()] == [digest(BAD), digest(OTHER)]


async def test_without_a_file_there_is_no_policy_until_there_is_one(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "policy.yaml"
    policies = PolicySource(path, clock)
    for _ in range(2):
        assert await policies.current() is None
        clock.advance(INTERVAL)
    assert policies.problem == ("the policy file cannot be read: No such file or directory",)
    assert len(policies.changes()) == 1
    put(path, GOOD)
    assert await in_force(policies) == digest(GOOD)


async def test_a_file_that_is_gone_leaves_the_last_good_version_and_is_read_when_it_is_back(
    file: Path, clock: Clock
) -> None:
    policies = PolicySource(file, clock)
    await policies.current()
    aside = file.with_name("aside.yaml")
    move(file, aside)
    clock.advance(INTERVAL)
    assert await in_force(policies) == digest(GOOD)
    assert policies.problem is not None
    move(aside, file)
    clock.advance(INTERVAL)
    assert await in_force(policies) == digest(GOOD)
    assert policies.problem is None


async def test_a_folder_is_no_policy(tmp_path: Path, clock: Clock) -> None:
    policies = PolicySource(tmp_path, clock)
    assert await policies.current() is None
    assert policies.problem is not None


async def test_a_file_of_the_same_size_and_time_put_in_its_place_is_noticed(file: Path, clock: Clock) -> None:
    status = os.stat(file)
    policies = PolicySource(file, clock)
    await policies.current()
    put(file, GOOD.replace("get_*", "put_*"), like=status)
    clock.advance(INTERVAL)
    assert await in_force(policies) == digest(GOOD.replace("get_*", "put_*"))


async def test_a_file_that_has_not_changed_is_not_parsed_again(file: Path, clock: Clock) -> None:
    policies = PolicySource(file, clock)
    first = await policies.current()
    clock.advance(INTERVAL)
    assert await policies.current() is first


async def test_many_callers_at_once_cause_one_look(file: Path, clock: Clock) -> None:
    counted = Counted(file)
    policies = PolicySource(counted, clock)
    found = await asyncio.gather(*(policies.current() for _ in range(50)))
    assert all(isinstance(policy, Policy) for policy in found)
    assert (counted.opened, len(policies.changes())) == (1, 1)


async def test_a_file_that_does_not_answer_leaves_the_last_good_version(file: Path, clock: Clock) -> None:
    policies = PolicySource(file, clock, timeout=0.05)
    await policies.current()
    # Opening a pipe waits until someone writes into it.
    put(file, None)
    clock.advance(INTERVAL)
    assert await in_force(policies) == digest(GOOD)
    assert policies.problem == ("the policy file did not answer within 0.05 seconds",)
    put(file, OTHER)
    clock.advance(INTERVAL)
    assert await in_force(policies) == digest(OTHER)
    assert policies.problem is None


async def test_a_file_larger_than_any_policy_is_not_read_whole(file: Path, clock: Clock) -> None:
    put(file, "#" * 5_000_000)
    policies = PolicySource(file, clock)
    assert await policies.current() is None
    assert policies.problem is not None
    assert policies.problem[0].endswith("at most 1048576 are read")


async def test_changes_that_nobody_collects_do_not_pile_up(file: Path, clock: Clock) -> None:
    policies = PolicySource(file, clock)
    for number in range(source.MAX_CHANGES + 5):
        put(file, GOOD + f"# {number}\n")
        await policies.current()
        clock.advance(INTERVAL)
    assert len(policies.changes()) == source.MAX_CHANGES


NAMED = changed("6f1c0000-0000-4000-8000-000000000001", "{name: SG-Engineering}")
ID, OTHER_ID = "6f1c0000-0000-4000-8000-00000000000a", "6f1c0000-0000-4000-8000-00000000000b"


class Directory:
    """A directory of one name. `reachable` and `answers` are its faults."""

    def __init__(self, *ids: str) -> None:
        self.ids = ids
        self.questions: list[Collection[str]] = []
        self.reachable = True
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()

    async def groups_called(self, names: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        self.questions.append(names)
        self.asked.set()
        await self.answers.wait()
        if not self.reachable:
            raise DirectoryUnavailableError("down")
        return dict.fromkeys(names, self.ids)

    async def memberships(self, object_id: str, kind: CallerKind, groups: Collection[str]) -> frozenset[str]:
        raise NotImplementedError


async def test_groups_written_by_name_are_looked_up_when_the_file_changes_and_only_then(
    file: Path, clock: Clock
) -> None:
    directory = Directory(ID)
    policies = PolicySource(file, clock, directory=directory)
    await policies.current()
    assert directory.questions == []
    put(file, NAMED)
    for _ in range(3):
        clock.advance(INTERVAL)
        policy = await policies.current()
        assert policy is not None
        assert policy.groups["engineering"] == ID
        directory.ids = (OTHER_ID,)
    assert directory.questions == [{"SG-Engineering"}]
    put(file, NAMED + "# changed\n")
    clock.advance(INTERVAL)
    policy = await policies.current()
    assert policy is not None
    assert policy.groups["engineering"] == OTHER_ID


async def test_what_the_names_meant_is_told_with_the_change(file: Path, clock: Clock) -> None:
    put(file, NAMED)
    policies = PolicySource(file, clock, directory=Directory(ID))
    await policies.current()
    assert policies.changes() == (Change(digest(NAMED), groups=(f"engineering={ID}",)),)


@pytest.mark.parametrize("ids", [(), (ID, OTHER_ID)])
async def test_a_name_that_is_not_one_groups_leaves_the_last_good_version(
    file: Path, clock: Clock, ids: tuple[str, ...]
) -> None:
    directory = Directory(*ids)
    policies = PolicySource(file, clock, directory=directory)
    await policies.current()
    put(file, NAMED)
    for _ in range(3):
        clock.advance(RETRY)
        assert await in_force(policies) == digest(GOOD)
    assert policies.problem is not None
    assert policies.problem[0].startswith("line 3, column 23: group 'engineering': ")
    assert len(directory.questions) == 1


async def test_a_directory_that_is_down_leaves_the_last_good_version_and_is_asked_again(
    file: Path, clock: Clock
) -> None:
    directory = Directory(ID)
    directory.reachable = False
    policies = PolicySource(file, clock, directory=directory)
    await policies.current()
    put(file, NAMED)
    for _ in range(3):
        clock.advance(INTERVAL)
        assert await in_force(policies) == digest(GOOD)
    assert len(directory.questions) == 1
    assert policies.problem == (
        "groups that the policy writes by name cannot be looked up (down); asked again in 10 seconds",
    )
    directory.reachable = True
    clock.advance(RETRY)
    assert await in_force(policies) == digest(NAMED)
    outcomes = [(change.digest, bool(change.problem)) for change in policies.changes()]
    assert outcomes == [(digest(GOOD), False), (digest(NAMED), True), (digest(NAMED), False)]


async def test_without_a_good_version_and_without_the_directory_there_is_no_policy(file: Path, clock: Clock) -> None:
    directory = Directory(ID)
    directory.reachable = False
    put(file, NAMED)
    for policies in (PolicySource(file, clock, directory=directory), PolicySource(file, clock)):
        assert await policies.current() is None
        assert policies.problem is not None


async def test_a_version_that_waits_for_the_directory_is_dropped_when_the_file_changes(
    file: Path, clock: Clock
) -> None:
    directory = Directory(ID)
    directory.reachable = False
    put(file, NAMED)
    policies = PolicySource(file, clock, directory=directory)
    await policies.current()
    put(file, OTHER)
    directory.reachable = True
    for _ in range(2):
        clock.advance(RETRY)
        assert await in_force(policies) == digest(OTHER)
    assert len(directory.questions) == 1


async def test_a_slow_directory_keeps_nobody_else_waiting(file: Path, clock: Clock) -> None:
    directory = Directory(ID)
    policies = PolicySource(file, clock, directory=directory)
    await policies.current()
    put(file, NAMED)
    clock.advance(INTERVAL)
    directory.answers.clear()
    first = asyncio.create_task(policies.current())
    async with asyncio.timeout(5):
        await directory.asked.wait()
        assert await in_force(policies) == digest(GOOD)
        directory.answers.set()
        await first
    assert await in_force(policies) == digest(NAMED)


async def test_a_caller_who_leaves_while_names_are_looked_up_leaves_that_to_the_next(file: Path, clock: Clock) -> None:
    directory = Directory(ID)
    directory.answers.clear()
    put(file, NAMED)
    policies = PolicySource(file, clock, directory=directory)
    first = asyncio.create_task(policies.current())
    async with asyncio.timeout(5):
        await directory.asked.wait()
        first.cancel()
        directory.answers.set()
        assert await in_force(policies) == digest(NAMED)
