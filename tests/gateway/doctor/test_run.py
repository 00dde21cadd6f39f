import asyncio

import pytest

from gateway.doctor import run
from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, State, ok
from tests.gateway.doctor.around import Around


async def well(_bench: Bench) -> list[Finding]:
    return [ok("well", "x")]


async def endless(_bench: Bench) -> list[Finding]:
    await asyncio.Event().wait()
    return []


async def test_checks_are_told_in_their_order_and_one_without_an_end_is_not_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "CHECKS", {"endless": endless, "well": well})
    monkeypatch.setattr(run, "PATIENCE", 0.01)
    found = await run.examine(Around().bench())
    assert [(finding.check, finding.state) for finding in found] == [
        ("endless", State.CANNOT_TELL),
        ("well", State.OK),
    ]
    assert [finding.check for finding in await run.examine(Around().bench(), ["well"])] == ["well"]


def test_what_tries_to_change_the_evidence_can_be_left_out() -> None:
    assert set(run.CHECKS) - set(run.without_denial()) == {"stores", "denial"}


async def test_every_finding_bears_the_name_of_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    offline = {"identity", "settings", "policy", "graph", "tokens", "documents", "notifiers", "clock", "token"}
    for name in sorted(offline):
        assert {finding.check for finding in await run.examine(Around().bench(), [name])} <= {name}
