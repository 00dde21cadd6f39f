"""Documents inside strings: JSON in a text, text in base64.

A string goes in and what it holds comes out, with what is needed to write it back in its own style.
JSON that only some readers accept (duplicate keys, NaN, half a surrogate pair) is read all the same,
since a client may read it; what is nested too deep to be walked is named as such, never skipped.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

import orjson

from gateway import jsontext
from gateway.jsontext import Malformed, Number
from gateway.values import Json

OPENERS = frozenset('{[" \t\r\n\ufeff')
"""First characters of a text that may be a JSON document."""
_SPACE = " \t\r\n\ufeff"


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document that was a text."""

    value: Json
    text: str
    is_ambiguous: bool
    """Two readers may see different values, so that it is always written anew."""
    has_exponents: bool = False
    """As of `jsontext.Data`."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """JSON, but nested too deep to be read."""


def read(text: str) -> Document | Unreadable | None:
    """The JSON object or array that a text is, also one quoted as a JSON string; None if it is neither.

    It may be nested deeper than `jsontext.parse` allows.
    """
    core = text.strip(_SPACE)
    ends = core[:1] + core[-1:]
    if ends not in ("{}", "[]") and not (ends == '""' and "\\" in core):
        return None
    data = jsontext.parse_data(core)
    if not isinstance(data, Malformed):
        return Document(data.value, text, is_ambiguous=False, has_exponents=data.has_exponents)
    return _read_loosely(core, text)


def _read_loosely(core: str, text: str) -> Document | Unreadable | None:
    repeated: list[bool] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        whole = {_whole(key): item for key, item in found}
        repeated.append(len(whole) != len(found))
        return whole

    decoder = json.JSONDecoder(
        object_pairs_hook=pairs, parse_float=Number, parse_int=_integer, parse_constant=Number, strict=False
    )
    try:
        value = decoder.decode(core)
    except RecursionError:
        return Unreadable()
    except ValueError:
        return None
    shallow = jsontext.is_shallow(value)
    return Document(_whole(value), text, is_ambiguous=any(repeated)) if shallow else Unreadable()


def _integer(text: str) -> int | Number:
    return int(text) if len(text) < 19 and text != "-0" else Number(text)


def _whole(value: Json) -> Json:
    """The value without halves of surrogate pairs, which no UTF-8 can carry."""
    if type(value) is str:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if type(value) is dict:
        return {key: _whole(item) for key, item in value.items()}
    if type(value) is list:
        return [_whole(item) for item in value]
    return value


def write(value: Json, document: Document) -> str:
    """The value as JSON text, compact or indented as the document was."""
    text = document.text
    core = text.strip(_SPACE)
    lead = text[: text.index(core[0])]
    tail = text[len(lead) + len(core) :]
    indent = _indent(core)
    if indent is None:
        return lead + jsontext.write(value).decode() + tail
    lines = orjson.dumps(value, default=_number, option=_INDENTED).decode().split("\n")
    return lead + "\n".join(_indented(line, indent) for line in lines) + tail


_INDENTED = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_INDENT_2


def _number(value: Any) -> orjson.Fragment:
    if isinstance(value, Number):
        return orjson.Fragment(str(value))
    raise TypeError(type(value).__name__)


def _indent(core: str) -> str | None:
    after = core[1:].lstrip("\r")
    if not after.startswith("\n"):
        return None
    inside = after.lstrip("\r\n")
    return inside[: len(inside) - len(inside.lstrip(" \t"))]


def _indented(line: str, indent: str) -> str:
    content = line.lstrip(" ")
    return indent * ((len(line) - len(content)) // 2) + content


_BINARY = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip", "application/gzip")
_TEXT = ("text/", "application/json", "application/xml", "application/csv", "application/yaml", "application/x-yaml")


def is_text(mime_type: Json) -> bool:
    """The type says text, so that bytes in any encoding are read."""
    named = mime_type.strip().lower() if isinstance(mime_type, str) else ""
    return named.startswith(_TEXT) or named.partition(";")[0].endswith(("+json", "+xml", "+yaml"))


def is_binary(mime_type: Json) -> bool:
    """The type is one that carries no text."""
    return isinstance(mime_type, str) and mime_type.strip().lower().startswith(_BINARY) and not is_text(mime_type)


def decode(blob: str, mime_type: Json) -> tuple[str, str] | None:
    """The text in a base64 blob and the encoding of its bytes; None for what is no text."""
    if is_binary(mime_type):
        return None
    compact = "".join(blob.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        content = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    for encoding in _encodings(content, mime_type):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return None


def _encodings(content: bytes, mime_type: Json) -> list[str]:
    if content[:2] == b"\xff\xfe" or (is_text(mime_type) and content[1:2] == b"\0"):
        return ["utf-16-le"]
    if content[:2] == b"\xfe\xff" or (is_text(mime_type) and content[:1] == b"\0"):
        return ["utf-16-be"]
    # Every byte is a character of Latin-1: detectors still read what is ASCII in an unknown encoding.
    return ["utf-8", "latin-1"] if is_text(mime_type) else ["utf-8"]


def encode(text: str, encoding: str) -> str:
    """The base64 blob of a text. What the encoding lacks becomes a question mark."""
    return base64.b64encode(text.encode(encoding, "replace")).decode()
