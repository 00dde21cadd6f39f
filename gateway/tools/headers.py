"""Which arguments of a tool must be repeated in `Mcp-Param-*` headers, and whether a call repeats them. Pure.

Takes a tool's input schema and gives what it declares by `x-mcp-header`; takes the arguments and the
headers of a call and says which header does not agree (2026-07-28 basic/transports/streamable-http,
Custom Headers). A header that no declaration knows is none of its business.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway import jsontext
from gateway.inbound import decode_header
from gateway.protocol import PARAM_HEADER_PREFIX
from gateway.values import Json

_ANNOTATION = "x-mcp-header"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, section 5.6.2."""
_TYPES = frozenset({"string", "integer", "boolean"})
_DECIMAL = re.compile(r"(-?[0-9]{1,4000})(?:\.0+)?")

# The keywords of JSON Schema 2020-12 that hold schemas; what holds data (`default`, `enum`) is not looked into.
_HOLDS_ONE = frozenset({"items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"}) | {
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
}
_HOLDS_LIST = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_HOLDS_NAMED = frozenset({"patternProperties", "dependentSchemas", "$defs", "definitions"})

type Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """One argument that travels in a header too."""

    header: str
    """Lower case, with its prefix."""
    path: Path
    """Keys from the arguments down to the value."""
    is_integer: bool


def declared(schema: Json) -> tuple[Declared, ...]:
    """What the schema declares; nothing if any declaration is invalid, since clients then drop the tool."""
    found: dict[str, Declared] = {}
    for path, part in _schemas(schema):
        if _ANNOTATION not in part:
            continue
        token, kind = part[_ANNOTATION], part.get("type")
        if not path or not isinstance(token, str) or not isinstance(kind, str):
            return ()
        header = PARAM_HEADER_PREFIX + token.lower()
        if not _TOKEN.fullmatch(token) or kind not in _TYPES or header in found:
            return ()
        found[header] = Declared(header, path, kind == "integer")
    return tuple(found.values())


def mismatch(wanted: tuple[Declared, ...], arguments: Mapping[str, Json], headers: Mapping[str, str]) -> str:
    """The first header that is missing, or differs from the body, or has nothing in the body; empty if all agree."""
    for one in wanted:
        if not _agrees(one, _value(arguments, one.path), headers.get(one.header)):
            return one.header
    return ""


def _agrees(one: Declared, value: Json, sent: str | None) -> bool:
    rendered, integer = _rendered(value)
    if rendered is None or sent is None:
        return rendered is None and sent is None
    decoded = decode_header(sent)
    if one.is_integer and integer is not None and decoded is not None and (found := _DECIMAL.fullmatch(decoded)):
        # 42.0 is the integer 42, in the header as in the body.
        return int(found[1]) == integer
    return decoded == rendered


def _rendered(value: Json) -> tuple[str | None, int | None]:
    """How a client writes the value into a header, None if it cannot; and the integer that it is, if so."""
    if isinstance(value, bool):
        return ("true" if value else "false"), None
    if isinstance(value, str):
        return value, None
    if not isinstance(value, int | jsontext.Number):
        return None, None
    try:
        number = jsontext.plain(value)
        return str(number), int(number) if number == int(number) else None
    except (ValueError, OverflowError):
        # Thousands of digits, or past the range of a float: no client writes that into a header.
        return None, None


def _value(arguments: Mapping[str, Json], path: Path) -> Json:
    node: Json = arguments
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _schemas(root: Json) -> Iterator[tuple[Path | None, Mapping[str, Json]]]:
    """Each schema inside a schema with its path, which is None where not only `properties` lead to it."""
    waiting: list[tuple[Path | None, Json]] = [((), root)]
    while waiting:
        path, schema = waiting.pop()
        if not isinstance(schema, dict):
            continue
        yield path, schema
        for keyword, held in schema.items():
            if keyword == "properties" and isinstance(held, dict):
                waiting += [(None if path is None else (*path, name), part) for name, part in held.items()]
            elif keyword in _HOLDS_NAMED and isinstance(held, dict):
                waiting += [(None, part) for part in held.values()]
            elif keyword in _HOLDS_LIST and isinstance(held, list):
                waiting += [(None, part) for part in held]
            elif keyword in _HOLDS_ONE:
                waiting.append((None, held))
