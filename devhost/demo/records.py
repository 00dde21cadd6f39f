"""`records`: a demo MCP server over an HR and customer database, with personal data in every kind of place.

Speaks both protocol eras at `/mcp`, by the official SDK. It demands the bearer token that lies in the
vault as `records-token` and knows nothing of callers, groups or masking: all of that is the gateway's.
Deletions and refunds are kept in memory and are gone with the process.
"""

import asyncio
import base64
import json
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError
from mcp.server.mcpserver.prompts.base import AssistantMessage, Message, UserMessage
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp_types import (
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ResourceLink,
    TextContent,
    TextResourceContents,
    ToolAnnotations,
)
from pydantic import BaseModel, Field
from starlette.types import ASGIApp

from devhost.demo.door import Door, Token, log_file
from devhost.demo.people import CUSTOMERS, EMPLOYEES, Customer, Employee, as_csv
from devhost.serve import arguments, serve, with_healthz
from devhost.vault import secret_client

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
DESTROYS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False)
APPLICATION_ERROR = 1001


class Refund(BaseModel):
    """A refund that was made."""

    number: int
    customer_id: str
    amount: float
    paid_to: str


class Database:
    """The people of this process, minus those deleted."""

    def __init__(self) -> None:
        self.customers = {customer.id: customer for customer in CUSTOMERS}
        self.employees = {employee.id: employee for employee in EMPLOYEES}
        self.refunds: list[Refund] = []

    def customer(self, customer_id: str) -> Customer:
        found = self.customers.get(customer_id)
        if found is None:
            raise ToolError(f"There is no customer {customer_id}.")
        return found


def records() -> MCPServer[Any]:
    """A server with a database of its own."""
    server: MCPServer[Any] = MCPServer(
        "records", instructions="Customers and employees, all fictitious.", log_level="WARNING"
    )
    database = Database()
    _add_reads(server, database)
    _add_export(server, database)
    _add_failures(server, database)
    _add_slow_report(server, database)
    _add_dangerous(server, database)
    _add_resources(server, database)
    _add_prompts(server, database)
    return server


def _add_reads(server: MCPServer[Any], database: Database) -> None:
    @server.tool(annotations=READS)
    def search_customers(
        query: str = "", region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})] = ""
    ) -> CallToolResult:
        """Find customers by name, as JSON inside text, with a link to each record."""
        found = [each for each in database.customers.values() if query.lower() in each.name.lower()]
        text = json.dumps({"region": region, "matches": [each.model_dump() for each in found]}, ensure_ascii=False)
        return CallToolResult(
            content=[TextContent(text=text), *(_link(each) for each in found)],
            _meta={"example.countersign/contacts": [each.email for each in found]},
        )

    @server.tool(annotations=READS)
    def get_customer(customer_id: str) -> Annotated[CallToolResult, Customer]:
        """One customer's record, structured."""
        found = database.customer(customer_id)
        text = f"{found.name} <{found.email}>, phone {found.phone}, card {found.card.number}"
        return CallToolResult(
            content=[TextContent(text=text, _meta={"example.countersign/owner": found.email})],
            structured_content=found.model_dump(),
        )

    @server.tool(annotations=READS)
    def get_employee(employee_id: str) -> Employee:
        """One employee's record, with the salary."""
        found = database.employees.get(employee_id)
        if found is None:
            raise ToolError(f"There is no employee {employee_id}.")
        return found


def _add_export(server: MCPServer[Any], database: Database) -> None:
    @server.tool(annotations=READS)
    def export_customers() -> CallToolResult:
        """All customers as a CSV file, embedded twice: as text and as a blob."""
        text = as_csv(list(database.customers.values()))
        blob = base64.b64encode(text.encode()).decode()
        uri, kind = "records://exports/customers.csv", "text/csv"
        return CallToolResult(
            content=[
                EmbeddedResource(resource=TextResourceContents(uri=uri, mime_type=kind, text=text)),
                EmbeddedResource(resource=BlobResourceContents(uri=uri, mime_type=kind, blob=blob)),
            ]
        )


def _add_failures(server: MCPServer[Any], database: Database) -> None:
    @server.tool(annotations=READS)
    def explain_failure(customer_id: str = "c-1001", protocol: bool = False) -> str:
        """Fail with a customer's data in the message: as a tool error, or as a JSON-RPC error."""
        found = database.customer(customer_id)
        text = f"Payment of {found.name} <{found.email}> with card {found.card.number} failed."
        if protocol:
            raise MCPError(APPLICATION_ERROR, text, {"phone": found.phone, "ssn": found.ssn, "trace": [found.email]})
        raise ToolError(text)


def _add_slow_report(server: MCPServer[Any], database: Database) -> None:
    @server.tool(annotations=READS)
    async def slow_report(
        ctx: Context,
        steps: Annotated[int, Field(ge=1, le=100)] = 3,
        delay_ms: Annotated[int, Field(ge=0, le=10_000)] = 100,
    ) -> str:
        """Report on the customers one by one, with progress and log notifications on the way."""
        people = list(database.customers.values()) or list(CUSTOMERS)
        for step in range(steps):
            person = people[step % len(people)]
            await ctx.report_progress(step + 1, steps, f"Reading {person.name} <{person.email}>")
            await _log(ctx, {"customer": person.id, "email": person.email, "card": person.card.number})
            await asyncio.sleep(delay_ms / 1000)
        return f"{steps} steps; last was {people[(steps - 1) % len(people)].email}."


async def _log(ctx: Context, data: dict[str, str]) -> None:
    # The 2026-07-28 revision deprecates logging, and a gateway has to carry it all the same.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MCPDeprecationWarning)
        sending = ctx.session.send_log_message("info", data, "records", related_request_id=ctx.request_id)
    await sending


def _add_dangerous(server: MCPServer[Any], database: Database) -> None:
    @server.tool(annotations=DESTROYS)
    def delete_customer(customer_id: str) -> str:
        """Delete a customer's record for good."""
        gone = database.customer(customer_id)
        del database.customers[customer_id]
        return f"Deleted {customer_id}, {gone.name} <{gone.email}>."

    @server.tool(annotations=DESTROYS)
    def issue_refund(customer_id: str, amount: Annotated[float, Field(gt=0)], reason: str) -> Refund:
        """Pay money back to a customer's card."""
        card = database.customer(customer_id).card.number
        refund = Refund(number=len(database.refunds) + 1, customer_id=customer_id, amount=amount, paid_to=card)
        database.refunds.append(refund)
        return refund


def _add_resources(server: MCPServer[Any], database: Database) -> None:
    @server.resource("records://customers/{customer_id}{?email}", name="customer", mime_type="application/json")
    def customer(customer_id: str, email: str = "") -> str:
        """A customer's record, by id; the mail address in its URI is for show."""
        found = database.customers.get(customer_id)
        if found is None:
            raise ResourceNotFoundError(f"There is no customer {customer_id}.")
        return found.model_dump_json()

    @server.resource("records://employees/{employee_id}", name="employee", mime_type="application/json")
    def employee(employee_id: str) -> str:
        """An employee's record, by id; the file of one is damaged, and the error says whose."""
        found = database.employees.get(employee_id)
        if found is None:
            raise ResourceError(f"The file of {EMPLOYEES[0].email} ({EMPLOYEES[0].ssn}) is damaged.")
        return found.model_dump_json()

    @server.resource(
        "records://exports/customers.csv",
        name="customers.csv",
        description=f"Nightly export; questions to {EMPLOYEES[1].email}, {EMPLOYEES[1].phone}",
        mime_type="text/csv",
    )
    def export() -> bytes:
        return as_csv(list(database.customers.values())).encode()


def _add_prompts(server: MCPServer[Any], database: Database) -> None:
    @server.prompt()
    def write_to_customer(customer_id: str) -> list[Message]:
        """A letter to a customer, with the record at hand."""
        found = database.customers.get(customer_id, CUSTOMERS[0])
        record = TextResourceContents(
            uri=f"records://customers/{found.id}", mime_type="application/json", text=found.model_dump_json()
        )
        return [
            UserMessage(f"Write to {found.name} at {found.email} about the card {found.card.number}."),
            UserMessage(EmbeddedResource(resource=record)),
            AssistantMessage(f"Dear {found.name}, we tried to call you on {found.phone}."),
        ]


def _link(customer: Customer) -> ResourceLink:
    return ResourceLink(
        uri=f"records://customers/{customer.id}?email={customer.email}",
        name=customer.id,
        title=customer.name,
        description=f"{customer.name}, {customer.email}, {customer.phone}",
        mime_type="application/json",
    )


def app(read_token: Callable[[], Awaitable[str]], state: Path) -> ASGIApp:
    """The server behind its door; `/healthz` is ready once the token has been read."""
    token = Token(read_token)
    # The SDK accepts Host and Origin of this machine only.
    door = Door(records().streamable_http_app(host="localhost"), token, log_file(state))
    return with_healthz(door, token.is_known)


def token_reader(vault: str, identity: str, state: Path) -> Callable[[], Awaitable[str]]:
    """Reads the secret from the vault, as the function app's managed identity."""

    async def read() -> str:
        async with secret_client(vault, identity, state) as client:
            return (await client.get_secret("records-token")).value or ""

    return read


def main(argv: list[str] | None = None) -> None:
    """Serves until told to stop."""
    chosen = arguments("devhost.demo.records", argv, "vault", "identity")
    serve(app(token_reader(chosen.vault, chosen.identity, chosen.state), chosen.state), chosen.port)


if __name__ == "__main__":
    main()
