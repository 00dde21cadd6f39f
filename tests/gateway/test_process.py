import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import composition, process
from gateway.approvals.message import Message
from gateway.policy.document import Notifier
from gateway.rooms import Rooms
from gateway.storage import blobs, evidence_reader
from tests.fakes.entra import ENVIRONMENT
from tests.fakes.policies import policy_text
from tests.walk.rooms import gateway

AZURITE = "AccountName=a;AccountKey=YQ==;DefaultEndpointsProtocol=http;TableEndpoint=http://127.0.0.1:9/a;"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    for opened in (process.rooms, process.sealing):
        opened.cache_clear()
    yield
    for opened in (process.rooms, process.sealing):
        opened.cache_clear()


def environment(monkeypatch: pytest.MonkeyPatch, policy: Path) -> None:
    changes = {"COUNTERSIGN_EVIDENCE": AZURITE, "COUNTERSIGN_POLICY": str(policy)}
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
    assert (len(facts["policy"]), facts["policy_version"]) == (64, 0)
    await close()


async def test_refusals_left_out_are_those_of_strangers_and_those_of_limits(tmp_path: Path) -> None:
    async with gateway(tmp_path) as opened:
        opened.rooms.limits.omitted = 3
        opened.rooms.recorder._budget.omitted = 4
        _, facts = await process.facts_of(opened.rooms)
        assert facts["refusals_left_out"] == 7


async def test_a_job_that_failed_is_told_by_health(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environment(monkeypatch, tmp_path / "none.yaml")
    monkeypatch.setattr(evidence_reader, "PATIENCE", 0.5)
    monkeypatch.setattr(blobs, "PATIENCE", 0.5)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_BLOBS", AZURITE.replace("Table", "Blob"))
    monkeypatch.setenv("COUNTERSIGN_SEAL_COPY", AZURITE.replace("Table", "Blob").replace(":9/a", ":9/b"))
    _, facts = await process.health_of()
    assert (facts["seals_failed"], facts["seal_copies_failed"], facts["verifications_failed"]) == (0, 0, 0)
    assert (await process.sealing().seal()).number == 0
    assert await process.sealing().look() is None
    copier = process.sealing().copier
    assert copier is not None
    await copier.copy(1)
    _, facts = await process.health_of()
    assert (facts["seals_failed"], facts["seal_copies_failed"], facts["verifications_failed"]) == (1, 1, 1)
    assert "countersign.seal_failed" in caplog.text
    jobs: Any = process.sealing()
    await jobs.sealer._seals.close()
    await jobs.sealer._evidence._rows.close()
    await jobs.copier._copies.close()
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


async def test_records_that_wait_in_memory_are_told_to_whom_the_policy_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_text() + "alerts: [approvers]\n")
    environment(monkeypatch, policy)
    heard: list[tuple[Notifier, Message]] = []
    told = asyncio.Event()

    async def send(notifier: Notifier, message: Message, _rooms: Rooms) -> str:
        heard.append((notifier, message))
        told.set()
        return ""

    monkeypatch.setattr(composition, "send", send)
    opened = process.rooms()
    opened.recorder.spill.listener(3, 0)
    async with asyncio.timeout(5):
        await told.wait()
    found = await opened.policy.current()
    assert found is not None
    assert heard[0][0] in found.alerted()
    assert dict(heard[0][1].facts)["What"] == "Waiting in memory: 3."
    await close()
