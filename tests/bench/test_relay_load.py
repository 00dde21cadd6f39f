"""The load against the bench's own upstream, and against servers that answer otherwise."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from bench.relay_cells import ERAS, FORMS, SIZES, Cell, Endpoint, WrongAnswerError
from bench.relay_load import Client, Window, load
from bench.relay_upstream import Upstream

CELL = Cell("modern", 2, "small", "json")


class Changed(Upstream):
    """The upstream, with each response changed on its way, and cut into pieces of some bytes."""

    def __init__(self, change: Callable[[bytes], bytes], piece: int) -> None:
        super().__init__(b"{}")
        self._change, self._piece = change, piece

    def _answer(self, head: bytes, body: bytes) -> bytes:
        answer = self._change(super()._answer(head, body))
        assert self._transport
        if not answer:
            self._transport.abort()
        while len(answer) > self._piece:
            self._transport.write(answer[: self._piece])
            answer = answer[self._piece :]
        return answer


@contextlib.asynccontextmanager
async def upstream(change: Callable[[bytes], bytes] = lambda answer: answer, piece: int = 2**20) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(lambda: Changed(change, piece), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("era", ERAS)
async def test_calls_are_answered_and_counted(era: str, form: str, size: str) -> None:
    async with upstream() as port:
        window = await load(Endpoint(port), Cell(era, 3, size, form), 0.05, 0)
    assert len(window.latencies) >= 20
    assert 0 < min(window.latencies) <= max(window.latencies) < window.seconds + 5


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("piece", [7, 50])
async def test_an_answer_may_come_in_pieces(form: str, piece: int) -> None:
    async with upstream(piece=piece) as port:
        client = Client(Endpoint(port), "legacy", 0)
        await client.open()
        await client.prove(Cell("legacy", 1, "small", form))
        client.wire.close()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda answer: answer.replace(b"200 OK", b"500 No"), "status 500"),
        (lambda answer: answer.replace(b'"result"', b'"errors"'), "no result"),
        (lambda answer: answer.replace(b'"isError":false', b'"isError":true '), "no result"),
        (lambda answer: answer.replace(b'"id":10', b'"id":20'), "no result"),
        (lambda answer: answer.replace(b'{"jsonrpc"', b'["jsonrpc"'), "not JSON"),
    ],
)
async def test_an_answer_that_is_not_the_result_fails_the_run(change: Callable[[bytes], bytes], why: str) -> None:
    async with upstream(change) as port:
        with pytest.raises(WrongAnswerError, match=why):
            await load(Endpoint(port), CELL, 0.05, 0)


async def test_one_wrong_answer_among_many_fails_the_run() -> None:
    answers = iter(range(10**9))
    async with upstream(lambda a: a.replace(b"200 OK", b"500 No") if next(answers) == 40 else a) as port:
        with pytest.raises(WrongAnswerError):
            await load(Endpoint(port), CELL, 0.5, 0)


async def test_a_connection_that_closes_fails_the_run() -> None:
    answers = iter(range(10**9))
    async with upstream(lambda answer: b"" if next(answers) == 40 else answer) as port:
        with pytest.raises(ConnectionError):
            await load(Endpoint(port), CELL, 0.5, 0)


async def test_what_says_that_it_masks_and_does_not_fails_the_run() -> None:
    async with upstream() as port:
        with pytest.raises(WrongAnswerError, match="masked"):
            await load(Endpoint(port, is_masked=True), CELL, 0.05, 0)


def test_an_answer_before_the_window_is_not_counted() -> None:
    window = Window()
    assert window.heard(0)
    assert window.latencies == []
    window.began, window.ended = 0, 1
    assert not window.heard(0)
    assert window.latencies == []
    assert window.answers == 2
