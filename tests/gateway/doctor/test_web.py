import httpx
import pytest

from gateway.doctor import web
from gateway.doctor.web import page_of

URL = "https://mcp.example.com/x"


def client(answer: httpx.Response | Exception) -> httpx.AsyncClient:
    def respond(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return httpx.AsyncClient(transport=httpx.MockTransport(respond))


async def test_a_page_comes_with_its_status_its_date_and_its_document() -> None:
    page = await page_of(client(httpx.Response(401, json={"a": 1}, headers={"date": "now"})), URL)
    assert (page.status, page.date, page.document) == (401, "now", {"a": 1})


async def test_what_is_no_json_has_no_document() -> None:
    assert (await page_of(client(httpx.Response(200, content=b"<html>")), URL)).document is None
    assert (await page_of(client(httpx.Response(200, json={})), URL, is_read=False)).document is None


@pytest.mark.parametrize("error", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.InvalidURL("x")])
async def test_what_does_not_answer_is_a_value(error: Exception) -> None:
    page = await page_of(client(error), URL)
    assert (page.status, page.why) == (0, type(error).__name__)


async def test_a_page_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MAX_PAGE", 10)
    assert (await page_of(client(httpx.Response(200, content=b"x" * 11)), URL)).status == 0
