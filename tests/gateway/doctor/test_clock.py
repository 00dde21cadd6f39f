from datetime import timedelta

import pytest

from gateway.doctor import clock
from gateway.doctor.finding import State
from tests.fakes.entra import ENVIRONMENT
from tests.gateway.doctor.around import NOW, Around, states

VAULT = {"COUNTERSIGN_KEY_VAULT": "https://v.vault.azure.net"}
PAGES = {"https://v.vault.azure.net/secrets": 401, ENVIRONMENT["COUNTERSIGN_EVIDENCE"]: 403}


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, State.OK), (5, State.OK), (-5, State.OK), (9, State.WARNING), (-90, State.WARNING)]
)
async def test_a_clock_that_is_off_by_more_than_five_seconds_is_told(seconds: int, state: State) -> None:
    bench = Around(pages=dict(PAGES)).bench(changes=VAULT, now=lambda: NOW + timedelta(seconds=seconds))
    assert states(await clock.check(bench)) == [state, state]


async def test_who_tells_no_time_is_no_proof() -> None:
    assert states(await clock.check(Around(pages=dict(PAGES), date="").bench())) == [State.CANNOT_TELL]
    assert states(await clock.check(Around(pages=dict(PAGES), date="soon").bench())) == [State.CANNOT_TELL]
    assert states(await clock.check(Around().bench())) == [State.CANNOT_TELL]
