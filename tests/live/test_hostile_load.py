"""Hostile clients against the whole stack: whoever does nothing wrong is served meanwhile, in bounded memory."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bench.endurance_stage import Stage, stage
from bench.hostile import Attacked, attacked, hostile_tokens, orders_for

SECONDS = 1.0
"""Of each attack."""
COUNTS = {"slow-bodies": 200, "slow-readers": 20, "open-streams": 200}
FLOOD = 8
MEMORY = 300_000_000
"""Bytes that an attack may add, what the gateway fills once included."""


@dataclass(frozen=True)
class Besieged:
    stage: Stage
    tokens: list[str]

    async def by(self, name: str, count: int = 0, seconds: float = SECONDS) -> Attacked:
        count = count or COUNTS.get(name, FLOOD)
        return await attacked(self.stage, name, orders_for(self.stage, self.tokens, count, seconds), is_brief=True)


@pytest.fixture(scope="module")
async def besieged(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Besieged]:
    async with stage(tmp_path_factory.mktemp("besieged"), random.Random(1)) as running:
        yield Besieged(running, await hostile_tokens(running))


def serves(found: Attacked) -> None:
    """Others were served, and memory is bounded."""
    assert found.small.latencies
    assert found.small.failures == []
    assert found.most - found.before < MEMORY


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("slow-bodies", set()),
        ("slow-readers", set()),
        ("no-token", {"401"}),
        # The same whoever sends them: what cannot be read is refused before anything is asked.
        ("many-headers", {"400"}),
        ("bombs", {"400"}),
    ],
)
async def test_others_are_served_and_the_attackers_get_nothing(
    besieged: Besieged, name: str, statuses: set[str]
) -> None:
    found = await besieged.by(name)
    serves(found)
    assert set(found.found.answers) == statuses
    assert found.found.opened >= COUNTS.get(name, FLOOD)


async def test_tokens_with_made_up_keys_cause_one_fetch_of_the_key_set_in_ten_seconds(besieged: Besieged) -> None:
    found = await besieged.by("unknown-keys")
    serves(found)
    assert set(found.found.answers) == {"401"}
    assert found.found.opened > 2 * FLOOD
    # One for either instance at most: it serves a probe of its own.
    assert found.fetches <= 2


@pytest.mark.parametrize("name", ["shapes", "patterns", "one-header"])
async def test_others_are_served_whatever_shape_requests_and_results_have(besieged: Besieged, name: str) -> None:
    serves(await besieged.by(name))


async def test_streams_that_stay_open_keep_nobody_else_from_calling(besieged: Besieged) -> None:
    found = await besieged.by("open-streams", seconds=8)
    serves(found)
    assert set(found.found.answers) == {"200"}
    assert found.found.opened == COUNTS["open-streams"]


async def test_once_the_attackers_have_left_nothing_of_them_is_held_at_the_upstream(besieged: Besieged) -> None:
    """The worker hears that its client has left, and the gateway lets go of the upstream's connection."""
    await besieged.by("open-streams", count=50)
    serves(await besieged.by("no-token"))
    assert len(besieged.stage.wire._open) < 2 * 50
