import base64
import copy
import json
from collections.abc import Iterator

import pytest

from gateway.masking.compiled import compiled
from gateway.masking.ledger import Ledger
from gateway.masking.places import FROM_CLIENT
from gateway.masking.walk import Way, walk
from gateway.values import Action, Json, Mask
from tests.gateway.masking.messages import MESSAGES, ask, result

MAIL = "alice@example.com"
DETECT = Mask("detect", Action.REDACT, detectors=("email", "payment_card"))


def hide(message: dict[str, Json], *masks: Mask) -> dict[str, Json]:
    return walk(message, compiled(masks or (DETECT,)), Ledger())


def blob(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


OPAQUE = {
    *("id", "nextCursor", "requestState", "taskId", "progressToken", "requestId", "elicitationId", "toolUseId"),
    "io.modelcontextprotocol/subscriptionId",
}
NAMED = ("tools", "prompts", "arguments")


def places(value: Json, where: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every string of a message, also those of JSON inside its texts (marked by "json")."""
    if isinstance(value, str):
        yield where
        if value.startswith("{"):
            yield from places(json.loads(value), (*where, "json"))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*where, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*where, index))


def planted(value: Json, where: tuple[str | int, ...]) -> Json:
    if not where:
        return f"see {MAIL}!"
    if where[0] == "json":
        return json.dumps(planted(json.loads(value), where[1:]))
    new = copy.copy(value)
    new[where[0]] = planted(value[where[0]], where[1:])
    return new


def is_opaque(where: tuple[str | int, ...]) -> bool:
    if where[-1] in OPAQUE:
        return True
    is_named = len(where) > 2 and where[-1] == "name" and where[-3] in NAMED
    return is_named or where[-3:] == (1, "content", "name")


CASES = [(name, where) for name, message in MESSAGES.items() for where in places(message)]


@pytest.mark.parametrize(
    ("name", "where"), CASES, ids=[f"{name}: {'.'.join(map(str, where))}" for name, where in CASES]
)
def test_a_value_leaves_in_no_place_but_the_opaque_ones(name: str, where: tuple[str | int, ...]) -> None:
    message = planted(MESSAGES[name], where)
    leaves = MAIL in json.dumps(hide(message))
    assert leaves == is_opaque(where)


def keys(value: Json, where: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict):
        yield where
    for step, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from keys(item, (*where, step))


KEY_CASES = [(name, where) for name, message in MESSAGES.items() for where in keys(message)]


@pytest.mark.parametrize(("name", "where"), KEY_CASES, ids=[f"{name}: {where}" for name, where in KEY_CASES])
def test_a_key_that_is_a_value_leaves_from_no_object_but_the_one_of_identifiers(
    name: str, where: tuple[str | int, ...]
) -> None:
    message = copy.deepcopy(MESSAGES[name])
    holder: Json = message
    for step in where:
        holder = holder[step]
    holder[MAIL] = {"type": "string"}
    assert (MAIL in json.dumps(hide(message))) == (where[-1:] == ("inputRequests",))


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_in_which_nothing_is_found_is_the_same_message(name: str) -> None:
    assert hide(MESSAGES[name], DETECT, Mask("f", Action.REDACT, fields=("salary", "$.nowhere"))) == MESSAGES[name]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_not_changed_in_place(name: str) -> None:
    for where in places(MESSAGES[name]):
        message = planted(MESSAGES[name], where)
        before = copy.deepcopy(message)
        hide(message)
        assert message == before


UNKNOWN = ("unknown notification", "content of a new kind")
PROTOCOL_WORDS = (
    "type",
    "name",
    "text",
    "title",
    "description",
    "role",
    "method",
    "result",
    "content",
    "params",
    "properties",
)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_field_rule_does_not_mean_the_protocols_own_fields(name: str) -> None:
    if name not in UNKNOWN:
        assert hide(MESSAGES[name], Mask("f", Action.REDACT, fields=PROTOCOL_WORDS)) == MESSAGES[name]


def test_a_field_rule_means_the_same_word_inside_data() -> None:
    message = result(
        structuredContent={"name": "Alice"}, _meta={"title": "CEO"}, content=[{"type": "odd", "text": "t"}]
    )
    assert hide(message, Mask("f", Action.REDACT, fields=("name", "title", "text")))["result"] == {
        "structuredContent": {"name": "[hidden:name]"},
        "_meta": {"title": "[hidden:title]"},
        "content": [{"type": "odd", "text": "[hidden:text]"}],
    }


def test_an_opaque_place_that_holds_more_than_a_value_is_data() -> None:
    message = {"jsonrpc": "2.0", "id": {"m": MAIL}, "result": {"nextCursor": [MAIL], "tools": [{"name": {"m": MAIL}}]}}
    assert MAIL not in json.dumps(hide(message))


def contents(**members: Json) -> dict[str, Json]:
    return result(contents=[{"uri": "r://1", **members}])


@pytest.mark.parametrize(
    "mime_type", ["text/plain", "application/json", "application/octet-stream", None, "image/svg+xml"]
)
def test_text_in_base64_is_masked(mime_type: str | None) -> None:
    masked = hide(contents(mimeType=mime_type, blob=blob(f'{{"a":"{MAIL}"}}')))["result"]["contents"][0]
    assert base64.b64decode(masked["blob"]) == b'{"a":"[hidden:email]"}'


def test_an_image_that_is_text_is_masked() -> None:
    block = {"type": "image", "mimeType": "image/svg+xml", "data": blob(f"<svg>{MAIL}</svg>")}
    [masked] = hide(result(content=[block]))["result"]["content"]
    assert base64.b64decode(masked["data"]) == b"<svg>[hidden:email]</svg>"


@pytest.mark.parametrize("data", [blob(f"mail {MAIL}"), f"mail {MAIL}"])
def test_text_that_its_sender_calls_an_image_is_masked(data: str) -> None:
    [masked] = hide(result(content=[{"type": "image", "mimeType": "image/png", "data": data}]))["result"]["content"]
    assert masked["data"] in (blob("mail [hidden:email]"), "mail [hidden:email]")


def test_fields_of_json_in_base64_are_masked() -> None:
    masked = hide(contents(blob=blob('{"pay":1}')), Mask("f", Action.REDACT, fields=("$.pay",)))
    assert base64.b64decode(masked["result"]["contents"][0]["blob"]) == b'{"pay":0}'


@pytest.mark.parametrize(
    ("content", "mime_type"),
    [
        (b"\x89PNG\r\n\x1a\n\xff", None),
        (b"\x89PNG\r\n" + MAIL.encode(), "image/png"),
        (b"harmless", "text/plain"),
        (b"", None),
    ],
)
def test_other_blobs_pass_as_they_are(content: bytes, mime_type: str | None) -> None:
    message = contents(mimeType=mime_type, blob=base64.b64encode(content).decode())
    assert hide(message) == message


def test_what_is_not_base64_is_masked_as_the_text_that_it_is() -> None:
    assert hide(contents(blob=f"!{MAIL}"))["result"]["contents"][0]["blob"] == "![hidden:email]"


def test_a_dropped_value_empties_a_field_of_the_protocol_and_removes_one_of_the_data() -> None:
    drop = Mask("drop", Action.DROP, detectors=("email", "payment_card"))
    message = result(
        content=[
            {"type": "text", "text": MAIL, "note": MAIL},
            {"type": "resource_link", "uri": MAIL, "name": "n", "size": 4111111111111111},
        ],
        structuredContent={"a": MAIL, "b": [MAIL, 1]},
        contents=[{"uri": "r://1", "blob": blob(MAIL)}],
    )
    assert hide(message, drop)["result"] == {
        "content": [{"type": "text", "text": ""}, {"type": "resource_link", "uri": "", "name": "n", "size": 0}],
        "structuredContent": {"b": [1]},
        "contents": [{"uri": "r://1", "blob": ""}],
    }


def test_a_dropped_root_leaves_an_empty_object() -> None:
    drop = Mask("drop", Action.DROP, fields=("$",))
    assert hide(result(structuredContent={"a": 1}), drop)["result"] == {"structuredContent": {}}


def tool(schema: Json) -> dict[str, Json]:
    return result(tools=[{"name": "t", "inputSchema": schema}])


def schema_of(message: dict[str, Json]) -> Json:
    return message["result"]["tools"][0]["inputSchema"]


PAY = {
    "type": "object",
    "required": ["pay"],
    "properties": {
        "pay": {
            "type": "number",
            "description": "in euro",
            "default": 9,
            "minimum": 1,
            "examples": [1, 2],
            "enum": [9, 8],
        },
        "other": {"type": "object", "properties": {"pay": {"const": "x", "items": True, "enum": ["a", "b"]}}},
    },
    "additionalProperties": False,
}


def test_a_field_of_a_schema_hides_its_samples_and_keeps_its_structure() -> None:
    masked = schema_of(hide(tool(PAY), Mask("f", Action.REDACT, fields=("pay",))))
    assert masked["properties"]["pay"] == PAY["properties"]["pay"] | {"default": 0, "examples": [0, 0], "enum": [0, 0]}  # type: ignore[index]  # a literal of mixed types
    assert masked["properties"]["other"]["properties"]["pay"] == {
        "const": "[hidden:pay]",
        "items": True,
        "enum": ["[hidden:pay]"],
    }
    assert {key: masked[key] for key in ("type", "required", "additionalProperties")} == {
        "type": "object",
        "required": ["pay"],
        "additionalProperties": False,
    }


def test_a_dropped_field_of_a_schema_loses_its_samples_only() -> None:
    masked = schema_of(hide(tool(PAY), Mask("f", Action.DROP, fields=("pay",))))
    assert masked["properties"]["pay"] == {"type": "number", "description": "in euro", "minimum": 1}


def test_a_schema_without_samples_of_a_blocked_field_is_not_blocked() -> None:
    block = compiled((Mask("f", Action.BLOCK, fields=("pay",)),))
    for schema, is_blocked in (({"properties": {"pay": {"type": "number"}}}, False), (PAY, True)):
        ledger = Ledger()
        walk(tool(schema), block, ledger)
        assert (ledger.blocked is not None) == is_blocked


def test_a_dropped_value_in_a_list_of_schemas_is_gone() -> None:
    masked = schema_of(hide(tool({"anyOf": [{"type": "string"}, MAIL]}), Mask("d", Action.DROP, detectors=("email",))))
    assert masked == {"anyOf": [{"type": "string"}]}


def test_a_keyword_that_no_schema_language_has_is_data() -> None:
    masked = schema_of(hide(tool({"title": "t", "x-pay": 9, "x-own": {"title": "CEO"}}), PAY_AND_TITLE))
    assert masked == {"title": "t", "x-pay": 0, "x-own": {"title": "[hidden:title]"}}


PAY_AND_TITLE = Mask("f", Action.REDACT, fields=("x-pay", "title"))


def test_a_schema_that_is_a_boolean_stays_one() -> None:
    message = tool({"properties": {"pay": True}, "items": False})
    assert hide(message, Mask("f", Action.REDACT, fields=("pay",))) == message


def of_client(message: dict[str, Json], *masks: Mask) -> dict[str, Json]:
    return walk(message, compiled(masks or (DETECT,)), Ledger(), Way(FROM_CLIENT))


NAME = Mask("f", Action.REDACT, fields=("name", "text", "$.text"))


def test_arguments_are_a_document_and_the_name_of_a_tool_is_left() -> None:
    message = ask("tools/call", name=MAIL, arguments={"name": "Alice", "text": MAIL, "n": {"m": MAIL}})
    assert of_client(message, NAME, DETECT)["params"] == {
        "name": MAIL,
        "arguments": {"name": "[hidden:name]", "text": "[hidden:text]", "n": {"m": "[hidden:email]"}},
    }


def test_a_form_is_a_document_also_where_it_looks_like_content() -> None:
    form = {"type": "text", "text": "Alice"}
    hidden = {"type": "text", "text": "[hidden:text]"}
    assert of_client(result(action="accept", content=form), NAME)["result"]["content"] == hidden
    assert of_client(result(role="user", model="m", content=form), NAME)["result"]["content"] == form
    retried = ask("tools/call", name="t", inputResponses={"one": {"action": "accept", "content": form}})
    assert of_client(retried, NAME)["params"]["inputResponses"]["one"]["content"] == hidden


def test_what_completes_an_argument_goes_by_the_name_of_the_argument() -> None:
    pay = Mask("f", Action.REDACT, fields=("pay",))
    message = ask("completion/complete", argument={"name": "pay", "value": "91"}, context={"arguments": {"pay": "1"}})
    assert of_client(message, pay)["params"] == {
        "argument": {"name": "pay", "value": "[hidden:pay]"},
        "context": {"arguments": {"pay": "[hidden:pay]"}},
    }
    dropped = of_client(message, Mask("f", Action.DROP, fields=("pay",)))["params"]
    assert dropped == {"argument": {"name": "pay", "value": ""}, "context": {"arguments": {}}}


@pytest.mark.parametrize("method", ["resources/read", "resources/subscribe", "resources/unsubscribe"])
def test_the_uri_of_a_resource_that_is_asked_for_is_left(method: str) -> None:
    message = ask(method, uri=f"r://{MAIL}")
    assert of_client(message) == message
    assert MAIL not in json.dumps(of_client(ask("vendor/read", uri=f"r://{MAIL}")))


def test_what_a_method_does_not_have_is_data_in_its_message() -> None:
    for method in ("tools/call", "notifications/progress", "vendor/new"):
        message = ask(method, requestId=MAIL, elicitationId=MAIL, cursor=MAIL)
        assert MAIL not in json.dumps([of_client(message), hide(message)])


def test_the_data_of_an_error_is_the_protocols_own_only_under_its_code() -> None:
    data = {"elicitations": [{"mode": "url", "url": f"https://host/?{MAIL}", "elicitationId": "4111111111111111"}]}
    for code, own in ((-32042, True), (-32000, False)):
        error = {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": "m", "data": data}}
        [asked] = hide(error, DETECT, Mask("f", Action.DROP, fields=("mode",)))["error"]["data"]["elicitations"]
        assert asked["url"] == "https://host/?[hidden:email]"
        assert (asked["elicitationId"] == "4111111111111111", "mode" in asked) == (own, own)
