"""Detectors of credentials: private keys, JSON Web Tokens, keys of cloud services.

They go by the prefixes and forms that issuers document, or by a label next to the value where the
value alone looks like any random text. None of them tries a credential, or asks whether it lives.
"""

from gateway.masking.candidates import Candidate, Detector, Span, pattern, text_end
from gateway.masking.labelled import ends_word, starts_word

# RFC 7468 and RFC 4716; a key that is cut off is hidden to the end of its text.
_PRIVATE = r"-{4,5} ?BEGIN [0-9A-Z ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}"
_PRIVATE_END = pattern(_PRIVATE.replace("BEGIN", "END"))


def _private_key(haystack: bytes, start: int, end: int) -> Span | None:
    limit = text_end(haystack, end)
    last = _PRIVATE_END.search(haystack, end, limit)
    return start, last.span()[1] if last else limit


PRIVATE_KEY = Detector("private_key", "PRIVATE KEY", (Candidate(pattern(_PRIVATE), _private_key),))


# RFC 7519: a JSON object in base64url begins with eyJ; three parts (JWS) or five (JWE).
_PART = "[0-9A-Za-z_-]"
JWT = Detector(
    "jwt",
    f"eyJ{_PART}{{8}}",
    (Candidate(pattern(rf"eyJ{_PART}{{8,}}\.{_PART}*\.{_PART}*(?:\.{_PART}+\.{_PART}+)?")),),
)


_QUOTE = r"""["'\\]{0,3}"""
_AWS_ID = r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}"
_AWS_LABEL = r"(?i:(?:aws|secret)[a-z_ .-]{0,24}(?:key|secret)[a-z_]{0,12})"
_AWS_SECRET = "([0-9A-Za-z/+]{40})"  # noqa: S105  the pattern of a secret, not a secret
_AWS_HINT = r"""(?i:key|secret)[A-Za-z_]{0,12}["'\\\s:=>]{0,14}[0-9A-Za-z/+]{20}"""
_BETWEEN = r"[^0-9A-Za-z/+\x00]"
_PREFIXED = (
    r"AIza[0-9A-Za-z_-]{35}",
    r"GOCSPX-[0-9A-Za-z_-]{20,}",
    r"ya29\.[0-9A-Za-z_-]{20,}",
    r"gh[oprsu]_[0-9A-Za-z]{36,}",
    r"github_pat_[0-9A-Za-z_]{22,}",
    r"xox[abeoprs]-[0-9A-Za-z-]{10,}",
)
_AZURE_LABEL = r"(?i:AccountKey|AccessKey|\bsig)(?:=|%3[Dd])"
_BASE64 = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/=")


def _word(haystack: bytes, start: int, end: int) -> Span | None:
    return (start, end) if starts_word(haystack, start) and ends_word(haystack, end) else None


def _aws_secret(haystack: bytes, start: int, end: int) -> Span | None:
    return None if end < len(haystack) and haystack[end] in _BASE64 else (start, end)


CLOUD_KEY = Detector(
    "cloud_key",
    "|".join((_AWS_ID, _AWS_HINT, _AZURE_LABEL, *_PREFIXED)),
    (
        Candidate(pattern(_AWS_ID), _word),
        # The secret has no form of its own: it is told by a label, or by the key id before it.
        Candidate(pattern(rf"{_AWS_LABEL}{_QUOTE}\s{{0,3}}(?:=>|:=|[:=])?\s{{0,3}}{_QUOTE}{_AWS_SECRET}"), _aws_secret),
        Candidate(
            pattern(rf"{_AWS_ID}{_BETWEEN}{{1,8}}(?:[A-Za-z_ ]{{1,40}}{_BETWEEN}{{1,6}})?{_AWS_SECRET}"), _aws_secret
        ),
        Candidate(pattern(rf"{_AZURE_LABEL}([0-9A-Za-z+/%_-]{{40,}}={{0,2}})")),
        Candidate(pattern("|".join(_PREFIXED))),
    ),
    names=frozenset(
        {"secretaccesskey", "awssecretaccesskey", "accountkey", "storagekey", "storageaccountkey", "sharedaccesskey"}
    )
    | {"accesskey", "privatekey", "privatekeyid"},
    bare=pattern(r"(?s:[0-9A-Za-z/+]{40}|[0-9A-Za-z/+]{43}=|[0-9A-Za-z/+]{86}==|-----BEGIN .*)"),
)
