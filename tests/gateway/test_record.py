import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.evidence.chain import Chains
from gateway.policy.source import MAX_CHANGES, Change
from gateway.reasons import Reason
from gateway.record import BURST, Event, Outcome, Passage, Recorder, ToolChange
from gateway.values import Action, Hidden, Refusal
from tests.fakes.clock import Clock
from tests.fakes.evidence import MemoryEvidence
from tests.fakes.values import CALL, CALLER, DECISION, ORIGIN

NOW = datetime(2026, 11, 23, 10, 30, 0, 123456, tzinfo=UTC)
HIDDEN = Hidden("personal", "email", Action.REDACT, "$['result']")


def recorder(store: MemoryEvidence) -> Recorder:
    return Recorder(Chains(store), now=lambda: NOW, clock=Clock())


def passage(**changes: Any) -> Passage:
    known: dict[str, Any] = {"call": CALL, "origin": ORIGIN, "caller": CALLER, "session": "s", "decision": DECISION}
    return Passage(**(known | changes))


def bodies(store: MemoryEvidence) -> list[dict[str, Any]]:
    return [json.loads(str(row["body"])) for row in store.rows.values()]


async def test_an_intent_says_who_what_when_where_and_by_which_rule() -> None:
    store = MemoryEvidence()
    assert await recorder(store).intent(passage(), Event.INTENT)
    [body] = bodies(store)
    assert body == {
        **{"v": 1, "session": "s", "sequence": 0, "previous": "0" * 64, "writer": body["writer"]},
        **{"time": "2026-11-23T10:30:00.123456Z", "event": "intent", "outcome": "allowed", "call": body["call"]},
        **{"server": "records", "era": "legacy", "message": "request", "method": "tools/call"},
        **{"target": "get_customer", "request": "1", "source": "203.0.113.9"},
        **{"tenant": CALLER.tenant, "subject": CALLER.object_id, "kind": "user", "client": CALLER.client},
        **{"token": "token-1", "signin": "sign-in-1", "policy": "0" * 64, "rules": "engineers-read"},
    }


async def test_a_call_says_which_definition_of_its_tool_it_is_for_and_on_whose_behalf_the_gateway_lists() -> None:
    store = MemoryEvidence()
    await recorder(store).intent(passage(definition="d" * 64, cause="call-1"), Event.INTENT)
    [body] = bodies(store)
    assert (body["definition"], body["cause"]) == ("d" * 64, "call-1")


async def test_a_tools_change_says_what_changed_and_on_whose_call_it_was_seen() -> None:
    store = MemoryEvidence()
    change = ToolChange("records", "mary@shop.example", Outcome.QUARANTINED, "d" * 64, "e" * 64)
    await recorder(store).tool(passage(definition="f" * 64), change)
    [body] = bodies(store)
    assert (body["event"], body["outcome"], body["subject"]) == ("tool", "quarantined", CALLER.object_id)
    assert (body["definition"], body["pinned"]) == ("d" * 64, "e" * 64)
    assert "mary" not in str(body)


async def test_an_operators_acceptance_names_the_operator_and_the_reason() -> None:
    store = MemoryEvidence()
    change = ToolChange("records", "get_all", Outcome.ACCEPTED, "d" * 64, "")
    await recorder(store).tool_accepted(change, "olga", "asked by mary@shop.example")
    [body] = bodies(store)
    assert (body["session"], body["operator"], body["target"]) == ("20261123-operators", "olga", "get_all")
    assert "mary" not in body["justification"]
    assert "pinned" not in body


async def test_an_outcome_sums_up_what_was_hidden_without_the_values() -> None:
    store = MemoryEvidence()
    await recorder(store).outcome(passage(), Outcome.SUCCEEDED, hidden=[HIDDEN, HIDDEN, replace(HIDDEN, by="iban")])
    [body] = bodies(store)
    assert (body["hidden"], body["masks"]) == (3, "personal/email:redact=2 personal/iban:redact=1")


async def test_a_refusal_says_why_and_by_which_rules() -> None:
    store = MemoryEvidence()
    refusal = Refusal(Reason.DENIED, "a detail", rules=("no-agents",), policy="1" * 64)
    await recorder(store).refused(passage(decision=None), refusal)
    [body] = bodies(store)
    assert (body["reason"], body["detail"], body["rules"]) == ("denied", "a detail", "no-agents")
    assert body["policy"] == "1" * 64


async def test_what_a_caller_wrote_is_masked_in_the_record() -> None:
    call = replace(CALL, id="mary@shop.example", method="mary@shop.example", target="a://mary@shop.example/219-09-9999")
    store = MemoryEvidence()
    await recorder(store).refused(passage(call=replace(call, server="mary@shop.example")), Refusal(Reason.DENIED))
    assert "mary@shop.example" not in str(store.rows)
    assert "219-09-9999" not in str(store.rows)


async def test_refusals_without_a_caller_go_to_the_days_own_session() -> None:
    store = MemoryEvidence()
    await recorder(store).refused(passage(caller=None, session=""), Refusal(Reason.TOKEN_MISSING))
    assert [session for session, _ in store.rows] == ["20261123-unauthenticated"]


async def test_what_strangers_do_to_approvals_is_recorded_as_far_as_the_budget_goes_and_then_counted() -> None:
    store = MemoryEvidence()
    writing = recorder(store)
    for _ in range(BURST + 5):
        assert await writing.stranger("20261123-approvals", {"event": Event.APPROVAL_REFUSED})
    assert (len(store.rows), writing.omitted) == (BURST, 5)


async def test_refusals_with_a_caller_are_all_recorded() -> None:
    store = MemoryEvidence()
    writing = recorder(store)
    for _ in range(BURST + 50):
        assert await writing.refused(passage(), Refusal(Reason.DENIED))
    assert len(store.rows) == BURST + 50


async def test_an_unconfirmed_record_is_reported_and_counted() -> None:
    store = MemoryEvidence()
    writing = recorder(store)
    with store.down():
        assert not await writing.intent(passage(), Event.INTENT)
    assert writing.failures == 1


async def test_a_policy_change_says_what_the_names_of_groups_meant() -> None:
    store = MemoryEvidence()
    await recorder(store).policy([Change("new", groups=("hr=id-1", "ops=id-2"))])
    [body] = bodies(store)
    assert (body["outcome"], body["detail"]) == ("loaded", "hr=id-1; ops=id-2")


async def test_policy_changes_wait_for_the_store_in_order_and_are_bounded() -> None:
    store = MemoryEvidence()
    writing = recorder(store)
    with store.down():
        assert not await writing.policy([Change(str(number)) for number in range(MAX_CHANGES + 5)])
    assert await writing.policy([Change("new", ("line 1: wrong",))])
    written = [(body["policy"], body["outcome"]) for body in bodies(store)]
    assert len(written) == MAX_CHANGES
    assert written[-1] == ("new", "rejected")
    assert written[0][1] == "loaded"


@pytest.mark.parametrize("over", [False, True])
async def test_an_outcome_says_that_the_access_of_its_call_was_over_by_then(over: bool) -> None:
    store = MemoryEvidence()
    await recorder(store).outcome(passage(grant_over=over), Outcome.SUCCEEDED)
    [body] = bodies(store)
    assert body.get("grant_over") == (1 if over else None)


@pytest.mark.parametrize(
    ("on_its_way", "outcome", "spilled"),
    [(True, Outcome.SUCCEEDED, 1), (False, Outcome.SUCCEEDED, 0), (True, Outcome.AMBIGUOUS, 0)],
)
async def test_an_outcome_waits_for_the_store_if_the_call_was_made_and_nobody_comes_back_to_it(
    on_its_way: bool, outcome: Outcome, spilled: int
) -> None:
    store = MemoryEvidence()
    writing = recorder(store)
    with store.down():
        assert not await writing.outcome(passage(on_its_way=on_its_way), outcome)
    assert len(writing.spill) == spilled
