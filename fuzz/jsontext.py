"""What holds of `gateway.jsontext`, whatever text comes.

A text is malformed, or a value that other readers of JSON read the same way, whose writing gives it back with every
number as it was spelled.
"""

import json
import math
from typing import Any

import orjson

from gateway import jsontext
from gateway.jsontext import Malformed, Number

SEEDS = (
    b'{"a":[1,-0,1.0,1e2,true,false,null,"\\u00e9\\ud83d\\ude00\\n"],"b":{}}',
    b'{"a":1,"a":2}',
    b'{"a":1,"\\u0061":2}',
    b'"\\ud800"',
    b"[NaN]",
    b"[Infinity,-Infinity]",
    b"123456789012345678901234567890",
    b"1E400",
    b"[" * 70 + b"]" * 70,
    b"\xef\xbb\xbf{}",
    b'{"\xff":1}',
    b' [ 1 , "a" ] ',
)


def one_input(data: bytes) -> None:
    value = jsontext.parse(data)
    lenient = jsontext.parse(data, duplicates=True)
    if isinstance(value, Malformed):
        assert isinstance(lenient, Malformed) or "twice" in value.why
        return
    assert lenient == value
    written = jsontext.write(value)
    assert jsontext.parse(written) == value, "written and read again"
    assert jsontext.write(jsontext.parse(written)) == written
    assert jsontext.parse(jsontext.pretty(value)) == value
    assert _same(value, json.loads(data)), "json reads something else"
    # orjson keeps no more of a large number than fits 64 bits, and refuses larger exponents.
    if not any(sign in data for sign in b"eE") and not _has_long_number(value):
        assert _same(value, orjson.loads(data)), "orjson reads something else"


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, Number):
        # More digits than Python turns into an integer by default.
        is_integer = len(value.text) < 4000 and value.text.lstrip("-").isdigit()
        number = int(value.text) if is_integer else float(value.text)
        return type(other) in (int, float) and (number == other or math.isclose(number, other))
    if type(value) is not type(other):
        return False
    if isinstance(value, dict):
        return [*value] == [*other] and all(_same(value[key], other[key]) for key in value)
    if isinstance(value, list):
        return len(value) == len(other) and all(map(_same, value, other))
    return bool(value == other)


def _has_long_number(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_long_number, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Number) and len(value.text) > 15
