"""Traces and numbers of whole calls, exported over OTLP to a collector that writes a file."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from devhost.accounts import ACCOUNTS
from devhost.collector import collecting
from devhost.drawn import Bar, spans
from gateway.answer import Answer
from gateway.call import serve
from gateway.evidence.chain import Chains
from gateway.payloads import Payloads
from gateway.record import Recorder
from gateway.telemetry import opened
from gateway.telemetry.opened import Exported
from gateway.values import Arrival, Origin
from tests.fakes.upstream import Seen, Upstream, events, result, serving, status, text_result
from tests.walk.approvals import approve, only
from tests.walk.rooms import MODERN_META, Gateway, gateway, message, messages, request
from tests.walk.tasks import DONE, begin, run_now

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
MARY = {"content": [{"type": "text", "text": "mary@shop.example"}], "structuredContent": {"salary": 918273645546372819}}
ROOMS = [
    *("inbound", "authenticate", "session", "groups", "limits", "authorize", "catalogue", "grant", "approval"),
    *("record intent", "credential", "forward", "mask", "record outcome"),
]


@dataclass(slots=True)
class Watched:
    """A gateway that tells a collector what it does, and what that wrote."""

    door: Gateway
    upstream: Upstream
    exported: Exported
    file: Path
    is_closed: bool = False

    def close(self) -> None:
        """All is exported."""
        if not self.is_closed:
            self.exported.close()
        self.is_closed = True

    def text(self) -> str:
        self.close()
        return self.file.read_text()

    def spans(self) -> list[Bar]:
        return spans(self.text())

    def numbers(self) -> dict[str, list[tuple[dict[str, Any], Any]]]:
        """By name: the labels and the value, or count, of each point of the last export."""
        found: dict[str, list[tuple[dict[str, Any], Any]]] = {}
        for line in self.text().splitlines():
            for resource in json.loads(line).get("resourceMetrics", ()):
                for metric in resource["scopeMetrics"][0]["metrics"]:
                    [points] = [value["dataPoints"] for value in metric.values() if isinstance(value, dict)]
                    found[metric["name"]] = [
                        (
                            {
                                item["key"]: next(iter(item["value"].values()), False)
                                for item in point.get("attributes", ())
                            },
                            int(point.get("count", point.get("asInt", 0))),
                        )
                        for point in points
                    ]
        return found


@contextlib.asynccontextmanager
async def watched(folder: Path, answer: Callable[[Seen], Response]) -> AsyncIterator[Watched]:
    file = folder / "exported.jsonl"
    with collecting(file) as address:
        exported = Exported(address)
        async with serving(answer) as upstream, gateway(folder, upstream.url) as door:
            door.rooms = replace(door.rooms, telemetry=exported)
            found = Watched(door, upstream, exported, file)
            yield found
            found.close()


@pytest.fixture
async def seen(tmp_path: Path) -> AsyncIterator[Watched]:
    async with watched(tmp_path, result(MARY)) as found:
        yield found


async def ask(
    seen: Watched, meta: dict[str, Any] | None = None, trace: str = "", tool: str = "get_customer", **headers: str
) -> Answer:
    """`tools/call` as it comes through the door of a client that says in which trace it is."""
    params: dict[str, Any] = {"name": tool, "arguments": {"id": "planted-argument"}}
    sent = {"content-type": "application/json", "authorization": f"Bearer {seen.door.tenant.token()}"} | headers
    if meta is not None:
        params["_meta"] = MODERN_META | meta
        sent |= {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": tool}
    if trace:
        sent["traceparent"] = trace
    body = json.dumps(request("tools/call", params)).encode()

    return await serve(
        Arrival("POST", "records", tuple(sent.items()), body),
        Origin("203.0.113.9", trace),
        seen.door.rooms,
        None,
        seen.door.orchestrations,
    )


def root_of(bars: list[Bar]) -> Bar:
    [root] = [bar for bar in bars if bar.kind in ("SPAN_KIND_SERVER", "SPAN_KIND_INTERNAL") and not inside(bar, bars)]
    return root


def inside(bar: Bar, bars: list[Bar]) -> bool:
    return bar.parent in {other.id for other in bars}


async def test_a_call_is_a_span_with_a_span_for_each_room_in_the_clients_own_trace(seen: Watched) -> None:
    await ask(seen, trace=PARENT, tracestate="rojo=1")
    bars = seen.spans()
    root = root_of(bars)
    assert (root.name, root.kind, root.trace, root.parent) == (
        *("tools/call", "SPAN_KIND_SERVER"),
        *(TRACE, "00f067aa0ba902b7"),
    )
    assert {bar.trace for bar in bars} == {TRACE}
    assert [bar.name for bar in bars if bar.parent == root.id] == ROOMS
    assert all(root.began <= bar.began <= bar.ended <= root.ended for bar in bars)
    assert {bar.name for bar in bars if bar.kind == "SPAN_KIND_CLIENT"} == {"forward"}
    assert root.attributes == {
        "mcp.method.name": "tools/call",
        "network.transport": "tcp",
        "network.protocol.name": "http",
        "gen_ai.tool.name": "get_customer",
        "gen_ai.operation.name": "execute_tool",
        "countersign.server": "records",
        "countersign.outcome": "succeeded",
        "countersign.call": seen.door.evidence.of_calls()[0]["call"],
    }
    assert not any(bar.is_error for bar in bars)


@pytest.mark.parametrize("meta", [None, {}, {"traceparent": PARENT, "tracestate": "rojo=1", "baggage": "a=1"}])
async def test_the_upstream_is_told_the_span_that_asks_it(seen: Watched, meta: dict[str, Any] | None) -> None:
    await ask(seen, meta, trace=PARENT, tracestate="rojo=1")
    [asked] = seen.upstream.seen
    forward = [bar for bar in seen.spans() if bar.name == "forward"][-1]
    assert asked.headers["traceparent"] == f"00-{TRACE}-{forward.id}-01"
    assert asked.headers["tracestate"] == "rojo=1"
    carried = asked.body["params"].get("_meta", {})
    assert carried.get("traceparent") == (asked.headers["traceparent"] if meta is not None else None)
    assert carried.get("baggage") == (meta or {}).get("baggage")


async def test_a_call_without_a_trace_begins_one_and_the_evidence_names_its_span(seen: Watched) -> None:
    await ask(seen, tracestate="rojo=1")
    root = root_of(seen.spans())
    assert root.parent == ""
    rows = seen.door.evidence.of_calls()
    assert {json.loads(str(row["body"]))["trace"] for row in rows} == {f"00-{root.trace}-{root.id}-01"}
    [asked] = seen.upstream.seen
    assert "tracestate" not in asked.headers


async def test_the_message_says_more_of_its_trace_than_the_header_which_is_linked(seen: Watched) -> None:
    await ask(seen, {"traceparent": PARENT}, trace=OTHER)
    root = root_of(seen.spans())
    assert (root.trace, root.links) == (TRACE, (OTHER[3:35],))
    assert root.attributes["mcp.protocol.version"] == "2026-07-28"


async def test_a_client_that_samples_nothing_is_not_traced_and_is_counted_all_the_same(seen: Watched) -> None:
    await ask(seen, trace=PARENT[:-1] + "0")
    assert seen.spans() == []
    assert seen.numbers()["countersign.calls"][0][1] == 1
    [asked] = seen.upstream.seen
    assert asked.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert asked.headers["traceparent"].endswith("-00")


async def test_a_refusal_is_an_error_of_its_room_and_of_the_call_by_the_name_of_its_reason(seen: Watched) -> None:
    await seen.door.call("delete_customer")
    await seen.door.call(token=None)
    bars = seen.spans()
    found = {(bar.name, bar.attributes.get("error.type")) for bar in bars if bar.is_error}
    assert found == {
        ("authorize", "target_hidden"),
        ("authenticate", "token_missing"),
        ("tools/call", "target_hidden"),
        ("tools/call", "token_missing"),
    }
    refusals = {labels["countersign.reason"]: count for labels, count in seen.numbers()["countersign.refusals"]}
    assert refusals == {"target_hidden": 1, "token_missing": 1}


async def test_a_request_that_the_gateway_makes_for_the_catalogue_lies_within_it(tmp_path: Path) -> None:
    async with watched(tmp_path, result(MARY)) as seen:
        await ask(seen)
        bars = seen.spans()
        by_id = {bar.id: bar for bar in bars}
        named = [(bar.name, by_id[bar.parent].name) for bar in bars if bar.name in ("credential", "forward")]
        within = [("credential", "catalogue"), ("forward", "catalogue")]
        assert named == [*within, ("credential", "tools/call"), ("forward", "tools/call")]
        [listed] = seen.upstream.listed
        assert listed.headers["traceparent"].split("-")[1] == root_of(bars).trace


async def test_a_stream_is_over_for_the_trace_when_it_is_over_for_the_client(tmp_path: Path) -> None:
    progress = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}}
    async with watched(tmp_path, events(progress, {"jsonrpc": "2.0", "id": ..., "result": MARY})) as seen:
        assert len(await messages(await ask(seen))) == 2
        bars = seen.spans()
        root = root_of(bars)
        assert [bar.name for bar in bars if bar.parent == root.id] == ROOMS
        assert root.attributes["countersign.outcome"] == "succeeded"
        assert "countersign.added_latency" not in seen.numbers()


async def test_a_client_that_leaves_a_stream_has_a_trace_too(tmp_path: Path) -> None:
    progress = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}}
    async with watched(tmp_path, events(progress, then="hangs")) as seen:
        answer = await ask(seen)
        assert not isinstance(answer.body, bytes)
        await anext(answer.body)
        await answer.body.aclose()
        assert root_of(seen.spans()).attributes["countersign.outcome"] == "cancelled"


async def test_a_stream_that_is_never_read_has_a_trace_too(tmp_path: Path) -> None:
    async with watched(tmp_path, events(then="hangs")) as seen:
        answer = await ask(seen)
        assert not isinstance(answer.body, bytes)
        del answer
        assert root_of(seen.spans()).attributes["countersign.outcome"] == "cancelled"


async def test_an_upstream_that_fails_is_an_error_of_the_request_to_it(tmp_path: Path) -> None:
    async with watched(tmp_path, status(503)) as seen:
        await ask(seen)
        found = {(bar.name, bar.attributes["error.type"]) for bar in seen.spans() if bar.is_error}
        assert found == {("forward", "upstream_rejected"), ("tools/call", "upstream_rejected")}


async def test_a_call_that_people_approved_goes_on_in_the_trace_of_the_one_that_asked(tmp_path: Path) -> None:
    async with watched(tmp_path, result(DONE)) as seen:
        task = await begin(seen.door)
        seen.door.calendar.advance(90)
        await approve(seen.door, await only(seen.door))
        await run_now(seen.door, task)
        asking, making = [bar for bar in seen.spans() if bar.name == "tools/call"]
        assert (asking.kind, making.kind) == ("SPAN_KIND_SERVER", "SPAN_KIND_INTERNAL")
        assert (making.trace, making.parent) == (asking.trace, asking.id)
        assert asking.attributes["countersign.outcome"] == "pending"
        assert [count for _, count in seen.numbers()["countersign.approval.wait"]] == [1]


async def test_numbers_say_how_often_how_long_and_what_was_hidden(seen: Watched) -> None:
    rooms = seen.door.rooms
    timed = Recorder(Chains(seen.exported.timed(seen.door.evidence)), Payloads(seen.door.payloads))
    seen.door.rooms = replace(rooms, recorder=timed)
    seen.exported.observe(lambda: dict.fromkeys(OBSERVED_NAMES, 3))
    await ask(seen)
    numbers = seen.numbers()
    of_call = {"mcp.method.name": "tools/call", "countersign.server": "records"}
    assert numbers["countersign.calls"] == [(of_call | {"countersign.outcome": "succeeded"}, 1)]
    assert numbers["countersign.masked"] == [({"countersign.mask": "personal", "countersign.action": "redact"}, 2)]
    assert numbers["countersign.added_latency"] == [(of_call, 1)]
    assert numbers["mcp.server.operation.duration"] == [(of_call, 1)]
    [(confirmed, writes)] = numbers["countersign.evidence.write"]
    assert confirmed == {"countersign.confirmed": True}
    assert writes >= len(["intent", "outcome"])
    assert {name: numbers[name][0][1] for name in OBSERVED_NAMES} == dict.fromkeys(OBSERVED_NAMES, 3)


OBSERVED_NAMES = (
    *("countersign.evidence.spilled", "countersign.evidence.lost", "countersign.evidence.failed"),
    *("countersign.seals.failed", "countersign.seal_copies.failed", "countersign.verifications.failed"),
)


async def test_nothing_that_a_caller_or_an_upstream_wrote_is_exported(seen: Watched) -> None:
    door, planted = seen.door, "planted"
    await ask(seen, trace=PARENT, tracestate="planted=state")
    await ask(seen, {"traceparent": PARENT, "tracestate": "planted=meta", "baggage": "planted=1", "planted": 1})
    await ask(seen, tool="planted-tool")
    await door.send(request("resources/read", {"uri": "customer://planted-resource"}))
    await door.send(request("resources/read", {"uri": "file:///planted-hidden"}))
    await door.send(request("prompts/get", {"name": "planted-prompt"}))
    await door.send(request("planted/method", {}))
    await door.send(request("tools/list", {}), server="planted-server")
    await door.send(request("tools/list", {}), mcp_protocol_version="planted-version")
    await door.send(request("tools/list", {}), token="planted.to.ken")
    await door.send(request("tools/list", {}, "planted-id"), mcp_session_id="planted-session")
    await door.request("PLANTED", b"planted-body")
    seen.upstream.answer = text_result("planted-result mary@shop.example")
    await ask(seen)
    seen.upstream.answer = _error
    await ask(seen)
    exported = seen.text()
    assert len(spans(exported)) > 40
    caller = ACCOUNTS["engineer"]
    for text in (
        *(planted, "mary@shop.example", "918273645546372819", "vault-token-1", "203.0.113.9"),
        *(caller.object_id, caller.name, "customer://", seen.upstream.url, "engineers"),
    ):
        assert text.lower() not in exported.lower(), text


def _error(got: Seen) -> Response:
    error = {"code": -32000, "message": "planted-error", "data": "planted-data"}
    return status(200, {"jsonrpc": "2.0", "id": got.id, "error": error})(got)


async def test_a_collector_that_does_not_answer_costs_a_call_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "PATIENCE", 0.1)
    exported = Exported("http://127.0.0.1:9")
    async with serving(result(MARY)) as upstream, gateway(tmp_path, upstream.url) as door:
        door.rooms = replace(door.rooms, telemetry=exported)
        assert "result" in message(await door.call())
    exported.close()


async def test_without_a_collector_the_clients_own_context_goes_on_as_it_came_and_into_the_evidence(
    tmp_path: Path,
) -> None:
    async with serving(result(MARY)) as upstream, gateway(tmp_path, upstream.url) as door:
        meta = MODERN_META | {"traceparent": PARENT}
        headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "get_customer"}
        body = request("tools/call", {"name": "get_customer", "arguments": {}, "_meta": meta})
        await door.send(body, **headers, traceparent=OTHER, tracestate="rojo=1")
        [asked] = upstream.seen
        assert (asked.headers["traceparent"], asked.headers["tracestate"]) == (OTHER, "rojo=1")
        assert asked.body["params"]["_meta"]["traceparent"] == PARENT
        assert json.loads(str(door.evidence.of_calls()[0]["body"]))["trace"] == PARENT
