import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from devhost import children
from devhost.children import PartError
from devhost.ports import Ports
from devhost.stack import Stack, running, stack
from tests.devhost.stand_ins import part


def two(ports: Ports, state: Path) -> Stack:
    """Two stand-ins, the second of which waits for the first."""
    parts = {"vault": part("vault", ports.vault), "gateway": part("gateway", ports.gateway, after=("vault",))}
    return Stack(ports=ports, state=state, parts=parts)


async def answering(together: Stack) -> list[str]:
    return [name for name, one in together.parts.items() if await children.answers(one.probe)]


async def test_all_parts_answer_inside_the_block_and_none_after_it(tmp_path: Path, ports: Ports) -> None:
    async with running(two(ports, tmp_path)) as together:
        assert await answering(together) == ["vault", "gateway"]
    assert await answering(together) == []


async def test_a_part_is_started_once_those_before_it_answer(tmp_path: Path, ports: Ports) -> None:
    said: list[str] = []
    async with running(replace(two(ports, tmp_path), say=lambda line: said.append(line.split()[0]))):
        assert said == ["vault", "gateway"]


async def test_one_part_stops_and_starts_again_while_the_other_goes_on(tmp_path: Path, ports: Ports) -> None:
    async with running(two(ports, tmp_path)) as together:
        await together.stop("vault")
        assert await answering(together) == ["gateway"]
        await together.start("vault")
        assert await answering(together) == ["vault", "gateway"]
        assert len(together.log("vault").read_text().split()) == 2


async def test_a_killed_part_has_no_chance_to_tidy_up(tmp_path: Path, ports: Ports) -> None:
    async with running(two(ports, tmp_path)) as together:
        assert await together.kill("gateway") == -signal.SIGKILL
        assert await answering(together) == ["vault"]


async def test_the_death_of_a_part_is_told_and_a_stop_is_not(tmp_path: Path, ports: Ports) -> None:
    async with running(two(ports, tmp_path)) as together:
        await together.stop("gateway")
        death = asyncio.create_task(together.death())
        os.kill(int(together.log("vault").read_text()), signal.SIGSEGV)
        message = await asyncio.wait_for(death, 10)
    assert message.startswith("vault was killed by SIGSEGV")


async def test_a_part_that_does_not_start_ends_the_others(tmp_path: Path, ports: Ports) -> None:
    together = two(ports, tmp_path)
    broken = replace(together.parts["gateway"], command=("sh", "-c", "exit 3"))
    together.parts = {"vault": together.parts["vault"], "gateway": broken}
    with pytest.raises(PartError, match="gateway ended with exit code 3"):
        async with running(together):
            pytest.fail("a broken stack was handed out")
    assert await answering(together) == []


async def test_logs_begin_empty(tmp_path: Path, ports: Ports) -> None:
    for _ in range(2):
        async with running(two(ports, tmp_path)) as together:
            assert len(together.log("vault").read_text().split()) == 1


async def test_only_the_named_parts_are_started(tmp_path: Path, ports: Ports) -> None:
    async with stack(ports, tmp_path, names=("vault", "identity")) as together:
        assert await answering(together) == ["identity", "vault"]
