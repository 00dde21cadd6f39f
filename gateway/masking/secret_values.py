"""Detectors of secrets that only their name tells: passwords, and random values called token, key or secret.

A name and a value next to each other go in. A password needs two kinds of sign, or a telling key; a
token needs the entropy of a random text, so that words, paths, UUIDs and cursors of a listing stay.
"""

from collections import Counter
from math import log2

from gateway.masking.azure_keys import is_placeholder
from gateway.masking.candidates import Candidate, Detector, Span, pattern
from gateway.masking.labelled import whole

_IS = r"""["'\\]{0,2} {0,2}(?:=>|:=|[:=]|%3[Dd])\s{0,2}["'\\]{0,2}"""

_PASSWORD = "passw(?:or)?d|passwd|passphrase|passcode|pwd|kennwort|passwort|contraseña|senha|wachtwoord|lösenord"  # noqa: S105  the name of one
_PASSWORD_VALUE = rf"""(?i:{_PASSWORD}){_IS}([^\s"'\\,;&<>()\[\]\x00]{{6,}})"""
# What stands after the word in programs, forms and manuals.
_REFERENCE = pattern(
    r"[A-Za-z_][0-9A-Za-z_]*(?:(?:\.|->|::)[A-Za-z_][0-9A-Za-z_]*)+|[A-Z]?[a-z_-]+[.:!?…]*|[A-Z_-]+|\$.*|[.~]{0,2}/.*"
)


def _password(haystack: bytes, start: int, end: int) -> Span | None:
    value = haystack[start:end]
    is_code = (
        haystack[end : end + 1] in (b"(", b"[") or haystack[end - 1 : end + 1] == b"->" or _REFERENCE.fullmatch(value)
    )
    if is_code or is_placeholder(value) or _kinds(value) < 2:
        return None
    return start, end


def _kinds(value: bytes) -> int:
    """How many of small letters, capitals, digits and others it has."""
    text = value.decode()
    others = any(not sign.isalnum() for sign in text)
    return others + sum(any(map(kind, text)) for kind in (str.islower, str.isupper, str.isdecimal))


_WORDS = frozenset(
    {"true", "false", "null", "none", "yes", "no", "required", "optional", "string", "redacted", "hidden"}
)


def _said(text: str) -> bool:
    return text.lower() not in _WORDS and not is_placeholder(text.encode())


PASSWORD = Detector(
    "password",
    rf"""(?i:{_PASSWORD})["'\\ ]{{0,4}}(?:[:=]|%3[Dd])""",
    (Candidate(pattern(_PASSWORD_VALUE), _password),),
    names=frozenset({"password", "passwd", "pwd", "passphrase", "passcode", "dbpassword", "userpassword", "pass"})
    | {"adminpassword", "administratorpassword", "administratorloginpassword", "rootpassword", "databasepassword"}
    | {"newpassword", "oldpassword", "currentpassword", "defaultpassword", "temporarypassword", "temppassword"}
    | {"passwort", "kennwort", "contraseña", "motdepasse", "wachtwoord", "senha", "smtppassword", "sqlpassword"},
    bare=whole(r"(?s)[^\x00]+", _said),
)


_KEYS = (
    r"(?:api|access|auth|signing|encryption|master|account|subscription|private|function|host|shared|storage)[ _-]?key"
)
_SECRET = rf"secret(?:[ _-]?(?:key|value|text))?|token|{_KEYS}|credentials?|authorization"
_VALUE = "[0-9A-Za-z][0-9A-Za-z_+/.~%-]{15,}={0,2}"
_NAMED = rf"(?i:{_SECRET}){_IS}(?:(?i:bearer|basic|token) )?({_VALUE})"
_SCHEME = rf"(?i:\b(?:bearer|basic)) {{1,2}}({_VALUE})"
_LOOK_BACK = 48
# Where a listing goes on is asked for by name, and opens nothing.
_PLACE = r"next|page|paging|continuation|continue|skip|sync|delta|progress|cursor|resume|request[ _-]?sync|watch"
_PAGING = pattern(rf"(?i:(?:{_PLACE})[ _-]?token){_IS}$")

_SHORTEST = 16
_BITS = 3.0
"""Shannon entropy per sign: random hexadecimal of 16 signs has 3.2 on average, a word less than 3."""
_LONGEST_RUN = 3.5
"""Mean length of runs of one kind of sign: 1.6 in random letters and digits, above 4 in names of many words."""
_KINDS = bytes(
    ord("a" if sign.islower() else "A" if sign.isupper() else "0" if sign.isdecimal() else " ")
    for sign in (chr(code) if code < 128 else " " for code in range(256))
)
_OTHER_KINDS = ((b"A", b"0"), (b"a", b"0"), (b"a", b"A"))
_LETTER, _DIGIT = pattern("[A-Za-z]"), pattern("[0-9]")
_UUID = pattern(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_random(value: bytes) -> bool:
    """It reads like random text: letters and digits in no order, and no UUID."""
    is_mixed = _LETTER.search(value) and _DIGIT.search(value)
    if len(value) < _SHORTEST or not is_mixed or _UUID.fullmatch(value):
        return False
    return entropy(value) >= _BITS and len(value) < _LONGEST_RUN * _runs(value) and not _is_path(value)


def _runs(value: bytes) -> int:
    """How many runs of one kind of sign it has; a capital before small letters is of their run, other signs of none."""
    kinds = value.translate(_KINDS)
    same = sum(len(kinds.replace(one, b" ").replace(other, b" ").split()) for one, other in _OTHER_KINDS)
    return same + kinds.count(b" ") - kinds.count(b"Aa") + kinds.count(b"AAa")


def entropy(value: bytes) -> float:
    """Shannon's, in bits per byte."""
    return -sum(count / len(value) * log2(count / len(value)) for count in Counter(value).values())


_SLUG = pattern(r"[0-9]{0,8}|[A-Z]?[a-z]{1,16}[0-9]{0,4}|[A-Z]{1,16}[0-9]{0,4}|v[0-9]{1,3}")


def _is_path(value: bytes) -> bool:
    """Words and numbers between separators: a path, a host, a version, a date."""
    parts = value.translate(bytes.maketrans(b"/_-", b"...")).split(b".")
    return all(_SLUG.fullmatch(part) for part in parts)


def _secret(haystack: bytes, start: int, end: int) -> Span | None:
    value = haystack[start:end]
    if not is_random(value) or _PAGING.search(haystack[max(0, start - _LOOK_BACK) : start]):
        return None
    return start, end


SECRET = Detector(
    "secret",
    r"(?i:(?:secret|token|key|value|text|credentials?|authorization)[\"'\\ ]{0,4}(?:[:=]|%3d)|\b(?:bearer|basic) )",
    (Candidate(pattern(_NAMED), _secret), Candidate(pattern(_SCHEME), _secret)),
    names=frozenset({"secret", "clientsecret", "appsecret", "apisecret", "consumersecret", "sharedsecret", "secretkey"})
    | {"token", "accesstoken", "refreshtoken", "idtoken", "authtoken", "bearertoken", "apitoken", "sessiontoken"}
    | {"apikey", "xapikey", "authkey", "signingkey", "encryptionkey", "masterkey", "primarykey", "secondarykey"}
    | {"subscriptionkey", "functionkey", "hostkey", "webhooksecret", "authorization", "credential", "credentials"}
    | {"secretvalue", "secrettext", "jwtsecret", "sessionsecret", "oauthtoken", "privatetoken", "accesskey"},
    bare=whole(r"(?:(?i:bearer|basic|token) )?[0-9A-Za-z_+/=.~%-]{16,}", lambda text: is_random(text.encode())),
)
