"""What becomes of news about a server's tools, with the store and the evidence in memory."""

import asyncio
import json
from dataclasses import replace

import pytest

from gateway import pinning
from gateway.evidence.chain import Chains
from gateway.pinning import Pinning
from gateway.policy.document import Policy, Server, Trust
from gateway.reasons import Reason
from gateway.record import Passage, Recorder
from gateway.storage.contract import PinChangedError, StoreUnavailableError
from gateway.tools.definition import Definition, by_name, read_definition
from gateway.tools.pins import Verdict, accept
from gateway.values import Refusal
from tests.fakes.clock import Clock
from tests.fakes.evidence import MemoryEvidence
from tests.fakes.pins import Fault, MemoryPins
from tests.fakes.policies import policy
from tests.fakes.values import CALL, CALLER, DECISION, ORIGIN

CRM = Server("crm", "https://crm.example/mcp", None, 1, 1, masks=())
TRUSTED = replace(CRM, trust=Trust.ACCEPT)


class Process:
    """One process of the gateway, on a store that others may share."""

    def __init__(self, store: MemoryPins | None = None) -> None:
        self.store = store if store is not None else MemoryPins()
        self.evidence, self.clock = MemoryEvidence(), Clock()
        self.pinning = Pinning(self.store, Recorder(Chains(self.evidence)), self.clock)

    async def sees(
        self, *found: Definition, server: Server = CRM, is_whole: bool = True, policy: Policy | None = None
    ) -> list[str] | Reason:
        passage = Passage(CALL, ORIGIN, caller=CALLER, session="20261123-a", decision=DECISION, policy=policy)
        usable = await self.pinning.admit(passage, server, by_name(found), is_whole=is_whole)
        return usable.reason if isinstance(usable, Refusal) else sorted(usable)

    def recorded(self) -> list[str]:
        rows = [json.loads(str(row["body"])) for row in self.evidence.rows.values()]
        return [f"{row['target']} {row['outcome']}" for row in rows]


def tool(name: str, description: str = "") -> Definition:
    definition = read_definition({"name": name, "description": description})
    assert definition is not None
    return definition


A, B, OTHER_A = tool("a"), tool("b"), tool("a", "other")


async def test_the_first_catalogue_is_the_baseline_and_on_record() -> None:
    process = Process()
    assert await process.sees(A, B) == ["a", "b"]
    assert sorted(process.recorded()) == ["a pinned", "b pinned"]
    assert process.store.baselines == {"crm"}
    assert await process.sees(A, B) == ["a", "b"]
    assert len(process.recorded()) == 2


async def test_a_page_alone_makes_no_baseline() -> None:
    process = Process()
    assert await process.sees(A, is_whole=False) == []
    assert process.recorded() == ["a quarantined"]
    assert process.store.baselines == set()


async def test_a_new_and_a_changed_tool_are_held_and_told_of_once() -> None:
    process = Process()
    await process.sees(A)
    assert await process.sees(OTHER_A, B) == []
    assert await process.sees(OTHER_A, B) == []
    assert sorted(process.recorded()[1:]) == ["a quarantined", "b quarantined"]


async def test_a_tool_that_goes_back_to_what_was_accepted_is_used_again() -> None:
    process = Process()
    await process.sees(A)
    await process.sees(OTHER_A)
    assert await process.sees(A) == ["a"]
    assert await process.sees() == []
    assert await process.sees(A) == ["a"]
    assert process.recorded() == ["a pinned", "a quarantined"]


async def test_a_trusted_server_changes_its_tools_on_record() -> None:
    process = Process()
    await process.sees(A, server=TRUSTED)
    assert await process.sees(OTHER_A, B, server=TRUSTED) == ["a", "b"]
    assert sorted(process.recorded()[1:]) == ["a changed", "b pinned"]


async def test_a_server_that_is_trusted_from_now_on_gets_what_waited() -> None:
    process = Process()
    await process.sees(A)
    await process.sees(OTHER_A)
    assert await process.pinning.verdict(TRUSTED, "a", OTHER_A.digest) is Verdict.PIN
    assert await process.sees(OTHER_A, server=TRUSTED) == ["a"]
    assert process.store.rows["crm", "a"].waiting == ""


async def test_an_operators_acceptance_takes_effect_within_the_lifetime() -> None:
    process = Process()
    await process.sees(A)
    await process.sees(OTHER_A)
    pin = process.store.rows["crm", "a"]
    await process.store.write("crm", accept(pin))
    assert await process.pinning.verdict(CRM, "a", OTHER_A.digest) is Verdict.HELD
    process.clock.advance(pinning.LIFETIME)
    assert await process.pinning.verdict(CRM, "a", OTHER_A.digest) is Verdict.USABLE


async def test_a_hundred_who_ask_at_once_read_the_store_once() -> None:
    process = Process()
    await asyncio.gather(*(process.pinning.has_baseline("crm") for _ in range(100)))
    assert process.store.reads == 1


async def test_two_processes_that_see_a_server_for_the_first_time_agree() -> None:
    one = Process()
    other = Process(one.store)
    assert [*await asyncio.gather(one.sees(A, B), other.sees(A, B))] == [["a", "b"], ["a", "b"]]


async def test_two_processes_that_see_other_versions_first_use_one_of_them() -> None:
    one = Process()
    other = Process(one.store)
    seen = await asyncio.gather(one.sees(A), other.sees(OTHER_A))
    assert sorted(map(str, seen)) == ["['a']", "[]"]


async def test_what_another_process_pinned_meanwhile_is_not_news() -> None:
    process = Process()
    await process.sees(A)
    process.store.faults = [Fault.ANOTHER_WRITER_IS_FIRST]
    assert await process.sees(A, B, server=TRUSTED) == ["a", "b"]


@pytest.mark.parametrize("fault", [Fault.WRITE_FAILS_AND_IS_NOT_WRITTEN, Fault.WRITE_FAILS_BUT_IS_WRITTEN])
async def test_a_write_that_fails_is_an_error_and_is_made_up_for_later(fault: Fault) -> None:
    process = Process()
    process.store.faults = [fault]
    with pytest.raises(StoreUnavailableError):
        await process.sees(A)
    assert process.store.baselines == set()
    assert await process.sees(A) == ["a"]


async def test_without_the_store_nothing_is_said() -> None:
    process = Process()
    with process.store.down(), pytest.raises(StoreUnavailableError):
        await process.sees(A)


async def test_what_cannot_be_recorded_is_not_stored() -> None:
    process = Process()
    with process.evidence.down():
        assert await process.sees(A) is Reason.EVIDENCE_UNAVAILABLE
    assert process.store.rows == {}


async def test_a_server_that_invents_names_does_not_fill_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinning, "MAX_PINS", 2)
    process = Process()
    assert await process.sees(A, B) == ["a", "b"]
    assert await process.sees(A, tool("c"), is_whole=False) is Reason.CATALOGUE_UNAVAILABLE
    assert sorted(name for _, name in process.store.rows) == ["a", "b"]


async def test_a_pin_that_changes_all_the_time_is_refused_in_the_end() -> None:
    process = Process()

    async def changed(server: str, pin: object) -> object:
        raise PinChangedError

    process.store.write = changed  # type: ignore[assignment, method-assign]  # a store that never lets one win
    assert await process.sees(A) is Reason.CATALOGUE_UNAVAILABLE


MAIL, SALARY = "alice.example@contoso.com", 987654321


async def test_the_store_has_a_definition_masked_and_the_hash_of_it_as_it_was() -> None:
    process = Process()
    schema = {"properties": {"salary": {"type": "integer", "default": SALARY}, "n": {"format": "email"}}}
    entry = {"name": "a", "description": f"Ask {MAIL}", "inputSchema": schema, "outputSchema": schema}
    definition = read_definition(entry)
    assert definition is not None
    assert await process.sees(definition, policy=policy()) == ["a"]
    pin = process.store.rows["crm", "a"]
    assert pin.accepted == definition.digest
    kept = json.loads(pin.accepted_text)
    assert kept["description"] == "Ask [hidden:email]"
    assert kept["outputSchema"]["properties"] == {
        "salary": {"type": "integer", "default": 0},
        "n": {"format": "email"},
    }
    assert MAIL not in pin.accepted_text
    assert str(SALARY) not in pin.accepted_text
    assert await process.sees(definition, policy=policy()) == ["a"]


async def test_a_number_too_large_for_canonical_json_is_kept_nowhere() -> None:
    process = Process()
    definition = read_definition({"name": "a", "inputSchema": {"properties": {"salary": {"default": 2**60}}}})
    assert definition is not None
    assert str(2**60) in definition.text
    await process.sees(definition, policy=policy())
    assert str(2**60) not in process.store.rows["crm", "a"].accepted_text


async def test_what_cannot_be_masked_is_kept_by_its_hash_alone() -> None:
    process = Process()
    await process.sees(A)
    assert process.store.rows["crm", "a"].accepted_text == ""
    assert process.store.rows["crm", "a"].accepted == A.digest
    long = replace(B, text=json.dumps({"name": "b", "description": "a@b.cd " * 16_000}))
    await process.sees(long, policy=policy())
    assert (process.store.rows["crm", "b"].accepted_text, process.store.rows["crm", "b"].waiting_text) == ("", "")
