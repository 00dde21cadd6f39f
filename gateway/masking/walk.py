"""The walk over one JSON-RPC message, place by place.

A message of an upstream, or of a client, goes in and comes out masked, with the same objects where
nothing changed. It follows `places`: the protocol's own fields keep their names and may be emptied but are never
removed; whatever the table does not know is walked as data. What is opaque is left alone, as far as the way says.
"""

import string
from dataclasses import dataclass, field

from gateway.jsontext import Number
from gateway.masking.blobs import Door, opened
from gateway.masking.compiled import Rules
from gateway.masking.data import DataWalk
from gateway.masking.documents import encode, is_binary
from gateway.masking.hide import GONE, Gone, Rule, strictest
from gateway.masking.ledger import At, Inside, Ledger
from gateway.masking.places import (
    ALL_OPAQUE,
    BLOCK_SHAPES,
    FROM_SERVER,
    KEYWORDS,
    SAMPLES,
    SCHEMA_MAPS,
    SUBSCHEMAS,
    Each,
    Items,
    Opaque,
    Part,
    Place,
    Shape,
    Told,
)
from gateway.masking.schemas import loosened
from gateway.values import Action, Json

_KNOWN = KEYWORDS | SUBSCHEMAS | SCHEMA_MAPS | SAMPLES
_SCALARS = (str, int, Number, bool, type(None))
_BASE64 = str.maketrans("", "", string.ascii_letters + string.digits + "+/-_= \t\r\n")
"""Deletes all that base64 is written in."""


@dataclass(frozen=True, slots=True)
class Way:
    """What a walk needs to know beside the rules."""

    places: Shape = field(default_factory=lambda: FROM_SERVER)
    """`FROM_CLIENT` for what a client sends."""
    results: Rules | None = None
    """Those that results meet, so that a list of tools promises no more than they leave; None: schemas stay."""
    door: Door = field(default_factory=Door)
    """Which blobs may pass that nobody can read."""
    left_alone: frozenset[Opaque] = ALL_OPAQUE
    """The opaque places that are; the others are read like fields of the protocol's own."""


def walk(message: dict[str, Json], rules: Rules, ledger: Ledger, way: Way | None = None) -> dict[str, Json]:
    """The message as the rules leave it; what they hit stands in the ledger. Raises TooDeepError."""
    way = way or Way()
    masked: dict[str, Json] = _Walk(DataWalk(rules, ledger, message), way).place(message, way.places, None)
    return masked


class _Walk:
    def __init__(self, data: DataWalk, way: Way) -> None:
        self._data = data
        self._way = way

    def place(self, value: Json, place: Place, at: At) -> Json:
        if type(value) in _SCALARS and isinstance(place, Opaque) and place in self._way.left_alone:
            return value
        new = self._in(value, place, at)
        return _emptied(value) if new is GONE else new

    def _in(self, value: Json, place: Place, at: At) -> Json | Gone:
        if place is Part.DOCUMENT:
            return self._data.document(value, at)
        if place is Part.SCHEMA:
            return self._schema(value, at, ())
        if place is Part.RESULT_SCHEMA:
            return self._schema(loosened(value, self._way.results) if self._way.results else value, at, ())
        if type(value) is list and isinstance(place, Items):
            return self._each(value, place.place, at)
        if type(value) is list and (place is Part.BLOCKS or isinstance(place, dict)):
            return self._each(value, place, at)
        if type(value) is dict:
            return self._object(value, place, at)
        return self._data.value(value, at)

    def _object(self, value: dict[str, Json], place: Place, at: At) -> Json | Gone:
        if isinstance(place, Each):
            changed = {key: self.place(item, place.place, (at, key)) for key, item in value.items()}
            return self._data.rebuilt(value, changed) if not self._way.left_alone else changed
        kind = value.get("type")
        shape = BLOCK_SHAPES.get(kind) if place is Part.BLOCKS and type(kind) is str else place
        return self._shaped(value, shape, at) if isinstance(shape, dict) else self._data.value(value, at)

    def _each(self, items: list[Json], place: Place, at: At) -> list[Json]:
        changed = [self.place(item, place, (at, index)) for index, item in enumerate(items)]
        return _unless_same(changed, items)

    def _shaped(self, holder: dict[str, Json], shape: Shape, at: At) -> dict[str, Json]:
        changes: dict[str, Json | Gone] = {}
        unknown: dict[str, Json] = {}
        for key, item in holder.items():
            place = shape.get(key)
            if place is None:
                unknown[key] = item
                continue
            new = self._beside(item, place, holder, (at, key))
            if new is not item:
                changes[key] = new
        changes |= self._data.members(unknown, at)
        return self._data.rebuilt(holder, changes, shape)

    def _beside(self, value: Json, place: Place, holder: dict[str, Json], at: At) -> Json:
        """A value at a place of which what stands beside it may say more."""
        while isinstance(place, Told):
            word = holder.get(place.by)
            is_word = type(word) is str or type(word) is int
            place = place.places.get(str(word), place.otherwise) if is_word else place.otherwise
        if place is Part.BLOB and type(value) is str:
            return self._blob(value, holder.get("mimeType"), at)
        if place is Part.NAMED:
            return self._named(value, holder.get("name"), at)
        return self.place(value, place, at)

    def _named(self, value: Json, name: Json, at: At) -> Json:
        under = self._data.rules.key(name).fields if type(name) is str else ()
        self._data.ledger.enter(under, at)
        new = self._data.value(value, at, under)
        return _emptied(value) if new is GONE else new

    def _blob(self, blob: str, mime_type: Json, at: At) -> Json:
        found, decoded = opened(blob, mime_type)
        if decoded is None:
            self._way.door.take(found, self._data.ledger.path(at))
            is_bytes = is_binary(mime_type) and not blob.translate(_BASE64)
            return blob if is_bytes else self.place(blob, Part.OWN, at)
        text, encoding = decoded
        new = self._data.text(text, (at, Inside.BLOB))
        if new is GONE:
            return ""
        return blob if new is text else encode(new, encoding)

    def _schema(self, schema: Json, at: At, under: tuple[Rule, ...]) -> Json | Gone:
        if type(schema) is list:
            changed = [self._schema(item, (at, index), under) for index, item in enumerate(schema)]
            kept = [item for item in changed if item is not GONE]
            return kept if len(kept) < len(schema) else _unless_same(kept, schema)
        if type(schema) is not dict:
            return schema if type(schema) is bool else self._data.value(schema, at)
        changes = self._data.members({key: item for key, item in schema.items() if key not in _KNOWN}, at)
        for key, item in schema.items():
            new = self._keyword(key, item, (at, key), under) if key in _KNOWN else item
            if new is not item:
                changes[key] = new
        return self._data.rebuilt(schema, changes)

    def _keyword(self, key: str, item: Json, at: At, under: tuple[Rule, ...]) -> Json | Gone:
        if key in SUBSCHEMAS:
            return self._schema(item, at, under)
        if key in SCHEMA_MAPS and type(item) is dict:
            return self._properties(item, at, under)
        if key in SAMPLES:
            return self._sample(item, at, under)
        return self.place(item, Part.OWN, at)

    def _properties(self, schemas: dict[str, Json], at: At, under: tuple[Rule, ...]) -> dict[str, Json]:
        changes: dict[str, Json | Gone] = {}
        for name, schema in schemas.items():
            new = self._schema(schema, (at, name), under + self._data.named(name))
            if self._data.drops_key(name, (at, name)):
                new = GONE
            if new is not schema:
                changes[name] = new
        return self._data.rebuilt(schemas, changes)

    def _sample(self, item: Json, at: At, under: tuple[Rule, ...]) -> Json | Gone:
        self._data.ledger.enter(under, at)
        new = self._data.value(item, at, under)
        if under and strictest(under).action is Action.DROP:
            return GONE
        return _distinct(new) if type(new) is list and new is not item else new


def _unless_same(changed: list[Json], items: list[Json]) -> list[Json]:
    return changed if any(new is not old for new, old in zip(changed, items, strict=True)) else items


def _distinct(items: list[Json]) -> list[Json]:
    # `enum` must not repeat itself, and hidden strings are all the same.
    strings: set[str] = set()
    result: list[Json] = []
    for item in items:
        if type(item) is not str or item not in strings:
            result.append(item)
        if type(item) is str:
            strings.add(item)
    return result


def _emptied(value: Json) -> Json:
    if isinstance(value, Number):
        return 0
    return None if value is None else type(value)()
