"""The endurance run's own parts: its schedule, its clocks, its network, and that what is broken is found."""

import asyncio
import dataclasses
import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from bench.endurance_book import Book, Came, Happened, Made, Probe, recovery
from bench.endurance_check import Promise, Records, hidden, promises, verified
from bench.endurance_clock import stepped_clock
from bench.endurance_faults import FAULTS, schedule
from bench.endurance_plot import svg
from bench.endurance_policy import policy
from bench.endurance_report import Run, as_json, markdown
from bench.endurance_stage import INSTANCES
from bench.endurance_upstream import CARD, EXPORT, FORBIDDEN, MAIL, Orders
from bench.endurance_wire import Way, Wire, wire
from gateway.policy.document import Policy
from gateway.policy.parse import parse

ONE, OTHER = INSTANCES


def test_a_seed_gives_the_same_schedule_and_every_fault_comes_before_any_comes_again() -> None:
    planned = schedule(3600, random.Random(3), list(FAULTS))
    assert planned == schedule(3600, random.Random(3), list(FAULTS))
    assert planned != schedule(3600, random.Random(4), list(FAULTS))
    names = [one.name for one in planned]
    assert set(names[: len(FAULTS)]) == set(FAULTS)
    assert min(Counter(names).values()) >= 5
    assert sum(one.rest + one.lasts for one in planned) < 3600
    assert all(bool(one.where) == FAULTS[one.name].is_of_one for one in planned)


def test_three_minutes_are_enough_for_every_fault() -> None:
    for seed in range(50):
        assert {one.name for one in schedule(180, random.Random(seed), list(FAULTS))} == set(FAULTS)


def test_recovery_counts_from_the_end_to_the_first_answer_on_the_slower_instance() -> None:
    probes = [
        Probe("small", ONE, 9.0, 10.5, is_well=True),  # sent before the end
        Probe("small", ONE, 10.2, 10.3, is_well=False),
        Probe("small", ONE, 10.4, 10.6, is_well=True),
        Probe("small", OTHER, 11.0, 12.0, is_well=True),
    ]
    assert recovery(probes, 10.0, [ONE]) == pytest.approx(0.6)
    assert recovery(probes, 10.0, INSTANCES) == pytest.approx(2.0)
    assert recovery(probes[:3], 10.0, INSTANCES) is None


def test_the_policy_is_one_and_each_turn_names_another_group() -> None:
    first, second = (parse(policy("http://127.0.0.1:9/mcp", turn).encode()) for turn in (1, 2))
    assert isinstance(first, Policy)
    assert isinstance(second, Policy)
    assert first.digest != second.digest
    assert first.groups["turn"] != second.groups["turn"]


def run(book: Book, orders: Orders, found: Records) -> set[str]:
    """The promises that are broken."""
    return {promise.text for promise in promises(book, orders, found) if promise.broken}


def quiet() -> tuple[Book, Orders, Records]:
    """A run in which one call was answered, one was under way at a kill, and one was refused."""
    book, orders = Book(), Orders(lambda: "secret")
    book.begin("small-1", Made("small", ONE, 1.0, Came.ANSWERED, 1.1))
    book.begin("small-2", Made("small", ONE, 5.0, Came.UNKNOWN, 5.2))
    book.begin("outsider-3", Made("outsider", ONE, 6.0, Came.REFUSED, 6.1, 40301))
    book.forbidden.add("outsider-3")
    book.faults.append(Happened("gateway-killed", ONE, 5.1, 7.0, 3, 0.5))
    orders.made.update(["small-1", "small-2"])
    orders.orders["order-1x"] = 1
    book.approved.add("order-1x")
    intents, outcomes = Counter(["small-1", "small-2"]), Counter(["small-1"])
    return book, orders, Records(intents, outcomes, Counter(["outsider-3"]), {"small-2"}, 0, 4)


def test_nothing_is_said_to_be_broken_where_nothing_is() -> None:
    assert run(*quiet()) == set()


LOST = {
    "intents": ("small-1", "its intent on record"),
    "outcomes": ("small-1", "its outcome on record"),
    "refusals": ("outsider-3", "a known caller was told is on record"),
}


@pytest.mark.parametrize("what", LOST)
def test_a_record_that_is_lacking_is_found(what: str) -> None:
    book, orders, found = quiet()
    name, words = LOST[what]
    del getattr(found, what)[name]
    assert any(words in text for text in run(book, orders, found))


@pytest.mark.parametrize("instance", [ONE, OTHER])
def test_a_call_without_an_outcome_needs_a_kill_of_its_own_instance(instance: str) -> None:
    book, orders, found = quiet()
    book.calls["small-2"].instance = instance
    assert any("was lost with" in text for text in run(book, orders, found)) == (instance == OTHER)


@pytest.mark.parametrize(("killed_at", "is_broken"), [(0.0, True), (60.0, False), (400.0, True)])
def test_an_outcome_that_waited_for_the_store_is_lost_with_its_process_and_not_without(
    killed_at: float, *, is_broken: bool
) -> None:
    book, orders, found = quiet()
    book.calls["small-2"].came = Came.REFUSED
    book.faults[:] = [Happened("storage-stopped", "", 5.1, 9.0, 3, 0.5)]
    if killed_at:
        book.faults.append(Happened("gateway-killed", ONE, killed_at, killed_at + 2, 3, 0.5))
    assert any("was lost with" in text for text in run(book, orders, found)) == is_broken


def test_a_call_without_an_outcome_that_no_replay_tells_is_found() -> None:
    book, orders, found = quiet()
    assert run(book, orders, dataclasses.replace(found, told_open=set()))


def test_what_happened_twice_is_found() -> None:
    book, orders, found = quiet()
    orders.made["small-1"] += 1
    orders.orders["order-1x"] += 1
    assert {"no approval was used twice", "no call reached the upstream, or is on record, twice"} == run(
        book, orders, found
    )


def test_what_went_through_without_its_checks_is_found() -> None:
    book, orders, found = quiet()
    orders.made["outsider-3"] += 1
    found.intents["outsider-3"] += 1
    found.outcomes["outsider-3"] += 1
    orders.orders["order-2x"] = 1
    orders.tools["closed-4"] = EXPORT
    book.forbidden.add("closed-4")
    orders.tokens = 1
    book.read("small-1", f"it says {MAIL}")
    assert len(run(book, orders, found)) == 5
    orders.tools["small-1"] = FORBIDDEN
    assert "small-1" in promises(book, orders, found)[7].broken


def test_a_fault_after_which_nothing_was_answered_is_found() -> None:
    book, orders, found = quiet()
    book.faults[0].recovered = None
    assert run(book, orders, found) == {"after each fault calls were answered again, without a restart"}


def test_a_value_that_lies_in_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("nothing")
    assert hidden([tmp_path], []).broken == []
    (tmp_path / "b").write_bytes(b"\0" + CARD.encode())
    assert hidden([tmp_path], []) == Promise("no file of the stores and no log holds what nobody may see", 2, ["b"])


@pytest.mark.parametrize(
    ("code", "report", "is_whole"), [(0, '{"whole": true}', True), (1, '{"whole": false}', False), (1, "", False)]
)
def test_a_verification_counts_only_where_it_says_whole(code: int, report: str, is_whole: bool) -> None:
    assert (verified(code, report)[0].broken == []) == is_whole


def test_the_report_and_the_picture_say_what_was_broken() -> None:
    book, orders, found = quiet()
    book.memory[ONE] = [(0.0, 90_000_000), (5.0, 0), (10.0, 95_000_000)]
    broken = Promise("nothing breaks", 2, ["small-9"])
    whole = Run("a command", 7, 60.0, 8.0, book, orders, found, [broken], {}, can_step_clocks=False, share=1.0)
    text = markdown(whole)
    assert all(
        words in text for words in ("seed 7", "Not everything held", "small-9", "SIGKILL", "No clock was stepped")
    )
    assert json.loads(as_json(whole))["holds"] is False
    assert "gateway-killed" in svg(book, 60.0)


def test_a_clock_is_stepped_for_one_process_alone_and_back(tmp_path: Path) -> None:
    clock = stepped_clock(tmp_path)
    if clock is None:
        pytest.skip("there is no C compiler")
    program = "import time, datetime; print(time.time(), datetime.datetime.now().timestamp(), time.monotonic())"

    def told() -> list[float]:
        command = (sys.executable, "-I", "-S", "-c", program)
        out = subprocess.run(command, env=clock.environment, capture_output=True, text=True, check=True, timeout=20)
        return [float(word) for word in out.stdout.split()]

    for step in (0, 7200, -7200, 0):
        clock.step(step)
        wall, of_day, monotonic = told()
        assert wall - time.time() == pytest.approx(step, abs=20)
        assert of_day == pytest.approx(wall, abs=20)
        assert monotonic == pytest.approx(time.monotonic(), abs=20)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


async def said(between: Wire) -> bytes:
    """What an echo through the network gives back; raises ConnectionError where it is reset."""
    reader, writer = await asyncio.open_connection("127.0.0.1", between.port)
    try:
        writer.write(b"hello\n")
        return await asyncio.wait_for(reader.readline(), 5)
    finally:
        writer.close()


@pytest.mark.parametrize("way", [Way.RESETS_BEFORE, Way.RESETS_AFTER])
async def test_the_network_breaks_where_it_is_told_to_and_heals(way: Way) -> None:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        target = server.sockets[0].getsockname()[1]
        async with wire(target, random.Random(1)) as between:
            assert await said(between) == b"hello\n"
            between.way = way
            with pytest.raises(ConnectionError):
                await said(between)
            between.way = Way.PASSES
            await between.down()
            with pytest.raises(ConnectionError):
                await said(between)
            await between.up()
            assert await said(between) == b"hello\n"
