from pathlib import Path

import pytest

from gateway.reasons import Reason

RESERVED = range(-32768, -31999)
SPECIFIED = {-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022, -32042}


@pytest.mark.parametrize("reason", Reason)
def test_a_code_is_the_specifications_or_our_own(reason: Reason) -> None:
    assert reason.wire.code in SPECIFIED or reason.wire.code not in RESERVED


@pytest.mark.parametrize("reason", Reason)
def test_a_sentence_is_fixed_and_complete(reason: Reason) -> None:
    assert reason.wire.sentence.endswith(".")
    assert "{" not in reason.wire.sentence
    assert "%" not in reason.wire.sentence


@pytest.mark.parametrize(
    ("code", "status"), [(-32700, 400), (-32020, 400), (-32021, 400), (-32022, 400), (-32601, 404)]
)
def test_the_status_of_a_specified_code_is_the_specified_one(code: int, status: int) -> None:
    assert {reason.wire.http for reason in Reason if reason.wire.code == code} == {status}


def test_in_the_legacy_era_only_an_ended_session_or_an_unknown_server_is_not_found() -> None:
    not_found = {r for r in Reason if (r.wire.legacy_http or r.wire.http) == 404}
    # Told on pages and by the APIs, never to a client of MCP.
    elsewhere = {Reason.APPROVAL_UNKNOWN, Reason.GRANT_UNKNOWN, Reason.PROPOSAL_UNKNOWN}
    assert not_found == {Reason.SESSION_ENDED, Reason.SERVER_UNKNOWN} | elsewhere


def test_a_code_of_our_own_tells_one_thing() -> None:
    ours = [reason.wire for reason in Reason if reason.wire.code > 0]
    assert len({wire.code for wire in ours}) == len({(wire.code, wire.sentence) for wire in ours})


def test_wrong_tokens_are_told_apart_on_record_and_not_on_the_wire() -> None:
    told = {r.wire.sentence for r in Reason if r.name.startswith("TOKEN_") and r.wire.code == 40101}
    assert len(told) == 1


def test_every_reason_is_used() -> None:
    source = "".join(path.read_text() for path in Path("gateway").rglob("*.py") if path.name != "reasons.py")
    assert [reason.name for reason in Reason if f"Reason.{reason.name}" not in source] == []
