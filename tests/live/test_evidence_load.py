"""Many calls at once, in one session and in as many sessions: each is on record, whole and once."""

import asyncio
import itertools
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.live.counted import INSTANCES, Counted, counted, ids

MANY = 200


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counted]:
    async with counted(tmp_path_factory.mktemp("load")) as running:
        for instance in INSTANCES:
            assert await running.call(await running.token(), instance)
        yield running


def sequences(rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[int]]:
    """The numbers of the records of each chain, by session and writer."""
    found = defaultdict(list)
    for row in rows:
        body = json.loads(row["body"])
        found[row["PartitionKey"], body["writer"]].append(body["sequence"])
    return found


@pytest.mark.parametrize("sessions", [1, MANY])
async def test_two_hundred_calls_at_once_are_all_made_and_all_on_record(gateway: Counted, sessions: int) -> None:
    before = {row["PartitionKey"] for row in await gateway.rows()}
    gateway.upstream.seen.clear()
    gateway.answered.clear()
    tokens = await asyncio.gather(*(gateway.token() for _ in range(sessions)))
    wanted = zip(range(MANY), itertools.cycle(tokens), itertools.cycle(INSTANCES), strict=False)
    async with asyncio.timeout(60):
        assert all(await asyncio.gather(*(gateway.call(token, instance) for _, token, instance in wanted)))
    rows = [row for row in await gateway.rows() if row["PartitionKey"] not in before]
    assert gateway.forwarded() == ids(rows, "intent") == ids(rows, "outcome") == dict.fromkeys(gateway.answered, 1)
    assert len(gateway.answered) == MANY
    chains = sequences(rows)
    assert {session for session, _ in chains} == {row["PartitionKey"] for row in rows}
    assert len({session for session, _ in chains}) == sessions
    assert all(sorted(numbers) == list(range(len(numbers))) for numbers in chains.values())


async def test_they_are_sealed_and_verified(gateway: Counted) -> None:
    await gateway.seal()
    rows, report = await gateway.rows(), await gateway.verified()
    assert (report["whole"], report["records"], report["sealed"], report["silent"]) == (True, len(rows), len(rows), 0)
