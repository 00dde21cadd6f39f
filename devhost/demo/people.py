"""The fictitious people of the `records` server: customers and employees, and the keys that leaked into their notes.

Nobody here exists. Mail addresses are of example domains, phone numbers of the ranges that regulators keep
for fiction, cards are the networks' test numbers, IBANs the registry's examples; all pass their checksums.
Secrets are put together at run time, so that scanners of source code find none.
"""

import base64
import csv
import hashlib
import io
import json

from pydantic import BaseModel, Field


class Card(BaseModel):
    """A payment card."""

    number: str
    expires: str
    holder: str


class Customer(BaseModel):
    """A customer, as the database keeps one."""

    id: str
    name: str
    email: str
    phone: str
    address: str
    birth_date: str
    ssn: str | None = Field(description="US social security number, for customers in the United States")
    iban: str | None
    card: Card
    credit_limit: float
    notes: list[str]


class Employee(BaseModel):
    """An employee, as HR sees one."""

    id: str
    name: str
    email: str
    phone: str
    title: str
    salary: int = Field(description="Yearly, before tax")
    currency: str
    ssn: str | None
    iban: str | None
    emergency_contact: str
    notes: list[str]


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _digest(seed: str, size: int) -> bytes:
    return hashlib.shake_256(seed.encode()).digest(size)


def _private_key() -> str:
    body = base64.b64encode(b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20" + _digest("key", 32))
    rule = "-" * 5
    return f"{rule}BEGIN PRIVATE KEY{rule}\n{body.decode()}\n{rule}END PRIVATE KEY{rule}"


def _jwt() -> str:
    header, claims = {"alg": "HS256", "typ": "JWT"}, {"sub": "c-1002", "email": "marek.novak@example.org"}
    signature = base64.urlsafe_b64encode(_digest("signature", 32)).decode().rstrip("=")
    return f"{_base64(json.dumps(header))}.{_base64(json.dumps(claims))}.{signature}"


PRIVATE_KEY = _private_key()
JWT = _jwt()
AWS_KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
AZURE_STORAGE_KEY = base64.b64encode(_digest("storage", 64)).decode()
AZURE_CONNECTION = (
    f"DefaultEndpointsProtocol=https;AccountName=fictitious;AccountKey={AZURE_STORAGE_KEY};"
    "EndpointSuffix=core.windows.net"
)

CUSTOMERS = (
    Customer(
        id="c-1001",
        name="Maria Lindqvist",
        email="maria.lindqvist@example.com",
        phone="+1 202-555-0143",
        address="14 Elm Street, Springfield",
        birth_date="1984-03-12",
        ssn="524-71-3068",
        iban=None,
        card=Card(number="4111 1111 1111 1111", expires="2029-04", holder="M LINDQVIST"),
        credit_limit=12500.50,
        notes=["Prefers mail to maria.lindqvist@example.com over calls to +1 202-555-0143."],
    ),
    Customer(
        id="c-1002",
        name="Marek Novák",
        email="marek.novak@example.org",
        phone="+49 30 23125 014",
        address="Lindenallee 7, Berlin",
        birth_date="1991-11-30",
        ssn=None,
        iban="DE89 3704 0044 0532 0130 00",
        card=Card(number="5555555555554444", expires="2028-12", holder="MAREK NOVAK"),
        credit_limit=8000,
        notes=[f"Sent us a session token by mistake: {JWT}", "Pays from IBAN DE89370400440532013000."],
    ),
    Customer(
        id="c-1003",
        name="Imani Okafor",
        email="imani.okafor@example.net",
        phone="+44 20 7946 0958",
        address="3 Harbour Row, Bristol",
        birth_date="1976-07-01",
        ssn=None,
        iban="GB29 NWBK 6016 1331 9268 19",
        card=Card(number="3782 822463 10005", expires="2027-09", holder="I OKAFOR"),
        credit_limit=30000,
        notes=[
            f"Her integration uses {AWS_KEY_ID} with {AWS_SECRET}.",
            f"Backup goes to {AZURE_CONNECTION}",
        ],
    ),
)

EMPLOYEES = (
    Employee(
        id="e-201",
        name="Tomas Herrera",
        email="tomas.herrera@countersign.example",
        phone="+1 415-555-0127",
        title="Support engineer",
        salary=91250,
        currency="USD",
        ssn="612-40-8825",
        iban=None,
        emergency_contact="Ana Herrera, +1 415-555-0198",
        notes=[f"Deploy key, to be rotated:\n{PRIVATE_KEY}"],
    ),
    Employee(
        id="e-202",
        name="Claire Dubois",
        email="claire.dubois@countersign.example",
        phone="+33 1 99 00 12 34",
        title="Head of support",
        salary=118400,
        currency="EUR",
        ssn=None,
        iban="FR14 2004 1010 0505 0001 3M02 606",
        emergency_contact="Luc Dubois, luc.dubois@example.com",
        notes=[],
    ),
)


def as_csv(customers: list[Customer]) -> str:
    """The customers as comma-separated values with a heading."""
    columns = ("id", "name", "email", "phone", "ssn", "iban", "card")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for customer in customers:
        row = customer.model_dump() | {"card": customer.card.number}
        writer.writerow([row[column] or "" for column in columns])
    return text.getvalue()
