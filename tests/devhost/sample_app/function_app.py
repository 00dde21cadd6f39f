"""A function app with one door of each kind that the host must serve."""

# mypy: disable-error-code="import-untyped, no-any-return, untyped-decorator"
# The Functions SDKs carry no types.

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Generator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from azurefunctions.extensions.http.fastapi import JSONResponse, Request, StreamingResponse
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
ticked = asyncio.Event()
left = asyncio.Event()
next_event = asyncio.Event()
began = asyncio.Event()
released = asyncio.Event()
attempts: Counter[str] = Counter()


@app.route(route="items/{item}/{*rest}", methods=["GET", "HEAD"])
async def items(req: Request) -> Response:
    """What reached the function: route parameters, query and headers."""
    return JSONResponse(
        {"parameters": req.path_params, "query": req.url.query, "path": req.url.path, "headers": req.headers.items()}
    )


class Echo(Response):
    """Each piece of the request, sent back while the next is awaited.

    A StreamingResponse cannot do this: it listens for a disconnect on the same channel.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        more = True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": more})


@app.route(route="echo", methods=["POST"])
async def echo(req: Request) -> Response:
    return Echo()


@app.route(route="size", methods=["POST"])
async def size(req: Request) -> Response:
    return JSONResponse({"bytes": len(await req.body())})


@app.route(route="refuse", methods=["POST"])
async def refuse(req: Request) -> Response:
    """An answer that does not wait for the request's body."""
    return JSONResponse({"error": "too large"}, status_code=413)


@app.route(route="events", methods=["GET"])
async def events(req: Request) -> Response:
    """Server-sent events, each of which waits for `POST /next`."""
    return StreamingResponse(_events(), media_type="text/event-stream")


async def _events() -> AsyncIterator[str]:
    left.clear()
    number = 0
    try:
        while True:
            number += 1
            yield f"data: {number}\n\n"
            await next_event.wait()
            next_event.clear()
    finally:
        left.set()


@app.route(route="next", methods=["POST"])
async def next_(req: Request) -> Response:
    next_event.set()
    return Response(status_code=202)


@app.route(route="left", methods=["GET"])
async def left_(req: Request) -> Response:
    """Answers once the reader of `events` is gone."""
    await left.wait()
    return Response(status_code=204)


@app.route(route="broken", methods=["GET"])
async def broken(req: Request) -> Response:
    raise RuntimeError("a secret of the function")


@app.route(route="half", methods=["GET"])
async def half(req: Request) -> Response:
    return StreamingResponse(_half(), media_type="text/plain")


async def _half() -> AsyncIterator[str]:
    yield "first"
    raise RuntimeError("a secret of the stream")


@app.route(route="ticked", methods=["GET"])
async def ticked_(req: Request) -> Response:
    """Answers once the timer has run."""
    await ticked.wait()
    return Response(status_code=204)


@app.timer_trigger(arg_name="timer", schedule="*/1 * * * * *")
async def tick(timer: func.TimerRequest) -> None:
    if not timer.past_due:
        ticked.set()


@app.route(route="start/{orchestrator}/{instance}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: Request, client: df.DurableOrchestrationClient) -> Response:
    """Starts an orchestration; the body is its input."""
    names = req.path_params
    return JSONResponse(await client.start_new(names["orchestrator"], names["instance"], await req.json()))


@app.route(route="began", methods=["GET"])
async def began_(req: Request) -> Response:
    """Answers once `held` has begun."""
    await began.wait()
    return Response(status_code=204)


@app.route(route="release", methods=["POST"])
async def release(req: Request) -> Response:
    """Lets `held` end."""
    released.set()
    return Response(status_code=204)


@app.orchestration_trigger(context_name="context")
def decision(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Waits for `decided` until the deadline; the input is the seconds until then.

    In legs of five days with timers of its own, each cancelled when the event comes: the SDK's long timer
    goes on after a `task_any` that it lost, and the extension awaits it before anything else.
    """
    deadline: datetime = context.current_utc_datetime + timedelta(seconds=context.get_input())
    decided = context.wait_for_external_event("decided")
    while context.current_utc_datetime < deadline:
        leg = context.create_timer(min(deadline, context.current_utc_datetime + timedelta(days=5)))
        if (yield context.task_any([decided, leg])) == decided:
            leg.cancel()
            return (yield context.call_activity("note", decided.result))
    return "expired"


@app.orchestration_trigger(context_name="context")
def race(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """The first of two events, or of one of them and the timer."""
    approved, denied = context.wait_for_external_event("approved"), context.wait_for_external_event("denied")
    context.set_custom_status("waits")
    winner = yield context.task_any([approved, denied])
    context.set_custom_status("decided")
    return "approved" if winner == approved else "denied"


@app.orchestration_trigger(context_name="context")
def retries(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """An activity that fails as often as the input says, tried three times, an hour apart."""
    options = df.RetryOptions(3600_000, 3)
    asked = {"key": context.instance_id, "failures": context.get_input()}
    return (yield context.call_activity_with_retry("flaky", options, asked))


@app.orchestration_trigger(context_name="context")
def fan(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Activities side by side, then one of them alone."""
    noted = yield context.task_all([context.call_activity("note", each) for each in context.get_input()])
    return (yield context.call_activity("note", noted))


@app.orchestration_trigger(context_name="context")
def eternal(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Counts ticks in a history that never grows; `stop` as the tick ends it."""
    tick = yield context.wait_for_external_event("tick")
    if tick == '"stop"':
        return context.get_input()
    context.continue_as_new(context.get_input() + 1)
    return None


@app.orchestration_trigger(context_name="context")
def hold(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return (yield context.call_activity("held", context.get_input()))


@app.activity_trigger(input_name="text")
def note(text: object) -> str:
    return f"noted {text}"


@app.activity_trigger(input_name="asked")
async def flaky(asked: dict) -> int:  # type: ignore[type-arg]  # the worker takes plain classes alone
    attempts[asked["key"]] += 1
    if attempts[asked["key"]] <= asked["failures"]:
        raise RuntimeError(f"attempt {attempts[asked['key']]}")
    return attempts[asked["key"]]


@app.activity_trigger(input_name="file")
async def held(file: str) -> str:
    """Writes a line down, and ends when it is released."""
    with Path(file).open("a") as runs:  # noqa: ASYNC230 - a line
        runs.write("run\n")
    began.set()
    await released.wait()
    return "released"
