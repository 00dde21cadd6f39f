"""What a tool is, as its server publishes it: the canonical form that is pinned, and its hash. Pure.

Takes the entries of a `tools/list` result and gives definitions by name. The order of keys and the
spelling of numbers (`1.0` for `1`) make no difference; every other change of a pinned field does. An
entry without a usable name, one that is too large, and two entries that share a name and differ are
refused: nobody can say what such a tool is.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway import jsontext
from gateway.canonical import canonical as canonical_json
from gateway.tools.headers import Declared, declared
from gateway.values import Json

FIELDS = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
"""What a model or a person decides on when it calls a tool; `icons` and `_meta` are not pinned."""
MAX_NAME = 256
"""Characters; the specification recommends at most 128."""
MAX_TEXT = 128 * 1024
"""Bytes of one canonical form."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One tool as its server publishes it."""

    name: str
    digest: str
    """SHA-256 of `text`, hexadecimal."""
    text: str
    """Canonical JSON (RFC 8785) of the pinned fields."""
    headers: tuple[Declared, ...] = ()
    """Arguments that travel in `Mcp-Param-*` headers too."""


def read_definition(entry: Json) -> Definition | None:
    """The definition in one entry of a list; None if nobody can say what the tool is."""
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        return None
    # Measured before it is made canonical, which takes a hundred times as long.
    if len(jsontext.write({field: entry.get(field) for field in FIELDS})) > MAX_TEXT:
        return None
    text = canonical(entry)
    if len(text) > MAX_TEXT:
        return None
    return Definition(name, hashlib.sha256(text).hexdigest(), text.decode(), declared(entry.get("inputSchema")))


def by_name(found: Iterable[Definition | None]) -> dict[str, Definition]:
    """The definitions by name, without those that share a name and differ."""
    named: dict[str, Definition] = {}
    ambiguous: set[str] = set()
    for definition in found:
        if definition is None:
            continue
        if named.setdefault(definition.name, definition).digest != definition.digest:
            ambiguous.add(definition.name)
    return {name: definition for name, definition in named.items() if name not in ambiguous}


def canonical(entry: Mapping[str, Json]) -> bytes:
    """The pinned fields in canonical JSON."""
    return canonical_json({field: entry[field] for field in FIELDS if field in entry})
