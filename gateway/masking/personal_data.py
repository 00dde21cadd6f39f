"""Detectors of personal data: e-mail, telephone, payment card, US social security number, IBAN.

Each names its standard; a checksum decides where the standard has one. A number that is part of a
longer word or number is never taken, and a look-alike without a valid checksum is left alone.
"""

from functools import cache

from gateway.masking.labelled import DIGITS, START, WORD, alone, ends_word, starts_word
from gateway.masking.search import Candidate, Detector, Span, pattern


def _digits(text: bytes) -> bytes:
    return text.translate(None, b" ()+-./")


def _without_last_group(haystack: bytes, start: int, end: int) -> int:
    while end > start and haystack[end - 1] in DIGITS:
        end -= 1
    while end > start and haystack[end - 1] not in DIGITS:
        end -= 1
    return end


# RFC 5321 and 6531, less quoted local parts and address literals; %40 is the sign inside a URI.
_EMAIL = r"[\pL\pM\pN._%+'-]+(?:@|%40)(?:[\pL\pM\pN_-]+\.)+(?:(?i:xn--)[0-9A-Za-z-]+|\pL[\pL\pM]+)"
_FILES = frozenset({b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp"}) | {
    # Units of systemd: `getty@tty1.service`.
    *(b"service", b"socket", b"target", b"timer", b"mount", b"slice", b"scope")
}


def _email(haystack: bytes, start: int, end: int) -> Span | None:
    while haystack[start] in b"'.":
        start += 1
    # `git@host:path` is a repository and `icon@2x.png` a file; `a@example.com.png` is named after an address.
    text = haystack[start:end]
    _, _, domain = text.replace(b"%40", b"@").rpartition(b"@")
    first, _, rest = domain.partition(b".")
    is_other = text.startswith((b"git@", b"@")) or (first and rest.lower() in _FILES)
    return None if is_other else (start, end)


EMAIL = Detector("email", "@|%40", (Candidate(pattern(_EMAIL), _email, may_hold_another=False),))


# ITU-T E.164 for the international forms, the North American Numbering Plan for the national one.
_SUBSCRIBER = r"[2-9][0-9]{2}[ .-]{0,2}[0-9]{4}"
_NANP = r"(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}"
_PLUS_ONE = rf"\+ ?1[ .-]?\(?[2-9][0-9]{{2}}\)?[ .-]{{0,2}}{_SUBSCRIBER}"
_PLUS = r"\+ ?\(?[2-9](?:[ ()./-]{0,3}[0-9]){6,14}"
_ZERO_ZERO = r"00[1-9][0-9]{0,2}[ ./-]\(?[0-9](?:[ ()./-]{0,2}[0-9]){5,11}"
_NAMES = frozenset({"phone", "phoneno", "phonenumber", "tel", "telephone", "telephonenumber", "fax", "faxnumber"}) | {
    *("mobile", "mobilenumber", "mobilephone", "cell", "cellphone", "homephone", "workphone", "officephone"),
    *("contactphone", "contactnumber"),
}


def _phone(haystack: bytes, start: int, end: int) -> Span | None:
    if end < len(haystack) and haystack[end] in DIGITS:
        end = _without_last_group(haystack, start, end)
    long_enough = len(_digits(haystack[start:end])) >= (10 if haystack[start] == ord("0") else 7)
    # A group of digits before 00 makes it a group of its own, as in an IBAN.
    links = b" .-" if haystack[start] == ord("0") else b".-"
    return (start, end) if long_enough and alone(haystack, start, end, links) else None


PHONE = Detector(
    "phone",
    rf"\+ ?\(?[1-9][0-9 ()./-]{{6}}|{START}(?:{_NANP}|{_ZERO_ZERO})|\([2-9][0-9]{{2}}\) ?[2-9][0-9]{{2}}[ .-]",
    tuple(Candidate(pattern(text), _phone) for text in (_PLUS_ONE, _PLUS, _NANP, _ZERO_ZERO)),
    names=_NAMES,
    bare=pattern(r"\+?(?:[ ()./-]{0,3}[0-9]){7,15}"),
)


# ISO/IEC 7812: issuer ranges with the lengths that they use, then the Luhn digit.
_GAP = "[ .-]{1,3}"
_CARD = "|".join(
    (
        "[2-9][0-9]{12,18}",
        f"[2-9][0-9]{{3}}{_GAP}[0-9]{{6}}{_GAP}[0-9]{{4,5}}",
        f"[2-9][0-9]{{3}}{_GAP}(?:[0-9]{{4}}{_GAP}){{2}}[0-9]{{1,4}}(?:{_GAP}[0-9]{{1,3}})?",
    )
)
# As `alone` has it, in the pattern: most long numbers are fractions, or parts of hexadecimal ids.
_CARD_START = r"(?:^|[^0-9A-Za-z.]|(?:^|[^0-9])\.|\\[nrt])"
_ISSUED = pattern(
    r"4[0-9]{12}(?:[0-9]{3}){0,2}|3(?:0[0-5]|[689][0-9])[0-9]{11}|3[47][0-9]{13}"
    r"|(?:2[2-7]|3[0-9]|5[0-8]|6[0-9]|8[12]|97)[0-9]{14}|(?:5[0-8]|6[0-9])[0-9]{15,17}|3[0-9]{18}"
)


_GROUPS = pattern(r"[A-Z]{2}[0-9]{2} (?:[0-9A-Z]{4} )*$")
_LONGEST_IBAN = 42  # characters, with its spaces


def _is_in_iban(haystack: bytes, start: int) -> bool:
    """The number is some of the groups of a valid IBAN."""
    first = max(0, start - _LONGEST_IBAN)
    head = _GROUPS.search(haystack[first:start])
    if head is None:
        return False
    begin = first + head.span()[0]
    return _iban(haystack, begin, min(len(haystack), begin + _LONGEST_IBAN)) is not None


_SHORT_CARD = 13
_ARTICLE = pattern(r"(?i:\bean|gtin|barcode|\bisbn)(?:-?13)?[^0-9A-Za-z\x00]{1,6}$")
_LABEL_LOOK_BACK = 20


def _is_issued(haystack: bytes, start: int, number: bytes) -> bool:
    # Old numbers of Visa are as long as those of articles, whose checks a tenth of each other's numbers pass.
    if len(number) == _SHORT_CARD and _ARTICLE.search(haystack[max(0, start - _LABEL_LOOK_BACK) : start]):
        return False
    return _ISSUED.fullmatch(number) is not None


def _card(haystack: bytes, start: int, end: int) -> Span | None:
    if haystack[start - 1 : start] == b" " and _is_in_iban(haystack, start):
        return None
    # The last group may belong to what follows, such as a date of expiry.
    for stop in (end, _without_last_group(haystack, start, end)):
        number = _digits(haystack[start:stop])
        if alone(haystack, start, stop, b".") and _is_luhn(number) and _is_issued(haystack, start, number):
            return start, stop
    return None


_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")


def _is_luhn(digits: bytes) -> bool:
    """As `stdnum.luhn`, twenty times as fast: any long number in any text comes this way."""
    checked = digits[-1::-2] + digits[-2::-2].translate(_DOUBLED)
    return (sum(checked) - len(checked) * ord("0")) % 10 == 0


# No issuer's range begins with 1, as the milliseconds since 1970 do.
PAYMENT_CARD = Detector(
    "payment_card",
    rf"{_CARD_START}[2-9](?:[ .-]{{0,3}}[0-9]){{12}}",
    (Candidate(pattern(f"{_CARD_START}({_CARD})"), _card),),
    names=frozenset({"cardno", "cardnumber", "creditcard", "creditcardno", "creditcardnumber", "ccnumber"})
    | {"debitcard", "debitcardnumber", "paymentcard", "paymentcardnumber", "kreditkarte", "kreditkartennummer"},
    bare=pattern(r"[0-9](?:[ .-]?[0-9]){11,18}"),
)


# Social Security Administration, POMS RM 10201.035: numbers that were never assigned are none.
_SSN = r"(?:[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{3} [0-9]{2} [0-9]{4})"
_SSN_LABELLED = r"(?i:\bssn|social security(?: number| no\.?)?)[^0-9A-Za-z\x00]{0,4}([0-9]{9})"
_NO_SSN = pattern(r"(?:000|666|9[0-9]{2})[0-9]{6}|[0-9]{3}00[0-9]{4}|[0-9]{5}0000")


def _ssn(haystack: bytes, start: int, end: int) -> Span | None:
    never = _NO_SSN.fullmatch(_digits(haystack[start:end]))
    return (start, end) if not never and alone(haystack, start, end, b".-") else None


US_SSN = Detector(
    "us_ssn",
    rf"{START}{_SSN}|(?i:\bssn|social security)",
    (Candidate(pattern(_SSN), _ssn), Candidate(pattern(_SSN_LABELLED), _ssn)),
    names=frozenset({"ssn", "usssn", "ssnnumber", "socialsecurity", "socialsecurityno", "socialsecuritynumber"}),
    bare=pattern(r"[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4}"),
)


# ISO 13616: two letters, two check digits (ISO 7064 mod 97), and as many characters as the country says.
_IBAN = r"[A-Z]{2}[0-9]{2}(?:[ -]?[0-9A-Za-z]){11,30}"
_COUNT = pattern(r"[0-9]+")


@cache
def _iban_length(country: str) -> int:
    from stdnum import numdb  # noqa: PLC0415  a third of this room's import time, for a rare candidate

    _, facts = numdb.get("iban").info(country)[0]
    structure = facts.get("bban", "").encode()
    length, position = 4, 0
    while count := _COUNT.search(structure, position):
        start, position = count.span()
        length += int(structure[start:position])
    return length


def _iban(haystack: bytes, start: int, end: int) -> Span | None:
    missing = _iban_length(haystack[start : start + 2].decode())
    stop = start
    while missing and stop < end:
        missing -= haystack[stop] in WORD
        stop += 1
    if missing or not starts_word(haystack, start) or not ends_word(haystack, stop):
        return None
    from stdnum import iban  # noqa: PLC0415  as above

    return (start, stop) if iban.is_valid(haystack[start:stop].decode(), check_country=False) else None


IBAN = Detector("iban", rf"{START}[A-Z]{{2}}[0-9]{{2}}(?:[ -]?[0-9A-Za-z]){{11}}", (Candidate(pattern(_IBAN), _iban),))
