"""A run of a quarter of a minute with the faults after which what came of a call may not be known."""

import sys
from pathlib import Path

import pytest

from bench import endurance


@pytest.mark.timeout(120)
async def test_under_kills_and_a_store_that_is_away_nothing_is_lost_doubled_or_unchecked(tmp_path: Path) -> None:
    faults = [f"--only={name}" for name in ("storage-stopped", "gateway-killed", "upstream-resets-after")]
    options = endurance.read([*faults, "--minutes=0.3"])
    sys.stdout.write(f"seed {options.seed}\n")
    run = await endurance.endured(options, tmp_path)
    assert [promise for promise in run.promises if promise.broken] == []
    assert run.book.faults
    assert len(run.found.intents) > 50
