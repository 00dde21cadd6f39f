"""The API for operators: who may use it, what it shows, and that all of it is on record."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devhost.accounts import GROUPS
from gateway.answer import Answer
from gateway.approvals import api
from gateway.approvals.api import MAX_BODY, serve
from gateway.approvals.approval import MAX_REASON, Approval, State
from gateway.pages.request import PageRequest
from gateway.policy.source import PolicySource
from gateway.reasons import Reason
from tests.fakes.evidence import Fault
from tests.fakes.policies import policy_text
from tests.fakes.values import ORIGIN
from tests.gateway.approvals.desk import REQUEST, SEALED
from tests.walk.rooms import Gateway, gateway

BECAUSE = {"reason": "stolen account"}


class Desk:
    """A gateway with one approval that waits."""

    def __init__(self, running: Gateway, approval: Approval) -> None:
        self.gateway = running
        self.approval = approval
        self.path = f"/api/approvals/{approval.id}"

    async def send(
        self, path: str, *, method: str = "GET", token: str | None = "operator", body: Any = b"", **headers: str
    ) -> Answer:
        """`token` names an account, or is a token itself, or None; `body` is JSON unless it is bytes."""
        sent = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["authorization"] = f"Bearer {token if '.' in token else self.gateway.tenant.token(token)}"
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        request = PageRequest(method, path, query, tuple(sent.items()), content)
        return await serve(request, ORIGIN, self.gateway.rooms, self.gateway.orchestrations)

    async def revoke(self, body: Any = BECAUSE, **options: Any) -> Answer:
        return await self.send(f"{self.path}/revoke", method="POST", body=body, **options)

    async def state(self) -> State:
        found = await self.gateway.rooms.approvals.read(self.approval.id)
        assert found is not None
        return found.state(self.gateway.rooms.now())

    def recorded(self) -> list[dict[str, Any]]:
        """The bodies of all records of approvals."""
        rows = self.gateway.evidence.rows.values()
        return [json.loads(str(row["body"])) for row in rows if str(row["event"]).startswith("approval")]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with gateway(tmp_path) as running:
        book = running.rooms.approvals
        request = replace(REQUEST, created=running.rooms.now())
        approval = await book.request(request, SEALED, "the customer asked for it", None)
        assert isinstance(approval, Approval)
        assert await book.start(approval, running.orchestrations) is None
        yield Desk(running, approval)


def told(answer: Answer) -> Any:
    assert isinstance(answer.body, bytes)
    return json.loads(answer.body)


def assert_refused(answer: Answer, reason: Reason) -> None:
    wire = reason.wire
    assert answer.status == wire.http
    assert told(answer) == {"error": {"code": wire.code, "message": wire.sentence}}
    assert answer.headers["cache-control"] == "no-store"


async def test_an_operator_lists_what_waits_and_that_is_on_record(desk: Desk) -> None:
    answer = await desk.send("/api/approvals?state=pending&server=records")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    found = told(answer)
    assert [each["id"] for each in found["approvals"]] == [desk.approval.id]
    assert (found["left_out"], found["unreadable"]) == (0, [])
    last = desk.recorded()[-1]
    assert (last["event"], last["method"], last["detail"]) == ("approvals_read", "GET /api/approvals", "state pending")
    assert (last["server"], last["approver"][-1], last["source"]) == ("records", "5", ORIGIN.source)
    assert last["session"].endswith("-operators")


@pytest.mark.parametrize("query", ["?state=denied", "?state=approved", "?server=other"])
async def test_a_list_has_only_what_was_asked_for(desk: Desk, query: str) -> None:
    assert told(await desk.send(f"/api/approvals{query}"))["approvals"] == []


async def test_a_long_list_is_cut_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "MAX_LISTED", 0)
    found = told(await desk.send("/api/approvals"))
    assert (found["approvals"], found["left_out"]) == ([], 1)


async def test_an_operator_reads_the_whole_story_and_that_is_on_record(desk: Desk) -> None:
    found = told(await desk.send(desk.path))
    assert (found["id"], found["reason"]) == (desk.approval.id, "the customer asked for it")
    last = desk.recorded()[-1]
    assert (last["event"], last["approval"], last["session"]) == ("approvals_read", desk.approval.id, REQUEST.session)


async def test_an_operator_revokes_and_the_orchestration_is_woken(desk: Desk) -> None:
    answer = await desk.revoke()
    assert (answer.status, told(answer)["state"], await desk.state()) == (200, "revoked", State.REVOKED)
    assert desk.gateway.orchestrations.woken == [(desk.approval.id, "settled")]
    last = desk.recorded()[-1]
    assert (last["event"], last["outcome"], last["justification"]) == ("approval_settled", "revoked", "stolen account")
    assert last["approver_kind"] == "user"


async def test_a_revocation_stands_although_the_orchestration_cannot_be_woken(desk: Desk) -> None:
    desk.gateway.orchestrations.confirms = False
    assert (await desk.revoke()).status == 200
    assert await desk.state() is State.REVOKED


async def test_what_is_over_is_not_revoked_again_and_the_attempt_is_on_record_once(desk: Desk) -> None:
    await desk.revoke()
    before = len(desk.recorded())
    assert_refused(await desk.revoke(), Reason.APPROVAL_OVER)
    assert [row["reason"] for row in desk.recorded()[before:]] == ["approval_over"]


@pytest.mark.parametrize("account", ["engineer", "approver", "outsider", "pipeline", "agent"])
async def test_whoever_is_no_operator_is_refused_on_record(desk: Desk, account: str) -> None:
    for answer in (
        await desk.send("/api/approvals", token=account),
        await desk.send(desk.path, token=account),
        await desk.revoke(token=account),
    ):
        assert_refused(answer, Reason.OPERATOR_NEEDED)
    assert await desk.state() is State.PENDING
    rows = desk.recorded()[-3:]
    assert [row["method"] for row in rows] == [
        "GET /api/approvals",
        "GET /api/approvals/{id}",
        "POST /api/approvals/{id}/revoke",
    ]
    assert {(row["event"], row["reason"]) for row in rows} == {("approval_refused", "operator_needed")}
    assert all(row["approver"] and row["detail"] for row in rows)


async def test_an_application_may_be_an_operator_and_an_agent_never(desk: Desk) -> None:
    groups = [GROUPS["operators"]]
    assert (await desk.send(desk.path, token=desk.gateway.tenant.token("pipeline", groups=groups))).status == 200
    agent = desk.gateway.tenant.token("agent", groups=groups)
    assert_refused(await desk.send(desk.path, token=agent), Reason.OPERATOR_NEEDED)


async def test_a_policy_without_operators_has_none(desk: Desk) -> None:
    desk.gateway.policy_file.write_text(policy_text().replace("operators: [operators]\n", ""))
    desk.gateway.rooms = replace(desk.gateway.rooms, policy=PolicySource(desk.gateway.policy_file))
    assert_refused(await desk.revoke(), Reason.OPERATOR_NEEDED)
    assert desk.recorded()[-1]["detail"] == "the policy names no operators"


@pytest.mark.parametrize(
    ("token", "reason"),
    [(None, Reason.TOKEN_MISSING), ("not.a.token", Reason.TOKEN_MALFORMED)],
)
async def test_without_a_valid_token_nothing_is_said_but_how_to_sign_in(
    desk: Desk, token: str | None, reason: Reason
) -> None:
    answer = await desk.revoke(token=token)
    assert_refused(answer, reason)
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert desk.recorded()[-1]["reason"] == reason.name.lower()
    assert await desk.state() is State.PENDING


async def test_strangers_cannot_fill_the_evidence(desk: Desk) -> None:
    for _ in range(100):
        assert_refused(await desk.send("/api/approvals", token=None), Reason.TOKEN_MISSING)
    assert len(desk.recorded()) < 70


async def test_a_browser_on_another_page_is_refused(desk: Desk) -> None:
    assert_refused(await desk.revoke(origin="https://evil.example"), Reason.ORIGIN)
    assert await desk.state() is State.PENDING


async def test_two_authorization_headers_are_refused(desk: Desk) -> None:
    bearer = ("authorization", f"Bearer {desk.gateway.tenant.token('operator')}")
    request = PageRequest("GET", "/api/approvals", "", (bearer, bearer), b"")
    answer = await serve(request, ORIGIN, desk.gateway.rooms, desk.gateway.orchestrations)
    assert_refused(answer, Reason.HEADER_MALFORMED)


@pytest.mark.parametrize(
    "query", ["state=", "state=open&state=all", "state=gone", "server=A%20B", "who=me", "=&=", "%ff"]
)
async def test_a_query_that_cannot_be_read_in_one_way_is_refused(desk: Desk, query: str) -> None:
    assert_refused(await desk.send(f"/api/approvals?{query}"), Reason.LISTING_INVALID)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"{'reason': 'x'}", Reason.NOT_JSON),
        (b'{"reason": "x", "reason": "y"}', Reason.NOT_JSON),
        (b'{"reason": "\\ud800"}', Reason.NOT_JSON),
        ([], Reason.REVOCATION_INVALID),
        ({}, Reason.REVOCATION_INVALID),
        ({"reason": 7}, Reason.REVOCATION_INVALID),
        ({"reason": " \n"}, Reason.REVOCATION_INVALID),
        ({"reason": "x" * (MAX_REASON + 1)}, Reason.REVOCATION_INVALID),
        ({"reason": "x", "force": True}, Reason.REVOCATION_INVALID),
        ({"reason": "x" * MAX_BODY}, Reason.BODY_TOO_LARGE),
        (None, Reason.BODY_TOO_LARGE),
    ],
)
async def test_a_revocation_says_why_in_strict_json(desk: Desk, body: Any, reason: Reason) -> None:
    assert_refused(await desk.revoke(body), reason)
    assert desk.recorded()[-1]["reason"] == reason.name.lower()
    assert await desk.state() is State.PENDING


async def test_a_form_is_no_revocation(desk: Desk) -> None:
    assert_refused(await desk.revoke(content_type="text/plain"), Reason.MEDIA_TYPE)


@pytest.mark.parametrize("identifier", ["f" * 32, "short", "A" * 32])
async def test_an_unknown_id_is_not_found(desk: Desk, identifier: str) -> None:
    assert_refused(await desk.send(f"/api/approvals/{identifier}"), Reason.APPROVAL_UNKNOWN)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/revoke", "POST"), ("DELETE", "", "GET"), ("POST", "", "GET"), ("HEAD", "/revoke", "POST")],
)
async def test_nothing_is_revoked_by_another_method(desk: Desk, method: str, path: str, allowed: str) -> None:
    answer = await desk.send(f"{desk.path}{path}", method=method, body=BECAUSE)
    assert_refused(answer, Reason.HTTP_METHOD)
    assert answer.headers["allow"] == allowed
    assert await desk.state() is State.PENDING


async def test_what_cannot_be_recorded_is_neither_shown_nor_done(desk: Desk) -> None:
    with desk.gateway.evidence.down():
        for answer in (await desk.send("/api/approvals"), await desk.send(desk.path), await desk.revoke()):
            assert_refused(answer, Reason.EVIDENCE_UNAVAILABLE)
    assert await desk.state() is State.PENDING


async def test_a_refusal_that_cannot_be_recorded_is_not_told(desk: Desk) -> None:
    desk.gateway.evidence.faults = [Fault.FAILS_AND_IS_NOT_WRITTEN]
    assert_refused(await desk.send(desk.path, token="engineer"), Reason.EVIDENCE_UNAVAILABLE)


async def test_a_store_that_is_down_is_told_and_on_record(desk: Desk) -> None:
    with desk.gateway.approvals.down():
        for answer in (await desk.send("/api/approvals"), await desk.send(desk.path), await desk.revoke()):
            assert_refused(answer, Reason.APPROVALS_UNAVAILABLE)
            assert answer.headers["retry-after"] == "5"
    assert desk.recorded()[-1]["reason"] == "approvals_unavailable"


async def test_rows_that_cannot_be_read_are_an_internal_error_on_record(desk: Desk) -> None:
    await desk.gateway.approvals.insert("f" * 32, "request", {"from": "another version"})
    assert_refused(await desk.send(f"/api/approvals/{'f' * 32}"), Reason.INTERNAL)
    assert (desk.recorded()[-1]["reason"], desk.recorded()[-1]["detail"]) == ("internal", "KeyError")
