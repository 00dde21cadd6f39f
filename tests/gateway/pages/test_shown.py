import json
from dataclasses import replace
from typing import Any

import pytest

from devhost.accounts import GROUPS
from gateway import jsontext
from gateway.approvals.approval import Approval
from gateway.pages.shown import ShownTool, masks_for, shown_call, shown_tool
from gateway.storage.contract import Pin
from gateway.values import Action, Call, Mask
from tests.fakes.policies import policy
from tests.gateway.pages.desk import call_of
from tests.gateway.pages.test_render import approval as written

NOBODY: frozenset[str] = frozenset()
EMAILS = (Mask("personal", Action.REDACT, detectors=("email",), fields=("salary", "$.customer.ssn")),)


def approval(masks: str = "", server: str = "records") -> Approval:
    made = written("x")
    return replace(made, request=replace(made.request, masks=masks, server=server))


def shown(arguments: dict[str, Any], masks: tuple[Mask, ...] = EMAILS) -> dict[str, str] | None:
    found = shown_call(call_of("issue_refund", arguments), masks)
    return None if found.params is None else dict(found.params)


def test_masks_are_those_of_the_call_and_those_of_the_server() -> None:
    found = masks_for(approval("poison"), policy(), NOBODY)
    assert found
    assert [each.name for each in found] == ["personal", "poison"]


def test_a_mask_is_not_for_those_who_may_see() -> None:
    assert masks_for(approval("personal"), policy(), frozenset({GROUPS["hr"]})) == ()


@pytest.mark.parametrize(("masks", "server"), [("gone", "records"), ("personal,gone", "records"), ("", "gone")])
def test_where_a_mask_or_the_server_is_gone_there_is_no_telling(masks: str, server: str) -> None:
    assert masks_for(approval(masks, server), policy(), frozenset({GROUPS["hr"]})) is None


def test_arguments_are_shown_as_they_are_but_for_what_is_masked() -> None:
    found = shown({"id": "c-17", "mail": "bob@example.com", "salary": 5, "deep": {"customer": [1, True, None]}})
    assert found
    assert found["id"] == '"c-17"'
    assert "bob" not in found["mail"]
    assert found["salary"] != "5"
    assert json.loads(found["deep"]) == {"customer": [1, True, None]}


def test_the_path_of_a_mask_begins_at_the_arguments() -> None:
    found = shown({"customer": {"ssn": "x-1", "name": "n"}})
    assert found
    assert "x-1" not in found["customer"]
    assert '"n"' in found["customer"]


def test_a_number_keeps_its_spelling_and_a_text_its_quotes() -> None:
    arguments = jsontext.parse(b'{"amount": 10.50, "same": "10.50", "big": 12345678901234567890}')
    assert isinstance(arguments, dict)
    assert shown(arguments, ()) == {"amount": "10.50", "same": '"10.50"', "big": "12345678901234567890"}


def test_how_many_values_are_masked_is_said() -> None:
    assert shown_call(call_of("t", {"a": "x@example.com", "b": "y@example.com", "c": 1}), EMAILS).hidden == 2


def test_masks_that_the_call_asks_to_lift_are_told() -> None:
    call = call_of("t", {"a": 1})
    params = {**call.params, "_meta": {"countersign/reveal": ["personal"]}}
    assert shown_call(replace(call, message={**call.message, "params": params}), EMAILS).reveals == ("personal",)
    assert shown_call(call, EMAILS).reveals == ()


def test_a_group_that_sees_the_last_characters_sees_them_here_too() -> None:
    hr = frozenset({GROUPS["hr"]})
    known = policy()
    shown = replace(known.masks["personal"], clear_for=frozenset(), partial_for=hr)
    [mask, *_] = masks_for(approval("personal"), replace(known, masks={**known.masks, "personal": shown}), hr) or ()
    assert mask.action is Action.PARTIAL


@pytest.mark.parametrize(
    "masks",
    [
        None,
        (Mask("block", Action.BLOCK, detectors=("email",)),),
        (Mask("broken", Action.REDACT, detectors=("no such detector",)),),
    ],
)
def test_what_cannot_be_masked_is_hidden_altogether(masks: tuple[Mask, ...] | None) -> None:
    found = shown_call(call_of("t", {"id": "c-17", "mail": "bob@example.com"}), masks)
    assert (found.params, found.target) == (None, "")


def test_a_call_that_is_no_longer_there_is_not_shown() -> None:
    assert shown_call(None, ()).params is None


def test_whatever_else_the_server_gets_is_shown_too() -> None:
    call = call_of("t", {"a": 1})
    params = {**call.params, "inputResponses": {"code": "bob@example.com"}, "_meta": {"own": 1, "progressToken": 2}}
    params["as"] = call.target
    found = shown_call(replace(call, message={**call.message, "params": params}), EMAILS)
    assert found.params
    named = dict(found.params)
    assert set(named) == {"a", "inputResponses", "_meta", "as"}
    assert "bob" not in named["inputResponses"]
    assert json.loads(named["_meta"]) == {"own": 1}


def test_a_param_that_has_the_name_of_an_argument_does_not_hide_it() -> None:
    call = call_of("t", {"uri": "one"})
    message = {**call.message, "params": {**call.params, "uri": "two"}}
    found = shown_call(replace(call, message=message), ())
    assert found.params
    assert [text for _, text in found.params] == ['"one"', '"two"']


def test_arguments_that_are_no_object_are_shown_whole() -> None:
    call = call_of("t", {})
    message = {**call.message, "params": {"name": "t", "arguments": ["a", 1]}}
    found = shown_call(replace(call, message=message), ())
    assert found.params
    assert json.loads(dict(found.params)["arguments"]) == ["a", 1]


def test_the_target_is_masked_too() -> None:
    call: Call = replace(call_of("t", {}), target="customer://bob@example.com")
    assert "bob" not in shown_call(call, EMAILS).target


def pin(**definition: Any) -> Pin:
    return Pin("t", accepted="d1", accepted_text=json.dumps({"name": "t", **definition}))


def test_a_tool_is_shown_as_its_server_describes_it() -> None:
    hints = {"readOnlyHint": False, "destructiveHint": True, "openWorldHint": "yes", "unknownHint": True}
    found = shown_tool(pin(title="T", description="asks bob@example.com", annotations=hints), "d1", EMAILS)
    assert isinstance(found, ShownTool)
    assert (found.title, found.is_as_asked) == ("T", True)
    assert found.hints == ("it changes things", "it may destroy what is there")
    assert "bob" not in found.description


def test_a_title_may_be_among_the_annotations() -> None:
    found = shown_tool(pin(annotations={"title": "T"}), "d2", ())
    assert found
    assert (found.title, found.description, found.is_as_asked) == ("T", "", False)


@pytest.mark.parametrize("found", [None, *(Pin("t", accepted="d1", accepted_text=text) for text in ("", "[]", "{"))])
def test_a_tool_of_which_nothing_is_pinned_is_not_shown(found: Pin | None) -> None:
    assert shown_tool(found, "d1", ()) is None


def test_a_tool_is_not_shown_where_a_mask_is_gone() -> None:
    assert shown_tool(pin(description="d"), "d1", None) is None
