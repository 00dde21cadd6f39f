"""Addresses: what the gateway holds goes over HTTPS, or stays on this machine."""

import pytest

from tests.gateway.policy.documents import changed, good, mistakes

TOKEN_URL = "    credential: {client_credentials: {token_url: 'URL', client_id: a, secret: b}}\n"


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
        ("https://", "is not a URL; write it like EXAMPLE"),
        ("records.example.com", "is not a URL; write it like EXAMPLE"),
        ("https://x.example:port/", "is not a URL; write it like EXAMPLE"),
        ("https://[::1/", "is not a URL; write it like EXAMPLE"),
        ("https://x.example/a b", "is not a URL; write it like EXAMPLE"),
        ("https://xн.example/", "is not a URL; write it like EXAMPLE"),
    ],
)
def test_a_wrong_address_is_told_wherever_it_stands(url: str, error: str) -> None:
    document = changed("url: https://records.example.com/mcp", f"url: '{url}'")
    expected = error.replace("EXAMPLE", "https://records.example.com/mcp")
    assert mistakes(document) == [f"line 7, column 10: url of server 'records' {expected}"]
    line = "    url: https://records.example.com/mcp\n"
    document = changed(line, line + TOKEN_URL.replace("URL", url))
    expected = error.replace("EXAMPLE", "https://login.example.com/oauth2/token")
    assert mistakes(document) == [f"line 8, column 50: token_url of server 'records' {expected}"]
