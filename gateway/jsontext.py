"""JSON text to values and back, without changing what was not meant to change.

`parse` refuses what two readers could read differently: duplicate keys, NaN, lone surrogates,
depth without end. Numbers that Python would respell (`1.0`, `1e2`, integers past 64 bits) are kept
as `Number`, so that `write` gives back the spelling that came in.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

MAX_DEPTH = 64
"""Nesting of arrays and objects. MCP itself needs about ten."""


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number that keeps its spelling; `str` gives it. Neither a string nor a float."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why a text is not JSON that this gateway reads."""

    why: str


class _DuplicateKeyError(ValueError):
    pass


def parse(text: bytes | str, *, duplicates: bool = False) -> Any | Malformed:
    """The value of a JSON text (RFC 8259), or `Malformed`; never raises.

    Duplicate keys are malformed unless `duplicates` is true, when the last one counts.
    """
    try:
        # Strict UTF-8: json.loads on bytes would guess UTF-16 and let surrogates through.
        decoded = text.decode() if isinstance(text, bytes) else text
        value = (_DECODER_LENIENT if duplicates else _DECODER).decode(decoded)
        if "\\ud" in decoded or "\\uD" in decoded:
            write(value)
    except UnicodeError:
        return Malformed("is not UTF-8")
    except _DuplicateKeyError:
        return Malformed("has a key twice in one object")
    except RecursionError:
        return Malformed("is nested too deep")
    except TypeError:
        return Malformed("has half a surrogate pair")
    except ValueError:
        return Malformed("is not JSON")
    # Counting brackets is a thousand times cheaper than walking, and settles nearly every text.
    if decoded.count("[") + decoded.count("{") > MAX_DEPTH and not _shallow(value):
        return Malformed("is nested too deep")
    return value


def write(value: Any) -> bytes:
    """The value as compact UTF-8 JSON, numbers as they were spelled. Raises TypeError on a lone surrogate."""
    return orjson.dumps(value, default=_number, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def pretty(value: Any) -> str:
    """The value as JSON for people to read, numbers as they were spelled."""
    return orjson.dumps(value, default=_number, option=orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_INDENT_2).decode()


def plain(value: Any) -> Any:
    """A copy in which each `Number` is an int or a float, for code that calculates."""
    if isinstance(value, Number):
        return int(value.text) if value.text.lstrip("-").isdigit() else float(value.text)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _number(value: Any) -> orjson.Fragment:
    if isinstance(value, Number):
        return orjson.Fragment(value.text)
    raise TypeError(type(value).__name__)


def _integer(text: str) -> int | Number:
    return int(text) if len(text) < 19 and text != "-0" else Number(text)


def _refuse_constant(text: str) -> Any:
    raise ValueError(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DuplicateKeyError
    return found


def _decoder(hook: Callable[[list[tuple[str, Any]]], Any] | None) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=hook, parse_float=Number, parse_int=_integer, parse_constant=_refuse_constant
    )


_DECODER = _decoder(_unique)
_DECODER_LENIENT = _decoder(None)


def _shallow(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        # Exact types: `isinstance` over a union costs several times as much, and json makes no other.
        holders = [item for item in level if type(item) is dict or type(item) is list]
        if not holders:
            return True
        level = list(chain.from_iterable([item.values() if type(item) is dict else item for item in holders]))
    return False
