"""The tour, as somebody sees it who runs `make tour`."""

import asyncio
import sys

from devhost.stack import ROOT
from tests.live.conftest import Live


async def test_the_tour_tells_the_whole_story_and_everything_is_as_it_says(live: Live) -> None:
    words = ("tour", "--first-port", str(live.stack.ports.gateway), "--state", str(live.stack.state), "--access", "4")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "devhost", *words),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(110):
        out, _ = await process.communicate()
    told = out.decode()
    assert process.returncode == 0, told
    for chapter in (
        "1.",
        "2.",
        "3.",
        "4.",
        "5. A refund needs",
        "6. Access for 4 seconds",
        "7. What is on record",
        "8. Replayed",
    ):
        assert f"\n{chapter}" in told
    for tampering in ("one row changed", "one row deleted", "one row inserted", "two rows swapped", "the tail cut off"):
        assert f"{tampering}: " in told
    assert "a payload changed: payload_changed at " in told
    assert "a seal replaced: seal_" in told
    for event in ("approval_decided: denied", "approval_consumed: consumed", "grant_opened: approved"):
        assert event in told


async def test_a_tour_of_a_stack_that_does_not_run_says_what_to_start() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "devhost", "tour", "--first-port", "9"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    assert process.returncode == 1
    assert "The tour ends here" in out.decode() or "make run" in out.decode()
