"""The whole bench, for moments: everything that needs no package from outside."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench import relay
from bench.relay_cells import ERAS, Cell, Endpoint, all_cells
from bench.relay_peers import PEERS, start
from bench.relay_process import Cores
from bench.relay_run import Plan, Runs, chosen
from bench.relay_targets import Target, bench


def test_the_bench_measures_governed_calls_and_writes_its_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--only", "direct,relay,worker,memory", "--cells", "1,16,small,json", "--rounds", "1", "--seconds", "0.1"]
    before = os.sched_getaffinity(0)
    assert relay.main([*words, "--write", str(tmp_path), "--logs", str(tmp_path / "logs")]) == 0
    out = capsys.readouterr()
    report = (tmp_path / "speed.md").read_text()
    assert out.out == report
    for era in ERAS:
        for name in (
            "the upstream server itself",
            "a bare streaming relay",
            "that relay in Microsoft's worker",
            "the gateway, stores in memory",
        ):
            assert report.count(f"| {era} | 16 | {name} |") == 1
    assert "<svg" in (tmp_path / "speed.svg").read_text()
    rows = int((tmp_path / "logs" / "memory.log").read_text().rpartition(" rows in memory")[0].rpartition("\n")[2])
    # Of each call an intent and an outcome.
    assert rows >= 2 * sum("memory" in line for line in out.err.splitlines() if line.startswith("1/1")) * 20
    assert os.sched_getaffinity(0) == before


def test_a_name_that_nothing_has_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        relay.main(["--only", "nginx"])
    assert "nginx" in capsys.readouterr().err
    assert relay.main(["--cells", "tiny"]) == 1
    assert "tiny" in capsys.readouterr().err


def test_words_choose_cells() -> None:
    assert chosen([], quick=False) == all_cells()
    assert len(all_cells()) == 24
    assert [cell.name for cell in chosen(["legacy", "16", "64", "large", "sse"], quick=False)] == [
        "legacy 16 large sse",
        "legacy 64 large sse",
    ]
    assert {(cell.connections, cell.size, cell.form) for cell in chosen([], quick=True)} == {
        (1, "small", "json"),
        (16, "small", "json"),
    }


def test_large_results_take_part_in_every_third_round() -> None:
    plan = Plan(all_cells(), 5, 1.0)
    assert [len(plan.cells_of(number)) for number in range(5)] == [24, 12, 12, 24, 12]


async def test_a_guest_that_fails_is_left_out_and_the_run_goes_on() -> None:
    process = await asyncio.create_subprocess_exec("sleep", "30", start_new_session=True)
    try:
        guest = Target("guest", Endpoint(1), process.pid, is_guest=True)
        runs = Runs()
        line = await runs.add(guest, Cell("modern", 1, "small", "json"), 0, 0.1, Cores.here())
    finally:
        process.kill()
        await process.wait()
    assert line.startswith("guest is left out: modern 1 small json: ")
    assert (runs.samples, list(runs.failed)) == ([], ["guest"])


async def test_a_peer_that_does_not_install_is_left_out_with_a_line(tmp_path: Path) -> None:
    said: list[str] = []
    absent = {"absent": replace(PEERS["fastmcp"], package=str(tmp_path / "absent"))}
    async with bench(tmp_path / "bench") as made:
        targets, skipped = await start(made, absent, said.append, tmp_path / "homes")
    assert targets == []
    assert "does not install" in skipped["absent"]
    assert "\n" not in skipped["absent"]
