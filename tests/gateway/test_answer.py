import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.answer import Answer, accepted, refused, replied
from gateway.reasons import Reason
from gateway.values import Era, MessageKind, Refusal
from tests.fakes.values import CALL


def body(answer: Answer) -> Any:
    assert isinstance(answer.body, bytes)
    return json.loads(answer.body)


RESULTS = [reason for reason in Reason if reason.wire.as_result]


@pytest.mark.parametrize("reason", Reason)
def test_a_refusal_is_a_json_rpc_error_with_the_requests_id(reason: Reason) -> None:
    method = "prompts/get" if reason in RESULTS else CALL.method
    answer = refused(replace(CALL, id="a-7", method=method), Refusal(reason, "a detail"))
    assert body(answer) == {
        "jsonrpc": "2.0",
        "id": "a-7",
        "error": {"code": reason.wire.code, "message": reason.wire.sentence},
    }
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("reason", Reason)
def test_the_detail_of_a_refusal_stays_here(reason: Reason) -> None:
    assert "secret" not in repr(refused(CALL, Refusal(reason, "secret", rules=("secret",), policy="secret")))


@pytest.mark.parametrize("reason", RESULTS)
def test_what_a_model_has_to_read_is_the_result_of_its_tool_call(reason: Reason) -> None:
    answer = refused(replace(CALL, id="a-7"), Refusal(reason, "a detail", {"url": "https://mcp.example.com/x"}))
    assert answer.status == 200
    text = f"{reason.wire.sentence} Status: https://mcp.example.com/x"
    assert body(answer) == {
        "jsonrpc": "2.0",
        "id": "a-7",
        "result": {
            "content": [{"type": "text", "text": text}],
            "isError": True,
            "_meta": {"countersign/approval": {"url": "https://mcp.example.com/x"}},
        },
    }
    modern = refused(replace(CALL, era=Era.MODERN), Refusal(reason))
    assert body(modern)["result"]["resultType"] == "complete"
    assert "_meta" not in body(modern)["result"]


def test_data_that_the_specification_asks_for_goes_along() -> None:
    answer = refused(CALL, Refusal(Reason.PROTOCOL_VERSION, data={"supported": ["2026-07-28"], "requested": "x"}))
    assert body(answer)["error"]["data"] == {"supported": ["2026-07-28"], "requested": "x"}


def test_without_an_id_the_error_has_a_null_id() -> None:
    assert body(refused(replace(CALL, id=None), Refusal(Reason.NOT_JSON)))["id"] is None


def test_an_unknown_method_is_404_in_the_modern_era_and_200_in_the_legacy_one() -> None:
    refusal = Refusal(Reason.METHOD_UNKNOWN)
    assert refused(replace(CALL, era=Era.MODERN), refusal).status == 404
    assert refused(CALL, refusal).status == 200


def test_a_refused_notification_is_not_answered_with_200() -> None:
    assert refused(replace(CALL, kind=MessageKind.NOTIFICATION, id=None), Refusal(Reason.DENIED)).status == 403


@pytest.mark.parametrize(
    ("reason", "header", "value"),
    [
        (Reason.HTTP_METHOD, "allow", "POST, GET, DELETE"),
        (Reason.EVIDENCE_UNAVAILABLE, "retry-after", "5"),
    ],
)
def test_statuses_bring_the_headers_that_http_asks_for(reason: Reason, header: str, value: str) -> None:
    assert refused(CALL, Refusal(reason)).headers[header] == value


def test_a_challenge_goes_along_where_there_is_one() -> None:
    assert refused(CALL, Refusal(Reason.TOKEN_MISSING), "Bearer x").headers["www-authenticate"] == "Bearer x"
    assert "www-authenticate" not in refused(CALL, Refusal(Reason.DENIED)).headers


def test_no_answer_is_stored_by_a_cache() -> None:
    for answer in (refused(CALL, Refusal(Reason.DENIED)), replied(200, "", {}), accepted(202, "")):
        assert answer.headers["cache-control"] == "no-store"


def test_a_legacy_session_id_goes_back_to_the_client() -> None:
    assert replied(200, "abc", {}).headers["mcp-session-id"] == "abc"
    assert "mcp-session-id" not in replied(200, "", {}).headers


HINTS = {"retryAfter": 3, "rateLimitPolicy": '"requests";q=20;w=4', "rateLimit": '"requests";r=0;t=3'}


def test_who_asks_too_much_is_told_when_to_come_back_in_headers_and_for_those_who_see_none_in_the_body() -> None:
    answer = refused(CALL, Refusal(Reason.TOO_FAST, data=HINTS))
    assert (answer.status, answer.headers["retry-after"]) == (429, "3")
    assert (answer.headers["ratelimit-policy"], answer.headers["ratelimit"]) == tuple(HINTS.values())[1:]
    assert body(answer)["error"]["data"] == HINTS


def test_a_hint_that_there_is_none_of_is_no_header() -> None:
    headers = refused(CALL, Refusal(Reason.SESSION_SPENT, data={"rateLimit": '"session";r=0'})).headers
    assert ("retry-after" in headers, headers["ratelimit"]) == (False, '"session";r=0')
    assert "retry-after" not in refused(CALL, Refusal(Reason.DENIED, data=HINTS)).headers
