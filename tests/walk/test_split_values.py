"""Values that a server breaks over events of one stream: what arrives, and what is on record."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from devhost.accounts import ACCOUNTS, GROUPS
from gateway.policy.document import Policy, Streams
from gateway.policy.parse import parse
from tests.fakes.policies import policy_text
from tests.fakes.upstream import Upstream, events, result, serving
from tests.walk.rooms import Gateway, gateway, messages
from tests.walk.test_calls import begin
from tests.walk.test_grant_streams import PATIENCE, no_task_is_left

MAIL, CARD = "mary@shop.example", "4111 1111 1111 1111"
DONE = {"jsonrpc": "2.0", "id": ..., "result": {"content": [{"type": "text", "text": f"told {MAIL}"}]}}
_ON_THE_SERVER = "    mask: [personal]\n"


def log(data: Any, logger: str = "run") -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "notifications/message", "params": {"logger": logger, "data": data}}


def progress(text: str, number: int) -> dict[str, Any]:
    params = {"progressToken": 1, "progress": number, "message": text}
    return {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}


def with_streams(word: str, url: str = "http://127.0.0.1:9/mcp") -> str:
    """The policy, with the server `records` treating streams so."""
    return policy_text(url).replace(_ON_THE_SERVER, f"{_ON_THE_SERVER}    streams: {word}\n", 1)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result({})) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


def outcome(door: Gateway) -> dict[str, Any]:
    [row] = [row for row in door.evidence.of_calls() if row["event"] == "outcome"]
    body: dict[str, Any] = json.loads(str(row["body"]))
    return dict(row) | body


def everything(door: Gateway) -> str:
    return f"{door.evidence.rows} {door.payloads.blobs}"


@pytest.mark.parametrize("modern", [False, True])
async def test_a_value_over_events_does_not_arrive_and_is_on_record_with_the_answer(
    door: Gateway, upstream: Upstream, modern: bool
) -> None:
    upstream.answer = events(
        log("asked mary@sh"), progress("21", 1), log("op.exa"), log("mple, said he"), progress("9-09-9999", 2), DONE
    )
    found = await messages(await door.call(modern=modern))
    logged = "".join(each["params"]["data"] for each in found if each.get("method") == "notifications/message")
    assert logged == "asked mary@sh[hidden:email][hidden:email], said he"
    assert [each["params"]["message"] for each in found if "progress" in str(each)] == ["21", "[hidden:us_ssn]"]
    assert found[-1]["result"]["content"][0]["text"] == "told [hidden:email]"
    record = outcome(door)
    assert (record["outcome"], record["hidden"]) == ("succeeded", 4)
    assert record["masks"] == "personal/email:redact=3 personal/us_ssn:redact=1"
    told = [(each["path"], each["by"], len(each["digest"])) for each in json.loads(record["content"])["hidden"]]
    assert told == [
        ("$['params']['data']", "email", 32),
        ("$['params']['data']", "email", 32),
        ("$['params']['message']", "us_ssn", 32),
        ("$['result']['content'][0]['text']", "email", 32),
    ]
    assert "op.exa" not in everything(door)


@pytest.mark.parametrize("modern", [False, True])
async def test_a_strict_stream_ends_with_an_error_on_record_before_the_value_is_whole(
    door: Gateway, upstream: Upstream, modern: bool
) -> None:
    door.policy_file.write_text(with_streams("strict", upstream.url))
    upstream.answer = events(log("asked mary@sh"), log("op.example"), log("more"), DONE, then="hangs")
    first, last = await messages(await door.call(modern=modern))
    assert first["params"]["data"] == "asked mary@sh"
    assert (last["id"], last["error"]["code"]) == (7, 40306)
    record = outcome(door)
    assert (record["outcome"], record["reason"]) == ("failed", "blocked")
    assert record["detail"] == "personal at $['params']['data'], split over messages"
    assert "op.example" not in str(last) + everything(door)


async def test_a_strict_stream_without_split_values_arrives_as_it_was_sent(door: Gateway, upstream: Upstream) -> None:
    door.policy_file.write_text(with_streams("strict", upstream.url))
    sent = [log("step 1"), log({"n": [1, "é"], "to": "the end"}), progress("half", 1), log("step 2")]
    upstream.answer = events(*sent, DONE)
    *told, _ = await messages(await door.call())
    assert told == sent


async def test_a_value_that_the_policy_blocks_ends_the_stream_that_breaks_it_in_two(
    door: Gateway, upstream: Upstream
) -> None:
    upstream.answer = events(log(CARD[:9]), log(CARD[9:]), DONE)
    first, last = await messages(await door.call())
    assert (first["params"]["data"], last["error"]["code"]) == (CARD[:9], 40306)
    assert outcome(door)["detail"] == "poison at $['params']['data'], split over messages"


async def test_who_may_see_the_value_gets_every_piece_as_it_was_sent(door: Gateway, upstream: Upstream) -> None:
    sent = [log("asked mary@sh"), log("op.example, said he")]
    upstream.answer = events(*sent, DONE)
    token = door.tenant.token("engineer", groups=[*ACCOUNTS["engineer"].group_ids, GROUPS["hr"]])
    *told, _ = await messages(await door.call(token=token))
    assert told == sent


async def test_a_listening_stream_is_masked_across_its_events_and_that_is_on_record_once_it_ends(
    door: Gateway, upstream: Upstream
) -> None:
    held = await begin(door, upstream)
    upstream.answer = events(log("asked mary@sh"), log("op.example"))
    found = await messages(await door.request("GET", b"", mcp_session_id=held))
    assert [each["params"]["data"] for each in found] == ["asked mary@sh", "[hidden:email]"]
    async with asyncio.timeout(PATIENCE):
        await no_task_is_left()
    record = outcome(door)
    assert (record["outcome"], record["masks"]) == ("succeeded", "personal/email:redact=1")


async def test_a_message_over_several_data_lines_is_one_message(door: Gateway, upstream: Upstream) -> None:
    lines = json.dumps(log(f"asked {MAIL}"), indent=1).replace("\n", "\ndata: ")
    upstream.answer = events(f"data: {lines}\n\n".encode(), DONE)
    first, _ = await messages(await door.call())
    assert first["params"]["data"] == "asked [hidden:email]"


def test_the_policy_says_what_becomes_of_a_split_value_and_nothing_else() -> None:
    plain, strict = parse(policy_text()), parse(with_streams("strict"))
    assert isinstance(plain, Policy)
    assert isinstance(strict, Policy)
    assert (plain.servers["records"].streams, strict.servers["records"].streams) == (Streams.MASK, Streams.STRICT)
    [mistake] = parse(with_streams("strickt"))  # type: ignore[misc]
    assert "'strict'" in str(mistake)
