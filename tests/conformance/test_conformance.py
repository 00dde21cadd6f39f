"""The official conformance suite: what it says of the fixtures, and of the same fixtures through the gateway."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from tests.conformance.conftest import Run, Suite

# Passed and failed checks. What fails is of the tasks extension, which the official SDKs do not have and which is
# not scored.
EXPECTED = {"2025-11-25": (84, 0), "2026-07-28": (167, 27)}


@dataclass(frozen=True, slots=True)
class Leg:
    """The suite run twice in one revision of the protocol."""

    revision: str
    direct: Run
    through: Run

    def differences(self) -> Iterator[str]:
        for scenario in sorted({*self.direct.tally, *self.through.tally}):
            direct, through = (set((run.tally.get(scenario) or {}).items()) for run in (self.direct, self.through))
            for (check, status), many in sorted(direct - through):
                yield f"{scenario}: {check}: {status} {many} times direct"
            for (check, status), many in sorted(through - direct):
                yield f"{scenario}: {check}: {status} {many} times through the gateway"


@pytest.fixture(scope="session", params=EXPECTED)
async def leg(suite: Suite, request: pytest.FixtureRequest) -> AsyncIterator[Leg]:
    revision: str = request.param
    # One after the other: the scenarios wait only so long for an event.
    yield Leg(revision, await suite.direct(revision), await suite.through(revision))


def test_every_scored_scenario_passes_direct(leg: Leg) -> None:
    assert (leg.direct.count("SUCCESS"), leg.direct.count("FAILURE")) == EXPECTED[leg.revision]
    assert leg.direct.exit_code == 0, leg.direct.said


def test_every_scored_scenario_passes_through_the_gateway(leg: Leg) -> None:
    assert leg.through.exit_code == 0, leg.through.said


def test_each_check_ends_the_same_direct_and_through_the_gateway(leg: Leg) -> None:
    differences = list(leg.differences())
    assert not differences, "\n".join(differences)
