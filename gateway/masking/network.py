"""Detectors of network addresses: IP (both versions) and MAC.

Texts full of colons and dots go in, and only what the standard reads as an address comes out. A
version number, a time, a fingerprint and an address that is nobody's (loopback, none, all) is left
alone; the ranges that are reserved for examples are addresses like any other.
"""

from ipaddress import AddressValueError, IPv6Address

from gateway.masking.candidates import Candidate, Detector, Span, pattern, whole_candidate
from gateway.masking.labelled import START, ends_word, starts_word

_V4 = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
# A run of numbers that goes on holds no address in its middle either.
_V4_ALONE = rf"(?:^|[^0-9A-Za-z.]|\\[nrt])({_OCTET}(?:\.{_OCTET}){{3}})(?:$|[^0-9A-Za-z.]|\.(?:$|[^0-9]))"
_HEX = "[0-9A-Fa-f]{1,4}"
# RFC 4291 and the IANA registry: the prefixes in use, so that `a::b` in a program is none.
_ASSIGNED = r"(?:[23][0-9A-Fa-f]{3}|[Ff][CcDdEeFf][0-9A-Fa-f]{2}|64:[Ff][Ff]9[Bb])"
_FULL = rf"{_HEX}(?::{_HEX}){{5}}(?::{_HEX}:{_HEX}|:{_V4})"
_SHORT = rf"{_ASSIGNED}(?::{_HEX}){{0,6}}::(?:{_HEX}(?::{_HEX}){{0,6}})?(?:(?::)?{_V4})?"
_MAPPED = rf"::[Ff]{{4}}:(?:0:)?{_V4}"
_V6 = f"{_FULL}|{_SHORT}|{_MAPPED}"

_HEX_DIGITS = frozenset(b"0123456789ABCDEFabcdef")
_LOOK_BACK = 24
# A chapter or a version has four numbers, too; so has the product in a user agent (`Chrome/120.0.0.0`).
_NUMBERED = pattern(
    r"(?i:\bv[. ]{0,2}|(?:\bver|version|release|build|section|chapter|clause|§)[^0-9A-Za-z\x00]{0,4})$|==$"
)
_PRODUCT = pattern(r"[A-Za-z]/$")


def _v4(haystack: bytes, start: int, end: int) -> Span | None:
    address = haystack[start:end]
    if address.startswith((b"127.", b"255.255.")) or address == b"0.0.0.0":
        return None
    before = haystack[max(0, start - _LOOK_BACK) : start]
    if _NUMBERED.search(before) or (address.endswith(b".0") and _PRODUCT.search(before)):
        return None
    return start, end


def _v6(haystack: bytes, start: int, end: int) -> Span | None:
    joined = end < len(haystack) and (haystack[end] in _HEX_DIGITS or haystack[end : end + 1] == b":")
    if joined or not starts_word(haystack, start) or not ends_word(haystack, end):
        return None
    if start and haystack[start - 1] == ord(":") and start > 1 and haystack[start - 2] in _HEX_DIGITS:
        return None
    try:
        address = IPv6Address(haystack[start:end].decode())
    except AddressValueError:
        return None
    is_nobodys = address.is_loopback or address.is_unspecified
    return None if is_nobodys else (start, end)


# RFC 791 and RFC 4291.
IP_ADDRESS = Detector(
    "ip_address",
    rf"{START}{_V4}|(?::{_HEX}){{5}}|[0-9A-Fa-f]::|::[Ff]{{4}}:",
    (
        Candidate(pattern(_V4_ALONE), _v4, resume=whole_candidate),
        Candidate(pattern(_V6), _v6, resume=whole_candidate),
    ),
)


# IEEE 802: 48 bits in pairs, or in threes of four as routers write them.
_PAIR = "[0-9A-Fa-f]{2}"
_MAC = rf"{_PAIR}(?::{_PAIR}){{5}}|{_PAIR}(?:-{_PAIR}){{5}}|[0-9A-Fa-f]{{4}}\.[0-9A-Fa-f]{{4}}\.[0-9A-Fa-f]{{4}}"
_NONE_AND_ALL = frozenset({b"0" * 12, b"f" * 12})


def _mac(haystack: bytes, start: int, end: int) -> Span | None:
    separator = haystack[start + 4] if haystack[start + 4] in b"." else haystack[start + 2]
    before = start > 1 and haystack[start - 1] == separator and haystack[start - 2] in _HEX_DIGITS
    after = end + 1 < len(haystack) and haystack[end] == separator and haystack[end + 1] in _HEX_DIGITS
    if before or after or not starts_word(haystack, start) or not ends_word(haystack, end):
        return None
    digits = haystack[start:end].lower().translate(None, b":-.")
    # Without a letter, pairs of digits are a date and a time, or a number in groups.
    is_number = separator != ord(":") and digits.isdigit()
    return None if is_number or digits in _NONE_AND_ALL else (start, end)


MAC_ADDRESS = Detector(
    "mac_address",
    rf"(?::{_PAIR}){{5}}|(?:-{_PAIR}){{5}}|\.[0-9A-Fa-f]{{4}}\.[0-9A-Fa-f]{{4}}",
    (Candidate(pattern(rf"{START}({_MAC})"), _mac, resume=whole_candidate),),
    names=frozenset({"mac", "macaddress", "macaddr", "hwaddr", "hardwareaddress", "ethernetaddress"}),
    bare=pattern(rf"{_MAC}|[0-9A-Fa-f]{{12}}"),
)
