"""Detectors of identity papers: passport (and other machine-readable travel documents), driving licence.

The machine-readable zone is told by its check digits, the British licence by its form, all other
numbers by their label or key. A number of which nothing tells what it is is left alone.
"""

from itertools import cycle

from gateway.masking.candidates import Candidate, Detector, Span, pattern, whole_candidate
from gateway.masking.labelled import START, alone, checked, digit_count, label_hint, labelled, whole

# ICAO 9303 part 3, 4.9: weights 7, 3, 1; letters count from ten, the filler is nought.
_VALUES = {ord(sign): value for value, sign in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {ord("<"): 0}
_MRZ = "[0-9A-Z<]"
# Parts 4 to 6: the second line of passports and of cards in two lines; the first two of cards in three.
_TWO_LINES = rf"{_MRZ}{{9}}[0-9][A-Z<]{{3}}[0-9<]{{6}}[0-9][MFX<][0-9]{{7}}{_MRZ}{{8}}(?:{_MRZ}{{8}})?"
_DATES = rf"[0-9<]{{6}}[0-9][MFX<][0-9]{{7}}[A-Z<]{{3}}{_MRZ}{{12}}"
_NUMBER = rf"[ACIP][0-9A-Z<][A-Z<]{{3}}{_MRZ}{{9}}[0-9]{_MRZ}{{13}}<<"
_NAMES = r"[A-Z][A-Z<]{4,}<<[A-Z<]*"
_LENGTHS = frozenset({30, 36, 44})


def _is_checked(line: bytes, start: int, end: int) -> bool:
    """The digit at `end` is that of the field before it."""
    total = sum(_VALUES[sign] * weight for sign, weight in zip(line[start:end], cycle((7, 3, 1)), strict=False))
    return total % 10 == _VALUES[line[end]]


def _line(*fields: tuple[int, int]) -> "_Line":
    return _Line(fields)


class _Line:
    """Accepts a line of which each of some fields is followed by its check digit."""

    def __init__(self, fields: tuple[tuple[int, int], ...]) -> None:
        self._fields = fields

    def __call__(self, haystack: bytes, start: int, end: int) -> Span | None:
        line = haystack[start:end]
        is_line = _stands(haystack, start, end) and all(_is_checked(line, *field) for field in self._fields)
        return (start, end) if is_line else None


def _stands(haystack: bytes, start: int, end: int) -> bool:
    return (
        alone(haystack, start, end, b"") and b"<" not in haystack[max(0, start - 1) : start] + haystack[end : end + 1]
    )


def _names(haystack: bytes, start: int, end: int) -> Span | None:
    return (start, end) if end - start in _LENGTHS and _stands(haystack, start, end) else None


_FEWEST_DIGITS = 3


def _numbered(text: str) -> bool:
    return digit_count(text) >= _FEWEST_DIGITS


_PASSPORT = "[0-9A-Za-z]{6,9}"
_PASSPORT_LABELS = ("passport", "passport[ _-]?#", "reisepass", "passeport", "pasaporte", "passaporto", "paspoort")

PASSPORT = Detector(
    "passport",
    rf"[0-9]{{7}}[MFX<][0-9]{{7}}|[0-9A-Z]<<[A-Z<]|{label_hint(_PASSPORT_LABELS)}",
    (
        Candidate(pattern(rf"{START}({_TWO_LINES})"), _line((0, 9), (13, 19), (21, 27))),
        Candidate(pattern(rf"{START}({_DATES})"), _line((0, 6), (8, 14))),
        Candidate(pattern(rf"{START}({_NUMBER})"), _line((5, 14))),
        Candidate(pattern(rf"{START}({_NAMES})"), _names, resume=whole_candidate),
        Candidate(pattern(labelled(_PASSPORT_LABELS, _PASSPORT)), checked(_numbered)),
    ),
    names=frozenset({"passport", "passportno", "passportnumber", "passportid", "passnummer", "reisepassnummer"})
    | {"numeropasseport", "numeropasaporte", "traveldocumentnumber", "mrz"},
    bare=whole(rf"{_PASSPORT}|{_MRZ}{{30,90}}", _numbered),
)


# DVLA: five of the surname, year and month (51 to 62 for women) and day of birth, initials, check.
_DVLA = r"[A-Z]{1,5}9{0,4}[0-9][0156][0-9][0-3][0-9][0-9][A-Z9]{2}[0-9A-Z][A-Z]{2}"
_DVLA_LENGTH = 16
_LICENCE = r"[0-9A-Za-z][0-9A-Za-z-]{4,19}"
_DATE = pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{2}-[0-9]{2}-[0-9]{4}")
_LICENCE_LABELS = (
    *("driving[ _-]?licen[cs]e", "driver'?s?[ _-]?licen[cs]e", "dl[ _-](?:number|no)", "führerschein"),
    *("permis[ _-]de[ _-]conduire", "permiso[ _-]de[ _-]conducir", "patente[ _-]di[ _-]guida", "rijbewijs"),
)


def _dvla(text: str) -> bool:
    if len(text) != _DVLA_LENGTH:
        return False
    month, day = int(text[6:8]) % 50, int(text[8:10])
    return 1 <= month <= 12 and 1 <= day <= 31


def _licence(text: str) -> bool:
    return digit_count(text) > _FEWEST_DIGITS and not _DATE.fullmatch(text.encode())


DRIVING_LICENCE = Detector(
    "driving_licence",
    rf"{START}[A-Z]{{1,5}}9{{0,4}}[0-9]{{6}}[A-Z9]{{2}}|{label_hint(_LICENCE_LABELS)}",
    (
        Candidate(pattern(rf"{START}({_DVLA})"), checked(_dvla)),
        Candidate(pattern(labelled(_LICENCE_LABELS, _LICENCE)), checked(_licence, b".")),
    ),
    names=frozenset({"drivinglicence", "drivinglicense", "driverslicense", "driverlicense", "driverslicence"})
    | {"drivinglicencenumber", "driverlicensenumber", "driverslicensenumber", "dlnumber", "fuhrerscheinnummer"},
    bare=whole(rf"{_LICENCE}|[0-9A-Za-z][0-9A-Za-z -]{{4,23}}", _licence),
)
