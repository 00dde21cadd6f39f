from gateway.cors import headers, preflight

ORIGINS = frozenset({"https://inspector.example"})
PAGE = {"origin": "https://Inspector.example"}


def test_a_listed_page_may_read_the_session_and_the_challenge() -> None:
    assert headers(PAGE, ORIGINS) == {
        "access-control-allow-origin": "https://Inspector.example",
        "access-control-expose-headers": "Mcp-Session-Id, WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy",
        "vary": "Origin",
    }


def test_every_other_page_and_every_other_client_gets_nothing() -> None:
    assert headers({"origin": "https://evil.example"}, ORIGINS) == {}
    assert headers({}, ORIGINS) == {}
    assert headers(PAGE, frozenset()) == {}
    assert preflight({"origin": "https://evil.example"}, ORIGINS).status == 403


def test_a_preflight_allows_mcps_own_headers_and_no_credentials() -> None:
    answer = preflight(PAGE, ORIGINS)
    assert answer.status == 204
    assert answer.headers["access-control-allow-methods"] == "POST, GET, DELETE"
    for name in ("authorization", "mcp-protocol-version", "mcp-method", "mcp-name", "mcp-session-id", "last-event-id"):
        assert name in answer.headers["access-control-allow-headers"].split(", ")
    assert "access-control-allow-credentials" not in answer.headers


def test_parameter_headers_are_allowed_by_name_and_nothing_else_is() -> None:
    asked = PAGE | {"access-control-request-headers": "Mcp-Param-Region, cookie, mcp-param-é, x-evil"}
    allowed = preflight(asked, ORIGINS).headers["access-control-allow-headers"].split(", ")
    assert "mcp-param-region" in allowed
    assert not {"cookie", "x-evil", "mcp-param-é"} & set(allowed)
