from typing import Any

import pytest
from starlette.requests import Request

from gateway.answer import Answer
from gateway.door import arrival_of, origin_of, page_request_of, response_of
from gateway.inbound import MAX_BODY
from gateway.pages.request import MAX_FORM


def request(headers: dict[str, str] | None = None, chunks: list[bytes] | None = None) -> Request:
    waiting = list(chunks or [b""])

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/mcp/records",
        "query_string": b"",
        "path_params": {"server": "records"},
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()],
    }
    return Request(scope, receive)


async def test_a_request_arrives_with_its_server_headers_and_body() -> None:
    arrival = await arrival_of(request({"Mcp-Method": "ping"}, [b"{", b"}"]))
    assert (arrival.http_method, arrival.server, arrival.body) == ("POST", "records", b"{}")
    assert ("mcp-method", "ping") in arrival.headers


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "9" * 100])
async def test_a_body_announced_over_the_limit_is_not_read(length: str) -> None:
    assert (await arrival_of(request({"content-length": length}))).body is None


@pytest.mark.parametrize("length", ["", "²", "-1", "1e3"])
async def test_an_unannounced_body_is_read_no_further_than_the_limit(length: str) -> None:
    chunks = [b"x" * 1024 * 1024] * 6
    arriving = request({"content-length": length}, chunks)
    assert (await arrival_of(arriving)).body is None


@pytest.mark.parametrize(
    ("forwarded", "source"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:5123", "203.0.113.9"),
        ("evil, 198.51.100.1, 203.0.113.9:5123", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("mary@example.com", ""),
        ("203.0.113.9" + " " * 100 + ":5123", ""),
        ("fe80::1%" + "a" * 10_000, ""),
        ("", ""),
    ],
)
def test_the_source_is_the_address_that_the_platform_saw(forwarded: str, source: str) -> None:
    assert origin_of(request({"x-forwarded-for": forwarded})).source == source


def test_a_trace_is_kept_only_in_the_standards_form() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert origin_of(request({"traceparent": trace})).trace == trace
    assert origin_of(request({"traceparent": "mary@example.com"})).trace == ""


async def test_a_browsers_request_arrives_with_its_path_query_headers_and_form() -> None:
    found = await page_request_of(request({"Cookie": "a=b"}, [b"verdict=", b"deny"]))
    assert (found.method, found.path, found.query, found.body) == ("POST", "/mcp/records", "", b"verdict=deny")
    assert found.headers == (("cookie", "a=b"),)


async def test_a_form_is_read_no_further_than_its_own_limit() -> None:
    assert (await page_request_of(request(chunks=[b"x" * MAX_FORM]))).body == b"x" * MAX_FORM
    assert (await page_request_of(request(chunks=[b"x" * MAX_FORM, b"x"]))).body is None


def test_each_cookie_has_a_line_of_its_own() -> None:
    response = response_of(Answer(303, {"location": "/"}, cookies=("a=1; Path=/", "b=2; Path=/")))
    lines = [value for name, value in response.raw_headers if name == b"set-cookie"]
    assert lines == [b"a=1; Path=/", b"b=2; Path=/"]
    assert response.headers["location"] == "/"
