# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""The credential of a server: each kind as it is written, and what is wrong with those that are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.document import (
    Basic,
    Bearer,
    ClientCredentials,
    Credential,
    ManagedIdentity,
    OnBehalfOf,
    OwnHeader,
)
from gateway.policy.parse import parse
from tests.gateway.policy.documents import changed, good, mistakes

URL = "    url: https://records.example.com/mcp\n"
ISSUER = "https://login.crm.example/oauth2/token"


def document(written: str) -> str:
    return changed(URL, URL + f"    credential: {written}\n")


@pytest.mark.parametrize(
    ("written", "credential"),
    [
        ("none", None),
        ("{bearer: {secret: records-token}}", Bearer("records-token")),
        ("{header: {name: X-Api-Key, secret: key2}}", OwnHeader("x-api-key", "key2")),
        ("{basic: {user: svc@crm, secret: password}}", Basic("svc@crm", "password")),
        (
            f"{{client_credentials: {{token_url: '{ISSUER}', client_id: id-1, secret: s, scope: 'a b'}}}}",
            ClientCredentials(ISSUER, "id-1", "s", "a b"),
        ),
        (
            f"{{client_credentials: {{secret: s, client_id: id-1, token_url: '{ISSUER}'}}}}",
            ClientCredentials(ISSUER, "id-1", "s", ""),
        ),
        ("{managed_identity: {resource: api://crm}}", ManagedIdentity("api://crm")),
        ("{managed_identity: {resource: 'https://crm.example'}}", ManagedIdentity("https://crm.example")),
        ("{on_behalf_of: {scope: api://crm/access_as_user}}", OnBehalfOf("api://crm/access_as_user")),
        ("{on_behalf_of: {scope: api://crm/a api://crm/b}}", OnBehalfOf("api://crm/a api://crm/b")),
        ("{on_behalf_of: {scope: 'https://crm.example/.default'}}", OnBehalfOf("https://crm.example/.default")),
    ],
)
def test_each_kind_of_credential_is_read(written: str, credential: Credential | None) -> None:
    assert good(document(written)).servers["records"].credential == credential


ONE_OF = "credential of server 'records' must be one of bearer, header, basic, client_credentials, managed_identity, on_behalf_of, such as 'bearer: {secret: ...}'"
APP_ID_URI = "resource of server 'records' must be the upstream's App ID URI, such as api://crm, without a scope"
ONE_UPSTREAM = "scope of server 'records' must name one upstream's App ID URI, such as api://crm/access_as_user"


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("{}", f"17: {ONE_OF}"),
        ("{bearer: {secret: a}, header: {name: X-Key, secret: a}}", f"17: {ONE_OF}"),
        ("token", "17: credential of server 'records' must be a mapping, such as 'bearer: ...'"),
        ("{baerer: {secret: a}}", "18: unknown key 'baerer' in credential of server 'records'; did you mean 'bearer'?"),
        ("{query: {name: key, secret: a}}", "18: unknown key 'query' in credential of server 'records'; known: bearer, header, basic, client_credentials, managed_identity, on_behalf_of"),
        ("{header: {name: X-Key}}", "26: header of server 'records' lacks 'secret'"),
        ("{header: {name: Authorization, secret: a}}", "33: header of server 'records': for Authorization write 'bearer: {secret: ...}' or 'basic: {...}'"),
        ("{header: {name: MCP-Session-Id, secret: a}}", "33: header of server 'records': 'mcp-session-id' belongs to HTTP or MCP; use a header of the server's own"),
        ("{header: {name: 'X Key', secret: a}}", "33: header of server 'records': 'x key' is not a header name; write one such as X-Api-Key"),
        ("{basic: {user: 'a:b', secret: a}}", "32: user of server 'records' must hold neither ':' nor control characters; the password is the 'secret'"),
        ("{basic: {secret: a}}", "25: basic of server 'records' lacks 'user'"),
        (f"{{client_credentials: {{token_url: '{ISSUER}', client_id: é, secret: s}}}}", "103: client_id of server 'records' must be plain ASCII, as the issuer gave it"),
        (f"{{client_credentials: {{token_url: '{ISSUER}', client_id: a, secret: s, scope: 'a  b'}}}}", "124: scope of server 'records' must be scopes with one space between them, as the issuer spells them"),
        ("{managed_identity: {resource: crm}}", f"47: {APP_ID_URI}"),
        ("{managed_identity: {resource: api://crm/.default}}", f"47: {APP_ID_URI}"),
        ("{on_behalf_of: {scope: User.Read}}", f"40: {ONE_UPSTREAM}"),
        ("{on_behalf_of: {scope: offline_access api://crm/a}}", f"40: {ONE_UPSTREAM}"),
        ("{on_behalf_of: {scope: api://crm/a api://erp/a}}", f"40: {ONE_UPSTREAM}"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_credential_is_told(written: str, error: str) -> None:
    assert mistakes(document(written)) == [f"line 8, column {error}"]


@pytest.mark.parametrize(
    "resource",
    [
        "https://vault.azure.net",
        "https://VAULT.azure.net.",
        "https://crm.vault.azure.net:443",
        "https://storage.azure.com",
        "https://evidence.table.core.windows.net",
        "https://management.azure.com",
        "https://graph.microsoft.com",
        "api://AzureADTokenExchange",
        "API://azureadtokenexchangeusgov",
    ],
)
def test_the_identity_lends_no_token_that_opens_more_than_the_server(resource: str) -> None:
    [error] = mistakes(document(f"{{managed_identity: {{resource: '{resource}'}}}}"))
    assert "opens more than this server" in error or "App ID URI" in error


@pytest.mark.parametrize("header", ["Host", "Cookie", "Content-Type", "Mcp-Name", "Accept", "Proxy-Authorization"])
def test_headers_of_the_transport_carry_no_credential(header: str) -> None:
    [error] = mistakes(document(f"{{header: {{name: {header}, secret: a}}}}"))
    assert "belongs to HTTP or MCP" in error


@pytest.mark.parametrize("written", ["hunter2.s3cret!", "[hunter2]", "{hunter2: x}", "''"])
@pytest.mark.parametrize(
    "kind",
    [
        "{bearer: {secret: SECRET}}",
        "{basic: {user: a, secret: SECRET}}",
        "{client_credentials: {token_url: 'https://x.example', client_id: a, secret: SECRET}}",
    ],
)
def test_a_secret_that_was_written_out_is_not_repeated(kind: str, written: str) -> None:
    [error] = mistakes(document(kind.replace("SECRET", written)))
    assert "never the secret itself" in error
    assert "hunter2" not in error


@given(st.sampled_from(["managed_identity: {resource", "on_behalf_of: {scope", "basic: {user"]), st.text(max_size=40))
def test_no_text_makes_the_reader_raise(kind: str, text: str) -> None:
    quoted = text.replace("'", "''")
    parse(document(f"{{{kind}: '{quoted}'}}}}").encode(errors="replace"))
