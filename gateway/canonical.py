"""The canonical JSON of a value, for hashes that two processes must agree on. Pure.

The order of keys and the spelling of numbers (`1.0` for `1`) make no difference; everything else does.
"""

import math

import rfc8785

from gateway import jsontext
from gateway.values import Json

_EXACT = 2**53 - 1
"""Integers past this are outside of RFC 8785."""


def canonical(form: dict[str, Json]) -> bytes:
    """The object in canonical JSON (RFC 8785).

    Numbers that it does not cover (integers past 2^53, floats past their range) are null there, and
    stand by their JSON Pointer and as they were spelled under `numbers`, so that none is lost.
    """
    spelled: dict[str, str] = {}
    covered = {key: _covered(value, f"/{key}", spelled) for key, value in form.items()}
    return rfc8785.dumps(covered | ({"numbers": dict(spelled)} if spelled else {}))


def _covered(value: Json, path: str, spelled: dict[str, str]) -> Json:
    if isinstance(value, dict):
        # RFC 6901: without the escapes two places could have one name.
        return {
            key: _covered(item, f"{path}/{key.replace('~', '~0').replace('/', '~1')}", spelled)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_covered(item, f"{path}/{index}", spelled) for index, item in enumerate(value)]
    if isinstance(value, bool) or not isinstance(value, int | jsontext.Number):
        return value
    number = _number(str(value))
    if number is None:
        spelled[path] = str(value)
    return number


def _number(text: str) -> int | float | None:
    """The number, or None where RFC 8785 does not cover it."""
    digits = text.removeprefix("-")
    if not digits.isdigit():
        number = float(text)
        return number if math.isfinite(number) else None
    # int() itself refuses thousands of digits; these are enough to know.
    return int(text) if len(digits) < 17 and int(digits) <= _EXACT else None
