"""What callers send: masked, refused or sent for approval by what it holds, before anything leaves."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.pins import MemoryPins
from tests.fakes.upstream import Upstream, result, serving
from tests.walk.approvals import approve, told
from tests.walk.rooms import MODERN_META, Gateway, gateway, message, request

MAIL, CARD = "alice.example@contoso.com", "4111 1111 1111 1111"
MASKS = """masks:
  outgoing:
    detect: [email]
    action: ACTION
"""


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result({"content": []})) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


def screens(door: Gateway, action: str) -> None:
    """The server `open` gets no e-mail address as it is."""
    text = door.policy_file.read_text().replace("masks:\n", MASKS.replace("ACTION", action), 1)
    door.policy_file.write_text(text.replace("    client_features: [elicitation]\n", "    mask_requests: [outgoing]\n"))


def sent(upstream: Upstream) -> Any:
    return upstream.seen[-1].body["params"]["arguments"]


async def call(door: Gateway, arguments: dict[str, Any], **options: Any) -> Any:
    return await door.call(server="open", arguments=arguments, **options)


async def test_what_a_mask_names_leaves_masked_and_the_rest_as_it_was(door: Gateway, upstream: Upstream) -> None:
    screens(door, "redact")
    await call(door, {"note": f"ask {MAIL}", "n": 1.50, "deep": [{"to": MAIL}]})
    assert sent(upstream) == {"note": "ask [hidden:email]", "n": 1.50, "deep": [{"to": "[hidden:email]"}]}
    assert MAIL not in json.dumps([seen.body for seen in upstream.seen])


async def test_the_record_says_what_was_hidden_where_and_by_which_rule(door: Gateway) -> None:
    screens(door, "redact")
    await call(door, {"note": MAIL})
    intent = door.evidence.of_calls()[0]
    body = json.loads(str(intent["body"]))
    assert body["sent_masks"] == "outgoing/email:redact=1"
    [hidden] = json.loads(body["content"])["hidden"]
    assert hidden["path"] == "$['params']['arguments']['note']"
    assert len(hidden["digest"]) == 32
    assert MAIL not in str(door.evidence.rows)


async def test_the_same_value_leaves_as_the_same_token(door: Gateway, upstream: Upstream) -> None:
    screens(door, "token")
    await call(door, {"a": MAIL, "b": MAIL, "c": "bob@contoso.com"})
    first, second, other = sent(upstream).values()
    assert first == second != other
    assert first.startswith("[hidden:email #")


@pytest.mark.parametrize("modern", [False, True])
async def test_a_request_that_holds_what_a_mask_blocks_is_not_made(
    door: Gateway, upstream: Upstream, modern: bool
) -> None:
    screens(door, "block")
    answer = await call(door, {"note": MAIL}, modern=modern)
    assert "does not let out to this MCP server" in str(message(answer))
    assert upstream.seen == []
    assert door.evidence.events() == ["refused/arguments_blocked"]
    assert message(await call(door, {"note": "nothing"}, modern=modern))["result"]


async def test_a_request_that_holds_what_asks_for_an_approval_waits_for_people(
    door: Gateway, upstream: Upstream
) -> None:
    screens(door, "approval\n    approval: refunds")
    assert message(await call(door, {"note": "nothing"}))["result"] == {"content": []}
    assert "approval" in told(await call(door, {"note": MAIL}))
    assert len(upstream.seen) == 1
    await approve(door)
    assert message(await call(door, {"note": MAIL}))["result"] == {"content": []}
    assert sent(upstream) == {"note": MAIL}, "people let it out as it is"
    intent = [row for row in door.evidence.of_calls() if row["event"] == "intent"][-1]
    assert intent["approval"]
    assert "outgoing/email:approval=1" in str(intent["body"])


async def test_an_argument_that_travels_in_a_header_too_does_not_slip_past_its_mask(
    upstream: Upstream, tmp_path: Path
) -> None:
    field = {"type": "string", "x-mcp-header": "Mail"}
    tool = {"name": "get_customer", "inputSchema": {"type": "object", "properties": {"mail": field}}}
    upstream.tools[:] = [tool]
    params = {"name": "get_customer", "arguments": {"mail": MAIL}, "_meta": MODERN_META}
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "get_customer"}
    async with gateway(tmp_path, upstream.url, pins=MemoryPins()) as door:
        screens(door, "redact")
        answer = await door.send(request("tools/call", params), server="open", mcp_param_mail=MAIL, **headers)
        assert answer.status == 400
        assert upstream.seen == []
        assert "refused/header_mismatch" in door.evidence.events()


async def test_answers_to_a_server_that_asks_are_screened_too(door: Gateway, upstream: Upstream) -> None:
    screens(door, "redact")
    body = {"jsonrpc": "2.0", "id": 3, "result": {"action": "accept", "content": {"mail": MAIL}}}
    await door.send(body, server="open")
    assert MAIL not in str([seen.body for seen in upstream.seen])
    assert MAIL not in str(door.evidence.rows)


SALARY = """masks:
  outgoing:
    detect: [email]
    fields: [salary, $.pay.rate]
    action: redact
"""
ARGUMENTS = {"salary": 1.5, "pay": {"rate": "9"}, "to": MAIL, "name": "n"}
HIDDEN = {"salary": 0, "pay": {"rate": "[hidden:field]"}, "to": "[hidden:email]", "name": "n"}
REQUESTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "tools/call": (
        {"name": "get_customer", "arguments": ARGUMENTS},
        {"name": "get_customer", "arguments": HIDDEN},
    ),
    "prompts/get": ({"name": "letter", "arguments": ARGUMENTS}, {"name": "letter", "arguments": HIDDEN}),
    "completion/complete": (
        {
            "ref": {"type": "ref/prompt", "name": "letter"},
            "argument": {"name": "salary", "value": "9000"},
            "context": {"arguments": {"salary": "9", "to": MAIL}},
        },
        {
            "ref": {"type": "ref/prompt", "name": "letter"},
            "argument": {"name": "salary", "value": "[hidden:salary]"},
            "context": {"arguments": {"salary": "[hidden:salary]", "to": "[hidden:email]"}},
        },
    ),
    "resources/read": ({"uri": f"customer://{MAIL}"}, {"uri": f"customer://{MAIL}"}),
}


def hides_fields(door: Gateway) -> None:
    screens(door, "redact")
    text = door.policy_file.read_text()
    door.policy_file.write_text(text.replace(MASKS.replace("ACTION", "redact"), SALARY, 1))


@pytest.mark.parametrize("method", REQUESTS)
async def test_every_method_leaves_masked_by_detector_field_and_path(
    door: Gateway, upstream: Upstream, method: str
) -> None:
    hides_fields(door)
    params, leaves = REQUESTS[method]
    assert message(await door.send(request(method, params), server="open")).get("result") is not None
    assert upstream.seen[-1].body["params"] == leaves


@pytest.mark.parametrize(
    ("answer", "leaves"),
    [
        ({"action": "accept", "content": ARGUMENTS}, {"action": "accept", "content": HIDDEN}),
        (
            {"role": "assistant", "model": "m", "content": {"type": "text", "text": f"to {MAIL}"}},
            {"role": "assistant", "model": "m", "content": {"type": "text", "text": "to [hidden:email]"}},
        ),
        ({"roots": [{"uri": "file:///a", "name": MAIL}]}, {"roots": [{"uri": "file:///a", "name": "[hidden:email]"}]}),
    ],
    ids=["elicitation", "sampling", "roots"],
)
async def test_answers_of_a_client_leave_masked_in_either_era(
    door: Gateway, upstream: Upstream, answer: dict[str, Any], leaves: dict[str, Any]
) -> None:
    hides_fields(door)
    await door.send({"jsonrpc": "2.0", "id": 3, "result": answer}, server="open")
    legacy = [seen.body["result"] for seen in upstream.seen if "result" in (seen.body or {})]
    assert legacy == [leaves]
    params = {"name": "get_customer", "arguments": {}, "inputResponses": {"one": answer}, "_meta": MODERN_META}
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "get_customer"}
    await door.send(request("tools/call", params), server="open", **headers)
    assert upstream.seen[-1].body["params"]["inputResponses"] == {"one": leaves}


@pytest.mark.parametrize("action", ["block", "approval\n    approval: refunds"])
async def test_an_address_is_read_too_by_a_mask_that_hides_nothing(
    door: Gateway, upstream: Upstream, action: str
) -> None:
    screens(door, action)
    await door.send(request("resources/read", {"uri": f"customer://{MAIL}"}), server="open")
    assert upstream.seen == []
    assert message(await door.send(request("resources/read", {"uri": "customer://7"}), server="open"))["result"]


async def test_no_identifier_lies_in_clear_in_the_body_that_is_kept(door: Gateway, upstream: Upstream) -> None:
    await door.send(request("resources/read", {"uri": f"customer://{MAIL}"}, identifier=MAIL), server="open")
    assert upstream.seen[-1].body["params"]["uri"] == f"customer://{MAIL}"
    assert MAIL not in str(door.evidence.rows)
    assert MAIL not in str(door.payloads.__dict__)
