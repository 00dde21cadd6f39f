"""One call through the real worker of a stack that is told of a collector, and its trace."""

import asyncio
from pathlib import Path

import httpx
import pytest

from devhost.collector import collecting
from devhost.drawn import Bar, spans, svg
from devhost.stack import stack
from tests.conftest import free_row
from tests.live.conftest import Live

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_a_call_through_the_worker_leaves_a_trace_that_can_be_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "exported.jsonl"
    with collecting(file) as address:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        async with stack(free_row(), tmp_path / "state") as running, httpx.AsyncClient(timeout=20) as http:
            http.headers["traceparent"] = f"00-{TRACE}-00f067aa0ba902b7-01"
            answer = await Live(running, http).call_tool("engineer", "get_customer", {"customer_id": "c-1001"})
            assert answer.status_code == 200
            async with asyncio.timeout(10):
                found = await exported(file)
    [root] = [bar for bar in found if bar.parent == "00f067aa0ba902b7"]
    assert (root.name, root.trace, root.attributes["countersign.outcome"]) == ("tools/call", TRACE, "succeeded")
    rooms = [bar.name for bar in found if bar.parent == root.id]
    assert rooms[0] == "inbound"
    assert rooms[-5:] == ["record intent", "credential", "forward", "mask", "record outcome"]
    assert "c-1001" not in file.read_text()
    assert svg(found).count("<rect") == len(found) + 1


async def exported(file: Path) -> list[Bar]:
    """The spans, once that of the call is among them."""
    while True:
        found = written(file)
        if any(bar.kind == "SPAN_KIND_SERVER" for bar in found):
            return found
        await asyncio.sleep(0.05)


def written(file: Path) -> list[Bar]:
    return spans(file.read_text()) if file.exists() else []
