"""The words of `python -m gateway evidence controls`."""

import asyncio
import json
import secrets
from datetime import UTC, datetime

import pytest

from devhost import azurite
from devhost.stack import Stack
from gateway.cli.controls import in_lines, main
from gateway.cli.printed import MISUSED
from gateway.evidence.chain import Chains
from gateway.evidence.control_table import TABLE
from gateway.evidence.controls import counted, markdown
from gateway.evidence.period import Period
from gateway.evidence.told import records, told
from gateway.storage.tables import open_table
from tests.gateway.evidence.rows import story


def test_the_table_is_printed_without_any_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COUNTERSIGN_EVIDENCE", raising=False)
    assert main(["--markdown"]).text == markdown()
    assert "component-definition" in json.loads(main(["--oscal"]).text)
    printed = main([])
    assert (printed.code, "COUNTERSIGN_EVIDENCE" in printed.complaint) == (MISUSED, True)


def test_every_row_has_its_count_and_fits_a_terminal() -> None:
    text = in_lines(counted(records(story())), Period("2026-11-23", "2026-11-23"))
    assert "AC-3(2)           3  provides evidence for" in text
    assert all(f"{control.id} " in text for control in TABLE)
    assert max(map(len, text.splitlines())) <= 80


def test_records_since_a_day_are_counted_and_that_is_on_record(storage: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    connection, table = azurite.connection_string(storage.ports), f"e{secrets.token_hex(8)}"
    for name in ("COUNTERSIGN_EVIDENCE", "COUNTERSIGN_EVIDENCE_BLOBS"):
        monkeypatch.setenv(name, connection)
    monkeypatch.setenv("COUNTERSIGN_EVIDENCE_TABLE", table)
    today = datetime.now(UTC)

    async def prepare() -> None:
        store = open_table(connection, table, "")
        fields = dict(told(story()[0]).fields) | {"time": f"{today:%Y-%m-%dT%H:%M:%SZ}"}
        await Chains(store).append(f"{today:%Y%m%d}-a", fields)
        await store.close()

    asyncio.run(prepare())
    found = json.loads(main(["--json"]).text)
    # The second record is that somebody counts.
    assert found["records"] == 2
    counts = {each["control"]: each["records"] for each in found["controls"]}
    assert (counts["AC-3"], counts["AU-6"]) == (1, 1)
    assert "AU-6              2" in main(["--since", f"{today:%Y-%m-%d}"]).text
