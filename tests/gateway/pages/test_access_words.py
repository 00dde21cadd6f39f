from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.access.grant import Ending, Grant, State
from gateway.pages.access_words import STATES, fate, length
from tests.gateway.access.desk import AccessDesk
from tests.gateway.approvals.desk import START


@pytest.fixture
async def grant() -> Grant:
    return await AccessDesk().opened(600)


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_word(state: State) -> None:
    assert STATES[state]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "no time"),
        (1, "1 second"),
        (60, "1 minute"),
        (90, "1 minute 30 seconds"),
        (3600, "1 hour"),
        (2 * 86400 + 3660, "2 days 1 hour 1 minute"),
    ],
)
def test_a_length_is_said_exactly(seconds: int, words: str) -> None:
    assert length(seconds) == words


async def test_what_is_open_says_until_when(grant: Grant) -> None:
    assert fate(grant, START) == ["It is open until 23 November 2026, 12:10 UTC, for another 10 minutes."]
    assert fate(grant, START + timedelta(minutes=10)) == ["Its time was over on 23 November 2026, 12:10 UTC."]


async def test_what_is_laid_ahead_says_from_when(grant: Grant) -> None:
    assert "It opens on 23 November 2026, 12:00 UTC" in fate(grant, START - timedelta(seconds=5))[0]


async def test_what_waits_says_for_how_long_it_is_asked_for(grant: Grant) -> None:
    waiting = replace(grant, opened=None)
    assert fate(waiting, START) == ["It is asked for 10 minutes, and opens when it is approved."]
    ahead = replace(waiting, request=replace(grant.request, starts=START + timedelta(hours=1)))
    assert "opens on 23 November 2026, 13:00 UTC" in fate(ahead, START)[0]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.ENDED, "gave it back on 23 November 2026, 12:00 UTC"),
        (State.REVOKED, "taken back on"),
        (State.DENIED, "denied on"),
        (State.WITHDRAWN, "withdrawn on"),
        (State.FULL, "as many people as may have it at once"),
        (State.EXPIRED, "Its time was over"),
    ],
)
async def test_what_is_over_says_how_it_ended(grant: Grant, state: State, said: str) -> None:
    assert said in fate(replace(grant, ended=Ending(state, START)), START)[0]


async def test_what_nobody_approved_in_time_says_so(grant: Grant) -> None:
    ended = replace(grant, opened=None, ended=Ending(State.EXPIRED, START))
    assert fate(ended, START) == ["Nobody approved it in time."]


async def test_an_extension_tells_what_it_did(grant: Grant) -> None:
    extension = replace(grant, opened=None, request=replace(grant.request, extends="f" * 32))
    assert (
        "the end of the access that it extends was moved"
        in fate(replace(extension, ended=Ending(State.ENDED, START)), START)[0]
    )
    assert "too late" in fate(replace(extension, ended=Ending(State.EXPIRED, START)), START)[0]
    assert "counts when it is approved" in fate(extension, START)[0]
