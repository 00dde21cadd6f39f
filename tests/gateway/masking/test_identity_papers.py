import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.identity_papers import DRIVING_LICENCE, PASSPORT
from tests.gateway.masking.found import found, is_told

# The specimens of ICAO 9303.
TD3 = ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]
TD2 = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"]
TD1 = ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"]


@pytest.mark.parametrize("zone", [TD3, TD2, TD1])
@pytest.mark.parametrize("between", ["\n", "\\n", " "])
def test_a_machine_readable_zone_is_found_line_by_line(zone: list[str], between: str) -> None:
    assert found(PASSPORT, f"scan: {between.join(zone)} end") == zone


@pytest.mark.parametrize("line", [*TD3, *TD2, *TD1])
def test_each_line_is_found_alone(line: str) -> None:
    assert found(PASSPORT, line) == [line]


@given(st.sampled_from([TD3[1], TD2[1]]), st.sampled_from([*range(10), *range(13, 20), *range(21, 28)]), st.data())
def test_a_wrong_digit_under_a_check_makes_it_no_zone(line: str, place: int, data: st.DataObject) -> None:
    if line[place].isdigit():
        other = data.draw(st.sampled_from("0123456789").filter(lambda sign: sign != line[place]))
        assert found(PASSPORT, line[:place] + other + line[place + 1 :]) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Passport number: 123456789", ["123456789"]),
        ("passport no. C01X00T47", ["C01X00T47"]),
        ("Reisepass: C01X00T47, Passeport n° 12AB34567", ["C01X00T47", "12AB34567"]),
        ("passport_number=AB1234567", ["AB1234567"]),
        ("passport.js 0.7.0", []),
        ("passport expired in 2026", []),
        ("passport renewal", []),
        ("cat <<EOF", []),
        ("A<B<<C", []),
        ("123456789", []),
    ],
)
def test_a_passport_number_is_told_by_its_label(text: str, values: list[str]) -> None:
    assert found(PASSPORT, text) == values


def test_the_key_of_a_passport_tells_its_number_but_not_a_word() -> None:
    assert is_told(PASSPORT, "123456789")
    assert is_told(PASSPORT, TD3[1])
    assert not is_told(PASSPORT, "optional")


@pytest.mark.parametrize("value", ["MORGA753116SM9IJ", "FOX99612312J99AB", "SMITH657054SJ9CD"])
def test_a_british_licence_number_is_found(value: str) -> None:
    assert found(DRIVING_LICENCE, f"({value})") == [value]


@pytest.mark.parametrize("text", ["MORGA793116SM9IJ", "MORGA713996SM9IJ", "MORGA753116SM9I", "xMORGA753116SM9IJ"])
def test_a_date_that_is_none_makes_it_no_licence(text: str) -> None:
    assert found(DRIVING_LICENCE, text) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Driver's license: D123-4567-8901", ["D123-4567-8901"]),
        ("driver_license_number=A1234567", ["A1234567"]),
        ("Führerschein Nr. B072RRE2I55", ["B072RRE2I55"]),
        ("driving licence: 2026-01-02", []),
        ("driving licence required", []),
        ("D123-4567-8901", []),
    ],
)
def test_other_licences_are_told_by_their_label(text: str, values: list[str]) -> None:
    assert found(DRIVING_LICENCE, text) == values


def test_the_key_of_a_licence_tells_its_number() -> None:
    assert is_told(DRIVING_LICENCE, "D 1234 5678")
    assert not is_told(DRIVING_LICENCE, "provisional")


@pytest.mark.parametrize("text", ["x A001012JAZAA", "ABCDE000000AA", "A000000AA1"])
def test_what_is_shorter_than_a_licence_number_is_none_and_no_error(text: str) -> None:
    assert found(DRIVING_LICENCE, text) == []
