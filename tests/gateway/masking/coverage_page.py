"""docs/masking-coverage.md: the table of `places` as a page, with the revisions that have each place.

To make it anew: `python -m tests.gateway.masking.coverage_page`.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gateway.masking import places
from gateway.masking.places import Each, Items, Opaque, Part, Place, Shape, Told
from tests.gateway.masking.schema_places import Row, listed

PAGE = Path("docs/masking-coverage.md")

SHAPES: Mapping[str, tuple[Place, tuple[str, ...]]] = {
    "Tool": (places.TOOL, ("Tool",)),
    "Tool annotations": (places.TOOL_ANNOTATIONS, ("ToolAnnotations",)),
    "Prompt": (places.PROMPT, ("Prompt",)),
    "Prompt argument": (places.PROMPT["arguments"], ("PromptArgument",)),
    "Resource": (places.RESOURCE, ("Resource",)),
    "Resource template": (places.RESOURCE_TEMPLATE, ("ResourceTemplate",)),
    "Resource contents": (places.RESOURCE_CONTENTS, ("TextResourceContents", "BlobResourceContents")),
    "Message": (places.MESSAGE, ("PromptMessage", "SamplingMessage")),
    "Block `text`": (places.BLOCK_SHAPES["text"], ("TextContent",)),
    "Block `image` or `audio`": (places.BLOCK_SHAPES["image"], ("ImageContent", "AudioContent")),
    "Block `resource`": (places.BLOCK_SHAPES["resource"], ("EmbeddedResource",)),
    "Block `resource_link`": (places.BLOCK_SHAPES["resource_link"], ("ResourceLink",)),
    "Block `tool_use`": (places.BLOCK_SHAPES["tool_use"], ("ToolUseContent",)),
    "Block `tool_result`": (places.BLOCK_SHAPES["tool_result"], ("ToolResultContent",)),
    "Annotations": (places.ANNOTATIONS, ("Annotations",)),
    "Icon": (places.ICON, ("Icon",)),
    "Implementation": (places.IMPLEMENTATION, ("Implementation",)),
    "Task": (places.TASK, ("Task", "server CreateTaskResult", "server GetTaskResult")),
    "Error": (places.ERROR, ("Error",)),
    "Message metadata": (
        places.META,
        ("RequestMetaObject", "NotificationMetaObject", "ResultMetaObject", "SubscriptionsListenResultMetaObject"),
    ),
}
"""Shapes with a name of their own, and the definitions that they are in the schemas."""

INNER: Mapping[str, tuple[str, ...]] = {
    "ref": ("PromptReference", "ResourceReference", "ResourceTemplateReference"),
    "modelPreferences": ("ModelPreferences",),
    "hints": ("ModelHint",),
    "notifications": ("SubscriptionFilter",),
    "toolChoice": ("ToolChoice",),
    "execution": ("ToolExecution",),
    "task": ("TaskMetadata",),
    "roots": ("Root",),
}
"""Shapes that stand in one place only, by the field they stand in."""

BESIDE: Mapping[str, str] = {
    "_meta": "any message may have one",
    "traceparent": "in words only: 2026-07-28, basic",
    "tracestate": "in words only: 2026-07-28, basic",
    "baggage": "in words only: 2026-07-28, basic",
    "io.modelcontextprotocol/related-task.taskId": "in words only: 2025-11-25, basic/utilities/tasks",
    "task": "in words only: 2025-11-25, basic/utilities/tasks",
    "notifications.taskIds": "tasks: it adds to the core's message",
    **dict.fromkeys(("ttl", "ttlMs", "pollInterval", "pollIntervalMs"), "one shape for the tasks of both revisions"),
}
"""Places of the table that no schema has in that message, and why they are there."""

_WORDS = {
    Part.OWN: "masked: detectors",
    Part.NAMED: "masked: detectors, and field rules by the `name` beside it",
    Part.DOCUMENT: "masked: detectors, field rules, JSON paths",
    Part.BLOCKS: "content blocks, below",
    Part.BLOB: "masked where it is text, else not inspected: `blobs` of the server says whether it passes",
    Part.SCHEMA: "masked as a JSON Schema",
    Part.RESULT_SCHEMA: "masked as a JSON Schema; in a list of tools it promises what masked results keep",
}


def treatment(place: Place) -> str:
    """What happens to what stands there, in a few words; empty for a shape without a name."""
    match place:
        case Opaque():
            return f"**left alone**: {place.reason}"
        case Items():
            return f"each **left alone**: {place.place.reason}"
        case Each():
            return f"keys **left alone**: {place.reason}"
        case Told():
            told = (f"`{word}`: {treatment(each)}" for word, each in place.places.items())
            return f"told by `{place.by}` ({', '.join(told)}), else {treatment(place.otherwise)}"
        case Part():
            return _WORDS[place]
    return next((f"{name}, below" for name, (shape, _) in SHAPES.items() if shape is place), "")


def flat(shape: Place, where: str = "") -> Iterator[tuple[str, Place]]:
    """The places of a shape, and of those in it that have no name of their own."""
    if not isinstance(shape, dict):
        return
    for key, place in shape.items():
        if place is places.RESULT or treatment(place):
            yield f"{where}{key}", place
        else:
            yield from flat(place, f"{where}{key}.")


def revisions(holders: Iterable[str], place: str, known: Mapping[Row, tuple[str, ...]]) -> list[str]:
    """The revisions whose schemas have a place in one of the holders, or in what stands there."""
    found = {revision for holder in holders for revision in known.get(Row(holder, place), ())}
    outer, _, rest = place.partition(".")
    while not found and rest:
        found = {revision for holder in INNER.get(outer, ()) for revision in known.get(Row(holder, rest), ())}
        outer, _, rest = rest.partition(".")
    return sorted(found)


def rows(shape: Place, holders: Iterable[str], below: str = "") -> Iterator[str]:
    """The lines of a table. `below` is where the schemas have the shape inside a holder."""
    known = listed()
    named = (*holders, *(("JSONRPCRequest", "JSONRPCNotification") if below else ()))
    for place, kind in flat(shape):
        found = revisions(named, f"{below}{place}", known)
        yield f"| `{place}` | {treatment(kind)} | {', '.join(found) or BESIDE[place]} |"


def left_alone(place: Place, where: str, above: tuple[Place, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every opaque place and its reason. A shape inside itself is followed once."""
    if isinstance(place, Opaque | Items):
        yield where, place.reason if isinstance(place, Opaque) else place.place.reason
    if isinstance(place, Each):
        yield f"{where}.* (the key)", place.reason
    if not any(place is each for each in above):
        for step, below in _below(place):
            yield from left_alone(below, f"{where}{step}", (*above, place))


def _below(place: Place) -> Iterator[tuple[str, Place]]:
    match place:
        case dict():
            yield from ((f".{key}", below) for key, below in place.items())
        case Each():
            yield ".*", place.place
        case Told():
            yield from ((f"({word})", below) for word, below in place.places.items())
            yield "", place.otherwise
        case Part.BLOCKS:
            yield from ((f"[{kind}]", shape) for kind, shape in places.BLOCK_SHAPES.items())


def _table(title: str, lines: Iterable[str], level: str = "###") -> list[str]:
    body = list(lines)
    return [f"{level} {title}", "", *(["| place | what happens | in |", "|---|---|---|", *body] if body else []), ""]


def _by_method(side: str, table: Mapping[str, Shape]) -> Iterator[str]:
    for method, shape in table.items():
        yield from _table(f"`{method}`", rows(shape, [f"{side} {method}"], "params."))


def results(side: str) -> list[str]:
    """The definitions of all results that one side sends."""
    return sorted({row.holder for row in listed() if row.holder.startswith(side) and row.holder.endswith("Result")})


def page() -> str:
    """The whole page."""
    envelope = {key: place for key, place in places.FROM_SERVER.items() if key not in ("params", "result")}
    lines = [
        *_INTRODUCTION.splitlines(),
        "",
        *("## What is left alone", "", "| place | of | why |", "|---|---|---|", *_opaque(), ""),
        *_table("Every message", rows(envelope, _ENVELOPES), "##"),
        *("## What a server asks and tells: `params`, by method", "", _OTHER, ""),
        *_by_method("server", places.SERVER_PARAMS),
        *_table("What a server answers: `result`, whatever the method", rows(places.RESULT, results("server")), "##"),
        *("## What a client asks and tells: `params`, by method", "", _OTHER, ""),
        *_by_method("client", places.CLIENT_PARAMS),
        *_table("What a client answers: `result`, and each of `inputResponses`", _answers(), "##"),
        *("## Shapes", ""),
        *(line for name, (shape, holders) in SHAPES.items() for line in _table(name, rows(shape, holders))),
        *("## JSON Schemas", "", _SCHEMAS, ""),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _opaque() -> Iterator[str]:
    """A line for each opaque place of each shape, the shapes inside it apart."""
    requests = (places.SERVER_PARAMS, places.CLIENT_PARAMS)
    holders: list[tuple[str, Place]] = [("every message", places.FROM_SERVER | {"params": {}, "result": {}})]
    holders += [(f"`{method}`", shape) for table in requests for method, shape in table.items()]
    holders += [("a server's result", places.RESULT), ("a client's result", places.ANSWER)]
    holders += [(name, shape) for name, (shape, _) in SHAPES.items()]
    found: dict[tuple[str, str], list[str]] = {}
    for name, shape in holders:
        for place, kind in flat(shape):
            if isinstance(kind, Opaque | Each | Items):
                found.setdefault((place, treatment(kind)), []).append(name)
    for (place, why), names in found.items():
        reason = why.replace(" **left alone**", "").replace("**left alone**: ", "")
        yield f"| `{place}` | {', '.join(dict.fromkeys(names))} | {reason} |"


def _answers() -> Iterator[str]:
    return rows(places.ANSWER, results("client"))


_ENVELOPES = ("JSONRPCRequest", "JSONRPCNotification", "JSONRPCError", "JSONRPCErrorResponse")

_OTHER = "The `params` of a method that is not listed are data, but for the `_meta` of every message."

_SCHEMAS = (
    "The structure of a schema stays; descriptions, titles, patterns and unknown keywords are read by detectors. What "
    f"{', '.join(f'`{word}`' for word in sorted(places.SAMPLES))} hold is data of the property they describe: a field "
    "rule that names the property hides it."
)

_INTRODUCTION = """# What masking reads, place by place

Generated from `gateway/masking/places.py`; a test fails where this page says something else. The last column names the
revisions of the protocol whose schema has the place (`tasks` is the tasks extension), or says why it is here without.

**A place that is not listed is data**: detectors read it, and field rules and keys count in it. So are the places of
a `_meta` that are not the protocol's, and any string, number, object or list in a place that expects something else.
Only what is *left alone* arrives as it was sent, and only if it is a single string or number.

- *detectors*: what a value looks like, in strings, in JSON and base64 inside strings, and in whole numbers.
- *field rules*: the name of the member that holds it. The protocol's own fields are never meant by a field rule.
- *JSON paths*: start at this place.
- *left alone* means that nothing is changed there. A mask that blocks a request, or sends it for an approval, reads the
  names and URIs in it as well, and in what the evidence keeps nothing at all is left alone.
- Under `drop`, a field of the protocol's own is emptied, not removed, so that the message stays valid."""


if __name__ == "__main__":
    PAGE.write_text(page())
