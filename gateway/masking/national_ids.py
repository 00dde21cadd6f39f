"""Detectors of national identity numbers.

Each number is one row: its form, its issuer's check (from `stdnum` where it has one), and the labels
and keys that tell it. A form that is only digits is taken near its label or under its key alone,
save where date and check digits leave chance no room; under a key its form suffices.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from types import ModuleType

from gateway.masking.candidates import Candidate, Detector, pattern
from gateway.masking.labelled import END, START, Check, between, checked, label_hint, labelled, whole

_SEPARATORS = str.maketrans("", "", " .-")
_LAST_FOUR = r"[0-9]{4}"


@cache
def _module(name: str) -> ModuleType:
    return import_module(f"stdnum.{name}")


def _stdnum(name: str) -> Check:
    """The check of `stdnum`, whose modules load when a first candidate comes."""
    return lambda text: bool(_module(name).is_valid(text))


def _digits(fewest: int, most: int = 0) -> str:
    return rf"[0-9](?:[ .-]?[0-9]){{{fewest - 1},{(most or fewest) - 1}}}"


def _detector(
    name: str, check: Check, *, form: str = "", near: str = "", near_check: Check | None = None, **told: tuple[str, ...]
) -> Detector:
    """`form` is found anywhere, `near` after one of the `labels`; either suffices under one of the `names`."""
    candidates = []
    hints = []
    if form:
        hints.append(f"{START}(?:{form}){END}")
        links = " .-" if " " in form else ".-"
        candidates.append(Candidate(pattern(between(form, links)), checked(check, links.encode()), reads_before=1))
    if near:
        hints.append(label_hint(told["labels"]))
        candidates.append(Candidate(pattern(labelled(told["labels"], f"(?i:{near})")), checked(near_check or check)))
    forms = "|".join(text for text in (form, near) if text)
    return Detector(name, "|".join(hints), tuple(candidates), frozenset(told["names"]), whole(f"(?i:{forms})"))


_NINO_NEVER = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})
_NINO = r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"


def _nino(text: str) -> bool:
    """HMRC, National Insurance Manual NIM39110: prefixes that are never given."""
    return text[:2].upper() not in _NINO_NEVER


def _unlike_a_time(check: Check) -> Check:
    """`20260102-1504` is more often the name of a backup than of a child."""

    def accept(text: str) -> bool:
        digits = text.translate(_SEPARATORS).replace("+", "")
        is_recent = 20 <= int(digits[-10:-8]) <= 29
        is_time = digits[-4:-2] < "24" and digits[-2:] < "60"
        return not (is_recent and is_time) and check(text)

    return accept


def _with_cpr_check(text: str) -> bool:
    """The check digit, which numbers given since 2007 need not have."""
    module = _module("dk.cpr")
    return bool(module.is_valid(text)) and module.checksum(module.compact(text)) == 0


def _has_rrn_date(text: str) -> bool:
    """A date of birth; numbers given since October 2020 have no check digit."""
    module = _module("kr.rrn")
    number: str = module.compact(text.translate(_SEPARATORS))
    try:
        module.get_birth_date(number)
    except ValueError:
        return False
    return True


def _plain(check: Check) -> Check:
    return lambda text: check(text.translate(_SEPARATORS))


def _by_label(name: str, module: str, near: str, labels: tuple[str, ...], names: tuple[str, ...]) -> Detector:
    return _detector(name, _plain(_stdnum(module)), near=near, labels=labels, names=names)


def _anywhere(name: str, check: str | Callable[[str], bool], form: str, names: tuple[str, ...]) -> Detector:
    return _detector(name, _stdnum(check) if isinstance(check, str) else check, form=form, names=names)


# In lower case it is a function, and a Spanish word: only a sign after it, or groups of digits, make it a label.
_LOWER_SIN = (rf"(?:\b|_)sin[\"']? ?[:=] ?[\"']?({_digits(9)})", r"(?:\b|_)sin ([0-9]{3}[ -][0-9]{3}[ -][0-9]{3})")


def _ca_sin() -> Detector:
    check = _plain(_stdnum("ca.sin"))
    labels = ("(?-i:SIN)", "sin[ _-](?:number|no)", "social[ _-]insurance", "assurance[ _-]sociale")
    names = ("sin", "casin", "sinnumber", "socialinsurance", "socialinsurancenumber")
    found = _detector("ca_sin", check, near=_digits(9), labels=labels, names=names)
    return replace(
        found,
        hint="|".join((found.hint, *_LOWER_SIN)),
        candidates=(*found.candidates, *(Candidate(pattern(text), checked(check)) for text in _LOWER_SIN)),
    )


NATIONAL_IDS = (
    _detector(
        *("uk_nino", _nino),
        form=_NINO,
        near=_NINO,
        labels=("nino", "national[ _-]?insurance", "ni[ _-]?(?:number|no)"),
        names=("nino", "ninumber", "ukni", "uknino", "nationalinsurance", "nationalinsurancenumber"),
    ),
    _by_label("uk_nhs", "gb.nhs", _digits(10), ("nhs",), ("nhs", "nhsno", "nhsnumber", "uknhs")),
    _anywhere(
        *("fr_nir", "fr.nir"),
        r"[12][ .]?[0-9]{2}[ .]?(?:0[1-9]|1[0-2]|[2-9][0-9])[ .]?(?:[0-9]{2}|2[AB])(?:[ .]?[0-9]{3}){2}[ .]?[0-9]{2}",
        ("nir", "frnir", "insee", "numeroinsee", "securitesociale", "numerosecuritesociale", "numerodesecuritesociale"),
    ),
    _by_label(
        *("de_idnr", "de.idnr", _digits(11)),
        (
            "steuer[ _-]?id(?:nr|entifikationsnummer)?",
            "identifikationsnummer",
            "id-?nr",
            "tax[ _-]?id(?:entification)?",
        ),
        ("idnr", "deidnr", "steuerid", "steueridnr", "steueridentifikationsnummer", "steuernummer"),
    ),
    _anywhere("es_dni", "es.dni", r"[0-9]{8}-?[A-HJ-NP-TV-Z]", ("dni", "esdni", "nif", "numerodni")),
    _anywhere("es_nie", "es.nie", r"[XYZ]-?[0-9]{7}-?[A-HJ-NP-TV-Z]", ("nie", "esnie", "numeronie")),
    _anywhere(
        *("it_codice_fiscale", "it.codicefiscale"),
        r"[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPR-T][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]",
        ("codicefiscale", "itcodicefiscale", "fiscalcode"),
    ),
    _by_label(
        "nl_bsn", "nl.bsn", _digits(9), ("bsn", "burgerservice", "sofi"), ("bsn", "nlbsn", "burgerservicenummer")
    ),
    _detector(
        *("be_nn", _plain(_stdnum("be.nn"))),
        form=r"[0-9]{2}\.[01][0-9]\.[0-3][0-9]-[0-9]{3}\.[0-9]{2}",
        near=_digits(11),
        labels=("rijksregister", "national[ _-]?register", "registre national", "num[ée]ro national", "niss", "insz"),
        names=("rijksregisternummer", "nationalregisternumber", "numeronational", "niss", "insz", "benn"),
    ),
    _detector(
        *("se_personnummer", _unlike_a_time(_stdnum("se.personnummer"))),
        form=rf"(?:19|20)?[0-9]{{2}}[01][0-9][0-3][0-9][+-]{_LAST_FOUR}",
        near=rf"(?:19|20)?[0-9]{{6}}[ +-]?{_LAST_FOUR}",
        near_check=_stdnum("se.personnummer"),
        labels=("person(?:al)?[ _-]?(?:identity)?(?:nummer|nr| number)", "personnummer", "pnr"),
        names=("personnummer", "personnr", "sepersonnummer", "personalidentitynumber"),
    ),
    _anywhere(
        *("fi_hetu", "fi.hetu"),
        r"[0-3][0-9][01][0-9]{3}[+A-FU-Y-][0-9]{3}[0-9A-FHJ-NPR-Y]",
        ("hetu", "fihetu", "henkilotunnus", "henkilötunnus"),
    ),
    _detector(
        *("dk_cpr", _unlike_a_time(_with_cpr_check)),
        form=rf"[0-3][0-9][01][0-9]{{3}}-{_LAST_FOUR}",
        near=rf"[0-3][0-9][01][0-9]{{3}}[ -]?{_LAST_FOUR}",
        near_check=_stdnum("dk.cpr"),
        labels=("cpr", "cpr-?(?:nr|nummer)", "person-?nummer"),
        names=("cpr", "cprnr", "cprnumber", "cprnummer", "dkcpr"),
    ),
    _anywhere(
        *("no_fodselsnummer", "no.fodselsnummer"),
        r"[0-7][0-9]{5} ?[0-9]{5}\b",
        ("fodselsnummer", "fødselsnummer", "nofodselsnummer"),
    ),
    _by_label("pl_pesel", "pl.pesel", _digits(11), ("pesel",), ("pesel", "plpesel", "numerpesel")),
    _detector(
        *("br_cpf", _stdnum("br.cpf")),
        form=r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}",
        near=_digits(11),
        labels=("cpf",),
        names=("cpf", "brcpf", "cpfnumber", "numerocpf"),
    ),
    _detector(
        *("in_aadhaar", _stdnum("in_.aadhaar")),
        form=rf"[2-9][0-9]{{3}} {_LAST_FOUR} {_LAST_FOUR}",
        near=_digits(12),
        labels=("aadhaa?r", "uidai"),
        names=("aadhaar", "aadhar", "aadhaarnumber", "aadharnumber", "inaadhaar"),
    ),
    _anywhere(
        *("in_pan", "in_.pan"),
        r"[A-Z]{3}[ABCFGHJKLPT][A-Z][0-9]{4}[A-Z]",
        ("inpan", "pannumber", "panno", "pancard", "permanentaccountnumber"),
    ),
    _anywhere(
        *("cn_ric", "cn.ric"),
        r"[1-8][0-9]{5}(?:19|20)[0-9]{2}[01][0-9][0-3][0-9][0-9]{3}[0-9Xx]",
        ("cnric", "shenfenzheng", "身份证", "身份证号", "身份证号码", "residentidentitycard"),
    ),
    _by_label(
        *("za_id", "za.idnr", _digits(13)),
        ("(?:sa|rsa|za|south[ _-]african)[ _-]?id(?:entity)?", "id(?:entity)?[ _-](?:number|no)"),
        ("zaid", "saidnumber", "said", "southafricanid", "rsaidnumber", "idnumber", "identitynumber"),
    ),
    _detector(
        *("kr_rrn", _stdnum("kr.rrn")),
        form=r"[0-9]{2}[01][0-9][0-3][0-9]-[0-9]{7}",
        near=r"[0-9]{2}[01][0-9][0-3][0-9][ -]?[0-9]{7}",
        near_check=_has_rrn_date,
        labels=("주민등록번호", "rrn", "resident[ _-]registration"),
        names=("rrn", "krrrn", "residentregistrationnumber", "주민등록번호", "jumin"),
    ),
    _ca_sin(),
    _by_label("au_tfn", "au.tfn", _digits(8, 9), ("tfn", "tax[ _-]file"), ("tfn", "autfn", "taxfilenumber")),
    _anywhere(
        *("ch_ahv", "ch.ssn"),
        r"756[. ]?[0-9]{4}[. ]?[0-9]{4}[. ]?[0-9]{2}",
        ("ahv", "ahvn13", "ahvnummer", "navs13", "numeroavs", "chahv"),
    ),
    _anywhere(
        *("mx_curp", "mx.curp"),
        r"[A-Z][AEIOUX][A-Z]{2}[0-9]{6}[HMX][A-Z]{5}[0-9A-Z][0-9]",
        ("curp", "mxcurp", "clavecurp"),
    ),
)
