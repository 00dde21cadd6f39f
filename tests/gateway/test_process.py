import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import process
from tests.fakes.entra import ENVIRONMENT
from tests.fakes.policies import policy_text
from tests.walk.rooms import gateway


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    process.rooms.cache_clear()
    yield
    process.rooms.cache_clear()


def environment(monkeypatch: pytest.MonkeyPatch, policy: Path) -> None:
    azurite = "AccountName=a;AccountKey=YQ==;DefaultEndpointsProtocol=http;TableEndpoint=http://127.0.0.1:9/a;"
    changes = {"COUNTERSIGN_EVIDENCE": azurite, "COUNTERSIGN_POLICY": str(policy)}
    for name, value in (ENVIRONMENT | changes).items():
        monkeypatch.setenv(name, value)


async def close() -> None:
    opened = process.rooms()
    await opened.client.aclose()


async def test_health_is_ok_with_settings_and_a_policy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_text())
    environment(monkeypatch, policy)
    status, facts = await process.health_of()
    assert (status, facts["status"], facts["policy_rejected"]) == (200, "ok", False)
    assert len(facts["policy"]) == 64
    await close()


async def test_the_public_keys_of_session_tokens_are_published_and_kept_for_no_longer_than_they_count(
    tmp_path: Path,
) -> None:
    async with gateway(tmp_path) as opened:
        opened.key.rotate()
        answer = await process.jwks_of(opened.rooms)
        assert (answer.status, answer.headers["cache-control"]) == (200, "public, max-age=60")
        assert isinstance(answer.body, bytes)
        keys = json.loads(answer.body)["keys"]
        assert [key["kid"] for key in keys] == opened.key.enabled
        assert all(key.keys() == {"kid", "kty", "crv", "x", "y", "use", "alg"} for key in keys)
        assert {(key["kty"], key["crv"], key["use"], key["alg"]) for key in keys} == {("EC", "P-256", "sig", "ES256")}


async def test_keys_that_cannot_be_read_are_not_published(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with gateway(tmp_path) as opened:
        opened.key.reachable = False
        answer = await process.jwks_of(opened.rooms)
        assert (answer.status, answer.headers["cache-control"]) == (503, "no-store")
        assert "countersign.signing_key" in caplog.text


async def test_without_a_policy_the_gateway_is_not_healthy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment(monkeypatch, tmp_path / "none.yaml")
    status, facts = await process.health_of()
    assert (status, facts["status"], facts["policy_rejected"]) == (503, "no policy", True)
    await close()


async def test_with_wrong_settings_the_log_names_them_and_strangers_learn_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("COUNTERSIGN_URL", "https://mcp.example.com")
    monkeypatch.delenv("COUNTERSIGN_TENANTS", raising=False)
    assert await process.health_of() == (503, {"status": "misconfigured"})
    assert "COUNTERSIGN_TENANTS" in caplog.text
