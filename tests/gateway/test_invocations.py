"""Microsoft's own coordinator of HTTP invocations, with and without what makes it forget."""

import asyncio
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from azure_functions_runtime import http_v2  # type: ignore[import-untyped]  # no py.typed

from gateway.invocations import forget_answered

WORKER = "azure_functions_runtime.http_v2"


@pytest.fixture
def coordinator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One that has seen nothing. Its class makes one per process, which is not touched."""
    fresh = object.__new__(http_v2.HttpCoordinator)
    fresh.__init__()
    monkeypatch.setattr(http_v2, "http_coordinator", fresh)
    yield fresh


async def invoke(coordinator: Any, name: str, answer: Any) -> Any:
    """What the worker does for one invocation: the request and the announcement meet, and the answer goes back."""
    coordinator.set_http_request(name, "request")
    waiting = asyncio.create_task(coordinator.await_http_response_async(name))
    assert await coordinator.get_http_request_async(name) == "request"
    coordinator.set_http_response(name, answer)
    async with asyncio.timeout(1):
        return await waiting


async def test_the_worker_by_itself_keeps_every_invocation(coordinator: Any) -> None:
    """Once this fails, a release of the worker forgets by itself, and `gateway/invocations.py` can go."""
    for number in range(3):
        await invoke(coordinator, f"i-{number}", "answer")
    assert len(coordinator._context_references) == 3


async def test_an_answered_invocation_is_forgotten_and_its_answer_handed_over(coordinator: Any) -> None:
    assert forget_answered()
    for answer in ("answer", ValueError("the function failed")):
        assert await invoke(coordinator, "i-1", answer) is answer
    assert coordinator._context_references == {}


async def test_invocations_under_way_are_kept(coordinator: Any) -> None:
    forget_answered()
    coordinator.set_http_request("under way", "request")
    await invoke(coordinator, "answered", "answer")
    assert list(coordinator._context_references) == ["under way"]
    coordinator.set_http_response("under way", "late")
    assert await coordinator.await_http_response_async("under way") == "late"


async def test_an_invocation_without_an_answer_is_told_as_before_and_forgotten(coordinator: Any) -> None:
    forget_answered()
    with pytest.raises(ValueError, match="No http response"):
        await invoke(coordinator, "i-1", None)
    assert coordinator._context_references == {}


async def test_it_is_done_once_however_often_it_is_asked_for(coordinator: Any) -> None:
    assert forget_answered()
    once = coordinator._pop_http_response
    assert forget_answered()
    assert coordinator._pop_http_response is once


def test_without_a_worker_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, WORKER)
    assert not forget_answered()
    assert WORKER not in sys.modules


@pytest.mark.parametrize(
    "other",
    [
        SimpleNamespace(),
        SimpleNamespace(http_coordinator=None),
        SimpleNamespace(http_coordinator=SimpleNamespace(_context_references={})),
        SimpleNamespace(http_coordinator=SimpleNamespace(_context_references=[], _pop_http_response=print)),
    ],
)
def test_a_worker_that_is_made_differently_is_left_alone(monkeypatch: pytest.MonkeyPatch, other: Any) -> None:
    before = dict(vars(getattr(other, "http_coordinator", None) or SimpleNamespace()))
    monkeypatch.setitem(sys.modules, WORKER, other)
    assert not forget_answered()
    assert vars(getattr(other, "http_coordinator", None) or SimpleNamespace()) == before
