"""Detectors of Azure's credentials: account keys, Entra client secrets, and what connection strings carry.

Azure writes a signature into the keys of most services, by which they are found with nothing around
them; older keys, and passwords, go by the field of the connection string or URL that they stand in.
"""

from gateway.masking.candidates import Candidate, Detector, Span, pattern

_BASE64 = "[0-9A-Za-z+/]"
_URL_SAFE = "[0-9A-Za-z_-]"
# The signatures that Microsoft publishes in its Security Utilities (SEC101/152 to 200), key length by key length.
_LONG = rf"{_BASE64}{{76}}(?:\+ASt|ACDb|\+ABa|\+AMC|APIM){_BASE64}{{5}}[AQgw]=="
_SHORT = rf"{_BASE64}{{33}}(?:\+ASb|\+AEh|\+ARm|AIoT|AzCa|AZEG)[A-P]{_BASE64}{{5}}="
_PLAIN = rf"{_BASE64}{{42}}(?:AzSe|\+ACR)[A-D]{_BASE64}{{5}}"
_FUNCTION = rf"{_URL_SAFE}{{44}}AzFu{_URL_SAFE}{{5}}[AQgw](?:==|%3[Dd]%3[Dd])?"
_ANNOTATED = r"[0-9A-Za-z]{52}JQQJ9[9DH][0-9A-Za-z][A-L][0-9A-Za-z]{16}[A-Za-z][0-9A-Za-z]{7}(?:[0-9A-Za-z]{2}==)?"
_SIGNED = r"(?:\+A(?:St|Ba|MC|Sb|Eh|Rm|CR)|ACDb|APIM|AIoT|Az(?:Ca|Se|Fu)|AZEG|JQQJ9)"

AZURE_KEY = Detector(
    "azure_key",
    _SIGNED,
    tuple(Candidate(pattern(text)) for text in (_LONG, _SHORT, _PLAIN, _FUNCTION, _ANNOTATED)),
)


# Microsoft Entra client secrets: `7Q~` or `8Q~` after three signs.
_CHARACTER = "[0-9A-Za-z_~.-]"
ENTRA_SECRET = Detector(
    "entra_secret",
    "[78]Q~",
    (Candidate(pattern(rf"{_CHARACTER}{{3}}[78]Q~{_CHARACTER}{{31,34}}")),),
)


_FIELD = r"(?i:AccountKey|SharedAccessKey|SharedAccessSignature|SharedSecretValue|AccessKey|Password|Pwd)"
_AFTER = rf"""{_FIELD} ?= ?([^;"'\s\x00]{{4,}}) ?;"""
_LAST = rf"""; ?{_FIELD} ?= ?([^;"'\s\x00]{{4,}})"""
# RFC 3986, 3.2.1: the part after the colon is a password.
_USERINFO = r"""://[^\s/:@"'<>\x00]*:([^\s/@"'<>\x00]+)@[0-9A-Za-z\[]"""
_PLACEHOLDER = pattern(r"(?s)(?:[<{*[]|\$[{(]|%[({s]|@Microsoft\.KeyVault).*|.*\[hidden:.*|(?i:null|none|x{3,}|\.{3})")


def is_placeholder(value: bytes) -> bool:
    """What stands where a secret will be, or where one was before it was hidden."""
    return _PLACEHOLDER.fullmatch(value) is not None


def _filled(haystack: bytes, start: int, end: int) -> Span | None:
    return None if is_placeholder(haystack[start:end]) else (start, end)


CONNECTION_STRING = Detector(
    "connection_string",
    rf"{_FIELD} ?=|{_USERINFO}",
    tuple(Candidate(pattern(text), _filled) for text in (_AFTER, _LAST, _USERINFO)),
)
