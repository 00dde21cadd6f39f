from datetime import date
from importlib import import_module

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.masking.detectors import DETECTORS
from gateway.masking.national_ids import NATIONAL_IDS
from tests.gateway.masking.found import found, is_told

LABELS = {
    "uk_nhs": "NHS number: {}",
    "de_idnr": "IdNr. {}",
    "nl_bsn": "BSN {}",
    "pl_pesel": "PESEL: {}",
    "za_id": "ID number {}",
    "ca_sin": "SIN={}",
    "au_tfn": "TFN: {}",
}
"""Numbers that only their label tells."""


DATES = st.dates(min_value=date(1930, 1, 1), max_value=date(2009, 12, 31))


def digits(count: int, first: str = "0123456789") -> st.SearchStrategy[str]:
    return st.builds(str.__add__, st.sampled_from(first), st.text("0123456789", min_size=count - 1, max_size=count - 1))


def valid(module: str, body: st.SearchStrategy[str], last: int = 1) -> st.SearchStrategy[str]:
    """Numbers of which `stdnum` says that they are valid, made by trying all check digits."""
    checks = [f"{number:0{last}}" for number in range(10**last)] if last else [""]
    is_valid = import_module(f"stdnum.{module}").is_valid

    def complete(text: str) -> str:
        return next((text + check for check in checks if is_valid(text + check)), "")

    return body.map(complete).filter(bool)


def lettered(module: str, body: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    is_valid = import_module(f"stdnum.{module}").is_valid
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return body.map(lambda text: next((text + sign for sign in signs if is_valid(text + sign)), "")).filter(bool)


VALID = {
    "uk_nhs": valid("gb.nhs", digits(9)),
    "fr_nir": valid("fr.nir", st.builds("{}{:%y%m}75{}".format, st.sampled_from("12"), DATES, digits(6)), 2),
    "de_idnr": valid("de.idnr", st.permutations("123456789").map(lambda ten: "".join(ten[:8]) + ten[0] + ten[8])),
    "es_dni": lettered("es.dni", digits(8)),
    "es_nie": lettered("es.nie", st.builds(str.__add__, st.sampled_from("XYZ"), digits(7))),
    "it_codice_fiscale": lettered(
        "it.codicefiscale",
        st.builds(
            "RSSMRA{:02}{}{:02}H501".format, st.integers(0, 99), st.sampled_from("ABCDEHLMPRST"), st.integers(1, 28)
        ),
    ),
    "nl_bsn": valid("nl.bsn", digits(8, "123456789")),
    "be_nn": valid("be.nn", st.builds("{:%y.%m.%d}-{:03}.".format, DATES, st.integers(1, 997)), 2),
    "se_personnummer": valid("se.personnummer", st.builds("{:%Y%m%d}-{}".format, DATES, digits(3))),
    "fi_hetu": lettered("fi.hetu", st.builds("{:%d%m%y}-{:03}".format, DATES, st.integers(2, 899))),
    "no_fodselsnummer": valid("no.fodselsnummer", st.builds("{:%d%m%y}{:03}".format, DATES, st.integers(0, 499)), 2),
    "pl_pesel": valid(
        "pl.pesel", st.builds("{:%y%m%d}{}".format, DATES.filter(lambda day: day.year < 2000), digits(4))
    ),
    "in_aadhaar": valid("in_.aadhaar", digits(11, "23456789")).map(lambda text: f"{text[:4]} {text[4:8]} {text[8:]}"),
    "cn_ric": lettered("cn.ric", st.builds("110105{:%Y%m%d}{}".format, DATES, digits(3))),
    "za_id": valid("za.idnr", st.builds("{:%y%m%d}{}08".format, DATES, digits(4))),
    "kr_rrn": valid("kr.rrn", st.builds("{:%y%m%d}-1{}".format, DATES.filter(lambda day: day.year < 2000), digits(5))),
    "ca_sin": valid("ca.sin", digits(8, "1234567")),
    "au_tfn": valid("au.tfn", digits(8, "123456789")),
    "ch_ahv": valid("ch.ssn", digits(9).map(lambda text: f"756.{text[:4]}.{text[4:8]}.{text[8:]}")),
    "br_cpf": valid("br.cpf", digits(9).map(lambda text: f"{text[:3]}.{text[3:6]}.{text[6:]}-"), 2),
}
DECEIVED = {
    **{"au_tfn": "au.tfn", "fr_nir": "fr.nir", "cn_ric": "cn.ric", "se_personnummer": "se.personnummer"},
    **{"kr_rrn": "kr.rrn", "br_cpf": "br.cpf", "be_nn": "be.nn", "no_fodselsnummer": "no.fodselsnummer"},
}
"""Numbers of which another century, place or check digit may be valid, too."""


@given(st.data(), st.sampled_from(sorted(VALID)))
def test_a_valid_number_is_found_and_one_with_a_wrong_digit_is_not(data: st.DataObject, name: str) -> None:
    number = data.draw(VALID[name])
    label = LABELS.get(name, "{}")
    detector = DETECTORS[name]
    assert found(detector, label.format(number)) == [number]
    assert found(detector, f"see ({label.format(number)}), and") == [number]
    assert is_told(detector, number)
    places = [index for index, sign in enumerate(number) if sign.isdigit()]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from("0123456789").filter(lambda sign: sign != number[place]))
    changed = number[:place] + other + number[place + 1 :]
    assume(name not in DECEIVED or not import_module(f"stdnum.{DECEIVED[name]}").is_valid(changed))
    assert found(detector, label.format(changed)) == []


@pytest.mark.parametrize("name", sorted(LABELS))
def test_a_number_of_digits_alone_is_left_alone_without_its_label(name: str) -> None:
    number = EXAMPLES[name]
    assert found(DETECTORS[name], f"order {number} of 7") == []
    assert found(DETECTORS[name], LABELS[name].format(number)) == [number]
    assert is_told(DETECTORS[name], number)


EXAMPLES = {
    "uk_nhs": "9434765870",
    "de_idnr": "36574261809",
    "nl_bsn": "111222333",
    "pl_pesel": "44051401359",
    "za_id": "7503305044089",
    "ca_sin": "123456782",
    "au_tfn": "123456782",
}


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("uk_nino", "AB 12 34 56 C, QQ123456C", ["AB 12 34 56 C"]),
        ("uk_nino", "National Insurance no: ab123456c", ["ab123456c"]),
        ("uk_nhs", "nhs_number=943 476 5870 and 943 476 5870", ["943 476 5870"]),
        ("fr_nir", "NIR 295109912611193 et 2 95 10 99 126 111 93", ["295109912611193", "2 95 10 99 126 111 93"]),
        ("se_personnummer", "19880320-0016 880320+0016", ["19880320-0016", "880320+0016"]),
        ("se_personnummer", "personnummer 8803200016", ["8803200016"]),
        ("dk_cpr", "CPR 010107-1234, 010107-1234", ["010107-1234"]),
        ("kr_rrn", "주민등록번호: 201213-3456789", ["201213-3456789"]),
        ("br_cpf", "CPF 39053344705", ["39053344705"]),
        ("in_aadhaar", "4012 8888 8888 1881", []),
        ("ca_sin", "sin(123456782) and sin 123456782 but SIN number 123-456-782", ["123-456-782"]),
        ("ca_sin", "sin: 123456782, sin 123-456-782, sin=123 456 782", ["123456782", "123-456-782", "123 456 782"]),
        ("no_fodselsnummer", "151086 95088, 1510869508800", ["151086 95088"]),
        ("ch_ahv", "AHV 7569217076985", ["7569217076985"]),
        ("be_nn", "NISS: 85073003328", ["85073003328"]),
        ("za_id", "id_number: 750330 5044 089", ["750330 5044 089"]),
    ],
)
def test_the_ways_in_which_a_number_is_written(name: str, text: str, values: list[str]) -> None:
    assert found(DETECTORS[name], text) == values


def test_numbers_of_twenty_countries_are_known() -> None:
    assert len({detector.name.partition("_")[0] for detector in NATIONAL_IDS}) >= 20
