from dataclasses import replace

import pytest

from devhost.accounts import GROUPS
from gateway.approvals.book import Actor
from gateway.approvals.evidence import NOBODY
from gateway.evidence.chain import Chains
from gateway.evidence.readings import not_auditor, note, refuse
from gateway.reasons import Reason
from gateway.record import BURST, Recorder
from gateway.values import CallerKind, Refusal
from tests.fakes.evidence import MemoryEvidence
from tests.fakes.policies import policy
from tests.fakes.values import CALLER, ORIGIN

ADA = Actor(replace(CALLER, groups=frozenset({GROUPS["auditors"]})), ORIGIN)
OPERATOR = Actor(None, NOBODY, "root")


def test_members_of_the_auditors_groups_are_auditors() -> None:
    assert not_auditor(ADA, policy()) is None


@pytest.mark.parametrize(
    "actor",
    [
        OPERATOR,
        Actor(CALLER, ORIGIN),
        *(
            Actor(replace(CALLER, kind=kind, groups=frozenset({GROUPS["auditors"]})), ORIGIN)
            for kind in (CallerKind.APP, CallerKind.AGENT)
        ),
    ],
)
def test_nobody_else_is_and_no_application_and_no_agent(actor: Actor) -> None:
    refusal = not_auditor(actor, policy())
    assert refusal
    assert refusal.reason is Reason.AUDITOR_NEEDED


def test_a_policy_without_auditors_has_none() -> None:
    assert not_auditor(ADA, replace(policy(), auditors=frozenset())) is not None


async def test_a_reading_says_who_read_what_and_how() -> None:
    evidence = MemoryEvidence()
    assert await note(Recorder(Chains(evidence)), ADA, "replay", {"tool": "bob@example.com"}, "20261123-a")
    row = evidence.of_calls()[0]
    assert (row["event"], row["subject"], row["method"]) == ("evidence_read", CALLER.object_id, "evidence/replay")
    assert row["target"] == "20261123-a"
    assert "bob@example.com" not in str(row["body"])


async def test_the_operator_of_a_command_line_is_named() -> None:
    evidence = MemoryEvidence()
    assert await note(Recorder(Chains(evidence)), OPERATOR, "export", {"first": "2026-11-23"})
    assert '"operator":"root"' in str(evidence.of_calls()[0]["body"])


async def test_what_cannot_be_recorded_is_told() -> None:
    evidence = MemoryEvidence()
    with evidence.down():
        assert not await note(Recorder(Chains(evidence)), ADA, "list", {})
        told = await refuse(Recorder(Chains(evidence)), ADA, Refusal(Reason.AUDITOR_NEEDED), "x")
    assert told.reason is Reason.EVIDENCE_UNAVAILABLE


async def test_strangers_cannot_fill_the_evidence() -> None:
    evidence = MemoryEvidence()
    recorder = Recorder(Chains(evidence), clock=lambda: 0.0)
    for _ in range(3 * int(BURST)):
        await refuse(recorder, Actor(None, ORIGIN), Refusal(Reason.SIGN_IN_NEEDED), "x")
    assert len(evidence.of_calls()) == BURST
    assert recorder.omitted == 2 * BURST
