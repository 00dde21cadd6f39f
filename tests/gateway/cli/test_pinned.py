"""What an operator sees of pinned tools, and what an acceptance does, with the stores in memory."""

import json
from typing import Any

import pytest

from gateway.cli.pinned import Acceptance, accepted, differs, listed
from gateway.cli.printed import FAILED, Printed
from gateway.evidence.chain import Chains
from gateway.record import Recorder
from gateway.storage.contract import Pin
from tests.fakes.evidence import MemoryEvidence
from tests.fakes.pins import Fault, MemoryPins

OLD, NEW = "a" * 64, "b" * 64


class Desk:
    """An operator's, with one tool in use, one that changed and one that is new."""

    def __init__(self, *faults: Fault | None) -> None:
        self.evidence = MemoryEvidence()
        self.pins = MemoryPins(*faults)
        for pin in (
            Pin("used", OLD, accepted_text='{"name":"used"}', version="v"),
            Pin("changed", OLD, NEW, '{"description":"old"}', '{"description":"new"}', "v"),
            Pin("new", "", NEW, "", '{"name":"new"}', "v"),
        ):
            self.pins.rows["crm", pin.tool] = pin

    async def accept(self, tool: str, definition: str = "", reason: str = "reviewed") -> Printed:
        wanted = Acceptance("crm", tool, definition, "olga", reason)
        return await accepted(self.pins, Recorder(Chains(self.evidence)), wanted)

    def recorded(self) -> list[Any]:
        return self.evidence.of_tools()


async def test_the_list_says_what_is_in_use_and_what_waits() -> None:
    lines = (await listed(Desk().pins, "", is_json=False)).text.splitlines()
    assert lines == [
        "SERVER  TOOL     STATE           ACCEPTED      WAITING",
        f"crm     changed  changed, waits  {OLD[:12]}  {NEW[:12]}",
        f"crm     new      new, waits      -             {NEW[:12]}",
        f"crm     used     in use          {OLD[:12]}  -",
    ]


async def test_the_list_is_of_one_server_where_one_is_named() -> None:
    assert len((await listed(Desk().pins, "crm", is_json=False)).text.splitlines()) == 4
    assert (await listed(Desk().pins, "other", is_json=False)).text.startswith("Nothing is pinned yet")


async def test_the_list_as_json_has_whole_hashes() -> None:
    tools = json.loads((await listed(Desk().pins, "crm", is_json=True)).text)["tools"]
    assert tools[0] == {"server": "crm", "tool": "changed", "state": "changed, waits", "accepted": OLD, "waiting": NEW}


async def test_the_diff_shows_what_changed_and_how_to_accept_just_that() -> None:
    lines = (await differs(Desk().pins, "crm", "changed")).text.splitlines()
    assert lines[:2] == [f"--- accepted {OLD[:12]}", f"+++ waiting {NEW[:12]}"]
    assert lines[4:6] == ['-  "description": "old"', '+  "description": "new"']
    assert lines[-1].endswith(f"tools accept crm changed --definition {NEW[:12]} --reason '...'")


@pytest.mark.parametrize(
    ("accepted_text", "waiting_text", "said"),
    [
        ('{"d":"[hidden:email]"}', '{"d":"[hidden:email]"}', "The definitions differ only in what is hidden here."),
        (
            '{"d":"[hidden:email]"}',
            '{"d":"see [hidden:email]"}',
            "What stands as [hidden...] may have changed as well.",
        ),
        ('{"d":"x"}', "", "The definition that waits could not be masked"),
    ],
)
async def test_the_diff_says_where_masking_keeps_it_from_telling(
    accepted_text: str, waiting_text: str, said: str
) -> None:
    desk = Desk()
    desk.pins.rows["crm", "changed"] = Pin("changed", OLD, NEW, accepted_text, waiting_text, "v")
    assert said in (await differs(desk.pins, "crm", "changed")).text
    assert "hidden" not in (await differs(Desk().pins, "crm", "changed")).text


async def test_a_new_tools_diff_is_all_of_it() -> None:
    assert (await differs(Desk().pins, "crm", "new")).text.startswith("--- accepted never\n")


async def test_nothing_that_waits_is_no_error_and_no_tool_is_one() -> None:
    assert (await differs(Desk().pins, "crm", "used")).code == 0
    assert (await differs(Desk().pins, "crm", "nobody")).code == FAILED


async def test_an_acceptance_is_recorded_and_takes_effect() -> None:
    desk = Desk()
    assert (await desk.accept("changed", NEW[:12])).code == 0
    pin = desk.pins.rows["crm", "changed"]
    assert (pin.accepted, pin.waiting, pin.accepted_text) == (NEW, "", '{"description":"new"}')
    [row] = desk.recorded()
    assert (row["event"], row["outcome"], row["server"], row["target"]) == ("tool", "accepted", "crm", "changed")
    assert (row["definition"], row["pinned"], row["operator"]) == (NEW, OLD, "olga")
    assert row["session"].endswith("-operators")


async def test_all_that_waits_is_accepted_at_once() -> None:
    desk = Desk()
    assert (await desk.accept("")).text.splitlines() == [
        f"Accepted {name} ({NEW[:12]})." for name in ("changed", "new")
    ]
    assert (await desk.accept("")).code == FAILED


async def test_a_reason_with_personal_data_is_masked() -> None:
    desk = Desk()
    await desk.accept("new", reason="asked by mary@shop.example")
    assert "mary@shop.example" not in str(desk.evidence.rows)


@pytest.mark.parametrize(
    ("tool", "definition", "complaint"),
    [("nobody", "", "No tool nobody"), ("used", "", "Nothing waits"), ("changed", "cccccccc", "has changed again")],
)
async def test_what_cannot_be_accepted_is_told_and_changes_nothing(tool: str, definition: str, complaint: str) -> None:
    desk = Desk()
    before = dict(desk.pins.rows)
    printed = await desk.accept(tool, definition)
    assert (printed.code, desk.recorded(), desk.pins.rows) == (FAILED, [], before)
    assert complaint in printed.complaint


async def test_without_evidence_nothing_is_accepted() -> None:
    desk = Desk()
    with desk.evidence.down():
        assert (await desk.accept("new")).code == FAILED
    assert desk.pins.rows["crm", "new"].accepted == ""


async def test_an_acceptance_that_comes_too_late_says_so() -> None:
    printed = await Desk(Fault.ANOTHER_WRITER_IS_FIRST).accept("new")
    assert (printed.code, "changed at this moment" in printed.complaint) == (FAILED, True)


async def test_of_several_those_before_a_failure_are_named() -> None:
    printed = await Desk(None, Fault.ANOTHER_WRITER_IS_FIRST).accept("")
    assert (printed.code, printed.text) == (FAILED, f"Accepted changed ({NEW[:12]}).")
