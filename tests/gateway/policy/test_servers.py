# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""The servers section."""

import pytest

from gateway.policy.document import Credential
from tests.gateway.policy.documents import changed, good, mistakes

URL = "    url: https://records.example.com/mcp\n"


def with_server(line: str) -> str:
    return changed(URL, URL + f"    {line}\n")


def test_a_server_that_says_little_waits_a_little_and_needs_no_credential() -> None:
    server = good().servers["records"]
    assert (server.url, server.credential) == ("https://records.example.com/mcp", None)
    assert (server.connect_timeout, server.read_timeout) == (5, 60)
    assert [mask.name for mask in server.masks] == ["personal"]


@pytest.mark.parametrize(
    ("written", "credential"),
    [
        ("{bearer: {secret: records-token}}", Credential("authorization", "records-token")),
        ("{header: {name: X-Api-Key, secret: key2}}", Credential("x-api-key", "key2")),
        ("none", None),
    ],
)
def test_a_credential_is_a_header_and_the_name_of_a_secret(written: str, credential: Credential | None) -> None:
    assert good(with_server(f"credential: {written}")).servers["records"].credential == credential


def test_timeouts_have_units() -> None:
    server = good(with_server("timeouts: {connect: 500ms, read: 2m}")).servers["records"]
    assert (server.connect_timeout, server.read_timeout) == (0.5, 120)


@pytest.mark.parametrize("url", ["http://localhost:7074/mcp", "http://127.0.0.1/mcp", "https://x.example/mcp?set=a"])
def test_plain_http_is_for_this_machine(url: str) -> None:
    assert good(changed("https://records.example.com/mcp", url)).servers["records"].url == url


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://records.example.com/mcp", "must begin with https:// (plain http only to this machine)"),
        ("http://localhost@evil.example/", "must begin with https:// (plain http only to this machine)"),
        ("ftp://records.example.com/", "must begin with https:// (plain http only to this machine)"),
        ("https://a:b@x.example/", "must not hold a user name or password; name a secret under 'credential'"),
        ("https://x.example/mcp#a", "must not have a fragment; leave out '#' and what follows"),
        ("https://", "is not a URL; write it like https://records.example.com/mcp"),
        ("records.example.com", "is not a URL; write it like https://records.example.com/mcp"),
        ("https://x.example:port/", "is not a URL; write it like https://records.example.com/mcp"),
        ("https://[::1/", "is not a URL; write it like https://records.example.com/mcp"),
        ("https://x.example/a b", "is not a URL; write it like https://records.example.com/mcp"),
        ("https://xн.example/", "is not a URL; write it like https://records.example.com/mcp"),
    ],
)
def test_a_wrong_url_is_told(url: str, error: str) -> None:
    document = changed("url: https://records.example.com/mcp", f"url: '{url}'")
    assert mistakes(document) == [f"line 7, column 10: url of server 'records' {error}"]


@pytest.mark.parametrize(
    ("line", "errors"),
    [
        (
            "tool: x",
            ["line 8, column 5: unknown key 'tool' in server 'records'; known: url, credential, timeouts, mask"],
        ),
        (
            "credentials: none",
            ["line 8, column 5: unknown key 'credentials' in server 'records'; did you mean 'credential'?"],
        ),
        (
            "credential: {header: {name: Authorization, secret: a}}",
            ["line 8, column 33: header of server 'records': for Authorization write 'bearer: {secret: ...}'"],
        ),
        (
            "credential: {header: {name: MCP-Session-Id, secret: a}}",
            [
                "line 8, column 33: header of server 'records': 'mcp-session-id' belongs to HTTP or MCP; use a header of the server's own"
            ],
        ),
        (
            "credential: {header: {name: 'X Key', secret: a}}",
            [
                "line 8, column 33: header of server 'records': 'x key' is not a header name; write one such as X-Api-Key"
            ],
        ),
        ("credential: {header: {name: X-Key}}", ["line 8, column 26: header of server 'records' lacks 'secret'"]),
        (
            "credential: {}",
            [
                "line 8, column 17: credential of server 'records' must be one of 'bearer: {secret: ...}' and 'header: {...}'"
            ],
        ),
        (
            "credential: {bearer: {secret: a}, header: {name: X-Key, secret: a}}",
            [
                "line 8, column 17: credential of server 'records' must be one of 'bearer: {secret: ...}' and 'header: {...}'"
            ],
        ),
        (
            "timeouts: {connect: 5, read: 1h}",
            [
                "line 8, column 25: connect timeout of server 'records' must be a number with ms, s or m, such as 5s",
                "line 8, column 34: read timeout of server 'records' must be a number with ms, s or m, such as 60s",
            ],
        ),
        (
            "timeouts: {connect: 60s, read: 11m}",
            [
                "line 8, column 25: connect timeout of server 'records' must lie between 0.1s and 30s",
                "line 8, column 36: read timeout of server 'records' must lie between 0.1s and 600s",
            ],
        ),
    ],
)
def test_a_mistake_in_a_server_is_told(line: str, errors: list[str]) -> None:
    assert mistakes(with_server(line)) == errors


@pytest.mark.parametrize("header", ["Host", "Cookie", "Content-Type", "Mcp-Name", "Accept", "Proxy-Authorization"])
def test_headers_of_the_transport_carry_no_credential(header: str) -> None:
    [error] = mistakes(with_server(f"credential: {{header: {{name: {header}, secret: a}}}}"))
    assert "belongs to HTTP or MCP" in error


@pytest.mark.parametrize("written", ["hunter2.s3cret!", "[hunter2]", "{hunter2: x}", "''"])
def test_a_secret_that_was_written_out_is_not_repeated(written: str) -> None:
    [error] = mistakes(with_server(f"credential: {{bearer: {{secret: {written}}}}}"))
    assert "never the secret itself" in error
    assert "hunter2" not in error


def test_an_unknown_mask_is_told() -> None:
    assert mistakes(changed("mask: [personal]", "mask: [personel]")) == [
        "line 8, column 12: unknown mask 'personel'; did you mean 'personal'?"
    ]


def test_a_server_name_must_fit_a_url_path() -> None:
    document = changed("  records:\n", "  Records_1:\n").replace("servers: [records]", "servers: [Records_1]")
    assert mistakes(document) == [
        "line 6, column 3: server 'Records_1': a name has up to 63 of the characters a-z, 0-9 and '-', as in a URL path"
    ]


def test_without_servers_there_is_nothing_to_guard() -> None:
    assert mistakes("version: 1\nservers: {}\nrules: []") == [
        "line 2, column 10: servers is empty; name at least one, such as 'records: {url: https://...}'"
    ]
