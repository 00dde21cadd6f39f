"""Values in clear for a while: by a grant that is open, or by an approval of the very call that asks."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.upstream import Upstream, result, serving
from tests.walk.approvals import approve, deny, only, told
from tests.walk.rooms import Gateway, gateway, message, request
from tests.walk.test_grants import grant

MAIL, SSN = "alice.example@contoso.com", "123-45-6789"
ANSWER = {"content": [{"type": "text", "text": f"{MAIL} {SSN}"}]}
HIDDEN = {"content": [{"type": "text", "text": "[hidden:email] [hidden:us_ssn]"}]}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(result(ANSWER)) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


def lifted_by(door: Gateway, what: str) -> None:
    text = door.policy_file.read_text()
    door.policy_file.write_text(text.replace("    clear_for: [hr]\n", f"    clear_for: [hr]\n    reveal: {what}\n", 1))


async def call(door: Gateway, *names: str, **meta: Any) -> Any:
    asked = {"countersign/reveal": list(names)} if names else {}
    params = {"name": "get_customer", "arguments": {}, "_meta": {**asked, **meta}}
    return await door.send(request("tools/call", params))


def bodies(door: Gateway) -> list[dict[str, Any]]:
    return [json.loads(str(row["body"])) for row in door.evidence.of_calls() if row["event"] in ("intent", "outcome")]


async def test_a_grant_that_is_open_lifts_the_mask_and_is_named_in_the_record(door: Gateway) -> None:
    lifted_by(door, "{grant: ticket}")
    assert message(await call(door))["result"] == HIDDEN
    held = await grant(door)
    assert message(await call(door))["result"] == ANSWER
    assert [(body.get("revealed"), body.get("grant")) for body in bodies(door)[2:]] == [("personal", held.id)] * 2


async def test_when_the_grant_is_over_the_mask_is_back(door: Gateway) -> None:
    lifted_by(door, "{grant: ticket}")
    await grant(door, seconds=600)
    assert message(await call(door))["result"] == ANSWER
    door.calendar.advance(601)
    assert message(await call(door))["result"] == HIDDEN


async def test_a_grant_that_cannot_be_read_lifts_nothing(door: Gateway) -> None:
    lifted_by(door, "{grant: ticket}")
    await grant(door)
    with door.grants.down():
        assert message(await call(door))["result"] == HIDDEN


async def test_what_is_revealed_to_one_is_hidden_in_the_evidence_all_the_same(door: Gateway) -> None:
    lifted_by(door, "{grant: ticket}")
    await grant(door)
    await call(door)
    for value in (MAIL, SSN):
        assert value not in str(door.evidence.rows)
        assert value not in str(door.payloads.blobs)


async def test_an_approval_of_this_call_lifts_the_mask_once(door: Gateway, upstream: Upstream) -> None:
    lifted_by(door, "{approval: refunds}")
    assert message(await call(door))["result"] == HIDDEN
    assert "approval" in told(await call(door, "personal"))
    assert len(upstream.seen) == 1
    await approve(door)
    assert message(await call(door, "personal"))["result"] == ANSWER
    assert bodies(door)[-1]["revealed"] == "personal"
    assert bodies(door)[-1]["approval"] == (await only(door)).id
    assert "approval" in told(await call(door, "personal")), "another call asks anew"
    assert message(await call(door))["result"] == HIDDEN


async def test_an_approval_of_the_masked_call_reveals_nothing(door: Gateway) -> None:
    lifted_by(door, "{approval: refunds}")
    text = door.policy_file.read_text()
    door.policy_file.write_text(
        text.replace("    mask: [poison]\n", "    mask: [poison]\n    require: {approval: refunds}\n")
    )
    await call(door)
    await approve(door)
    assert "approval" in told(await call(door, "personal")), "people have to approve that it is revealed"
    assert message(await call(door))["result"] == HIDDEN


async def test_a_denied_call_is_not_made_and_reveals_nothing(door: Gateway, upstream: Upstream) -> None:
    lifted_by(door, "{approval: refunds}")
    await call(door, "personal")
    await deny(door)
    assert "was not approved" in told(await call(door, "personal"))
    assert upstream.seen == []


@pytest.mark.parametrize("asked", [["personal"], "personal", [1], ["personal"] * 2])
async def test_a_mask_that_nothing_lifts_cannot_be_asked_away(door: Gateway, upstream: Upstream, asked: Any) -> None:
    answer = await call(door, **{"countersign/reveal": asked})
    assert "does not let you see this in clear" in told(answer)
    assert upstream.seen == []


async def test_a_grant_that_is_not_open_is_told_so(door: Gateway, upstream: Upstream) -> None:
    lifted_by(door, "{grant: ticket}")
    assert "does not let you see this in clear" in told(await call(door, "personal"))
    assert upstream.seen == []


async def test_what_the_caller_asked_the_gateway_does_not_reach_the_server(door: Gateway, upstream: Upstream) -> None:
    lifted_by(door, "{approval: refunds}")
    await call(door, "personal", **{"countersign/reason": "case 7"})
    await approve(door)
    await call(door, "personal", **{"countersign/reason": "case 7"})
    assert "countersign" not in str(upstream.seen[-1].body)


async def test_a_group_sees_the_last_four_characters(door: Gateway) -> None:
    text = door.policy_file.read_text()
    door.policy_file.write_text(
        text.replace("    clear_for: [hr]\n", "    clear_for: [hr]\n    partial_for: [engineering]\n", 1)
    )
    shown = message(await call(door))["result"]["content"][0]["text"]
    assert shown == "[hidden:email ....com] [hidden:us_ssn ...6789]"
