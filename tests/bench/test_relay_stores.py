import asyncio
import os
import signal
import subprocess
import sys

import pytest

from bench.relay_process import Cores, busy, usage
from bench.relay_stores import BLOBS, ROWS, RecentBlobs, RecentEvidence
from gateway.storage.contract import BlobExistsError, RowExistsError


async def test_a_row_is_written_once_and_of_several_all_or_none() -> None:
    store = RecentEvidence()
    await store.insert("session", "1", {"hash": "a"})
    with pytest.raises(RowExistsError) as taken:
        await store.insert("session", "1", {"hash": "b"})
    assert taken.value.columns == {"hash": "a"}
    with pytest.raises(RowExistsError) as taken:
        await store.insert_all("session", {"0": {"hash": "c"}, "1": {"hash": "d"}})
    assert (taken.value.row, store.written) == ("1", 1)
    assert await store.between("session", "0", "9") == {"1": {"hash": "a"}}


async def test_old_rows_and_blobs_are_dropped() -> None:
    store, blobs = RecentEvidence(), RecentBlobs()
    for number in range(ROWS + 5):
        await store.insert("session", f"{number:08}", {})
    assert store.written == ROWS + 5
    assert len(await store.between("session", "0", "9")) == ROWS
    for number in range(BLOBS + 5):
        await blobs.create(f"{number:08}", b"")
    assert len(await blobs.names()) == BLOBS
    assert await blobs.read("00000000") is None


async def test_a_blob_is_created_once() -> None:
    blobs = RecentBlobs("settings", "container")
    await blobs.create("name", b"first")
    with pytest.raises(BlobExistsError):
        await blobs.create("name", b"second")
    assert await blobs.read("name") == b"first"


BURNS = """
import time
while time.process_time() < 0.2: pass
print("done", flush=True)
input()
"""
STARTS = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURNS!r}])"


async def test_usage_is_of_a_session_and_all_that_it_started() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STARTS), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout
    try:
        await asyncio.wait_for(process.stdout.readline(), 20)
        found = usage(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()
    assert found.seconds >= 0.19
    assert found.memory > 2**20
    # Whoever has to bury the one that it started may not have done so yet.
    assert usage(process.pid).memory == 0


def test_what_is_measured_shares_no_core_where_there_are_two() -> None:
    cores = Cores.here()
    assert cores.are_apart or len(cores.measured | cores.others) == 1
    assert busy(cores.measured) > 0
