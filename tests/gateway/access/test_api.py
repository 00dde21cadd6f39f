"""The doors of the API of access and their outer boundary."""

import pytest

from gateway.access.api import serve
from gateway.pages.request import PageRequest
from gateway.reasons import Reason
from tests.fakes.evidence import Fault
from tests.fakes.values import ORIGIN
from tests.gateway.access.room import TICKET, Room, assert_refused

ID = "f" * 32
DOORS = [
    ("POST", "/access/requests"),
    ("GET", f"/access/requests/{ID}"),
    ("POST", f"/access/{ID}/end"),
    ("POST", f"/access/{ID}/token"),
    ("GET", "/api/grants"),
    ("POST", "/api/grants/revoke"),
    ("POST", f"/api/grants/{ID}/revoke"),
]


@pytest.mark.parametrize(("method", "path"), DOORS)
async def test_without_a_token_nothing_is_said_but_how_to_sign_in(room: Room, method: str, path: str) -> None:
    answer = await room.send(method, path, TICKET, token=None)
    assert_refused(answer, Reason.TOKEN_MISSING)
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    last = room.recorded()[-1]
    assert (last["event"], last["reason"]) == ("grant_refused", "token_missing")
    assert last["method"] == f"{method} {path}".replace(ID, "{id}")


@pytest.mark.parametrize(("method", "path"), DOORS)
@pytest.mark.parametrize("other", ["PUT", "DELETE", "OPTIONS", "HEAD", "POST", "GET"])
async def test_another_method_is_refused_on_record(room: Room, method: str, path: str, other: str) -> None:
    if other != method:
        answer = await room.send(other, path, TICKET)
        assert_refused(answer, Reason.HTTP_METHOD)
        assert answer.headers["allow"] == method
        assert room.refusals() == ["http_method"]


async def test_a_path_that_is_none_is_not_found(room: Room) -> None:
    for path in (f"/access/{ID}/extend", "/access/requests/a/b", "/api/grants/", "/access//end"):
        assert_refused(await room.send("POST", path, TICKET), Reason.GRANT_UNKNOWN)


@pytest.mark.parametrize("identifier", ["short", "A" * 32, "..", "%2e%2e"])
async def test_a_forged_id_is_unknown_on_record(room: Room, identifier: str) -> None:
    assert_refused(await room.send("POST", f"/access/{identifier}/end", {}), Reason.GRANT_UNKNOWN)
    assert_refused(await room.send("POST", f"/access/{identifier}/token"), Reason.GRANT_UNKNOWN)
    assert room.refusals() == ["grant_unknown"] * 2


async def test_strangers_cannot_fill_the_evidence(room: Room) -> None:
    for _ in range(100):
        assert_refused(await room.send("POST", "/access/requests", TICKET, token="not.a.token"), Reason.TOKEN_MALFORMED)
    assert len(room.recorded()) < 70


async def test_a_browser_on_another_page_is_refused(room: Room) -> None:
    assert_refused(await room.send("POST", "/access/requests", TICKET, origin="https://evil.example"), Reason.ORIGIN)
    assert room.gateway.grants.approvals == {}


async def test_a_form_is_no_request(room: Room) -> None:
    assert_refused(await room.send("POST", "/access/requests", TICKET, content_type="text/plain"), Reason.MEDIA_TYPE)


async def test_two_authorization_headers_are_refused(room: Room) -> None:
    bearer = ("authorization", f"Bearer {room.gateway.tenant.token()}")
    request = PageRequest("GET", "/api/grants", "", (bearer, bearer), b"")
    answer = await serve(request, ORIGIN, room.gateway.rooms, room.gateway.orchestrations)
    assert_refused(answer, Reason.HEADER_MALFORMED)


async def test_a_store_that_is_down_is_told_and_on_record(room: Room) -> None:
    with room.gateway.grants.down():
        for method, path in (("POST", "/access/requests"), ("GET", f"/access/requests/{ID}")):
            answer = await room.send(method, path, TICKET)
            assert_refused(answer, Reason.GRANTS_UNAVAILABLE)
            assert answer.headers["retry-after"] == "5"
    assert room.refusals() == ["grants_unavailable"] * 2


async def test_a_refusal_that_cannot_be_recorded_is_not_told(room: Room) -> None:
    room.gateway.evidence.faults = [Fault.FAILS_AND_IS_NOT_WRITTEN]
    assert_refused(await room.send("GET", "/api/grants"), Reason.EVIDENCE_UNAVAILABLE)


async def test_rows_that_cannot_be_read_are_an_internal_error_on_record(room: Room) -> None:
    await room.gateway.grants.insert(ID, "request", {"from": "another version"})
    assert_refused(await room.send("GET", f"/access/requests/{ID}"), Reason.INTERNAL)
    assert room.refusals() == ["internal"]
