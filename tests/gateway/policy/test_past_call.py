"""Calls out of the records that the gateway wrote of them."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gateway.evidence.bodies import Named
from gateway.evidence.form import MAX_TEXT
from gateway.policy.past_call import past_calls, with_body
from gateway.reasons import Reason
from gateway.values import CallerKind, Decision, Refusal
from tests.fakes.values import CALLER
from tests.gateway.policy.generated import NOW, make_call
from tests.gateway.policy.past import kept, past, record, seen, told

GET = make_call("tools/call", "get_a", name="get_a", arguments={"n": 2, "note": "x"})
ALLOWED = Decision(rules=("one", "two"), policy="a" * 64)


def fields(**more: str | int) -> dict[str, str | int]:
    return record(CALLER, GET, ALLOWED, **more)


def test_a_call_is_what_its_record_tells() -> None:
    [call] = past(fields(issued="uti-1", era="legacy"))
    assert (call.id, call.now, call.policy, call.rules, call.reason) == ("c0", NOW, "a" * 64, ("one", "two"), "")
    assert (call.call.server, call.call.method, call.call.target) == ("records", "tools/call", "get_a")
    assert call.call.arguments == {"n": 2, "note": "x"}
    assert (call.caller.tenant, call.caller.object_id) == (CALLER.tenant, CALLER.object_id)
    assert (call.caller.kind, call.caller.grant) == (CallerKind.USER, "uti-1")
    assert (call.groups, call.roles, call.hidden, call.no_arguments) == (None, None, frozenset(), "")


def test_groups_and_roles_are_known_where_they_are_recorded() -> None:
    caller = replace(CALLER, groups=frozenset({"g-1", "g-2"}))
    [call] = past(fields(**seen(caller)))
    assert (call.groups, call.roles) == (frozenset({"g-1", "g-2"}), frozenset())


def test_what_was_cut_when_it_was_recorded_is_not_known() -> None:
    [call] = past(fields(groups="g" * MAX_TEXT + "... (2000 characters", rules="r" * (MAX_TEXT + 1)))
    assert (call.groups, call.rules) == (None, None)


def test_of_the_records_of_a_call_the_one_that_was_decided_last_counts() -> None:
    outcome = fields(event="outcome", rules="other")
    asked = fields(event="relayed", message="server_request", method="elicitation/create")
    calls, undecided = past_calls(told(outcome, asked, fields()))
    assert [call.rules for call in calls] == [("one", "two")]
    assert undecided == 0
    [alone] = past_calls(told(outcome))[0]
    assert alone.rules == ("other",)


@pytest.mark.parametrize(
    "missing",
    [{"policy": ""}, {"time": "yesterday"}, {"kind": "ghost"}, {"reason": "groups_unavailable", "event": "refused"}],
)
def test_a_call_on_which_no_policy_decided_is_counted_apart(missing: Mapping[str, str]) -> None:
    calls, undecided = past_calls(told(fields(**missing)))
    assert (calls, undecided) == ([], 1)


def test_a_refusal_after_the_policy_had_allowed_is_no_refusal_of_the_policy() -> None:
    [call] = past(fields(event="refused", reason="grant_needed"))
    assert call.reason == ""
    [refused] = past(record(CALLER, GET, Refusal(Reason.DENIED, rules=("no",), policy="a" * 64)))
    assert (refused.reason, refused.rules) == ("denied", ("no",))
    assert refused.no_arguments == "no request is kept of a call that did not go on"


@pytest.mark.parametrize(
    ("arguments", "hidden"),
    [
        ({"a": "see [hidden:email]", "b": "clear"}, {"a"}),
        ({"a": {"deep": [1, {"n": 0}]}, "b": 7}, {"a"}),
        ({"a": False, "b": True, "c": None, "d": 0.5}, {"a"}),
        ({"[hidden:email]": 1, "b": 2}, {"[hidden:email]", "b"}),
    ],
)
def test_an_argument_that_may_not_be_as_it_was_is_named(arguments: dict[str, object], hidden: set[str]) -> None:
    [call] = past(fields(**kept({"params": {"arguments": arguments}})))
    assert call.hidden == hidden


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("$['params']['arguments']['a']['x'][0]", {"a"}),
        ("$['params']['arguments']['it\\'s']", {"a", "b"}),
        ("$['params']['arguments']", {"a", "b"}),
        ("$['params']['name']", set()),
    ],
)
def test_what_left_for_the_server_otherwise_is_named_too(path: str, hidden: set[str]) -> None:
    message = {"params": {"arguments": {"a": "clear", "b": "clear"}}}
    [call] = past(
        fields(**kept(message, hidden=[{"path": path, "mask": "m", "by": "f", "action": "drop", "count": 1}]))
    )
    assert call.hidden == hidden


def test_a_request_in_a_blob_is_named_until_it_is_read() -> None:
    without = {name: value for name, value in fields().items() if name != "content"}
    [call] = past(without | {"payload": "b" * 64})
    assert call.blob == Named(f"20261123/{'b' * 64}.json", "b" * 64)
    read = with_body(call, str(kept({"params": {"arguments": {"n": 3.5}}})["content"]))
    assert (read.blob, read.no_arguments, str(read.call.arguments["n"])) == (None, "", "3.5")


@pytest.mark.parametrize("content", [None, "no json", '{"v": 1, "beginning": "{"}', '{"v": 2, "message": {}}'])
def test_a_request_that_cannot_be_read_is_told(content: str | None) -> None:
    [call] = past(fields())
    assert with_body(call, content).no_arguments == "its request cannot be read"


def test_what_the_policy_did_not_keep_is_told() -> None:
    [call] = past(fields(kept="left_out", kept_why="policy"))
    assert call.no_arguments == "the policy kept no requests of this server"
