"""A function app with one door of each kind that the host must serve."""

# mypy: disable-error-code="import-untyped, no-any-return, untyped-decorator"
# The Functions SDKs carry no types.

import asyncio
from collections.abc import AsyncIterator

import azure.durable_functions as df
import azure.functions as func
from azurefunctions.extensions.http.fastapi import JSONResponse, Request, StreamingResponse
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
ticked = asyncio.Event()
left = asyncio.Event()
next_event = asyncio.Event()


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
