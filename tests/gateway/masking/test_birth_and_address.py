import pytest

from gateway.masking.birth_and_address import DATE_OF_BIRTH, POSTAL_ADDRESS
from tests.gateway.masking.found import found, is_told

DATES = ["1980-03-12", "12/03/1980", "12.3.80", "12 March 1980", "March 12, 1980", "12. März 1980", "12th May 1980"]


@pytest.mark.parametrize("date", [*DATES, "19800312", "12 de marzo de 1980", "1980年3月12日", "1980/3/12"])
@pytest.mark.parametrize(
    "label", ["DOB: {}", "Date of birth {}", "born on {}", "birthdate={}", "geboren am {}", "née le {}"]
)
def test_a_date_after_its_label_is_found(label: str, date: str) -> None:
    assert found(DATE_OF_BIRTH, label.format(date)) == [date]


@pytest.mark.parametrize(
    "text",
    [
        "1980-03-12",
        "created: 1980-03-12",
        "born to run 12",
        "DOB unknown, joined 1980-03-12",
        "reborn 12",
        "dob: n/a 12",
    ],
)
def test_a_date_that_no_label_tells_is_left_alone(text: str) -> None:
    assert found(DATE_OF_BIRTH, text) == []


def test_the_marker_of_one_date_does_not_tell_the_next() -> None:
    assert found(DATE_OF_BIRTH, "DOB [hidden:date_of_birth], 2026-01-02") == []


@pytest.mark.parametrize(
    "value", [*DATES, "1980-03-12T00:00:00Z", "1980-03-12 00:00:00+01:00", "321667200", "-86400000"]
)
def test_a_key_tells_a_date_of_birth(value: str) -> None:
    assert is_told(DATE_OF_BIRTH, value)


@pytest.mark.parametrize("value", ["unknown", "after the war", "12", ""])
def test_a_key_does_not_make_a_date_of_a_word(value: str) -> None:
    assert not is_told(DATE_OF_BIRTH, value)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Home address: 12 High Street, London SW1A 1AA", ["12 High Street, London SW1A 1AA"]),
        ("Address: 12 High Street\nPhone: 1", ["12 High Street"]),
        ("shipping_address=1600 Pennsylvania Ave NW, Washington", ["1600 Pennsylvania Ave NW, Washington"]),
        ("Anschrift: Hauptstraße 5, 10115 Berlin.", ["Hauptstraße 5, 10115 Berlin"]),
        ("Address line 1: 7b Rue de l'Église", ["7b Rue de l'Église"]),
        ('"address": "221B Baker Street", "x": 1', ["221B Baker Street"]),
        ("12 High Street, London", []),
        ("address: see below, section 12", []),
        ("the address: none of the three", []),
        ("IP address: 10.0.0.1 port 22, open", []),
        ("MAC address: 00:1b:44:11:3a:b7 on port 1", []),
        ("email address: 1 Alice, a@b.co", []),
        ("address: 0x7fff5fbff8a0 in frame, 2", []),
        ("web address: Https://a.example/1 b, c", []),
        ("address [hidden:postal_address] 12 High Street", []),
    ],
)
def test_an_address_is_told_by_its_label_and_its_parts(text: str, values: list[str]) -> None:
    assert found(POSTAL_ADDRESS, text) == values


@pytest.mark.parametrize(
    ("value", "is_address"),
    [
        ("12 High Street", True),
        ("Hauptstr. 5\n10115 Berlin", True),
        ("a@b.co is 1", False),
        ("https://a.example/ 1", False),
        ("10.0.0.1 port 2", False),
        ("tcp port", False),
        ("[hidden:email] 12 High Street", False),
    ],
)
def test_a_key_tells_an_address_from_that_of_a_host(value: str, is_address: bool) -> None:
    assert is_told(POSTAL_ADDRESS, value) is is_address
