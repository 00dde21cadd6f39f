"""What a probe says of stores that cannot be asked; those that can, tests/live/test_doctor.py shows."""

from typing import Any

import pytest
from azure.identity import CredentialUnavailableError

from gateway.storage import identity, probes
from gateway.storage.probes import Attempt, blob_probe, table_probe


class Nobody:
    """A credential where nobody is signed in."""

    async def get_token(self, *_scopes: str, **_options: Any) -> Any:
        raise CredentialUnavailableError(message="nobody")

    async def __aenter__(self) -> "Nobody":
        return self

    async def __aexit__(self, *_error: object) -> None:
        return

    async def close(self) -> None:
        return


async def test_without_a_token_each_attempt_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "signed_in_operator", Nobody)
    none = Attempt(0, probes.UNSENT)
    table = table_probe("https://a.table.core.windows.net", "t", "", "row", as_operator=True)
    async with table as rows:
        found = [await rows.read(), await rows.add(), await rows.change(), await rows.delete()]
    assert found == [none] * 4
    assert all(attempt.is_unsent and not attempt.is_done and not attempt.is_refused for attempt in found)


async def test_a_store_that_is_not_there_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PATIENCE", 0.5)
    account = "BlobEndpoint=http://127.0.0.1:9/a;AccountName=a;AccountKey=YQ=="
    async with blob_probe(account, "seals", "", "name", as_operator=False) as blobs:
        found = await blobs.delete()
        retention = await blobs.retention()
    assert (found.status, found.is_refused, found.is_unsent) == (0, False, False)
    assert isinstance(retention, Attempt)
