"""`/api/health`: what operators see, and that nobody else does."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.access.signing_keys import SigningKeys
from gateway.answer import Answer
from gateway.doctor import run
from gateway.doctor.finding import Finding, ok
from gateway.evidence.reading import Stored
from gateway.evidence.sealing import Sealer
from gateway.health import Memory, serve
from gateway.pages.request import PageRequest
from gateway.reasons import Reason
from gateway.rooms import Rooms
from tests.fakes.clock import Clock
from tests.fakes.signing import MemoryKey
from tests.fakes.values import ORIGIN
from tests.gateway.proposals.room import Room
from tests.walk.rooms import Gateway, gateway


async def asked(
    opened: Gateway, method: str = "GET", query: str = "", token: str = "operator", memory: Memory | None = None
) -> Answer:
    headers = (("authorization", f"Bearer {opened.tenant.token(token)}"),) if token else ()
    request = PageRequest(method=method, path="/api/health", query=query, headers=headers, body=b"")
    return await serve(request, ORIGIN, opened.rooms, opened.orchestrations, memory or Memory())


def told(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    assert isinstance(answer.body, bytes)
    facts: dict[str, Any] = json.loads(answer.body)
    return facts


def recorded(opened: Gateway) -> list[dict[str, Any]]:
    return [json.loads(str(row["body"])) for row in opened.evidence.rows.values()]


async def test_an_operator_sees_policy_seal_spill_and_what_waits(tmp_path: Path) -> None:
    async with gateway(tmp_path) as opened:
        facts = told(await asked(opened))
        assert (facts["status"], facts["policy_problem"], facts["last_seal"]) == ("ok", [], None)
        assert (facts["records_spilled"], facts["approvals_waiting"]) == (0, 0)
        assert "upstreams" not in facts


async def test_which_version_of_the_policy_is_in_force_and_that_a_proposal_waits(tmp_path: Path) -> None:
    async with gateway(tmp_path) as opened:
        room = Room(opened)
        identifier = await room.proposed(room.text + "# another\n")
        facts = told(await asked(opened))
        assert (facts["policy_version"], facts["approvals_waiting"]) == (0, 1)
        await room.decide(identifier, "approvers", "hr")
        await room.tend(identifier)
        digest = (await room.in_force())[1]
        facts = told(await asked(opened))
        assert (facts["policy_version"], facts["policy"]) == (1, digest)


@pytest.mark.parametrize(
    ("token", "reason"),
    [("", Reason.TOKEN_MISSING), ("engineer", Reason.OPERATOR_NEEDED), ("agent", Reason.OPERATOR_NEEDED)],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nobody_else_sees_anything_and_that_is_on_record(
    tmp_path: Path, token: str, reason: Reason, method: str
) -> None:
    async with gateway(tmp_path) as opened:
        answer = await asked(opened, method, token=token)
        assert answer.status == reason.wire.http
        assert recorded(opened)[-1]["event"] == "evidence_refused"


@pytest.mark.parametrize(
    ("method", "query"), [("PUT", ""), ("GET", "look=doctor"), ("GET", "x=1"), ("POST", "look=upstreams")]
)
async def test_what_cannot_be_asked_is_refused(tmp_path: Path, method: str, query: str) -> None:
    async with gateway(tmp_path) as opened:
        assert (await asked(opened, method, query)).status in (400, 405)


async def test_the_last_seal_is_read_at_most_once_a_minute(tmp_path: Path) -> None:
    async with gateway(tmp_path) as opened:
        library = opened.rooms.library
        assert isinstance(library, Stored)
        sealer = Sealer(library, library._seals, SigningKeys(MemoryKey()), opened.calendar)
        clock = Clock()
        memory = Memory(clock)
        await sealer.seal()
        assert told(await asked(opened, memory=memory))["last_seal"]["number"] == 1
        await sealer.seal()
        assert told(await asked(opened, memory=memory))["last_seal"]["number"] == 1
        clock.advance(61)
        assert told(await asked(opened, memory=memory))["last_seal"]["number"] == 2


async def test_on_demand_each_server_is_asked_whether_it_answers(tmp_path: Path) -> None:
    async with gateway(tmp_path) as opened:
        upstreams = told(await asked(opened, query="look=upstreams"))["upstreams"]
        assert upstreams["records"] == {"answers": False, "why": "ConnectError"}


async def test_the_doctor_is_on_record_before_it_looks_and_changes_nothing_where_it_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[list[str]] = []

    async def examine(_rooms: Rooms, only: list[str]) -> list[Finding]:
        looked.append(list(only))
        return [ok("settings", "x")]

    monkeypatch.setattr(run, "examine_app", examine)
    async with gateway(tmp_path) as opened:
        assert told(await asked(opened, "POST"))["findings"][0]["check"] == "settings"
        last = recorded(opened)[-1]
        assert (last["event"], last["method"], last["detail"]) == ("evidence_read", "POST /api/health", "the doctor")
        with opened.evidence.down():
            told(await asked(opened, "POST"))
    assert looked[0] == []
    assert "settings" in looked[1]
    assert not {"stores", "denial"} & set(looked[1])
