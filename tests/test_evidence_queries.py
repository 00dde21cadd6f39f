"""The queries that the README shows an auditor, as they stand there, on Azurite."""

import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.data.tables import TableClient

from devhost import azurite
from devhost.stack import Stack
from gateway.evidence.chain import Chains
from gateway.evidence.form import FILTERS as FILTERED
from gateway.storage.tables import open_table

SECTION = Path("README.md").read_text().split("## Ask the evidence\n", 1)[1].split("\n## ", 1)[0]
FILTERS = dict(re.findall(r"^\| (.+?) \| `((?:PartitionKey).+)` \|$", SECTION, re.MULTILINE))
TENANT, MARY, LEE = "t-1", "mary", "lee"
OLD, BEFORE, YESTERDAY, TODAY = "20261016-old", "20261121-before", "20261122-mary", "20261123-today"
STRANGERS = "20261122-unauthenticated"

RECORDS = [
    # session, time, number, who, server, event, who acted on it
    (OLD, "2026-10-16T09:00:00.000000Z", 1, MARY, "records", "intent", ""),
    (BEFORE, "2026-11-21T23:59:59.999999Z", 2, LEE, "crm", "intent", ""),
    (BEFORE, "2026-11-22T00:00:00.000000Z", 3, LEE, "crm", "outcome", ""),
    (OLD, "2026-11-22T08:00:00.000000Z", 4, MARY, "records", "intent", ""),
    (YESTERDAY, "2026-11-22T09:00:00.000000Z", 5, MARY, "records", "intent", ""),
    (YESTERDAY, "2026-11-22T09:00:01.000000Z", 6, MARY, "records", "refused", ""),
    (YESTERDAY, "2026-11-22T09:30:00.000000Z", 7, MARY, "records", "approval_decided", LEE),
    (STRANGERS, "2026-11-22T23:59:59.999999Z", 8, "", "crm", "refused", ""),
    (YESTERDAY, "2026-11-23T00:00:00.000000Z", 9, MARY, "records", "outcome", ""),
    (TODAY, "2026-11-23T07:00:00.000000Z", 10, MARY, "records", "intent", ""),
]

EXPECTED: dict[str, set[Any]] = {
    "this session": {5, 6, 7, 9},
    "yesterday, sessions that began then": {5, 6, 7, 8, 9},
    "yesterday, and sessions up to a week old": {3, 5, 6, 7, 8},
    "yesterday, the chains that grew, whatever their age": {OLD, BEFORE, YESTERDAY, STRANGERS},
    "this person, the sessions": {OLD, YESTERDAY, TODAY},
    "this person, the sessions that began yesterday": {YESTERDAY},
    "this person, the records of yesterday's sessions": {5, 6, 7, 9},
    "this server, yesterday": {5, 6, 7, 9},
    "what was refused on it": {6},
}


@dataclass(slots=True)
class Evidence:
    connection: str
    table: str

    def ask(self, query: str) -> set[Any]:
        """Which records, by number, or which sessions."""
        filled = query.replace("<session>", YESTERDAY).replace("<tenant>", TENANT).replace("<object id>", MARY)
        with TableClient.from_connection_string(self.connection, self.table) as table:
            return {row.get("call") or row["session"] for row in table.query_entities(filled)}


@pytest.fixture(scope="module")
async def evidence(storage: Stack) -> AsyncIterator[Evidence]:
    connection, table = azurite.connection_string(storage.ports), f"t{secrets.token_hex(8)}"
    now = datetime.now(UTC)
    store = open_table(connection, table, "")
    chains = Chains(store, now=lambda: now)
    for session, time, number, subject, server, event, approver in RECORDS:
        now = datetime.fromisoformat(time)
        who = {"tenant": TENANT, "subject": subject} if subject else {}
        acted = {"approver_tenant": TENANT, "approver": approver} if approver else {}
        fields: dict[str, str | int] = {"time": time, "call": number, "server": server, "event": event}
        await chains.append(session, fields | who | acted)
    yield Evidence(connection, table)
    await store.close()


def test_every_column_is_explained() -> None:
    columns = Path("README.md").read_text().split("## The evidence\n", 1)[1].split("### Ask", 1)[0]
    assert {*FILTERED, "body", "hash"} <= set(re.findall(r"`(\w+)`", columns))


def test_every_question_of_the_readme_has_its_answer_here() -> None:
    assert set(FILTERS) == set(EXPECTED)


@pytest.mark.parametrize("question", EXPECTED)
def test_a_filter_finds_exactly_what_its_question_asks_for(evidence: Evidence, question: str) -> None:
    assert evidence.ask(FILTERS[question]) == EXPECTED[question]


def test_whoever_acted_on_a_record_is_found_as_well(evidence: Evidence) -> None:
    query = FILTERS["this person, the sessions"].replace("<object id>", LEE)
    assert evidence.ask(query) == {BEFORE, YESTERDAY}


def test_the_command_line_asks_one_of_these(evidence: Evidence) -> None:
    [command] = re.findall(r"```sh\n(az storage entity query .+?)```", SECTION, re.DOTALL)
    [query] = re.findall(r'--filter "(.+?)"', command)
    [column] = re.findall(r"--select (\w+)", command)
    assert query in FILTERS.values()
    assert column == "session"


def test_the_python_of_the_readme_finds_the_same(evidence: Evidence) -> None:
    [source] = re.findall(r"```python\n(.+?)```", SECTION, re.DOTALL)
    opened = re.sub(r"^(from azure\.identity|table = ).*\n", "", source, flags=re.MULTILINE)
    assert source.count("\n") - opened.count("\n") == 2
    with TableClient.from_connection_string(evidence.connection, evidence.table) as table:
        known: dict[str, Any] = {"table": table}
        exec(compile(opened, "README.md", "exec"), known)
        asked = {
            "session": known["session"](YESTERDAY),
            "day": known["day"]("2026-11-22"),
            "person": known["person"](TENANT, LEE),
            "server": known["server"]("crm", "2026-11-22"),
        }
    numbers = {name: sorted(row["call"] for row in rows) for name, rows in asked.items()}
    assert numbers == {
        "session": [5, 6, 7, 9],
        "day": [3, 4, 5, 6, 7, 8],
        "person": [2, 3, 5, 6, 7, 9],
        "server": [3, 8],
    }
