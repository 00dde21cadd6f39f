from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban, luhn
from stdnum.iso7064 import mod_97_10

from gateway.masking import personal_data
from gateway.masking.candidates import Detector, next_word, pattern
from gateway.masking.hide import merged
from gateway.masking.search import Search
from tests.gateway.test_hostile_inputs import growth

EMAIL, PHONE, CARD = personal_data.EMAIL, personal_data.PHONE, personal_data.PAYMENT_CARD
SSN, IBAN = personal_data.US_SSN, personal_data.IBAN


def found(detector: Detector, text: str) -> list[str]:
    spans = merged(Search([detector]).find([text]).get(text, []))
    return [text.encode()[start:end].decode() for start, end, _ in spans]


@pytest.mark.parametrize(
    ("detector", "value"),
    [
        (EMAIL, "alice@example.com"),
        (EMAIL, "a.b+c_d%e@mail.example.co.uk"),
        (EMAIL, "o'brien@example.com"),
        (EMAIL, "jörg@exämple.de"),
        (EMAIL, "user@xn--exmple-cua.xn--p1ai"),
        (EMAIL, "alice%40example.com"),
        (PHONE, "+14155550100"),
        (PHONE, "+1 (415) 555-0100"),
        (PHONE, "+1 415.555.0100"),
        (PHONE, "(415) 555-0100"),
        (PHONE, "415-555-0100"),
        (PHONE, "1-415-555-0100"),
        (PHONE, "+49 30 1234567"),
        (PHONE, "+49 (0)30 / 123 45 67"),
        (PHONE, "+33 1 23 45 67 89"),
        (PHONE, "+33/1/23/45/67/89"),
        (PHONE, "+442079460958"),
        (PHONE, "0049 151 23456789"),
        (CARD, "4111111111111111"),
        (CARD, "4111 1111 1111 1111"),
        (CARD, "4111-1111-1111-1111"),
        (CARD, "4111.1111.1111.1111"),
        (CARD, "4222222222222"),
        (CARD, "5555555555554444"),
        (CARD, "2223003122003222"),
        (CARD, "378282246310005"),
        (CARD, "3782 822463 10005"),
        (CARD, "30569309025904"),
        (CARD, "6011111111111117"),
        (CARD, "3530111333300000"),
        (CARD, "6759649826438453"),
        (CARD, "6205500000000000004"),
        (SSN, "123-45-6789"),
        (SSN, "123 45 6789"),
        (SSN, "078-05-1120"),
        (IBAN, "DE89370400440532013000"),
        (IBAN, "DE89 3704 0044 0532 0130 00"),
        (IBAN, "GB82 WEST 1234 5698 7654 32"),
        (IBAN, "NO93 8601 1117 947"),
        (IBAN, "MT84 MALT 0110 0001 2345 MTLC AST0 01S"),
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "see {}, please", "({})", "x: {}.", "_{}_", "a\\n{}\\n", "é {} é", '"{}"', "<{}>"]
)
def test_a_value_is_found_whole_whatever_stands_around_it(detector: Detector, value: str, around: str) -> None:
    if detector is EMAIL:
        around = around.replace("_", "#").replace("\\n", "\n")  # an underscore or an n would belong to the address
    assert found(detector, around.format(value)) == [value]


@pytest.mark.parametrize(
    ("detector", "text"),
    [
        (EMAIL, "@"),
        (EMAIL, "a@b"),
        (EMAIL, "user@localhost"),
        (EMAIL, "npm install left-pad@1.3.0"),
        (EMAIL, "@scope/package @decorator.name"),
        (EMAIL, "git@github.com:owner/name.git"),
        (EMAIL, "logo@2x.png"),
        (EMAIL, "getty@tty1.service"),
        (PHONE, "2026-01-02T03:04:05+01:00"),
        (PHONE, "192.168.100.200"),
        (PHONE, "order 123456789012"),
        (PHONE, "1.415.555.0100.7"),
        (PHONE, "12-415-555-0100-99"),
        (PHONE, "a+4915112345678"),
        (PHONE, "115-155-0100"),
        (PHONE, "+1 2"),
        (PHONE, "DE89 3704 0044 0532 0130 00"),
        (CARD, "4111111111111112"),
        (CARD, "1111111111111111"),
        (CARD, "411111111111111"),
        (CARD, "41111111111111111111111"),
        (CARD, "a4111111111111111"),
        (CARD, "4111111111111111b"),
        (CARD, "0.4111111111111111"),
        (CARD, "4111111111111111.5"),
        (CARD, "1760000000000"),
        (CARD, "EAN 4080811006251"),
        (CARD, "GTIN-13: 4080811006251"),
        (CARD, "2026-01-02 03:04:05"),
        (SSN, "000-12-3456"),
        (SSN, "666-12-3456"),
        (SSN, "900-12-3456"),
        (SSN, "123-00-4567"),
        (SSN, "123-45-0000"),
        (SSN, "1123-45-6789"),
        (SSN, "123-45-67890"),
        (SSN, "7-123-45-6789"),
        (SSN, "123456789"),
        (IBAN, "DE89370400440532013001"),
        (IBAN, "DE8937040044053201300"),
        (IBAN, "XX89370400440532013000"),
        (IBAN, "XDE89370400440532013000"),
        (IBAN, "de89370400440532013000"),
        (IBAN, "AB12CD34EF56AB12CD34"),
    ],
)
def test_a_look_alike_is_left_alone(detector: Detector, text: str) -> None:
    assert found(detector, text) == []


@pytest.mark.parametrize(
    ("detector", "text", "values"),
    [
        (EMAIL, "a@b.co,c@d.org;e@f.net", ["a@b.co", "c@d.org", "e@f.net"]),
        (
            EMAIL,
            "https://user:pass@host.example.com/?m=alice@example.com",
            ["pass@host.example.com", "alice@example.com"],
        ),
        (CARD, "4111111111111111 5555555555554444", ["4111111111111111", "5555555555554444"]),
        (CARD, "1 4111 1111 1111 1111", ["4111 1111 1111 1111"]),
        (CARD, "4000 4111 1111 1111 1111", ["4111 1111 1111 1111"]),
        (CARD, "4111 1111 1111 1111 12345", ["4111 1111 1111 1111"]),
        (CARD, "row,4111111111111111,2.5", ["4111111111111111"]),
        (SSN, "SSN 123456789 and ssn:123456780", ["123456789", "123456780"]),
        (SSN, "Social Security Number: 123456789", ["123456789"]),
        (IBAN, "DE89 3704 0044 0532 0130 00 and more", ["DE89 3704 0044 0532 0130 00"]),
        (IBAN, "AB12 DE89 3704 0044 0532 0130 00", ["DE89 3704 0044 0532 0130 00"]),
        (IBAN, "NO93 8601 1117 947 NO9386011117947", ["NO93 8601 1117 947", "NO9386011117947"]),
        (PHONE, "+49 30 1234567, +1 415 555 0100", ["+49 30 1234567", "+1 415 555 0100"]),
        (PHONE, "+4915112345678 4111111111111111", ["+4915112345678"]),
    ],
)
def test_values_next_to_each_other_are_told_apart(detector: Detector, text: str, values: list[str]) -> None:
    assert found(detector, text) == values


@given(st.text("0123456789", min_size=13, max_size=19))
def test_the_luhn_check_agrees_with_stdnum(number: str) -> None:
    assert personal_data._is_luhn(number.encode()) == luhn.is_valid(number)


@pytest.mark.parametrize("other", ["git@", "'@", "@", "icon@2x.png.", "git%40", "x@git@", "'%40"])
def test_what_is_no_address_does_not_hide_one_that_begins_in_it(other: str) -> None:
    assert any("alice.smith" in value for value in found(EMAIL, f"{other}alice.smith@example.com"))


@pytest.mark.parametrize("piece", ["git@a.bb@", "'@a.bb", "git@a.bb ", "git%40a.bb%40"])
def test_what_is_no_address_costs_in_proportion(piece: str) -> None:
    texts = {count: piece * count for count in (2_000, 8_000)}
    assert growth(lambda count: found(EMAIL, texts[count]), 2_000) < 10


@pytest.mark.parametrize("address", ["a.person@example.com.png", "a%40example.com.svg", "a@mail.example.com.service"])
def test_a_file_that_is_named_after_an_address_is_one(address: str) -> None:
    assert found(EMAIL, f"see {address}, please") == [address]


NEVER_ASSIGNED = pattern(r"(?:000|666|9[0-9]{2}).*|[0-9]{3}.00.*|.*0000")


@given(
    st.from_regex(r"\A[0-9]{3}-[0-9]{2}-[0-9]{4}\Z") | st.sampled_from(["666-12-1234", "665-00-1234", "001-01-0001"])
)
def test_a_number_that_the_administration_never_gives_is_none(text: str) -> None:
    expected = [] if NEVER_ASSIGNED.fullmatch(text.encode()) else [text]
    assert found(SSN, f"is {text}, ") == expected
    assert found(SSN, f"is {text.replace('-', ' ')}, ") == [each.replace("-", " ") for each in expected]


# ISO/IEC 7812, by length: Visa, Diners, American Express, then Mastercard, JCB, Maestro, Discover and UnionPay.
ISSUED = (
    (13, "4"),
    (14, "30[0-5]|36|38|39"),
    (15, "34|37"),
    (16, "4|2[2-7]|3|5[0-8]|6|8[12]|97"),
    (17, "5[0-8]|6"),
    (18, "5[0-8]|6"),
    (19, "4|3|5[0-8]|6"),
)


@pytest.mark.parametrize(("length", "starts"), ISSUED)
def test_a_number_is_a_card_only_if_its_issuer_gives_numbers_of_that_length(length: int, starts: str) -> None:
    issued = pattern(f"^(?:{starts})")
    for first in range(200, 1000):
        number = f"{first}{'0' * (length - 4)}"
        card = number + luhn.calc_check_digit(number)
        assert found(CARD, card) == ([card] if issued.search(card.encode()) else []), card


WORD_BY_WORD = replace(CARD, candidates=tuple(replace(candidate, resume=next_word) for candidate in CARD.candidates))
FOURS = st.integers(0, 9999).map("{:04}".format) | st.sampled_from(["4111", "1111", "5500", "0000", "0004"])
GROUPS = st.lists(FOURS | st.sampled_from(["4111 1111 1111 1111", "411", "41111", "x"]), min_size=4, max_size=60)


@given(GROUPS, st.sampled_from([" ", "-", "  ", " - ", ".", ", "]), st.sampled_from(["", "é", "DE89 ", "\\n", "3704."]))
def test_a_row_of_fours_holds_the_cards_that_are_found_word_by_word(groups: list[str], gap: str, lead: str) -> None:
    text = lead + gap.join(groups)
    assert found(CARD, text) == found(WORD_BY_WORD, text)


@pytest.mark.parametrize("gap", [" ", "-", "  ", " - "])
def test_a_card_in_a_row_of_fours_is_found_wherever_it_stands(gap: str) -> None:
    for before in range(45):
        # Neither the others nor any of them with a part of the card add up to one.
        text = gap.join([*["4000"] * before, "4111", "1111", "1111", "1111", *["x", "4000", "4000"]])
        assert found(CARD, text) == found(WORD_BY_WORD, text) == [gap.join(["4111", "1111", "1111", "1111"])]


def test_a_card_of_which_the_end_of_a_row_is_a_part_is_found() -> None:
    random = Random(1)
    for _ in range(400):
        fours = [f"{random.choice('4456')}{random.randrange(1000):03}" for _ in range(random.randrange(4, 40))]
        text = " ".join([*fours, "7" * random.randrange(4)])
        assert found(CARD, text) == found(WORD_BY_WORD, text)


@given(st.from_regex(r"\ADE[0-9]{2}[0-9]{18}\Z") | st.from_regex(r"\AGB[0-9]{2}[A-Za-z]{4}[0-9]{14}\Z"))
def test_an_iban_is_one_where_stdnum_says_so(number: str) -> None:
    right = f"{number[:2]}{98 - int(mod_97_10.checksum(number[4:] + number[:2] + '00')):02}{number[4:]}"
    for text in (number, right):
        assert found(IBAN, f"to {text}.") == ([text] if iban.is_valid(text) else [])
