"""National identity numbers, each valid by the rule of its country, and the names under which they are met.

Dates and serial numbers are drawn, the check digits tried until `python-stdnum` accepts the number.
"""

import string
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from random import Random


@dataclass(frozen=True, slots=True)
class NationalId:
    standard: str
    """The module of `stdnum` that judges it; empty where there is no check to make."""
    draw: Callable[[Random], str]
    """A number whose form is right; its check digits may not be."""
    layouts: tuple[Callable[[str], str], ...]
    field: str
    """As a field of a record is called."""
    spoken: str
    """As a letter calls it."""
    is_distinct: bool = False
    """Known by its form alone, and so also met without its name."""


def value(kind: NationalId, random: Random) -> str:
    """A valid number in one of its usual layouts."""
    judge = import_module(f"stdnum.{kind.standard}") if kind.standard else None
    while True:
        drawn = kind.draw(random)
        if judge is None or judge.is_valid(drawn):
            return random.choice(kind.layouts)(drawn)


def _digits(count: int) -> Callable[[Random], str]:
    return lambda random: _some(random, count)


def _some(random: Random, count: int, of: str = string.digits) -> str:
    return "".join(random.choices(of, k=count))


def _first(digits: str, rest: int) -> Callable[[Random], str]:
    return lambda random: random.choice(digits) + _some(random, rest)


def _born(layout: str, rest: int, lead: str = "") -> Callable[[Random], str]:
    def draw(random: Random) -> str:
        year, month, day = random.randint(1940, 1999), random.randint(1, 12), random.randint(1, 28)
        date = layout.format(y=year % 100, Y=year, m=month, d=day)
        return (random.choice(lead) if lead else "") + date + _some(random, rest)

    return draw


def _groups(*lengths: int, by: str = " ") -> Callable[[str], str]:
    def layout(number: str) -> str:
        pieces, position = [], 0
        for length in lengths:
            pieces.append(number[position : position + length])
            position += length
        return by.join([*pieces, number[position:]] if number[position:] else pieces)

    return layout


def _split(before: int, by: str) -> Callable[[str], str]:
    return lambda number: number[:before] + by + number[before:]


def _dotted(number: str) -> str:
    return f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"


def _belgian(number: str) -> str:
    return f"{number[:2]}.{number[2:4]}.{number[4:6]}-{number[6:9]}.{number[9:]}"


def _swiss(number: str) -> str:
    return f"{number[:3]}.{number[3:7]}.{number[7:11]}.{number[11:]}"


def _chilean(number: str) -> str:
    return f"{number[:2]}.{number[2:5]}.{number[5:8]}-{number[8]}"


_UPPER = string.ascii_uppercase


def _nino(random: Random) -> str:
    # HMRC, NIM39110: D, F, I, Q, U and V begin no number, and some pairs, such as GB, are not allotted.
    return (
        f"{random.choice('ABCEGHJKLMNPRSTWXYZ')}{random.choice('ACEHJLMPRS')}{_some(random, 6)}{random.choice('ABCD')}"
    )


def _spanish(random: Random) -> str:
    return _some(random, 8) + random.choice("TRWAGMYFPDXBNJZSQVHLCKE")


def _foreigner(random: Random) -> str:
    return random.choice("XYZ") + _some(random, 7) + random.choice("TRWAGMYFPDXBNJZSQVHLCKE")


def _fiscal_code(random: Random) -> str:
    from stdnum.it import codicefiscale  # noqa: PLC0415  only this one computes rather than tries

    consonants = "BCDFGHLMNPRSTVZ"
    letters = "".join(random.choices(consonants, k=6))
    day = random.randint(1, 28) + random.choice((0, 40))
    body = f"{letters}{random.randint(40, 99)}{random.choice('ABCDEHLMPRST')}{day:02}H501"
    return body + str(codicefiscale.calc_check_digit(body))


def _finnish(random: Random) -> str:
    born = f"{random.randint(1, 28):02}{random.randint(1, 12):02}{random.randint(40, 99)}"
    return f"{born}-{random.randint(2, 899):03}{random.choice('0123456789ABCDEFHJKLMNPRSTUVWXY')}"


def _french(random: Random) -> str:
    body = f"{random.choice('12')}{random.randint(40, 99)}{random.randint(1, 12):02}{random.randint(1, 95):02}"
    body = body.replace("20", "21") if body[5:7] == "20" else body
    body += f"{random.randint(1, 600):03}{random.randint(1, 999):03}"
    return body + f"{97 - int(body) % 97:02}"


def _belgium(random: Random) -> str:
    body = f"{random.randint(40, 99)}{random.randint(1, 12):02}{random.randint(1, 28):02}{random.randint(1, 997):03}"
    return body + f"{97 - int(body) % 97:02}"


def _korean(random: Random) -> str:
    return _born("{y:02}{m:02}{d:02}", 0)(random) + random.choice("12") + _some(random, 6)


def _chinese(random: Random) -> str:
    area = random.choice(("110101", "310104", "440305", "330106", "510107"))
    return area + _born("{Y}{m:02}{d:02}", 3)(random) + random.choice("0123456789X")


def _curp(random: Random) -> str:
    born = _born("{y:02}{m:02}{d:02}", 0)(random)
    name = random.choice("BCDFGHJ") + random.choice("AEIOU") + _some(random, 2, "BCDGLMNPRST")
    rest = _some(random, 3, "BCDFGLMNPRST")
    return f"{name}{born}{random.choice('HM')}{random.choice(('DF', 'JC', 'NL'))}{rest}{_some(random, 2)}"


def _tax_india(random: Random) -> str:
    return _some(random, 3, _UPPER) + "P" + random.choice(_UPPER) + _some(random, 4) + random.choice(_UPPER)


def _as_is(number: str) -> str:
    return number


NATIONAL_IDS = {
    "uk_nino": NationalId("", _nino, (_as_is, _groups(2, 2, 2, 2)), "nationalInsuranceNumber", "NI number", True),
    "uk_nhs": NationalId("gb.nhs", _digits(10), (_as_is, _groups(3, 3)), "nhs_number", "NHS number"),
    "ie_pps": NationalId(
        "ie.pps",
        lambda random: _some(random, 7) + _some(random, 1, "ABCDEFGHIJKLMNOPQRSTUVW"),
        (_as_is,),
        "pps",
        "PPS No",
    ),
    "de_idnr": NationalId("de.idnr", _first("123456789", 10), (_as_is, _groups(2, 3, 3)), "steuerId", "Steuer-ID"),
    "at_vnr": NationalId("at.vnr", _first("123456789", 9), (_as_is,), "svnr", "SVNR"),
    "ch_ahv": NationalId("ch.ssn", lambda r: "756" + _some(r, 10), (_swiss,), "ahvNumber", "AHV-Nr.", True),
    "fr_nir": NationalId("fr.nir", _french, (_as_is, _groups(1, 2, 2, 2, 3, 3)), "nir", "numéro de sécurité sociale"),
    "es_dni": NationalId("es.dni", _spanish, (_as_is, _split(8, "-")), "dni", "DNI"),
    "es_nie": NationalId("es.nie", _foreigner, (_as_is,), "nie", "NIE"),
    "it_codice_fiscale": NationalId(
        "it.codicefiscale", _fiscal_code, (_as_is,), "codice_fiscale", "codice fiscale", True
    ),
    "nl_bsn": NationalId("nl.bsn", _digits(9), (_as_is, _groups(4, 2)), "bsn", "BSN"),
    "be_nn": NationalId("be.nn", _belgium, (_as_is, _belgian), "rijksregisternummer", "rijksregisternummer"),
    "se_personnummer": NationalId(
        "se.personnummer", _born("{y:02}{m:02}{d:02}", 4), (_split(6, "-"),), "personnummer", "personnummer"
    ),
    "fi_hetu": NationalId("fi.hetu", _finnish, (_as_is,), "hetu", "henkilötunnus", True),
    "dk_cpr": NationalId("dk.cpr", _born("{d:02}{m:02}{y:02}", 4), (_split(6, "-"), _as_is), "cpr", "CPR-nummer"),
    "no_fodselsnummer": NationalId(
        "no.fodselsnummer", _born("{d:02}{m:02}{y:02}", 5), (_as_is, _split(6, " ")), "fodselsnummer", "fødselsnummer"
    ),
    "pl_pesel": NationalId("pl.pesel", _born("{y:02}{m:02}{d:02}", 5), (_as_is,), "pesel", "PESEL"),
    "cz_rc": NationalId("cz.rc", _born("{y:02}{m:02}{d:02}", 4), (_split(6, "/"),), "rodneCislo", "rodné číslo"),
    "ro_cnp": NationalId("ro.cnp", _born("{y:02}{m:02}{d:02}", 6, "12"), (_as_is,), "cnp", "CNP"),
    "bg_egn": NationalId("bg.egn", _born("{y:02}{m:02}{d:02}", 4), (_as_is,), "egn", "ЕГН"),
    "hr_oib": NationalId("hr.oib", _first("123456789", 10), (_as_is,), "oib", "OIB"),
    "ee_ik": NationalId("ee.ik", _born("{y:02}{m:02}{d:02}", 4, "34"), (_as_is,), "isikukood", "isikukood"),
    "pt_nif": NationalId("pt.nif", _first("12", 8), (_as_is, _groups(3, 3)), "nif", "NIF"),
    "tr_tckn": NationalId("tr.tckimlik", _first("123456789", 10), (_as_is,), "tcKimlikNo", "T.C. kimlik no"),
    "il_id": NationalId("il.idnr", _digits(9), (_as_is,), "teudatZehut", "Teudat Zehut"),
    "za_id": NationalId(
        "za.idnr",
        lambda r: _born("{y:02}{m:02}{d:02}", 4)(r) + "08" + _some(r, 1),
        (_as_is,),
        "saIdNumber",
        "SA ID number",
    ),
    "in_aadhaar": NationalId("in_.aadhaar", _first("23456789", 11), (_as_is, _groups(4, 4)), "aadhaar", "Aadhaar"),
    "in_pan": NationalId("in_.pan", _tax_india, (_as_is,), "pan_number", "PAN"),
    "cn_ric": NationalId("cn.ric", _chinese, (_as_is,), "idCardNumber", "身份证号", True),
    "kr_rrn": NationalId("kr.rrn", _korean, (_split(6, "-"),), "rrn", "주민등록번호", True),
    "br_cpf": NationalId("br.cpf", _digits(11), (_as_is, _dotted), "cpf", "CPF"),
    "cl_rut": NationalId("cl.rut", lambda r: "1" + _some(r, 7) + r.choice("0123456789K"), (_chilean,), "rut", "RUT"),
    "mx_curp": NationalId("mx.curp", _curp, (_as_is,), "curp", "CURP", True),
    "ca_sin": NationalId("ca.sin", _first("1234567", 8), (_groups(3, 3), _groups(3, 3, by="-"), _as_is), "sin", "SIN"),
    "au_tfn": NationalId("au.tfn", _digits(9), (_groups(3, 3), _as_is), "tfn", "TFN"),
}
