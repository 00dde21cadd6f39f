"""Every message of the official SDK's types, and every place in it: a valid message with a value planted there.

The SDK has the types of 2025-11-25, which stand for the revisions before as well, and of 2026-07-28.
Those of the tasks extension are put together here, since the SDK has none.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Literal

import mcp_types._v2025_11_25 as november
import mcp_types._v2026_07_28 as july
from mcp_types import methods
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

from gateway.protocol import LEGACY_VERSIONS, MODERN_VERSIONS
from gateway.values import Json

type Step = str | int
type Made = tuple[tuple[Step, ...], Kind, Callable[[Json], Json]]


class Kind(Enum):
    """What fits into a place."""

    TEXT = auto()
    NUMBER = auto()
    OBJECT = auto()
    ANYTHING = auto()
    WORD = auto()
    """One of a few words, a truth value, or a number within bounds: no room for data."""


FOREIGN = "vendor"
"""A member that no schema has, planted into every object."""
ENTRY = "salary"
"""The key of an entry, where the schema leaves keys open."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a message of one side; `message` plants a value there, `check` says whether a message is valid."""

    name: str
    side: Literal["client", "server"]
    steps: tuple[Step, ...]
    kind: Kind
    message: Callable[[Json], dict[str, Json]]
    check: Callable[[dict[str, Json]], object]


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class _TaskState(_Camel):
    task_id: str
    status: Literal["working", "input_required", "completed", "failed", "cancelled"]
    status_message: str | None = None
    created_at: str
    last_updated_at: str
    ttl_ms: int | None = None
    poll_interval_ms: int | None = None
    input_requests: july.InputRequests | None = None
    result: july.CallToolResult | None = None
    error: july.Error | None = None


class _TaskResult(_TaskState):
    result_type: Literal["task", "complete"]


class _TaskNotification(BaseModel):
    jsonrpc: Literal["2.0"]
    method: Literal["notifications/tasks"]
    params: _TaskState


class _UpdateParams(_Camel):
    task_id: str
    input_responses: july.InputResponses


class _UpdateRequest(BaseModel):
    jsonrpc: Literal["2.0"]
    id: str | int
    method: Literal["tasks/update"]
    params: _UpdateParams


_MORE: tuple[tuple[str, Literal["client", "server"], Any, str], ...] = (
    *(
        (f"{side} error", side, module.JSONRPCErrorResponse, "")
        for side in ("client", "server")
        for module in (november, july)
    ),
    ("server URL error", "server", november.URLElicitationRequiredError, ""),
    ("server missing capability", "server", july.MissingRequiredClientCapabilityError, ""),
    ("server unsupported version", "server", july.UnsupportedProtocolVersionError, ""),
    # 2025-11-25, basic/utilities/tasks, either side
    *(
        (f"{side} {model.__name__}", side, model, "")
        for side in ("client", "server")
        for model in (
            november.GetTaskRequest,
            november.GetTaskPayloadRequest,
            november.CancelTaskRequest,
            november.ListTasksRequest,
            november.TaskStatusNotification,
        )
    ),
    *(
        (f"{side} {model.__name__}", side, model, "result")
        for side in ("client", "server")
        for model in (
            november.GetTaskResult,
            november.CancelTaskResult,
            november.ListTasksResult,
            november.CreateTaskResult,
        )
    ),
    # the extension
    ("server tasks/get result", "server", _TaskResult, "result"),
    ("server notifications/tasks", "server", _TaskNotification, ""),
    ("client tasks/update", "client", _UpdateRequest, ""),
)


def _types() -> Iterator[tuple[str, Literal["client", "server"], Any, str]]:
    """Name, side, type, and the member of the message that it is; none if it is the whole."""
    seen: set[str] = set()
    tables = (
        ("client", "request", methods.CLIENT_REQUESTS, ""),
        ("client", "notification", methods.CLIENT_NOTIFICATIONS, ""),
        ("client", "result", methods.CLIENT_RESULTS, "result"),
        ("server", "request", methods.SERVER_REQUESTS, ""),
        ("server", "notification", methods.SERVER_NOTIFICATIONS, ""),
        ("server", "result", methods.SERVER_RESULTS, "result"),
    )
    for side, what, table, member in tables:
        for (method, version), model in sorted(table.items(), reverse=True, key=lambda entry: entry[0]):
            era = "modern" if version in MODERN_VERSIONS else "legacy"
            name = f"{era} {side} {method} {what}"
            if version in (*MODERN_VERSIONS, *LEGACY_VERSIONS) and name not in seen:
                seen.add(name)
                yield name, side, model, member  # type: ignore[misc]  # of the table above
    yield from _MORE


_ROUNDS = ("inputRequests", "inputResponses")


def places() -> Iterator[Place]:
    """Every place of every message; what lies in a round of input only once, since it is the same everywhere."""
    rounds: set[tuple[Step, ...]] = set()
    for name, side, model, member in _types():
        adapter: TypeAdapter[Any] = TypeAdapter(model)
        schema = adapter.json_schema(by_alias=True)
        for steps, kind, make in _Schema(schema.get("$defs", {})).places(schema, ()):
            below = next((steps[steps.index(word) :] for word in _ROUNDS if word in steps), None)
            if below in rounds:
                continue
            if below:
                rounds.add(below)
            yield Place(
                f"{name}: {'.'.join(map(str, steps))}",
                side,
                (member, *steps) if member else steps,
                kind,
                _wrapped(make, member),
                _checked(adapter, member),
            )


def _wrapped(make: Callable[[Json], Json], member: str) -> Callable[[Json], dict[str, Json]]:
    def message(value: Json) -> dict[str, Json]:
        made = make(value)
        return {"jsonrpc": "2.0", "id": 1, member: made} if member else made

    return message


def _checked(adapter: TypeAdapter[Any], member: str) -> Callable[[dict[str, Json]], object]:
    return lambda message: adapter.validate_python(message[member] if member else message)


_WORDS = {"mimeType": "text/plain", "uri": "r://x", "data": "aGk=", "blob": "aGk=", "name": "n"}


class _Schema:
    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions

    def places(self, schema: dict[str, Any], above: tuple[str, ...]) -> Iterator[Made]:
        """Each place below, with what makes the smallest valid value that has one there."""
        if reference := _named(schema):
            if reference not in above:
                yield from self.places(self.definitions[reference], (*above, reference))
        elif choices := self._choices(schema):
            for choice in choices:
                yield from self.places(choice, above)
        elif schema.get("type") == "object" or "properties" in schema:
            yield from self._of_object(schema, above)
        elif schema.get("type") == "array":
            for steps, kind, make in self.places(schema.get("items", {}), above):
                yield (0, *steps), kind, _listed(make)
        else:
            yield (), *_leaf(schema)

    def _of_object(self, schema: dict[str, Any], above: tuple[str, ...]) -> Iterator[Made]:
        open_entries = schema.get("additionalProperties")
        if "properties" not in schema and not isinstance(open_entries, dict):
            yield (), Kind.OBJECT, _itself
            return
        members = {**schema.get("properties", {}), FOREIGN: {}}
        if isinstance(open_entries, dict):
            members = {ENTRY: open_entries}
        for key, below in members.items():
            for steps, kind, make in self.places(below, above):
                yield (key, *steps), kind, _held(self.least(schema), key, make)

    def least(self, schema: dict[str, Any], key: str = "") -> Json:
        """The smallest valid value."""
        if reference := _named(schema):
            return self.least(self.definitions[reference], key)
        if choices := self._choices(schema):
            return self.least(choices[0], key)
        if word := _word(schema):
            return word
        if schema.get("type") == "object" or "properties" in schema:
            properties = schema.get("properties", {})
            return {name: self.least(properties[name], name) for name in schema.get("required", ())}
        kinds: dict[str, Json] = {"string": _WORDS.get(key, "x"), "boolean": True, "array": []}
        return kinds.get(schema.get("type", ""), schema.get("minimum", 0) if "type" in schema else {})

    def _choices(self, schema: dict[str, Any]) -> list[dict[str, Any]]:
        choices = schema.get("anyOf") or schema.get("oneOf") or []
        return [choice for choice in choices if choice.get("type") != "null"]


def _named(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _word(schema: dict[str, Any]) -> Json:
    return schema.get("const") or schema.get("enum", [None])[0]


def _itself(value: Json) -> Json:
    return value


def _listed(make: Callable[[Json], Json]) -> Callable[[Json], Json]:
    return lambda value: [make(value)]


def _held(base: Json, key: str, make: Callable[[Json], Json]) -> Callable[[Json], Json]:
    return lambda value: {**base, key: make(value)}


def _leaf(schema: dict[str, Any]) -> tuple[Kind, Callable[[Json], Json]]:
    if word := _word(schema):
        return Kind.WORD, lambda _: word
    if "maximum" in schema or schema.get("type") == "boolean":
        return Kind.WORD, _itself
    kinds = {"string": Kind.TEXT, "integer": Kind.NUMBER, "number": Kind.NUMBER}
    return kinds.get(schema.get("type", ""), Kind.ANYTHING), _itself
