import pytest
from mcp.client.auth.utils import extract_field_from_www_auth
from mcp.shared.auth import ProtectedResourceMetadata

from devhost.accounts import AUDIENCE, AUDIENCE_URI, TENANT
from gateway.metadata import challenge, resource_metadata, scope
from gateway.reasons import Reason
from tests.fakes.entra import AUTHORITY, settings

SETTINGS = settings()


def test_the_metadata_of_a_server_is_what_the_official_sdk_reads() -> None:
    document = resource_metadata(SETTINGS, "records")
    read = ProtectedResourceMetadata.model_validate(document)
    assert str(read.resource) == "https://mcp.example.com/mcp/records"
    assert [str(server) for server in read.authorization_servers] == [f"{AUTHORITY}/{TENANT}/v2.0"]
    assert read.scopes_supported == [f"{AUDIENCE_URI}/mcp.access"]
    assert read.bearer_methods_supported == ["header"]


def test_the_metadata_at_the_root_is_a_parent_of_every_server() -> None:
    assert resource_metadata(SETTINGS)["resource"] == "https://mcp.example.com"


def test_the_scope_is_named_by_the_app_id_uri_that_a_client_finds_equal_to_the_resource() -> None:
    assert scope(SETTINGS) == f"{AUDIENCE_URI}/mcp.access"
    both = settings(COUNTERSIGN_AUDIENCE=f"{AUDIENCE},{AUDIENCE_URI},https://mcp.example.com/mcp")
    assert scope(both) == "https://mcp.example.com/mcp/mcp.access"
    own = settings(COUNTERSIGN_AUDIENCE=f"{AUDIENCE},https://mcp.example.com/mcp/crm,https://mcp.example.com/mcp/zoo")
    assert scope(own, "crm") == "https://mcp.example.com/mcp/crm/mcp.access"
    assert resource_metadata(own, "crm")["scopes_supported"] == ["https://mcp.example.com/mcp/crm/mcp.access"]
    assert scope(settings(COUNTERSIGN_AUDIENCE=AUDIENCE)) == f"api://{AUDIENCE}/mcp.access"


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (Reason.TOKEN_MISSING, None),
        (Reason.TOKEN_EXPIRED, "invalid_token"),
        (Reason.SCOPE_MISSING, "insufficient_scope"),
    ],
)
def test_a_challenge_names_the_metadata_the_scope_and_what_was_wrong(reason: Reason, error: str | None) -> None:
    import httpx2  # noqa: PLC0415 - the SDK reads its own client's responses

    header = challenge(SETTINGS, "records", reason)
    assert header is not None
    response = httpx2.Response(reason.wire.http, headers={"www-authenticate": header})
    found = {name: extract_field_from_www_auth(response, name) for name in ("resource_metadata", "scope", "error")}
    assert found == {
        "resource_metadata": "https://mcp.example.com/.well-known/oauth-protected-resource/mcp/records",
        "scope": f"{AUDIENCE_URI}/mcp.access",
        "error": error,
    }


@pytest.mark.parametrize("reason", [Reason.NO_ACCESS, Reason.DENIED, Reason.ORIGIN, Reason.EVIDENCE_UNAVAILABLE])
def test_where_another_token_would_not_help_there_is_no_challenge(reason: Reason) -> None:
    assert challenge(SETTINGS, "records", reason) is None


@pytest.mark.parametrize("server", ['a"b', "a b", "A", "", "a" * 64, "a\r\nx: y"])
def test_a_strangers_text_goes_into_no_header(server: str) -> None:
    header = challenge(SETTINGS, server, Reason.TOKEN_MISSING)
    assert header is not None
    assert '/oauth-protected-resource"' in header
