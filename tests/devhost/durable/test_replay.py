"""Recorded histories, run again by the SDK and by the worker."""

import asyncio
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

from devhost.durable.replay import differences, played_turns
from devhost.stack import ROOT
from tests.devhost.conftest import SAMPLE
from tests.devhost.durable.bench import by_sdk, opened
from tests.devhost.durable.conftest import running


def steady(here: Any) -> Generator[Any, Any, Any]:
    decided = yield here.wait_for_external_event("decided")
    return (yield here.call_activity("note", decided))


def changed(here: Any) -> Generator[Any, Any, Any]:
    decided = yield here.wait_for_external_event("decided")
    return (yield here.call_activity("other", decided))


async def note(text: str) -> str:
    return text


async def test_a_history_replays_to_what_it_says_and_a_changed_orchestrator_does_not(tmp_path: Path) -> None:
    async with asyncio.timeout(10), opened(tmp_path, {"steady": steady}, {"note": note}) as hub:
        hub.start("steady", "one", None)
        await hub.quiet()
        hub.raise_event("one", "decided", "1")
        await hub.quiet()
        instance = hub.find("one")
        assert instance is not None
    assert [len(did) for _, _, did in played_turns(instance.history)] == [1, 2, 2]
    assert await differences(instance, by_sdk(steady)) == []
    (first, *_) = await differences(instance, by_sdk(changed))
    assert first.startswith("one: turn 2 did")
    assert "'Name': 'note'" in first


async def replayed(app: Path, state: Path) -> tuple[int | None, str]:
    flags = ("-m", "devhost.durable.replay", "--app", str(app), "--state", str(state))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *flags, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_what_a_host_recorded_replays_through_the_worker(tmp_path: Path) -> None:
    async with running(tmp_path) as served:
        for instance, name, given in (
            ("decided", "decision", 7 * 86400),
            ("expired", "decision", 7 * 86400),
            ("waits", "race", None),
            ("retried", "retries", 2),
            ("failed", "retries", 3),
            ("fanned", "fan", ["a", "b", "c"]),
            ("eternal", "eternal", 0),
        ):
            await served.client.start_new(name, instance, given)
        await served.quiet()
        await served.client.raise_event("decided", "decided", "yes")
        await served.client.raise_event("eternal", "tick", 1)
        for _ in range(4):
            await served.advance(3601)
        await served.advance(6 * 86400)
        await served.advance(2 * 86400)
        ends = {found.instance_id: found.runtime_status.name for found in await served.client.get_status_all()}
    assert ends.pop("failed") == "Failed"
    assert {name for name, status in ends.items() if status == "Running"} == {"waits", "eternal"}
    assert await replayed(SAMPLE, tmp_path) == (0, "")
    app = tmp_path / "changed"
    app.mkdir()
    for file in SAMPLE.iterdir():
        if file.is_file():
            text = file.read_text().replace("timedelta(days=5)", "timedelta(days=4)")
            (app / file.name).write_text(text)
    code, output = await replayed(app, tmp_path)
    assert code == 1
    assert {line.partition(":")[0] for line in output.splitlines()} == {"decided", "expired"}
