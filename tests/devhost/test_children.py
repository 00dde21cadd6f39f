import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from devhost import children
from devhost.children import Child, Part, PartError
from devhost.ports import Ports
from devhost.stack import ROOT
from tests.devhost.stand_ins import ENVIRONMENT, part


async def started(one: Part, folder: Path) -> Child:
    return await children.start(one, folder / "logs" / "log", folder=ROOT)


async def test_a_started_part_answers_and_a_stopped_one_does_not(tmp_path: Path, ports: Ports) -> None:
    stand_in = part("stand-in", ports.vault)
    child = await started(stand_in, tmp_path)
    assert await children.answers(stand_in.probe)
    assert await children.stop(child) == -signal.SIGTERM
    assert not await children.answers(stand_in.probe)


async def test_a_part_that_ignores_the_request_to_stop_is_killed(tmp_path: Path, ports: Ports) -> None:
    child = await started(part("stand-in", ports.vault, "stubborn"), tmp_path)
    assert await children.stop(child, within=0.1) == -signal.SIGKILL


async def test_what_a_part_has_started_ends_with_it(
    tmp_path: Path, ports: Ports, ended: Callable[[int], Awaitable[bool]]
) -> None:
    stand_in = part("stand-in", ports.vault)
    both = ("sh", "-c", 'sleep 600 & echo $!; exec "$@"', "sh", *stand_in.command)
    child = await started(replace(stand_in, command=both), tmp_path)
    grandchild = int(child.log.read_text().split()[0])
    await children.stop(child)
    assert await ended(grandchild)


async def test_a_part_that_ends_instead_of_answering_is_an_error_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = ("sh", "-c", "seq 100; echo the reason; exit 3")
    with pytest.raises(PartError) as failure:
        await started(Part("vault", command, "http://127.0.0.1:1/", ENVIRONMENT), tmp_path)
    message = str(failure.value)
    assert message.startswith("vault ended with exit code 3")
    assert message.endswith("the reason")
    assert "\n    50\n" not in message


async def test_a_part_that_cannot_be_run_is_an_error_that_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(PartError, match="no-such-command cannot be run"):
        await started(Part("vault", ("no-such-command",), "http://127.0.0.1:1/", ENVIRONMENT), tmp_path)


async def test_a_part_that_never_answers_is_stopped_and_named_with_its_probe(
    tmp_path: Path, ports: Ports, ended: Callable[[int], Awaitable[bool]]
) -> None:
    probe = f"http://127.0.0.1:{ports.vault}/"
    silent = Part("vault", ("sh", "-c", "echo $$; exec sleep 600"), probe, ENVIRONMENT)
    log = tmp_path / "log"
    with pytest.raises(PartError, match=f"vault did not answer at {probe}"):
        await children.start(silent, log, folder=ROOT, within=0.3)
    assert await ended(int(log.read_text()))


async def test_a_start_that_is_called_off_leaves_nothing(
    tmp_path: Path, ended: Callable[[int], Awaitable[bool]]
) -> None:
    says = tmp_path / "says"
    os.mkfifo(says)
    silent = Part("vault", ("sh", "-c", f"echo $$ > {says}; exec sleep 600"), "http://127.0.0.1:1/", ENVIRONMENT)
    starting = asyncio.create_task(started(silent, tmp_path))
    process = int(await asyncio.to_thread(says.read_text))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert await ended(process)


async def test_only_200_counts_as_ready_unless_any_answer_does(sample: tuple[Ports, Path]) -> None:
    ports, _ = sample
    nowhere = f"http://127.0.0.1:{ports.gateway}/nowhere"
    assert not await children.answers(nowhere)
    assert await children.answers(nowhere, any_status=True)


async def test_a_server_that_does_not_speak_http_is_not_ready(ports: Ports) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", ports.vault):
        assert not await children.answers(f"http://127.0.0.1:{ports.vault}/")
