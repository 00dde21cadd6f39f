"""Detectors of what a label tells of a person: the date of birth and the postal address.

A date or a line alone says nothing of anybody, so both are taken only after a label or under a key.
Names of people have no form at all: they are hidden by field rules, not here.
"""

from gateway.masking.candidates import Candidate, Detector, Span, pattern
from gateway.masking.labelled import checked, digit_count, label_hint, labelled, whole

_MONTH = r"\pL{3,10}"
_ISO = r"[0-9]{4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,2}"
_DATE = "|".join(
    (
        _ISO,
        r"[0-9]{4}年 ?[0-9]{1,2}月 ?[0-9]{1,2}日?",
        r"[0-9]{1,2}[-/. ]{1,2}[0-9]{1,2}[-/. ]{1,2}[0-9]{2,4}",
        rf"[0-9]{{1,2}}(?:st|nd|rd|th|er|º)?[-. ]{{1,2}}(?:de )?{_MONTH}\.?,?[- ](?:de )?[0-9]{{4}}",
        rf"{_MONTH}\.? [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}",
        "[0-9]{8}",
    )
)
_BIRTH_LABELS = (
    *("date[ _-]of[ _-]birth", "birth[ _-]?date", "birth[ _-]?day", "dob", r"d\.o\.b\.?", "born(?: on)?", "bday"),
    *("geburtsdatum", "geburtstag", "geboren(?: am)?", "date[ _-]de[ _-]naissance", "née?(?: le)?"),
    *("fecha[ _-]de[ _-]nacimiento", "data[ _-]di[ _-]nascita", "nat[oa](?: il)?", "data[ _-]de[ _-]nascimento"),
    *("geboortedatum", "födelsedatum", "fødselsdato", "syntymäaika", "data[ _-]urodzenia", "出生日期", "生年月日"),
)


def _birth(text: str) -> bool:
    return digit_count(text) > 3


DATE_OF_BIRTH = Detector(
    "date_of_birth",
    label_hint(_BIRTH_LABELS),
    (Candidate(pattern(labelled(_BIRTH_LABELS, _DATE)), checked(_birth, b"")),),
    names=frozenset({"dateofbirth", "birthdate", "birthday", "dob", "bday", "geburtsdatum", "datedenaissance"})
    | {"datenaissance", "fechanacimiento", "fechadenacimiento", "datadinascita", "datadenascimento", "birthdatetime"}
    | {"geboortedatum", "födelsedatum", "fodselsdato", "fødselsdato", "syntymäaika", "dataurodzenia"},
    bare=whole(rf"(?:{_DATE})(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?|-?[0-9]{{5,13}}"),
)


_IS = r"""["'\\]{0,2} ?(?:\(s\))?[:=]\s{0,2}["'\\]{0,2}"""
_LINE = r"""[0-9\pL#][^\n\r\x00"<>{}|;\\\[\]]{7,159}"""
_KINDS = "home|postal|mail(?:ing)?|street|shipping|billing|delivery|residential|permanent|work|office|current"
_ADDRESS_LABELS = (
    *(rf"(?:{_KINDS})[ _-]?address", r"address(?:[ _-]?line ?1)?", "anschrift", "postanschrift", "adresse", "adres"),
    *("dirección", "direccion", "domicilio", "indirizzo", "endereço"),
)
# Other things that have an address: hosts, accounts, memory.
_OTHER = pattern(r"(?i).*(?:@|://|\b0x[0-9a-f]).*|[0-9]+(?:\.[0-9]+){3}.*|[0-9A-F]{0,4}:[0-9A-F]{0,4}:.*")
_HOUSE = pattern(r"[0-9]{1,5}[A-Za-z]?(?:[-/][0-9]{1,5})?,? \pL.*")


def _place(text: str) -> bool:
    return digit_count(text) > 0 and " " in text and any(map(str.isalpha, text)) and not _OTHER.fullmatch(text.encode())


def _address(haystack: bytes, start: int, end: int) -> Span | None:
    line = haystack[start:end].rstrip(b" .,'")
    # A sentence about an address has neither a house number in front nor parts in a row.
    is_line = _HOUSE.fullmatch(line) or (b"," in line and line[:1].isupper())
    return (start, start + len(line)) if is_line and _place(line.decode()) else None


# The lines that RFC 9553 (JSContact) calls the full address; no standard has a form for all countries.
POSTAL_ADDRESS = Detector(
    "postal_address",
    rf"{label_hint(_ADDRESS_LABELS)}{_IS}",
    (Candidate(pattern(rf"{label_hint(_ADDRESS_LABELS)}{_IS}({_LINE})"), _address),),
    names=frozenset({"address", "homeaddress", "postaladdress", "mailingaddress", "streetaddress", "shippingaddress"})
    | {"billingaddress", "deliveryaddress", "residentialaddress", "permanentaddress", "workaddress", "fulladdress"}
    | {"addressline", "addressline1", "addressline2", "address1", "address2", "street", "street1", "street2"}
    | {"streetline1", "adresse", "anschrift", "strasse", "direccion", "dirección", "indirizzo", "endereço"},
    bare=whole(r"(?s)[^\x00\[][^\x00]{4,250}", _place),
)
