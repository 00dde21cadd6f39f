"""`make tour`: the story of a few governed calls, told in the terminal against a running local stack.

Takes the ports; signs in as the test accounts, calls the demo servers through the gateway, and shows
what came back and what the evidence says of it. Each step checks what it claims; one that does not
hold ends the tour with exit code 1.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from azure.data.tables.aio import TableClient

from devhost import azurite
from devhost.accounts import ACCOUNTS
from devhost.demo.people import CUSTOMERS
from devhost.ports import Ports
from devhost.stack import ROOT
from devhost.story import Guide, TourError, chapter, error, expect, message, show
from devhost.tour_access import SECONDS, access
from devhost.tour_approvals import approvals
from devhost.tour_evidence import evidence

MARY = CUSTOMERS[0]


def main(arguments: list[str]) -> int:
    """Tells the tour; exit code 0 when everything was as told."""
    parser = argparse.ArgumentParser(prog="python -m devhost tour", description="Shows what the gateway does.")
    parser.add_argument("--first-port", help="where the ports of the running stack begin")
    parser.add_argument("--state", type=Path, default=ROOT / ".local", help="folder of the running stack")
    parser.add_argument("--access", type=int, default=SECONDS, metavar="SECONDS", help="how long access is asked for")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_tour(Ports.chosen(options.first_port), options.state, options.access))
    except httpx.ConnectError:
        print("The local stack is not running: start `make run` in another terminal first.", file=sys.stderr)
        return 1
    except TimeoutError:
        print("The tour ends here: nobody was told of what waits; see the logs of the stack.", file=sys.stderr)
        return 1
    except (TourError, httpx.HTTPError, ValueError) as error:
        print(f"The tour ends here: {error}", file=sys.stderr)
        return 1
    return 0


async def _tour(ports: Ports, state: Path, seconds: int) -> None:
    async with httpx.AsyncClient(timeout=20) as http:
        guide, started = Guide(ports, state, http), datetime.now(UTC).isoformat()
        await _lists(guide)
        await _masked(guide)
        await _refused(guide)
        await _credential(guide)
        await approvals(guide)
        await access(guide, seconds)
        session = await _evidence(guide, started)
        await evidence(guide, session)
    print("\nThat is the tour.")


async def _lists(guide: Guide) -> None:
    chapter("1. An engineer asks the server `records` for its tools")
    names = [tool["name"] for tool in message(await guide.call("engineer", "records", "tools/list"))["result"]["tools"]]
    show("sees", ", ".join(names))
    expect("get_customer" in names and "delete_customer" not in names, "delete_customer should be hidden")
    print("The server has more: `delete_customer` is allowed to nobody, so it is not even shown.")


async def _masked(guide: Guide) -> None:
    chapter("2. The engineer reads a customer's record")
    result = message(await guide.tool("engineer", "get_customer", customer_id=MARY.id))["result"]
    show("gets", json.dumps(result["structuredContent"], indent=2, ensure_ascii=False))
    expect(MARY.email not in json.dumps(result), "the mail address should be hidden")
    print("Mail address, card and account numbers are hidden by what they look like, other fields by their name.")


async def _refused(guide: Guide) -> None:
    chapter("3. Calls that go no further")
    refusal = await guide.tool("outsider", "get_customer", customer_id=MARY.id)
    show("outsider, get_customer", error(refusal))
    expect(refusal.status_code == 403, "the outsider should be refused")
    hidden = await guide.tool("engineer", "delete_customer", customer_id=MARY.id)
    show("engineer, delete_customer", error(hidden))
    expect("error" in message(hidden), "delete_customer should be refused")
    large = await guide.tool("engineer", "issue_refund", customer_id=MARY.id, amount=5000, reason="late parcel")
    show("engineer, issue_refund of 5000", error(large))
    expect("error" in message(large), "a large refund should be refused")


async def _credential(guide: Guide) -> None:
    chapter("4. What the server saw of it")
    log = guide.state / "logs" / "records.requests.jsonl"
    seen = [json.loads(line) for line in log.read_text().splitlines()]
    sent = dict(seen[-1]["headers"])["authorization"]
    show("authorization", f"Bearer and {len(sent) - 7} characters out of the Key Vault")
    expect("eyJ" not in sent, "the caller's token should stay at the gateway")
    print("The engineer's own token never got there, and the refused calls did not either.")


async def _evidence(guide: Guide, started: str) -> str:
    """Gives the session of the access that was asked for."""
    chapter("7. What is on record, as an auditor reads it from the table `evidence`")
    people = {account.object_id: name for name, account in ACCOUNTS.items()}
    connection = azurite.connection_string(guide.ports)
    async with TableClient.from_connection_string(connection, "evidence") as table:
        rows = [row async for row in table.list_entities() if row.get("subject") in people]
    told = [row for row in rows if row["time"] >= started and row["event"] != "tool"]
    newest = sorted(told, key=lambda row: row["time"])
    for row in newest:
        print("  " + _line(row, people))
    events = [row["event"] for row in newest]
    expect(events.count("approval_decided") == 3, "the decisions of this tour should be on record")
    expect(events.count("intent") == 3, "the calls of this tour that were made should be on record")
    expect({"grant_requested", "grant_opened"} <= {*events}, "the access of this tour should be on record")
    expect(MARY.email not in str(newest), "no mail address should be on record")
    print("Each row names the hash of the row before it in its session, and holds the request or the answer as masked.")
    return str(next(row["PartitionKey"] for row in reversed(newest) if row["event"] == "grant_opened"))


def _line(row: Mapping[str, Any], people: Mapping[str, str]) -> str:
    hidden = json.loads(row["body"]).get("hidden", 0)
    what = f"{row['event']}: {row.get('reason', row['outcome'])}"
    # Of an approval's records the subject is the requester; whoever acted on it is the approver.
    who = people.get(row.get("approver", row["subject"]), people[row["subject"]])
    return (
        f"{row['time'][11:19]}  {who:<9} {row['method']:<11} {row.get('target', ''):<16} {what:<38}"
        f"{f'{hidden} values hidden' if hidden else ''}"
    ).rstrip()
