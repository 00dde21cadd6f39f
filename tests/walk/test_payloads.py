"""The bodies of calls as evidence: masked for everybody, bounded, bound to their record, and there before anything
passes."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from devhost.accounts import ACCOUNTS
from gateway import jsontext
from gateway.evidence import payload
from gateway.evidence.bodies import blob_name, named_in, policy_name, read
from gateway.reasons import Reason
from gateway.values import Action, Mask, Masked
from tests.fakes.blobs import BlobFault
from tests.fakes.upstream import Upstream, events, result, serving, text_result
from tests.walk.approvals import approve, only
from tests.walk.rooms import Gateway, gateway, message, messages
from tests.walk.tasks import begin, rewrite, run_now

MAIL, NUMBER, CARD = "mary@shop.example", "219-09-9999", "4111 1111 1111 1111"
MARY = {"content": [{"type": "text", "text": f"{MAIL}, {NUMBER}"}], "structuredContent": {"salary": 91000, "n": 4}}
LONG = "a long story without end, " * 400
LOST = BlobFault.FAILS_AND_IS_NOT_WRITTEN
SEES_ALL = [*ACCOUNTS["engineer"].group_ids, *ACCOUNTS["approver2"].group_ids]


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result(MARY)) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


def bodies(door: Gateway) -> list[dict[str, Any]]:
    """The fields of the records of calls."""
    return [json.loads(str(row["body"])) for row in door.evidence.of_calls()]


def blobs(door: Gateway) -> dict[str, bytes]:
    return {name: content for name, content in door.payloads.blobs.items() if not name.startswith("policies/")}


def document(door: Gateway, record: dict[str, Any]) -> dict[str, Any]:
    """The document of a record, from wherever it lies."""
    named = named_in(record)
    text = record["content"] if named is None else door.payloads.blobs[named.name].decode()
    found: dict[str, Any] = json.loads(text)
    return found


def everything(door: Gateway) -> str:
    """All that the evidence holds."""
    return f"{door.evidence.rows} {door.evidence.index} {door.payloads.blobs}"


async def test_what_a_caller_must_get_as_it_is_is_masked_in_the_evidence_all_the_same(
    door: Gateway, upstream: Upstream
) -> None:
    upstream.answer = result({"content": [{"type": "tool_use", "id": MAIL, "name": NUMBER, "input": {}}]})
    answer = message(await door.call())
    assert answer["result"]["content"][0]["id"] == MAIL, "an answer is matched by it"
    assert MAIL not in everything(door)
    assert NUMBER not in everything(door)


async def test_request_and_answer_of_a_call_are_in_their_records_as_masked(door: Gateway) -> None:
    await door.call(arguments={"customer": "c-1", "note": MAIL, "price": 1.50})
    intent, outcome = bodies(door)
    asked, answered = document(door, intent), document(door, outcome)
    assert (intent["kept"], outcome["kept"], asked["v"], answered["v"]) == ("whole", "whole", 1, 1)
    arguments = asked["message"]["params"]["arguments"]
    assert (arguments["customer"], "1.5" in intent["content"]) == ("c-1", True)
    assert "hidden" in arguments["note"]
    assert answered["message"]["result"]["structuredContent"] == {"salary": 0, "n": 4}
    assert {MAIL, NUMBER}.isdisjoint(answered["message"]["result"]["content"][0]["text"].split(", "))
    assert blobs(door) == {}


async def test_what_was_hidden_from_the_caller_is_told_with_places_counts_and_digests(door: Gateway) -> None:
    await door.call()
    intent, outcome = bodies(door)
    hidden = document(door, outcome)["hidden"]
    assert {(each["mask"], each["by"], each["count"]) for each in hidden} == {
        ("personal", "email", 1),
        ("personal", "us_ssn", 1),
        ("personal", "salary", 1),
    }
    assert all(each["path"].startswith("$['result']") and len(each["digest"]) == 32 for each in hidden)
    assert outcome["hidden"] == len(hidden)
    assert "hidden" not in document(door, intent)


@pytest.mark.parametrize("filler", ["", LONG], ids=["in the record", "in a blob"])
async def test_the_evidence_holds_nothing_clear_even_of_a_caller_who_may_see_it(
    door: Gateway, upstream: Upstream, filler: str
) -> None:
    upstream.answer = result(MARY | {"filler": filler, "iban": "DE89370400440532013000"})
    answer = await door.call(
        token=door.tenant.token(groups=SEES_ALL), arguments={"mail": MAIL, "salary": 91000, "more": filler}
    )
    assert MAIL in str(answer.body)
    assert len(blobs(door)) == (2 if filler else 0)
    for planted in (MAIL, NUMBER, "91000", "DE89370400440532013000"):
        assert planted not in everything(door), planted


async def test_a_long_body_is_a_blob_that_is_named_after_its_content(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = text_result(LONG)
    await door.call()
    _, outcome = bodies(door)
    [(name, content)] = blobs(door).items()
    assert outcome["payload"] == hashlib.sha256(content).hexdigest()
    assert name == blob_name(outcome["time"], outcome["payload"])
    assert name.startswith(outcome["time"][:10].replace("-", "") + "/")
    assert "content" not in outcome
    assert document(door, outcome)["message"]["result"]["content"][0]["text"] == LONG


async def test_the_same_body_of_a_day_is_one_blob(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = text_result(LONG)
    for _ in range(2):
        assert (await door.call()).status == 200
    first, second = (each["payload"] for each in bodies(door) if each["event"] == "outcome")
    assert (first == second, len(blobs(door))) == (True, 1)


async def test_the_limit_between_record_and_blob_is_that_of_the_document(door: Gateway, upstream: Upstream) -> None:
    empty = len(str(payload.payload_of(0, "", Masked(_answer(""))).fields["content"]))
    for length, is_inline in ((payload.MAX_INLINE - empty, True), (payload.MAX_INLINE - empty + 1, False)):
        upstream.answer = text_result("x " * (length // 2) + "x" * (length % 2))
        await door.call()
        assert ("content" in bodies(door)[-1]) is is_inline


def _answer(text: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "result": {"content": [{"type": "text", "text": text}]}}


async def test_a_body_that_is_too_long_is_cut_and_a_longer_one_left_out(
    door: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payload, "MAX_KEPT", 9_000)
    monkeypatch.setattr("gateway.payloads.MAX_READ", 13_000)
    for text, kept in (("ü " * 4_000, "cut"), ("x " * 10_000, "left_out")):
        upstream.answer = text_result(text)
        assert text in message(await door.call())["result"]["content"][0]["text"]
        outcome = bodies(door)[-1]
        size = len(jsontext.write(_answer(text)))
        assert (outcome["kept"], outcome["kept_why"], outcome["original_size"]) == (kept, "size", size)
    cut = document(door, bodies(door)[1])
    assert jsontext.write(_answer("ü " * 4_000)).startswith(cut["beginning"].encode())
    assert 8_990 < len(cut["beginning"].encode()) <= 9_000
    assert "payload" not in bodies(door)[-1]


@pytest.mark.parametrize(
    ("bodies_of", "kept"), [("none", ("left_out", "left_out")), ("requests", ("whole", "left_out"))]
)
async def test_what_the_policy_keeps_no_body_of_is_left_out_and_said_so(
    door: Gateway, bodies_of: str, kept: tuple[str, str]
) -> None:
    rewrite(door, "    mask: [personal]\n", f"    mask: [personal]\n    bodies: {bodies_of}\n")
    await door.call(arguments={"customer": "c-1"})
    intent, outcome = bodies(door)
    assert (intent["kept"], outcome["kept"]) == kept
    assert (outcome["kept_why"], "message" in document(door, outcome)) == ("policy", False)
    # Size and keyed digest are of every body.
    assert outcome["original_size"] > 0
    assert len(outcome["original"]) == 32


async def test_a_body_that_cannot_be_masked_is_left_out(door: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = (Mask("failing", Action.BLOCK, detectors=("email",)),)
    monkeypatch.setattr("gateway.payloads.for_record", lambda _: failing)
    answer = await door.call()
    outcome = bodies(door)[-1]
    assert (answer.status, outcome["kept"], outcome["kept_why"]) == (200, "left_out", "masking")
    assert "message" not in document(door, outcome)
    assert MAIL not in everything(door)


async def test_without_a_place_for_a_long_request_nothing_is_forwarded(door: Gateway, upstream: Upstream) -> None:
    await door.call()
    upstream.seen.clear()
    door.payloads.is_down = True
    answer = await door.call(arguments={"story": LONG})
    assert message(answer)["error"]["code"] == Reason.EVIDENCE_UNAVAILABLE.wire.code
    assert upstream.seen == []
    assert door.rooms.recorder.failures == 1
    assert len(bodies(door)) == 2


async def test_without_a_place_for_a_long_answer_it_stays_here_and_its_record_says_so(
    door: Gateway, upstream: Upstream
) -> None:
    upstream.answer = text_result(LONG)
    await door.call(server="open")  # the policy is kept by now
    door.payloads.blobs.clear()
    door.payloads.faults = [LOST]
    answer = await door.call()
    assert message(answer)["error"]["code"] == Reason.OUTCOME_UNRECORDED.wire.code
    assert "story" not in str(answer.body)
    outcome = bodies(door)[-1]
    assert (outcome["outcome"], outcome["reason"]) == ("withheld", "outcome_unrecorded")
    assert (outcome["kept"], outcome["kept_why"]) == ("left_out", "store")
    assert {"content", "payload"}.isdisjoint(outcome)
    assert len(door.rooms.recorder.spill) == 0


@pytest.mark.parametrize("fault", [BlobFault.IS_WRITTEN_AND_SENT_AGAIN, None])
async def test_a_blob_that_is_there_already_is_as_good_as_a_new_one(
    door: Gateway, upstream: Upstream, fault: BlobFault | None
) -> None:
    upstream.answer = text_result(LONG)
    await door.call(server="open")
    door.payloads.faults = [fault]
    assert message(await door.call())["result"]["content"][0]["text"] == LONG


async def test_a_short_body_needs_no_container(door: Gateway) -> None:
    door.payloads.is_down = True
    assert (await door.call()).status == 200
    assert [each["kept"] for each in bodies(door)] == ["whole", "whole"]


async def test_what_a_withheld_answer_held_is_on_record_as_masked(door: Gateway, upstream: Upstream) -> None:
    upstream.answer = text_result(f"{CARD}, and fine weather")
    answer = await door.call()
    assert "error" in message(answer)
    outcome = bodies(door)[-1]
    assert (outcome["outcome"], outcome["kept"]) == ("withheld", "whole")
    kept = document(door, outcome)["message"]["result"]["content"][0]["text"]
    assert kept.endswith("and fine weather")
    assert CARD not in everything(door)


async def test_what_a_server_asks_its_client_in_mid_call_is_kept(door: Gateway, upstream: Upstream) -> None:
    asks = {"jsonrpc": "2.0", "id": "s-1", "method": "elicitation/create", "params": {"message": f"{MAIL}?"}}
    upstream.answer = events(asks, {"jsonrpc": "2.0", "id": ..., "result": {"content": []}})
    await messages(await door.call(server="open"))
    question = next(each for each in bodies(door) if each["message"] == "server_request")
    assert document(door, question)["message"]["method"] == "elicitation/create"
    assert MAIL not in everything(door)


async def test_a_long_question_without_a_place_reaches_nobody(door: Gateway, upstream: Upstream) -> None:
    await door.call(server="open")
    asks = {"jsonrpc": "2.0", "id": "s-1", "method": "elicitation/create", "params": {"message": LONG}}
    upstream.answer = events(asks, {"jsonrpc": "2.0", "id": ..., "result": {"content": []}})
    door.payloads.faults = [LOST]
    [last] = await messages(await door.call(server="open"))
    assert last["error"]["code"] == Reason.OUTCOME_UNRECORDED.wire.code


async def test_the_call_of_a_task_is_kept_as_any_other(door: Gateway, upstream: Upstream) -> None:
    task = await begin(door, {"invoice": "in_7", "amount": 120, "to": MAIL})
    await approve(door, await only(door))
    await run_now(door, task)
    [intent] = [each for each in bodies(door) if each["event"] == "intent"]
    [outcome] = [each for each in bodies(door) if each["event"] == "outcome"]
    assert document(door, intent)["message"]["params"]["arguments"]["invoice"] == "in_7"
    assert outcome["kept"] == "whole"
    assert MAIL not in everything(door)


async def test_equal_bodies_have_equal_digests_and_another_key_gives_others(door: Gateway) -> None:
    await door.call()
    await door.call()
    await door.call(arguments={"customer": "c-2"})
    same, again, other = (each["original"] for each in bodies(door) if each["event"] == "intent")
    assert (same == again, same == other) == (True, False)
    door.secrets["session-key"] = "B" * 43
    door.clock.advance(301)
    await door.call()
    assert bodies(door)[-2]["original"] not in (same, other)


async def test_refused_calls_and_lists_leave_no_body(door: Gateway, upstream: Upstream) -> None:
    await door.call("delete_customer", arguments={"customer": "c-1"})
    upstream.answer = result({"tools": []})
    await door.send({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}})
    assert [each["event"] for each in bodies(door)] == ["refused", "relayed"]
    assert all("kept" not in each for each in bodies(door))


async def test_every_document_is_one_that_can_be_read(door: Gateway, upstream: Upstream) -> None:
    await door.call(arguments={"story": LONG})
    for each in bodies(door):
        named = named_in(each)
        assert read(each["content"] if named is None else door.payloads.blobs[named.name]) is not None


async def test_the_text_of_a_policy_is_kept_once_when_it_comes_into_force(door: Gateway) -> None:
    await door.call()
    text = door.policy_file.read_bytes()
    digest = hashlib.sha256(text).hexdigest()
    [record] = _of_policy(door)
    assert (record["policy"], record["kept"], record["original_size"]) == (digest, "whole", len(text))
    assert door.payloads.blobs == {policy_name(digest): text}
    named = named_in(record)
    assert named is not None
    assert named.name in door.payloads.blobs


async def test_a_policy_that_was_refused_is_not_kept(door: Gateway) -> None:
    await door.call()
    door.policy_file.write_text("version: 1\nsecret: s3cr3t\n")
    door.clock.advance(2)
    await door.call()
    assert _of_policy(door)[-1]["outcome"] == "rejected"
    assert "s3cr3t" not in str(door.payloads.blobs)


async def test_the_record_of_a_policy_does_not_wait_for_its_text(door: Gateway) -> None:
    door.payloads.is_down = True
    assert (await door.call()).status == 200
    [record] = _of_policy(door)
    assert (record["outcome"], record["kept"], record["kept_why"]) == ("loaded", "left_out", "store")
    assert named_in(record) is None


def _of_policy(door: Gateway) -> list[dict[str, Any]]:
    return [json.loads(str(row["body"])) for row in door.evidence.rows.values() if row["event"] == "policy"]
