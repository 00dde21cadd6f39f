"""From a bare URL to a tool result: discovery, authorization code with PKCE, token, call, by official clients."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from devhost.accounts import AUDIENCE_URI, PUBLIC_CLIENT
from devhost.demo.people import CUSTOMERS
from devhost.ports import Ports
from tests.live.conftest import Live, run_node

REDIRECT = AnyUrl("http://localhost:33418/callback")


BROWSER = f"""#!{sys.executable}
import sys, urllib.request
urllib.request.urlopen(sys.argv[1].replace("prompt=consent", "prompt=none") + "&login_hint=engineer", timeout=10)
"""


@dataclass(slots=True)
class Storage:
    """What a client keeps: the registration that an operator gave it, and the tokens it got."""

    tokens: OAuthToken | None = None
    asked: list[str] = field(default_factory=list)

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return OAuthClientInformationFull(
            client_id=PUBLIC_CLIENT, redirect_uris=[REDIRECT], token_endpoint_auth_method="none"
        )

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        raise AssertionError("Entra registers nobody")


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_python_sdk_signs_in_from_a_bare_url(live: Live, mode: str) -> None:
    storage = Storage()

    async def redirect(url: str) -> None:
        storage.asked.append(url)

    async def callback() -> AuthorizationCodeResult:
        # The person at the browser: signs in as the engineer and is sent back with a code.
        response = await live.http.get(f"{storage.asked[-1]}&login_hint=engineer&prompt=none")
        back = parse_qs(urlsplit(response.headers["location"]).query)
        return AuthorizationCodeResult(code=back["code"][0], state=back["state"][0])

    metadata = OAuthClientMetadata(redirect_uris=[REDIRECT], token_endpoint_auth_method="none")
    auth = OAuthClientProvider(live.url("records"), metadata, storage, redirect, callback)
    async with (
        httpx2.AsyncClient(auth=auth, timeout=20) as http,
        Client(streamable_http_client(live.url("records"), http_client=http), mode=mode) as client,
    ):
        result = await client.call_tool("get_customer", {"customer_id": CUSTOMERS[0].id})
    assert result.structured_content
    asked = parse_qs(urlsplit(storage.asked[0]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert f"{AUDIENCE_URI}/mcp.access" in asked["scope"][0].split()
    assert asked["resource"] == [live.url("records")]


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_typescript_sdk_signs_in_from_a_bare_url(live: Live, mode: str) -> None:
    arguments = (live.url("records"), PUBLIC_CLIENT, str(REDIRECT), mode, CUSTOMERS[0].id)
    result = await run_node("node", "tests/live/sign_in.mjs", *arguments)
    assert result["structuredContent"]["id"] == CUSTOMERS[0].id


async def test_the_metadata_is_found_from_a_401_and_only_for_servers_that_exist(live: Live) -> None:
    refused = await live.http.post(live.url("records"), json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
    assert refused.status_code == 401
    address = f"{live.gateway}/.well-known/oauth-protected-resource"
    assert f'resource_metadata="{address}/mcp/records"' in refused.headers["www-authenticate"]
    document = (await live.http.get(f"{address}/mcp/records")).json()
    assert document["resource"] == live.url("records")
    assert (await live.http.get(address)).json()["resource"] == live.gateway
    assert (await live.http.get(f"{address}/mcp/nobody")).status_code == 404


async def test_the_inspectors_command_line_signs_in_from_a_bare_url(live: Live, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(BROWSER)
    browser.chmod(0o755)
    callback = f"http://127.0.0.1:{Ports.free(41000).gateway}/oauth/callback"
    result = await run_node(
        *("node_modules/.bin/node", "node_modules/.bin/mcp-inspector", "--cli", live.url("records"), "--quiet"),
        *("--transport", "http", "--protocol-era", "auto", "--client-id", PUBLIC_CLIENT, "--callback-url", callback),
        *("--method", "tools/call", "--tool-name", "get_customer", "--tool-arg", f"customer_id={CUSTOMERS[0].id}"),
        environment={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "BROWSER": str(browser),
            "MCP_AUTO_OPEN_ENABLED": "true",
            "MCP_INSPECTOR_SECRET_STORE": "memory",
        },
    )
    assert result["structuredContent"]["id"] == CUSTOMERS[0].id
