import re
from pathlib import Path

import pytest

from gateway.settings import SettingsError, is_loopback, read, read_proof, read_stores
from tests.fakes.entra import ENVIRONMENT

AZURITE = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=b==;TableEndpoint=http://127.0.0.1:7078/a;"


def test_a_complete_environment_is_read() -> None:
    settings = read(
        ENVIRONMENT | {"COUNTERSIGN_TENANTS": " AAA , bbb ", "COUNTERSIGN_AUTHORITY": "https://login.example/"}
    )
    assert settings.tenants == {"aaa", "bbb"}
    assert settings.authority == "https://login.example"
    assert settings.policy == Path("policy.yaml")
    assert settings.origins == frozenset()


@pytest.mark.parametrize(
    "name",
    [
        "COUNTERSIGN_TENANTS",
        "COUNTERSIGN_AUDIENCE",
        "COUNTERSIGN_EVIDENCE",
        "COUNTERSIGN_EVIDENCE_BLOBS",
        "COUNTERSIGN_STATE",
    ],
)
@pytest.mark.parametrize("value", ["", " , "])
def test_a_missing_setting_is_named(name: str, value: str) -> None:
    if name.startswith(("COUNTERSIGN_EVIDENCE", "COUNTERSIGN_STATE")):
        value = ""
    with pytest.raises(SettingsError, match=name):
        read(ENVIRONMENT | {name: value})


def test_on_azure_the_apps_own_name_is_its_url_unless_another_is_set() -> None:
    bare = {name: value for name, value in ENVIRONMENT.items() if name != "COUNTERSIGN_URL"}
    assert read(bare | {"WEBSITE_HOSTNAME": "a.azurewebsites.net"}).url == "https://a.azurewebsites.net"
    assert read(ENVIRONMENT | {"WEBSITE_HOSTNAME": "a.azurewebsites.net"}).url == "https://mcp.example.com"
    with pytest.raises(SettingsError, match="COUNTERSIGN_URL"):
        read(bare)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COUNTERSIGN_URL", "http://mcp.example.com"),
        ("COUNTERSIGN_AUTHORITY", "http://login.example"),
        ("COUNTERSIGN_KEY_VAULT", "http://vault.example"),
        ("COUNTERSIGN_KEY_VAULT", "vault.example"),
        ("COUNTERSIGN_EVIDENCE", "http://evidence.example"),
        ("COUNTERSIGN_EVIDENCE", AZURITE.replace("127.0.0.1", "evidence.example")),
        ("COUNTERSIGN_EVIDENCE_BLOBS", AZURITE),
        ("COUNTERSIGN_EVIDENCE_BLOBS", AZURITE.replace("Table", "Blob").replace("127.0.0.1", "evidence.example")),
        ("COUNTERSIGN_STATE", AZURITE.replace("127.0.0.1", "state.example")),
        ("COUNTERSIGN_SEAL_COPY", "http://copies.example"),
        ("COUNTERSIGN_SEAL_COPY", AZURITE.replace("Table", "Blob").replace("127.0.0.1", "copies.example")),
    ],
)
def test_an_unsafe_address_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read(ENVIRONMENT | {name: value})


def test_a_connection_string_is_for_storage_on_this_machine() -> None:
    assert read(ENVIRONMENT | {"COUNTERSIGN_EVIDENCE": AZURITE}).evidence == AZURITE


def test_a_signature_is_for_storage_on_this_machine_too() -> None:
    signed = "TableEndpoint=http://127.0.0.1:7078/a;SharedAccessSignature=se=2027&sp=ra&sig=b%3D%3D"
    assert read(ENVIRONMENT | {"COUNTERSIGN_EVIDENCE": signed}).evidence == signed
    with pytest.raises(SettingsError, match="COUNTERSIGN_EVIDENCE"):
        read(ENVIRONMENT | {"COUNTERSIGN_EVIDENCE": signed.replace("127.0.0.1", "evidence.example")})


def test_blobs_of_this_machine_are_named_by_their_own_endpoint() -> None:
    blobs = AZURITE.replace("TableEndpoint", "BlobEndpoint")
    assert read(ENVIRONMENT | {"COUNTERSIGN_EVIDENCE_BLOBS": blobs}).evidence_blobs == blobs


def test_seals_are_copied_to_another_account_or_not_at_all() -> None:
    assert read(ENVIRONMENT).seal_copy == ""
    url = "https://copies.blob.core.windows.net/"
    assert read(ENVIRONMENT | {"COUNTERSIGN_SEAL_COPY": url}).seal_copy == url.rstrip("/")
    first = AZURITE.replace("TableEndpoint", "BlobEndpoint")
    local = {"COUNTERSIGN_EVIDENCE": AZURITE, "COUNTERSIGN_EVIDENCE_BLOBS": first}
    second = first.replace("7078/a", "7078/b")
    assert read_proof(local | {"COUNTERSIGN_SEAL_COPY": second}).seal_copy == second
    with pytest.raises(SettingsError, match="COUNTERSIGN_SEAL_COPY must be another storage account"):
        read(ENVIRONMENT | {"COUNTERSIGN_SEAL_COPY": "https://Evidence.blob.core.windows.net/"})
    with pytest.raises(SettingsError, match="COUNTERSIGN_SEAL_COPY must be another storage account"):
        read_proof(local | {"COUNTERSIGN_SEAL_COPY": first})


def test_a_verification_needs_the_evidence_and_its_seals_alone() -> None:
    proof = read_proof({"COUNTERSIGN_EVIDENCE": AZURITE, "COUNTERSIGN_EVIDENCE_BLOBS": "https://evidence.example/"})
    assert (proof.evidence, proof.blobs, proof.seal_key) == (AZURITE, "https://evidence.example", "evidence-seal")
    with pytest.raises(SettingsError, match="COUNTERSIGN_EVIDENCE_BLOBS"):
        read_proof({"COUNTERSIGN_EVIDENCE": AZURITE})


def test_a_command_line_needs_the_stores_alone() -> None:
    stores = read_stores({"COUNTERSIGN_EVIDENCE": AZURITE, "COUNTERSIGN_STATE": "https://state.example/"})
    assert (stores.evidence, stores.state, stores.evidence_table) == (AZURITE, "https://state.example", "evidence")
    with pytest.raises(SettingsError, match="COUNTERSIGN_STATE"):
        read_stores({"COUNTERSIGN_EVIDENCE": AZURITE})


@pytest.mark.parametrize(
    ("url", "expected"),
    [("http://localhost:1/a", True), ("http://[::1]:1", True), ("http://localhost.example", False), ("", False)],
)
def test_loopback_is_this_machine_alone(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_every_setting_is_in_the_readme_and_in_the_sample() -> None:
    source = Path("gateway/settings.py").read_text()
    names = set(re.findall(r"COUNTERSIGN_[A-Z_]+", source))
    assert len(names) >= 8
    for document in ("README.md", "local.settings.sample.json"):
        assert names <= set(re.findall(r"COUNTERSIGN_[A-Z_]+", Path(document).read_text())), document
