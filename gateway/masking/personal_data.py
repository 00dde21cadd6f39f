"""Detectors of personal data: e-mail, telephone, payment card, US social security number, IBAN.

Each names its standard; a checksum decides where the standard has one. A number that is part of a
longer word or number is never taken, and a look-alike without a valid checksum is left alone.
"""

from functools import cache

from gateway.masking.candidates import Candidate, Detector, Span, next_word, pattern, row
from gateway.masking.labelled import DIGITS, START, WORD, alone, between, ends_word, starts_word


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


_ODD = b"@'.g"
"""How an address begins that is to be looked at: `git@`, and what may be no part of it."""
_FILES_END = tuple(b"." + name for name in sorted(_FILES))


def _email(haystack: bytes, start: int, end: int) -> Span | None:
    if haystack[start] not in _ODD and not haystack[start:end].lower().endswith(_FILES_END):
        return start, end
    while haystack[start] in b"'.":
        start += 1
    # `git@host:path` is a repository and `icon@2x.png` a file; `a@example.com.png` is named after an address.
    text = haystack[start:end]
    _, _, domain = (text.replace(b"%40", b"@") if b"%" in text else text).rpartition(b"@")
    first, _, rest = domain.partition(b".")
    is_other = text.startswith((b"git@", b"@")) or (first and rest.lower() in _FILES)
    return None if is_other else (start, end)


def _behind_sign(haystack: bytes, start: int, end: int) -> int:
    """What follows the sign in that which is no address may be how an address begins: `git@alice.smith@example.com`."""
    at = haystack.rfind(b"@", start, end)
    return at + 1 if at >= 0 else haystack.rfind(b"%40", start, end) + len(b"%40")


EMAIL = Detector("email", "@|%40", (Candidate(pattern(_EMAIL), _email, row=row(_EMAIL), resume=_behind_sign),))


# ITU-T E.164 for the international forms, the North American Numbering Plan for the national one.
_SUBSCRIBER = r"[2-9][0-9]{2}[ .-]{0,2}[0-9]{4}"
_NANP = r"(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}"
_PLUS_ONE = rf"\+ ?1[ .-]?\(?[2-9][0-9]{{2}}\)?[ .-]{{0,2}}{_SUBSCRIBER}"
_PLUS = r"\+ ?\(?[2-9](?:[ ()./-]{0,3}[0-9]){6,14}"
_ZERO_ZERO = r"00[1-9][0-9]{0,2}[ ./-]\(?[0-9](?:[ ()./-]{0,2}[0-9]){5,11}"
# As `alone` has it, so that a number in the middle of many is no candidate.
_BEFORE_PHONE = r"(?:^|[^0-9A-Za-z.-]|(?:^|[^0-9])[.-]|\\[nrt])"
_BEFORE_ZERO = r"(?:^|[^0-9A-Za-z .-]|(?:^|[^0-9])[ .-]|\\[nrt])"
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
    (
        *(Candidate(pattern(f"{_BEFORE_PHONE}({text})"), _phone) for text in (_PLUS_ONE, _PLUS, _NANP)),
        Candidate(pattern(f"{_BEFORE_ZERO}({_ZERO_ZERO})"), _phone),
    ),
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


def _starts(*starts: str) -> frozenset[bytes]:
    """All three digits that begin with one of these."""
    return frozenset(b"%03d" % number for number in range(1000) if f"{number:03}".startswith(starts))


_SIX = ("6", *(f"5{digit}" for digit in range(9)))
_ISSUED = {
    13: _starts("4"),
    14: _starts("300", "301", "302", "303", "304", "305", "36", "38", "39"),
    15: _starts("34", "37"),
    16: _starts("4", "22", "23", "24", "25", "26", "27", "3", "81", "82", "97", *_SIX),
    17: _starts(*_SIX),
    18: _starts(*_SIX),
    19: _starts("4", "3", *_SIX),
}
"""By its length, with what a number begins."""


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
    return number[:3] in _ISSUED[len(number)]


_SIGNS = b" ()+-./"
_FEWEST = 13


def _card(haystack: bytes, start: int, end: int) -> Span | None:
    start = _first_digit(haystack, start)
    stop = end
    if not _is_card(haystack, start, stop):
        # The last group may belong to what follows, such as a date of expiry.
        stop = _without_last_group(haystack, start, end)
        if not _is_card(haystack, start, stop):
            return None
    return None if haystack[start - 1 : start] == b" " and _is_in_iban(haystack, start) else (start, stop)


def _is_card(haystack: bytes, start: int, end: int) -> bool:
    number = haystack[start:end].translate(None, _SIGNS)
    is_number = len(number) >= _FEWEST and _is_luhn(number) and alone(haystack, start, end, b".")
    return is_number and _is_issued(haystack, start, number)


def _first_digit(haystack: bytes, start: int) -> int:
    while haystack[start] not in DIGITS:
        start += 1
    return start


_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")


def _is_luhn(digits: bytes) -> bool:
    """As `stdnum.luhn`, twenty times as fast: any long number in any text comes this way."""
    checked = digits[-1::-2] + digits[-2::-2].translate(_DOUBLED)
    return (sum(checked) - len(checked) * ord("0")) % 10 == 0


_FOURS = tuple(pattern(f"(?:[0-9]{{4}}[ -]{{{gap}}})+") for gap in (1, 2, 3))
_AHEAD = 160
_TO_SPACE = bytes.maketrans(b"-", b" ")


@cache
def _fours() -> tuple[list[int], list[bool]]:
    """Of each four digits what they add to the sum of Luhn in a number of sixteen, and whether one begins so."""
    groups = [b"%04d" % number for number in range(10_000)]
    sums = [sum(map(int, (group[::2].translate(_DOUBLED) + group[1::2]).decode())) for group in groups]
    return sums, [group[:3] in _ISSUED[16] for group in groups]


def _next_card(haystack: bytes, start: int, end: int) -> int:
    """As `next_word`, but in a long row of four digits each the next where four groups add up to a card."""
    start = _first_digit(haystack, start)
    gap = 3 - len(haystack[start + 4 : start + 7].lstrip(b" -"))
    if not 1 <= gap <= len(_FOURS):
        return next_word(haystack, start, end)
    first, last = _FOURS[gap - 1].first(haystack, start, min(start + _AHEAD, len(haystack)))[0]
    stride = 4 + gap
    # What follows the last group is not known, and may make another number of it.
    windows = (last - first) // stride - 4
    if first != start or windows < 2:
        return next_word(haystack, start, end)
    sums, begins = _fours()
    groups = list(map(int, haystack[start:last].translate(_TO_SPACE).split()))
    added = [sums[group] for group in groups]
    for window in range(1, windows):
        if begins[groups[window]] and sum(added[window : window + 4]) % 10 == 0:
            return start + window * stride - 1
    return start + windows * stride - 1


# No issuer's range begins with 1, as the milliseconds since 1970 do.
PAYMENT_CARD = Detector(
    "payment_card",
    rf"{_CARD_START}[2-9](?:[ .-]{{0,3}}[0-9]){{12}}",
    # Without a group, which RE2 is slow to tell: the number begins with the first digit.
    (Candidate(pattern(f"{_CARD_START}(?:{_CARD})"), _card, row=row(_CARD), resume=_next_card),),
    names=frozenset({"cardno", "cardnumber", "creditcard", "creditcardno", "creditcardnumber", "ccnumber"})
    | {"debitcard", "debitcardnumber", "paymentcard", "paymentcardnumber", "kreditkarte", "kreditkartennummer"},
    bare=pattern(r"[0-9](?:[ .-]?[0-9]){11,18}"),
)


# Social Security Administration, POMS RM 10201.035: numbers that were never assigned are none.
_AREA = "(?:00[1-9]|0[1-9][0-9]|[1-578][0-9]{2}|6(?:[0-57-9][0-9]|6[0-57-9]))"
_SERIAL = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_SSN = "|".join(rf"{_AREA}{sign}(?:0[1-9]|[1-9][0-9]){sign}{_SERIAL}" for sign in "- ")
_SSN_LABELLED = r"(?i:\bssn|social security(?: number| no\.?)?)[^0-9A-Za-z\x00]{0,4}([0-9]{9})"
_NO_SSN = pattern(r"(?:000|666|9[0-9]{2})[0-9]{6}|[0-9]{3}00[0-9]{4}|[0-9]{5}0000")


def _ssn(haystack: bytes, start: int, end: int) -> Span | None:
    never = _NO_SSN.fullmatch(_digits(haystack[start:end]))
    return (start, end) if not never and alone(haystack, start, end, b".-") else None


US_SSN = Detector(
    "us_ssn",
    rf"{START}(?:{_SSN})|(?i:\bssn|social security)",
    (Candidate(pattern(between(_SSN, ".-")), _ssn, reads_before=1), Candidate(pattern(_SSN_LABELLED), _ssn)),
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


_IN_DIGITS = {sign: str(int(chr(sign), 36)) for sign in WORD}


def _is_mod_97(number: bytes) -> bool:
    """The check digits are right; `stdnum` takes ten times as long, and reads the rest of a number as well."""
    return int("".join([_IN_DIGITS[sign] for sign in number[4:] + number[:4]])) % 97 == 1


def _iban(haystack: bytes, start: int, end: int) -> Span | None:
    missing = _iban_length(haystack[start : start + 2].decode())
    stop = start
    while missing and stop < end:
        missing -= haystack[stop] in WORD
        stop += 1
    if missing or not starts_word(haystack, start) or not ends_word(haystack, stop):
        return None
    if not _is_mod_97(haystack[start:stop].translate(None, b" -")):
        return None
    from stdnum import iban  # noqa: PLC0415  as above

    return (start, stop) if iban.is_valid(haystack[start:stop].decode(), check_country=False) else None


IBAN = Detector("iban", rf"{START}[A-Z]{{2}}[0-9]{{2}}(?:[ -]?[0-9A-Za-z]){{11}}", (Candidate(pattern(_IBAN), _iban),))
