"""Personal values in every place that a server can fill: none reaches a client, the store, a log, a card or a page."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator

import httpx2
import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestParams,
    ElicitResult,
    ListRootsResult,
    LoggingMessageNotificationParams,
    PromptReference,
    Root,
    TextContent,
)
from pydantic import FileUrl

from devhost.person import browser
from devhost.serve import serving
from tests.live import planted
from tests.live.conftest import Live
from tests.live.planted import CARD, DATA, MAIL, PINNED_VALUES, TEXT, VALUES
from tests.live.test_approvals import asked, decide

_SERVER = """
  planted:
    url: {url}/mcp
    mask: [personal]
    trust: accept
    client_features: [elicitation, sampling, roots]
"""
_RULES = """
  - name: engineers-try-planted
    effect: allow
    who: {groups: [engineering]}
    servers: [planted]
    tools: [tell, fail, err, ask, ask_in_rounds]
    resources: ["*"]
    prompts: ["*"]

  - name: engineers-ask-for-gated
    effect: allow
    who: {groups: [engineering]}
    servers: [planted]
    tools: [gated]
    require: {approval: refunds}
"""


@pytest.fixture(scope="module")
async def planted_server(live: Live) -> AsyncIterator[None]:
    """The policy knows one more server, which runs inside."""
    file = live.stack.state / "policy.yaml"
    before = file.read_text()
    async with serving(planted.app()) as url:
        file.write_text(before.replace("\nmasks:\n", f"{_SERVER.format(url=url)}\nmasks:\n", 1) + _RULES)
        try:
            async with asyncio.timeout(10):
                while (await live.call("planted", "engineer", "tools/list")).status_code in (403, 404):  # noqa: ASYNC110 - a file has no bell
                    await asyncio.sleep(0.1)
            yield
        finally:
            file.write_text(before)


class Seen(httpx2.AsyncHTTPTransport):
    """A transport that keeps every byte that arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes: list[bytes] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Kept(response.stream, self.bytes)
        return response


class _Kept(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, kept: list[bytes]) -> None:
        self._stream, self._kept = stream, kept

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._kept.append(chunk)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def elicited(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    return ElicitResult(action="accept", content={"salary": DATA["salary"], "note": TEXT})


async def sampled(context: ClientRequestContext, params: CreateMessageRequestParams) -> CreateMessageResult:
    return CreateMessageResult(role="assistant", model="m", content=TextContent(text=TEXT))


async def rooted(context: ClientRequestContext) -> ListRootsResult:
    return ListRootsResult(roots=[Root(uri=FileUrl(f"file:///{MAIL}"), name=TEXT)])


async def logged(params: LoggingMessageNotificationParams) -> None:
    return


async def told(progress: float, total: float | None, message: str | None) -> None:
    return


@contextlib.asynccontextmanager
async def client(live: Live, mode: str, seen: Seen) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {await live.token('engineer')}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=20, transport=seen) as http,
        Client(
            streamable_http_client(live.url("planted"), http_client=http),
            mode=mode,
            elicitation_callback=elicited,
            sampling_callback=sampled,
            list_roots_callback=rooted,
            logging_callback=logged,
            log_level="info",
        ) as opened,
    ):
        yield opened


async def use_everything(python: Client, mode: str) -> None:
    """Every method once; a call that fails does so as the server says."""
    await python.list_tools()
    await python.list_resources()
    await python.list_resource_templates()
    await python.list_prompts()
    await python.read_resource("planted://1")
    await python.get_prompt("letter", {"to": MAIL})
    await python.complete(PromptReference(name="letter"), {"name": "to", "value": MAIL})
    arguments = {"salary": DATA["salary"], "note": TEXT}
    assert (await python.call_tool("tell", arguments, progress_callback=told)).content
    assert (await python.call_tool("fail", arguments)).is_error
    assert (await python.call_tool("ask" if mode == "legacy" else "ask_in_rounds", arguments)).content
    with pytest.raises(MCPError):
        await python.call_tool("err", arguments)
    with pytest.raises(MCPError):
        await python.read_resource(f"planted://{MAIL}")


def leaks(content: bytes, values: tuple[str, ...] = VALUES) -> list[str]:
    """The values that stand in the content, in clear or in base64 at any of its three offsets."""
    forms = {
        value: [value, *(base64.b64encode((pad + value).encode())[4:-4].decode() for pad in ("", "x", "xy"))]
        for value in values
    }
    return [
        value for value, written in forms.items() if any(form.encode() in content for form in written if len(form) > 6)
    ]


@pytest.mark.usefixtures("planted_server")
@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_no_planted_value_reaches_the_official_client(live: Live, mode: str) -> None:
    seen = Seen()
    async with client(live, mode, seen) as python:
        await use_everything(python, mode)
    received = b"".join(seen.bytes)
    assert received.count(b"[hidden:email]") > 50
    assert leaks(received, VALUES + PINNED_VALUES) == []


@pytest.mark.usefixtures("planted_server")
async def test_no_planted_value_lies_on_a_card_a_page_in_the_store_or_in_a_log(live: Live) -> None:
    async with asked(live) as link, live.python_client("planted", "engineer", "legacy") as python:
        call = asyncio.ensure_future(python.call_tool("gated", {"salary": DATA["salary"], "note": TEXT, "n": CARD}))
        page = await link()
        async with browser("approver") as approver:
            shown = (await approver.open(page)).html
        assert "gated" in shown
        assert leaks(shown.encode()) == []
        await decide(page)
        assert (await call).content
    cards = await live.http.get(f"http://localhost:{live.stack.ports.outbox_page}/messages")
    assert leaks(cards.content) == []
    async with browser("auditor") as auditor:
        assert leaks((await auditor.open(f"{live.gateway}/evidence")).html.encode()) == []
    stored = await everything_stored(live)
    assert b"ask_in_rounds" in stored
    assert leaks(stored) == []
    assert leaks(live.stack.log("gateway").read_bytes(), VALUES + PINNED_VALUES) == []


async def everything_stored(live: Live) -> bytes:
    await live.stack.stop("azurite")  # it writes to its files as it ends
    stored = b"".join(path.read_bytes() for path in (live.stack.state / "azurite").rglob("*") if path.is_file())
    await live.stack.start("azurite")
    return stored


@pytest.mark.usefixtures("planted_server")
async def test_no_value_in_the_definition_of_a_tool_lies_in_the_store(live: Live) -> None:
    await live.call("planted", "engineer", "tools/list")
    assert leaks(await everything_stored(live), PINNED_VALUES) == []
