"""Calls for a replay, out of evidence: as the gateway records it, as a store holds it, as an export has it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.authorize import authorize
from gateway.evidence.bodies import policy_name
from gateway.evidence.folder import Folder
from gateway.evidence.period import Period
from gateway.policy import replay_evidence
from gateway.policy.parse import parse
from gateway.policy.replay import Replayed, replay
from gateway.policy.replay_evidence import ALWAYS, Past, past, with_bodies
from gateway.policy.replay_words import words
from tests.fakes.policies import policy_text
from tests.fakes.upstream import serving, text_result
from tests.gateway.evidence.archive import Kept
from tests.gateway.evidence.export import exported
from tests.gateway.policy.documents import GOOD, changed, good
from tests.gateway.policy.generated import NOW
from tests.gateway.policy.past import record
from tests.gateway.policy.test_replay import ENGINEER, ENGINEERING, GET, TEXT, pay
from tests.walk.rooms import gateway

DAY = Period("2026-11-23", "2026-11-23")
STRICTER = TEXT.replace('["get_*"]', "[get_z]")


async def archived(*fields: dict[str, Any], text: str = TEXT) -> Kept:
    """An archive with these records, and the text of the policy that decided."""
    archive = Kept()
    archive.payloads.blobs[policy_name(good(text).digest)] = text.encode()
    for number, each in enumerate(fields):
        await archive.record("20261123-one", **{"call": f"c{number}"} | each)
    return archive


def decided(call: Any = GET, text: str = TEXT) -> dict[str, str | int]:
    return {
        name: value
        for name, value in record(ENGINEER, call, authorize(good(text), ENGINEER, call, NOW)).items()
        if name not in ("time", "call")
    }


def replayed(found: Past, proposed: str) -> Replayed:
    return replay(good(proposed), found.calls, found.kept, undecided=found.undecided)


async def test_a_proposed_policy_is_replayed_over_the_calls_that_went_through_the_gateway(tmp_path: Path) -> None:
    async with serving(text_result("done")) as upstream, gateway(tmp_path, upstream.url) as door:
        for tool in ("get_customer", "get_customer", "wire_money", "delete_everything"):
            await door.call(tool)
        await door.call(token="outsider")
        await door.call(token=None)
        found = await past(door.rooms.library)
        then = policy_text(upstream.url)
        proposed = parse(then.replace('tools: ["get_*", ', 'tools: ["delete_*", '))
        assert not isinstance(proposed, tuple)
        outcome = replay(proposed, (await with_bodies(door.rooms.library, found, proposed)).calls, found.kept)
    assert (len(found.calls), found.undecided, list(found.kept)) == (5, 1, [good(then).digest])
    told = [line.partition(" of user")[0] for line in words(outcome)[1:]]
    assert told[:2] == [
        "loosens: allowed instead of refused (target_hidden): 1 call",
        "tightens: refused (target_hidden) instead of allowed: 2 calls",
    ]


async def test_the_calls_of_the_days_are_found_with_the_policies_that_decided_them() -> None:
    archive = await archived(decided(), decided(), {"event": "refused", "reason": "token_missing", "kind": "user"})
    found = await past(archive.evidence, DAY)
    assert (len(found.calls), found.undecided, found.is_cut) == (2, 1, False)
    assert found.kept == {good(TEXT).digest: good(TEXT)}
    assert replayed(found, STRICTER).changed == 2
    assert await past(archive.evidence, Period("2026-11-22", "2026-11-22")) == Past((), 0, {}, {})


async def test_an_export_is_read_whole_where_no_days_are_named(tmp_path: Path) -> None:
    archive = await archived(decided())
    await archive.seal()
    (tmp_path / "policies").mkdir()
    folder = Folder(await exported(archive, tmp_path, archive.payloads.blobs))
    for period, number in ((ALWAYS, 1), (DAY, 1), (Period("2026-11-22", "2026-11-22"), 0)):
        found = await past(folder, period)
        assert replayed(found, STRICTER).changed == number


async def test_a_text_that_is_not_the_one_that_decided_counts_as_not_kept() -> None:
    archive = await archived(decided())
    archive.payloads.blobs[policy_name(good(TEXT).digest)] = b"version: 1"
    assert (await past(archive.evidence, DAY)).kept == {}
    copied = await past(archive.evidence, DAY, [TEXT.encode(), b"no policy"])
    assert copied.kept == {good(TEXT).digest: good(TEXT)}


async def test_groups_that_a_policy_wrote_by_name_are_those_that_were_found_then() -> None:
    by_name = changed(f"engineering: {ENGINEERING}", "engineering: {name: SG-Eng}")
    digest = hashlib.sha256(by_name.encode()).hexdigest()
    archive = await archived(decided(text=GOOD) | {"policy": digest}, text=GOOD)
    archive.payloads.blobs[policy_name(digest)] = by_name.encode()
    assert (await past(archive.evidence, DAY)).kept == {}
    await archive.record("20261123-policy", event="policy", policy=digest, detail=f"engineering={ENGINEERING}")
    found = await past(archive.evidence, DAY)
    assert (found.kept[digest].groups["engineering"], found.ids) == (ENGINEERING, {"SG-Eng": ENGINEERING})
    assert replayed(found, GOOD.replace("get_*", "get_z")).changed == 1


async def test_requests_are_read_where_a_condition_asks_for_them_and_not_elsewhere() -> None:
    document = json.dumps({"v": 1, "message": {"params": {"arguments": {"amount": 900}}}}).encode()
    digest = hashlib.sha256(document).hexdigest()
    fields = {name: value for name, value in decided(pay(900)).items() if name != "content"}
    archive = await archived(fields | {"payload": digest})
    found = await past(archive.evidence, DAY)
    archive.payloads.blobs[f"20261123/{digest}.json"] = document
    asks = good(TEXT.replace("> 1000", "> 500"))
    assert replay(asks, (await with_bodies(archive.evidence, found, asks)).calls, found.kept).changed == 1
    unmoved = good(f"{TEXT}\n# the same\n")
    [call] = (await with_bodies(archive.evidence, found, unmoved)).calls
    assert call.no_arguments
    archive.payloads.blobs[f"20261123/{digest}.json"] = b"forged"
    forged = replay(asks, (await with_bodies(archive.evidence, found, asks)).calls, found.kept)
    assert "its request cannot be read" in forged.lines[0].verdict.why


async def test_no_more_is_read_than_the_limits_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_evidence, "MAX_BODIES", 0)
    fields = {name: value for name, value in decided(pay(900)).items() if name != "content"}
    archive = await archived(fields | {"payload": "b" * 64}, decided())
    found = await past(archive.evidence, DAY, limit=1)
    assert (len(found.calls), found.is_cut) == (1, True)
    assert not (await past(archive.evidence, DAY, limit=2)).is_cut
    [call] = (await with_bodies(archive.evidence, found, good(STRICTER))).calls
    assert call.no_arguments == "more than 0 requests would have to be read"
