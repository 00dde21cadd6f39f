"""Every place of MCP's official schemas, message by message and shape by shape, as `tests/fixtures` keeps them.

The list is made from the JSON schemas of the specification and of the tasks extension, which are not
part of this repository. To make it anew, for instance when a revision is published, give each schema
under the name of its revision:

    python -m tests.gateway.masking.schema_places 2026-07-28=path/to/schema.json ... tasks=path/to/schema.json
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

LIST = Path("tests/fixtures/mcp_places.txt")
REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "tasks")
"""The last is the draft of the tasks extension."""

_ASKS = {"ClientRequest": "client", "ClientNotification": "client"} | dict.fromkeys(
    ("ServerRequest", "ServerNotification", "InputRequest"), "server"
)
_ANSWERS = {"ClientResult": "client", "InputResponse": "client", "ServerResult": "server"}

_GENERAL = frozenset({"ClientResult", "ServerResult", "PaginatedResult", "CacheableResult", "Result"})
"""Unions, and what other results extend."""


class Row(NamedTuple):
    """A place: of a message (`client tools/call`, `server CallToolResult`) or of a shape (`Tool`)."""

    holder: str
    place: str


def listed() -> dict[Row, tuple[str, ...]]:
    """The revisions that have a place, for every place."""
    rows: dict[Row, tuple[str, ...]] = {}
    for line in LIST.read_text().splitlines():
        holder, place, revisions = line.split(" | ")
        rows[Row(holder, place)] = tuple(revisions.split())
    return rows


class _Schema:
    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions
        self.shapes: list[str] = []

    def rows(self) -> Iterator[Row]:
        for name, definition in self.definitions.items():
            for holder in self._holders(name):
                for place in self._fields(definition, ""):
                    yield Row(holder, place)
        for name in self.shapes:
            # The list grows while shapes are found inside shapes.
            for place in self._fields(self.definitions[name], ""):
                yield Row(name, place)

    def _holders(self, name: str) -> Iterator[str]:
        if name.endswith(("Request", "Notification")) and (method := self._method(self.definitions[name])):
            senders = {side for union, side in _ASKS.items() if name in self._members(union)}
            default = "server" if method.startswith("notifications/") else "client"
            yield from (f"{side} {method}" for side in sorted(senders) or [default])
        elif name.endswith("Result") and name not in _GENERAL:
            senders = {side for union, side in _ANSWERS.items() if name in self._members(union)}
            yield from (f"{side} {name}" for side in sorted(senders) or ["server"])
        elif name.startswith("JSONRPC") and "jsonrpc" in self.definitions[name].get("properties", {}):
            yield name
        elif name.endswith("Error") and "error" in self.definitions[name].get("properties", {}):
            yield f"server {name}"

    def _members(self, union: str) -> set[str]:
        definition = self.definitions.get(union, {})
        return {named for each in [definition, *definition.get("anyOf", ())] if (named := _named(each))}

    def _method(self, definition: dict[str, Any]) -> str:
        parts = [definition, *definition.get("allOf", ())]
        found = (part.get("properties", {}).get("method", {}).get("const") for part in parts)
        return next((method for method in found if method), "")

    def _fields(self, schema: dict[str, Any], where: str, *, extended: bool = False) -> Iterator[str]:
        """The places below a schema. What has a name of its own is left for later, but not what is extended."""
        name = _named(schema)
        if where and name.endswith(("Request", "Result")):
            return
        if name and self._is_shape(name) and not extended:
            if name not in self.shapes:
                self.shapes.append(name)
            return
        if name and not name.startswith("JSON"):
            yield from self._fields(self.definitions[name], where)
        for key, below in schema.get("properties", {}).items():
            place = f"{where}.{key}" if where else key
            yield place
            yield from self._fields(below, place)
        for below, deeper in self._parts(schema, where):
            yield from self._fields(below, deeper, extended=len(schema.get("allOf", ())) > 1)

    def _parts(self, schema: dict[str, Any], where: str) -> Iterator[tuple[dict[str, Any], str]]:
        """The schemas that a value meets as well, those of its items, and those of its entries."""
        for keyword in ("anyOf", "oneOf", "allOf"):
            yield from ((below, where) for below in schema.get(keyword, ()))
        if isinstance(schema.get("items"), dict):
            yield schema["items"], where
        if isinstance(schema.get("additionalProperties"), dict):
            yield schema["additionalProperties"], f"{where}.*" if where else "*"

    def _is_shape(self, name: str) -> bool:
        is_message = bool([*self._holders(name)]) or name.startswith("JSONRPC") or name in _GENERAL
        return "properties" in self.definitions[name] and not is_message and not name.endswith("Params")


def _named(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def places_of(schema: dict[str, Any]) -> set[Row]:
    """The places of one revision's JSON schema."""
    return set(_Schema(schema.get("$defs") or schema["definitions"]).rows())


def main(arguments: list[str]) -> None:
    """Writes the list."""
    found: dict[Row, list[str]] = {}
    for revision, _, path in (argument.partition("=") for argument in arguments):
        for row in places_of(json.loads(Path(path).read_text())):
            found.setdefault(row, []).append(revision)
    LIST.write_text("".join(f"{row.holder} | {row.place} | {_written(found[row])}\n" for row in sorted(found)))


def _written(revisions: list[str]) -> str:
    # The extension's schema repeats what it uses of the protocol's own.
    return " ".join(sorted(set(revisions) - {"tasks"}) or revisions)


if __name__ == "__main__":
    main(sys.argv[1:])
