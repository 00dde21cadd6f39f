"""The fictitious data passes the checksums that a detector checks, and no secret stands in the source."""

import base64
import csv
import io
import re
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from stdnum import iban, luhn
from stdnum.us import ssn

from devhost.demo import people
from devhost.demo.people import CUSTOMERS, EMPLOYEES, Customer, Employee


def test_card_numbers_ibans_and_social_security_numbers_are_valid() -> None:
    everyone: list[Customer | Employee] = [*CUSTOMERS, *EMPLOYEES]
    assert all(luhn.is_valid(customer.card.number.replace(" ", "")) for customer in CUSTOMERS)
    ibans = [each.iban for each in everyone if each.iban]
    numbers = [each.ssn for each in everyone if each.ssn]
    assert (len(ibans), len(numbers)) == (3, 2)
    assert all(iban.is_valid(value) for value in ibans)
    assert all(ssn.is_valid(value) for value in numbers)


def test_mail_addresses_are_of_domains_that_nobody_has() -> None:
    for each in (*CUSTOMERS, *EMPLOYEES):
        assert re.search(r"@(example\.(com|org|net)|countersign\.example)$", each.email)


def test_the_leaked_secrets_look_like_real_ones() -> None:
    assert load_pem_private_key(people.PRIVATE_KEY.encode(), password=None)
    assert jwt.decode(people.JWT, options={"verify_signature": False})["sub"] == "c-1002"
    assert re.fullmatch(r"AKIA[0-9A-Z]{16}", people.AWS_KEY_ID)
    assert re.fullmatch(r"[0-9A-Za-z/+]{40}", people.AWS_SECRET)
    assert len(base64.b64decode(people.AZURE_STORAGE_KEY)) == 64


@pytest.mark.parametrize("secret", [people.PRIVATE_KEY, people.JWT, people.AWS_KEY_ID, people.AWS_SECRET])
def test_no_secret_stands_in_the_source(secret: str) -> None:
    source = Path(people.__file__).read_text()
    assert secret not in source
    assert secret in "".join(note for each in (*CUSTOMERS, *EMPLOYEES) for note in each.notes)


def test_the_csv_holds_every_customer() -> None:
    rows = list(csv.DictReader(io.StringIO(people.as_csv(list(CUSTOMERS)))))
    assert [row["email"] for row in rows] == [customer.email for customer in CUSTOMERS]
    assert rows[1]["ssn"] == ""
