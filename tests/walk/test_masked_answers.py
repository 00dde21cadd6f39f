"""Answers whose blobs nobody can read, and schemas that masked results still have to fit."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.pins import MemoryPins
from tests.fakes.upstream import Upstream, result, serving
from tests.walk.rooms import Gateway, gateway, message, request

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\xff" * 2000).decode()
TEXT = base64.b64encode(b"see alice@example.com").decode()
IMAGE = {"type": "image", "mimeType": "image/png", "data": PNG}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result({"content": [IMAGE, IMAGE | {"data": TEXT}]})) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


def rule_for_blobs(door: Gateway, written: str) -> None:
    text = door.policy_file.read_text()
    door.policy_file.write_text(
        text.replace("    mask: [personal]\n", f"    mask: [personal]\n    blobs: {written}\n", 1)
    )


def outcome(door: Gateway) -> dict[str, Any]:
    [found] = [row for row in door.evidence.of_calls() if row["event"] == "outcome"]
    body: dict[str, Any] = json.loads(str(found["body"]))
    return body


@pytest.mark.parametrize("written", ["", "pass", "{limit: 18KiB}"])
async def test_an_image_passes_and_the_record_names_it_as_not_inspected(door: Gateway, written: str) -> None:
    if written:
        rule_for_blobs(door, written)
    content = message(await door.call())["result"]["content"]
    assert content[0] == IMAGE
    assert base64.b64decode(content[1]["data"]) == b"see [hidden:email]"
    assert outcome(door)["uninspected"] == "image/png x1 (18 KB)"


@pytest.mark.parametrize("written", ["block", "{limit: 17KiB}"])
async def test_an_answer_with_an_image_that_may_not_pass_is_withheld(door: Gateway, written: str) -> None:
    rule_for_blobs(door, written)
    answer = message(await door.call())
    assert "result" not in answer or answer["result"]["isError"]
    assert PNG not in json.dumps(answer)
    said = outcome(door)
    assert (said["outcome"], said["reason"]) == ("withheld", "blocked")
    assert said["detail"] == "not inspected: image/png of 18 KB at $['result']['content'][0]['data']"
    assert "uninspected" not in said


async def test_a_rule_on_blobs_binds_those_too_who_see_values_in_clear(door: Gateway) -> None:
    rule_for_blobs(door, "block")
    text = door.policy_file.read_text().replace("clear_for: [hr]", "clear_for: [hr, engineering]")
    door.policy_file.write_text(text.replace("    mask: [poison]\n", ""))
    await door.call()
    assert outcome(door)["detail"].startswith("not inspected: image/png")
    rule = "    blobs: block\n"
    door.policy_file.write_text(door.policy_file.read_text().replace(rule, ""))
    door.clock.advance(60)
    content = message(await door.call())["result"]["content"]
    assert content == [IMAGE, IMAGE | {"data": TEXT}], "this caller sees all"


SCHEMA = {
    "type": "object",
    "properties": {"mail": {"type": "string", "format": "email"}, "card": {"type": "string", "pattern": "^[0-9]{16}$"}},
    "required": ["mail", "card"],
}


async def test_a_listed_schema_promises_no_more_than_the_masks_of_any_rule_leave(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.tools[:] = [{"name": "get_customer", "inputSchema": SCHEMA, "outputSchema": SCHEMA}]
    upstream.answer = result({"tools": upstream.tools})
    async with gateway(tmp_path, upstream.url, pins=MemoryPins()) as door:
        # Only the rule for calls has the mask, and a list of tools is no such call.
        door.policy_file.write_text(door.policy_file.read_text().replace("action: block", "action: redact"))
        [tool] = message(await door.send(request("tools/list"), server="open"))["result"]["tools"]
        assert tool["inputSchema"] == SCHEMA
        assert tool["outputSchema"]["properties"] == {"mail": {"type": "string"}, "card": {"type": "string"}}
        kept = json.loads(door.pins.rows["open", "get_customer"].accepted_text)
        assert kept["outputSchema"] == SCHEMA, "an operator sees what the server publishes"
        assert message(await door.call(server="open"))["result"], "its pin is that of the definition as published"
