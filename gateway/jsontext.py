"""JSON text to values and back, without changing what was not meant to change.

`parse` refuses what two readers could read differently: duplicate keys, NaN, lone surrogates,
depth without end. Numbers that Python would respell (`1.0`, `1e2`, integers past 64 bits) are kept
as `Number`, so that `write` gives back the spelling that came in. `parse_data` does the same for text that
is only searched, and sooner: it takes what orjson reads wherever that proves to be all that the text says, and leaves
to its caller what is seen anyway when all of it is gone through.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson
import re2  # type: ignore[import-untyped]  # google-re2 ships no types

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
    if decoded.count("[") + decoded.count("{") > MAX_DEPTH and not is_shallow(value):
        return Malformed("is nested too deep")
    return value


@dataclass(frozen=True, slots=True)
class Data:
    """What a text says, however deep it is nested."""

    value: Any
    has_exponents: bool = False
    """Its small floats that Python spells with an exponent are spelled so in the text, and are for `respell`: orjson
    would write 0.00001 for 1e-05."""


def parse_data(text: str) -> Data | Malformed:
    """As `parse` without duplicates, but that a number which `write` spells as the text does may be a float or int."""
    try:
        data = _proven(text)
    except (ValueError, TypeError):
        data = None
    if data is None:
        value = parse(text)
        return value if isinstance(value, Malformed) else Data(value)
    return data


def _proven(text: str) -> Data | None:
    """What orjson reads in the text; None unless it is the same when it is written again.

    Then no key was lost because it stood twice, and each number is spelled as it was. White space does not count, nor
    do escapes that need not be there; what strings say needs no proof. Raises ValueError and TypeError.
    """
    content = text.encode()
    if _RESPELLED.search(content, 0, _BEGINNING):
        return None
    value = orjson.loads(content)
    again = write(value)
    if again == content:
        return Data(value)
    # Spaces in strings go from both alike; of other white space no string has any.
    before, after = _unescaped(content).translate(None, _SPACE), again.replace(b" ", b"")
    if before == after:
        return Data(value)
    if b"e-0" not in content or _SMALL.search(before) or _SMALLER.search(before):
        return None
    return Data(value, has_exponents=True) if _differ_in_exponents(before, after) else None


def _differ_in_exponents(before: bytes, after: bytes) -> bool:
    """The two are the same, but that `after` has numbers as orjson spells them where `before` spells them as Python
    does, with an exponent."""
    done = position = 0
    while (at := before.find(b"e-0", done)) >= 0:
        end = at + len(b"e-00")
        begin = before[max(done, at - _LONGEST_FLOAT) : at]
        number = before[at - len(begin) + len(begin.rstrip(b"-.0123456789")) : end]
        same = before[done : end - len(number)]
        if not after.startswith(same, position):
            return False
        position += len(same)
        # In a string it stays as it was.
        spelled = number if after.startswith(number, position) else _respelled(number)
        if not after.startswith(spelled, position):
            return False
        done, position = end, position + len(spelled)
    return after[position:] == before[done:]


def _respelled(number: bytes) -> bytes:
    try:
        value = float(number)
    except ValueError:
        return number
    return orjson.dumps(value) if repr(value).encode() == number else number


_LONGEST_FLOAT = 24
"""Characters of a float as Python spells it."""
_SPACE = b" \n\r\t"
_BEGINNING = 65_536
_RESPELLED = re2.compile(rb"[:,\[\s]-?[0-9]+(\.[0-9]+0[,}\]\s]|[0-9.]*E)")
"""Finds most numbers that orjson would spell otherwise, to see at once what else would be seen at the end."""
_SMALL, _SMALLER = re2.compile(rb"\.0000"), re2.compile(rb"e-[1-9][,}\]]")
"""They find each number that Python would spell with such an exponent and that is spelled as orjson does."""


def respell(holder: Any) -> None:
    """The small floats in the list or object that Python spells with an exponent are numbers that are spelled so."""
    for step, item in list(holder.items() if type(holder) is dict else enumerate(holder)):
        if type(item) is float and "e-0" in (spelled := repr(item)):
            holder[step] = Number(spelled)


def is_shallow(value: Any) -> bool:
    """The value is nested no deeper than `parse` allows."""
    holders: list[Any] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        items = chain.from_iterable([holder.values() if type(holder) is dict else holder for holder in holders])
        # Exact types: `isinstance` over a union costs several times as much, and a parser makes no other.
        holders = [item for item in items if type(item) is dict or type(item) is list]
        if not holders:
            return True
    return False


def _unescaped(content: bytes) -> bytes:
    """JSON without escapes that need not be there, as far as that is soon done; each string ends where it did."""
    first, *rest = content.split(b"\\", _MOST_ESCAPES + 1)
    # After an escaped backslash nothing shows any more which of the others begin an escape.
    if not rest or len(rest) > _MOST_ESCAPES or b"" in rest:
        return content
    plain = b"".join([first, *map(_plain, rest)])
    if not any(part[:2] in (b"ud", b"uD") for part in rest):
        return plain
    pairs = plain.decode(errors="surrogatepass").encode("utf-16", errors="surrogatepass")
    return pairs.decode("utf-16").encode()


def _plain(part: bytes) -> bytes:
    """What stands behind the backslash of an escape, with what the escape says; with that backslash if it need be."""
    if part[:1] == b"/":
        return part
    if part[:1] != b"u" or part.startswith((b"u0022", b"u005")):
        return b"\\" + part
    return chr(int(part[1:5], 16)).encode(errors="surrogatepass") + part[5:]


_MOST_ESCAPES = 10_000
"""To undo more costs as much as the other decoder."""


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
