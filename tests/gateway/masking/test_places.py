import inspect
from types import ModuleType

import pytest
from mcp_types import _v2025_11_25 as november
from mcp_types import _v2026_07_28 as july
from mcp_types._wire_base import WireModel

from gateway.masking.places import (
    BLOCK_SHAPES,
    BLOCKS,
    ERROR,
    IMPLEMENTATION,
    META,
    PARAMS,
    PROMPT,
    RESOURCE,
    RESOURCE_CONTENTS,
    RESULT,
    SAMPLES,
    SCHEMA_MAPS,
    SUBSCHEMAS,
    TASK,
    TOOL,
    Opaque,
    Shape,
    opaque_places,
)

SHAPES: dict[str, Shape] = {
    "Tool": TOOL,
    "Prompt": PROMPT,
    "Resource": RESOURCE,
    "ResourceTemplate": RESOURCE,
    "TextResourceContents": RESOURCE_CONTENTS,
    "BlobResourceContents": RESOURCE_CONTENTS,
    "Implementation": IMPLEMENTATION,
    "Task": TASK,
    "Error": ERROR,
    "RequestMetaObject": META,
    "ResultMetaObject": META,
    "NotificationMetaObject": META,
    "TextContent": BLOCK_SHAPES["text"],
    "ImageContent": BLOCK_SHAPES["image"],
    "AudioContent": BLOCK_SHAPES["audio"],
    "EmbeddedResource": BLOCK_SHAPES["resource"],
    "ResourceLink": BLOCK_SHAPES["resource_link"],
    "ToolUseContent": BLOCK_SHAPES["tool_use"],
    "ToolResultContent": BLOCK_SHAPES["tool_result"],
}


CLIENTS = {
    *(
        "CallTool",
        "GetPrompt",
        "Complete",
        "Initialize",
        "Paginated",
        "SetLevel",
        "Subscribe",
        "Unsubscribe",
        "Resource",
    ),
    *("ReadResource", "InputResponse", "SubscriptionsListen"),
}
"""Requests that only a client sends."""


def models(module: ModuleType) -> dict[str, set[str]]:
    found = inspect.getmembers(module, lambda item: inspect.isclass(item) and issubclass(item, WireModel))
    return {name: {field.alias or key for key, field in model.model_fields.items()} for name, model in found}


def shape_of(model: str) -> Shape | None:
    if model in SHAPES:
        return SHAPES[model]
    if model.endswith("Result"):
        return RESULT
    is_clients = model.removesuffix("RequestParams") in CLIENTS
    return PARAMS if model.endswith("Params") and not is_clients else None


@pytest.mark.parametrize("module", [november, july])
def test_every_field_of_the_official_schemas_has_its_place(module: ModuleType) -> None:
    missing = {
        f"{model}.{field}"
        for model, fields in models(module).items()
        if (shape := shape_of(model)) is not None
        for field in fields - shape.keys()
    }
    assert missing == set()


@pytest.mark.parametrize("module", [november, july])
def test_every_kind_of_content_has_its_shape(module: ModuleType) -> None:
    kinds = {name for name in models(module) if name.endswith("Content")} | {"EmbeddedResource", "ResourceLink"}
    assert kinds <= SHAPES.keys()


def test_the_list_of_what_is_left_alone_is_exactly_this() -> None:
    ends = {where.removesuffix(".* (the key)").rpartition(".")[2] for where, _ in opaque_places()}
    assert ends == {
        *("id", "requestId", "progressToken", "taskId", "toolUseId", "elicitationId"),
        *("modelcontextprotocol/subscriptionId", "inputRequests"),
        *("nextCursor", "requestState", "name"),
    }


def test_everything_that_is_left_alone_says_why() -> None:
    assert all(reason for _, reason in opaque_places())


def test_a_name_is_left_alone_only_where_a_call_gives_it() -> None:
    named = {where for where, _ in opaque_places() if where.endswith(".name")}
    assert any(where.endswith("tools.name") for where in named)
    assert not any(part in where for where in named for part in ("resource", "Info.", "roots", "structuredContent"))


def test_only_the_protocols_own_meta_has_opaque_keys() -> None:
    holders = {where.partition("._meta")[0] for where, _ in opaque_places() if "._meta." in where}
    assert all(holder.rpartition(".")[2] in ("params", "result") for holder in holders)


def test_content_is_never_opaque() -> None:
    assert RESULT["content"] is BLOCKS
    assert not any(isinstance(RESULT[key], Opaque) for key in ("structuredContent", "contents", "instructions"))


def test_the_keywords_of_a_schema_do_not_overlap() -> None:
    assert not SUBSCHEMAS & SCHEMA_MAPS
    assert not (SUBSCHEMAS | SCHEMA_MAPS) & SAMPLES
