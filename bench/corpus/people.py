"""Personal data, each value marked: written as people and systems write it, after the standard of its kind."""

from datetime import date, timedelta
from functools import cache

from stdnum import luhn, numdb
from stdnum.iso7064 import mod_97_10

from bench.corpus.marks import mark
from bench.corpus.national_ids import NATIONAL_IDS, NationalId, value
from bench.corpus.source import Source

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LETTERS.upper()
_HEX = "0123456789abcdef"
_OLDEST = date(1935, 1, 1)


def email(source: Source) -> str:
    """RFC 5321 and 6531, and IANA's list of top-level domains for the endings."""
    local, domain = source.fake.email().split("@")
    last = source.fake.last_name()
    word = "".join(filter(str.isalnum, source.fake.word()))
    local = source.pick(
        (
            *(local, local, local, f"{local}+{word}", f"{local}.{source.digits(2)}", f"{local[0]}_{local[1:]}"),
            *(f"o'{local}", local.upper(), last.lower().replace(" ", ".").strip("'")),
        )
    )
    ends = (
        "com",
        "co.uk",
        "de",
        "io",
        "photography",
        "museum",
        "xn--p1ai",
        "com.br",
        "eu",
        "technology",
        "ac.jp",
        "org",
    )
    company = source.some(_LETTERS, source.random.randint(3, 9))
    domain = source.pick(
        (domain, f"{company}.{source.pick(ends)}", f"mail.{company}-{source.digits(2)}.{source.pick(ends)}")
    )
    return mark("email", f"{local}@{source.pick((domain, domain, domain, domain.upper(), f'bücher-{company}.de'))}")


def phone(source: Source) -> str:
    """ITU-T E.164 and E.123, with the lengths of national plans; North American numbers also without their code."""
    d = source.digits
    area, exchange = f"{source.pick('23456789')}{d(2)}", f"{source.pick('23456789')}{d(2)}"
    line = d(4)
    forms = (
        *(f"+1 ({area}) {exchange}-{line}", f"+1-{area}-{exchange}-{line}", f"+1{area}{exchange}{line}"),
        *(f"({area}) {exchange}-{line}", f"{area}-{exchange}-{line}", f"{area}.{exchange}.{line}"),
        *(f"1-{area}-{exchange}-{line}", f"+1 {area} {exchange} {line}", f"+1.{area}.{exchange}.{line}"),
        *(f"+44 20 7{d(3)} {d(4)}", f"+44 (0)161 {d(3)} {d(4)}", f"+447{d(9)}", f"+44 7{d(3)} {d(6)}"),
        *(f"+49 (0)30 {d(6)}", f"+49 151 {d(8)}", f"+49-89-{d(7)}", f"+49 (0) 221 / {d(3)}-{d(2)}", f"0049 40 {d(7)}"),
        *(
            f"+33 6 {d(2)} {d(2)} {d(2)} {d(2)}",
            f"+33 (0)1 {d(2)} {d(2)} {d(2)} {d(2)}",
            f"0033 6 {d(2)} {d(2)} {d(2)} {d(2)}",
        ),
        *(
            f"+34 6{d(2)} {d(3)} {d(3)}",
            f"+39 06 {d(4)} {d(4)}",
            f"+39 3{d(2)} {d(7)}",
            f"+31 6 {d(8)}",
            f"+31 (0)20 {d(7)}",
        ),
        *(
            f"+46 70-{d(3)} {d(2)} {d(2)}",
            f"+47 9{d(2)} {d(2)} {d(3)}",
            f"+45 {d(2)} {d(2)} {d(2)} {d(2)}",
            f"+358 40 {d(7)}",
        ),
        *(f"+48 5{d(2)} {d(3)} {d(3)}", f"+420 6{d(2)} {d(3)} {d(3)}", f"+41 79 {d(3)} {d(2)} {d(2)}", f"+43 1 {d(7)}"),
        *(
            f"+55 11 9{d(4)}-{d(4)}",
            f"+55 (21) {d(4)}-{d(4)}",
            f"+52 55 {d(4)} {d(4)}",
            f"+91 9{d(4)} {d(5)}",
            f"+91-11-{d(8)}",
        ),
        *(
            f"+81 3-{d(4)}-{d(4)}",
            f"+81 90-{d(4)}-{d(4)}",
            f"+82 10-{d(4)}-{d(4)}",
            f"+86 139 {d(4)} {d(4)}",
            f"+61 4{d(2)} {d(3)} {d(3)}",
        ),
        *(
            f"+972-54-{d(3)}-{d(4)}",
            f"+90 532 {d(3)} {d(2)} {d(2)}",
            f"+27 82 {d(3)} {d(4)}",
            f"+65 {d(4)} {d(4)}",
            f"+353 1 {d(3)} {d(4)}",
        ),
    )
    after = f" ext. {d(3)}" if source.often(0.05) else ""
    return mark("phone", source.pick(forms), after=after)


def phone_national(source: Source) -> str:
    """As people of the locale write it for each other: only a label or a field tells that it is one."""
    return mark("phone_national", source.fake.phone_number())


_ISSUERS = (
    *(("4", 16), ("4", 16), ("4", 13), ("4", 19), ("51", 16), ("53", 16), ("55", 16), ("2221", 16), ("2720", 16)),
    *(("34", 15), ("37", 15), ("36", 14), ("300", 14), ("38", 14), ("6011", 16), ("644", 16), ("65", 16), ("3528", 16)),
    *(
        ("3589", 16),
        ("62", 16),
        ("62", 19),
        ("5018", 16),
        ("6759", 16),
        ("6304", 18),
        ("2202", 16),
        ("60", 16),
        ("9792", 16),
    ),
)


def card_number(source: Source) -> str:
    """ISO/IEC 7812: an issuer's prefix and length, and the Luhn digit."""
    prefix, length = source.pick(_ISSUERS)
    body = prefix + source.digits(length - len(prefix) - 1)
    return body + str(luhn.calc_check_digit(body))


def payment_card(source: Source) -> str:
    number = card_number(source)
    sizes = (4, 6, 5) if len(number) in (14, 15) else (4, 4, 4, 4, 3)
    groups, rest = [], number
    for size in sizes:
        if rest:
            groups.append(rest[:size])
            rest = rest[size:]
    return mark("payment_card", source.pick((number, number, " ".join(groups), "-".join(groups))))


@cache
def _bban(country: str) -> str:
    return str(numdb.get("iban").info(country)[0][1]["bban"])


_COUNTRIES = (
    *(
        "AE",
        "AT",
        "BE",
        "BG",
        "BR",
        "CH",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GB",
        "GR",
        "HR",
        "HU",
        "IE",
        "IL",
    ),
    *("IT", "LT", "LU", "LV", "MC", "MT", "NL", "NO", "PL", "PT", "QA", "RO", "SA", "SE", "SI", "SK", "SM", "TR", "UA"),
)


def iban(source: Source) -> str:
    """ISO 13616: the country's structure, and the check digits of ISO 7064."""
    country = source.pick(_COUNTRIES)
    account, count = "", ""
    for sign in _bban(country).replace("!", "").replace(" ", ""):
        if sign.isdigit():
            count += sign
        else:
            account += source.some({"n": "0123456789", "a": _UPPER, "c": "0123456789" + _UPPER}[sign], int(count))
            count = ""
    number = country + str(mod_97_10.calc_check_digits(account + country)) + account
    spaced = " ".join(number[start : start + 4] for start in range(0, len(number), 4))
    return mark("iban", source.pick((number, spaced)))


def _ssn(source: Source) -> str:
    # Social Security Administration: no 000, 666 or 9xx, no group 00, no serial number 0000.
    area = source.random.choice([number for number in range(1, 900) if number != 666])
    return f"{area:03}{source.random.randint(1, 99):02}{source.random.randint(1, 9999):04}"


def us_ssn(source: Source, by: str = "-") -> str:
    digits = _ssn(source)
    return mark("us_ssn", f"{digits[:3]}{by}{digits[3:5]}{by}{digits[5:]}")


def national_id(source: Source, *, is_distinct: bool = False) -> tuple[NationalId, str]:
    """A number and what it is; `is_distinct` for one that is known without being called by its name."""
    name = source.random.choice([name for name, kind in NATIONAL_IDS.items() if kind.is_distinct or not is_distinct])
    return NATIONAL_IDS[name], mark(name, value(NATIONAL_IDS[name], source.random))


def passport(source: Source) -> str:
    """ICAO Doc 9303, part 4: nine characters at most; the letters are those that the states use."""
    d = source.digits
    german = source.pick("CFGHJK") + source.some("0123456789CFGHJKLMNPRTVWXYZ", 8)
    forms = (d(9), f"A{d(8)}", german, f"{d(2)}{source.some(_UPPER, 2)}{d(5)}", f"X{source.some(_UPPER, 1)}{d(6)}")
    return mark("passport", source.pick((*forms, f"{source.some(_UPPER, 1)}{d(7)}", f"{source.some(_UPPER, 2)}{d(7)}")))


def driving_licence(source: Source) -> str:
    """DVLA's sixteen characters, and the forms of some states of the USA (AAMVA)."""
    d = source.digits
    surname = (source.some(_UPPER, 5) + "99999")[: source.random.randint(4, 5)].ljust(5, "9")
    month = source.random.randint(1, 12) + source.pick((0, 50))
    born = f"{source.digits(1)}{month:02}{source.random.randint(1, 28):02}{source.digits(1)}"
    dvla = f"{surname}{born}{source.some(_UPPER, 2)}{source.pick('23456789')}{source.some(_UPPER, 2)}"
    letter = source.some(_UPPER, 1)
    return mark("driving_licence", source.pick((dvla, dvla, f"{letter}{d(7)}", f"{letter}{d(3)}-{d(4)}-{d(4)}", d(8))))


def ip_address(source: Source) -> str:
    """RFC 791 and RFC 5952; addresses of people and machines, never loopback or a mask."""
    if source.often(0.3):
        groups = [source.some(_HEX, 4).lstrip("0") or "0" for _ in range(8)]
        groups[0] = source.pick(("2001", "2a02", "2606", "fe80", "fd12"))
        full = ":".join(groups)
        return mark(
            "ip_address", source.pick((full, f"{groups[0]}:{groups[1]}::{groups[2]}", f"{groups[0]}::{groups[1]}"))
        )
    first = source.pick((10, 172, 192, 203, 198, 81, 93, 145, 212, 20, 52))
    second = {10: source.random.randint(0, 255), 172: 16, 192: 168}.get(first, source.random.randint(1, 254))
    return mark("ip_address", f"{first}.{second}.{source.random.randint(0, 255)}.{source.random.randint(1, 254)}")


def mac_address(source: Source) -> str:
    """IEEE 802: six octets, by colons, hyphens, or as Cisco writes them."""
    octets = [source.some(_HEX, 2) for _ in range(6)]
    joined = "".join(octets)
    dotted = f"{joined[:4]}.{joined[4:8]}.{joined[8:]}"
    return mark(
        "mac_address", source.pick((":".join(octets), ":".join(octets).upper(), "-".join(octets).upper(), dotted))
    )


def date_of_birth(source: Source) -> str:
    born = _OLDEST + timedelta(days=source.random.randrange(365 * 70))
    forms = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y")
    return mark("date_of_birth", born.strftime(source.pick(forms)))


def postal_address(source: Source) -> str:
    """On one line or on several, as the locale writes it."""
    address = source.fake.address()
    return mark("postal_address", address if source.often(0.3) else address.replace("\n", ", "))
