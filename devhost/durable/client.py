"""The HTTP that the SDK's client speaks, and what a test may ask of the hub.

Takes requests under the RPC address and gives the extension's status codes and bodies; everything
else goes to the app. A request from a page in a browser is refused. `POST /devhost/durable/advance`
moves the clock, and `GET /devhost/durable/quiet` answers once nothing is under way.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import hdrs, web

from devhost.durable import history
from devhost.durable.bindings import RPC_PATH
from devhost.durable.clock import Clock
from devhost.durable.hub import Functions, Hub, Refusal
from devhost.durable.instance import Instance
from devhost.durable.store import Store

DEV_PATH = "/devhost/durable/"

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

# Where the extension throws, its HTTP says 500, or 400 for what it calls an argument.
_STATUS = {
    Refusal.NO_FUNCTION: 400,
    Refusal.BAD_ID: 400,
    Refusal.EXISTS: 500,
    Refusal.NOT_FOUND: 404,
    Refusal.GONE: 410,
}


@asynccontextmanager
async def before(answer: Answer, functions: Functions, folder: Path) -> AsyncIterator[Answer]:
    """The app's `answer` with Durable before it; just that where the app has no orchestrators.

    Instances go on from what the folder holds. Raises OSError when another host uses it.
    """
    if not functions.orchestrators:
        yield answer
        return
    with Store(folder) as store:
        hub = Hub(functions, store, Clock())
        hub.recover()
        try:
            yield Desk(hub, answer).answer
        finally:
            await hub.close()


class Desk:
    def __init__(self, hub: Hub, otherwise: Answer) -> None:
        self._hub = hub
        self._otherwise = otherwise

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if not path.startswith((RPC_PATH, DEV_PATH)):
            return await self._otherwise(request)
        # fail-closed: the SDK sends no Origin, and a page that the browser shows has no business here.
        if hdrs.ORIGIN in request.headers:
            return web.Response(status=403)
        prefix, answer = (RPC_PATH, self._rpc) if path.startswith(RPC_PATH) else (DEV_PATH, self._dev)
        try:
            return await answer(request, [unquote(part) for part in path[len(prefix) :].split("/") if part])
        except ValueError as invalid:
            return _json(400, {"Message": "Invalid JSON content", "ExceptionMessage": str(invalid)})

    async def _dev(self, request: web.BaseRequest, path: list[str]) -> web.Response:
        match request.method, path:
            case "POST", ["advance"]:
                asked = json.loads(await request.text())
                self._hub.clock.advance(timedelta(seconds=asked["seconds"]))
                return _json(200, {"now": history.written(self._hub.clock.now()), "waiting": self._hub.clock.waiting})
            case "GET", ["quiet"]:
                await self._hub.quiet()
                return web.Response()
        return web.Response(status=404)

    async def _rpc(self, request: web.BaseRequest, path: list[str]) -> web.Response:
        match request.method, path:
            case "POST", ["orchestrators", name, *rest] if len(rest) < 2:
                return await self._start(name, rest[0] if rest else None, await _body(request))
            case "POST", ["instances", instance, "raiseEvent", name]:
                return await self._raise_event(request, instance, name)
            case "POST", ["instances", instance, operation]:
                return await self._manage(request, instance, operation)
            case "GET", ["instances"]:
                return _json(200, [_status(found, request.query) for found in self._chosen(request)])
            case "GET", ["instances", instance]:
                return self._show(request, instance)
            case "DELETE", ["instances", instance]:
                return await self._purge(instance)
            case "DELETE", ["instances"]:
                gone = [found for found in self._chosen(request) if isinstance(self._hub.purge(found.id), Instance)]
                return _json(200 if gone else 404, {"instancesDeleted": len(gone)})
        return web.Response(status=404)

    async def _start(self, name: str, instance: str | None, text: str | None) -> web.Response:
        return await self._kept(self._hub.start(name, instance, text), with_id=True)

    async def _raise_event(self, request: web.BaseRequest, instance: str, name: str) -> web.Response:
        if isinstance(self._hub.find(instance), Instance) and request.content_type != "application/json":
            return _json(400, {"Message": "Only application/json request content is supported"})
        return await self._kept(self._hub.raise_event(instance, name, await _body(request)))

    async def _manage(self, request: web.BaseRequest, instance: str, operation: str) -> web.Response:
        reason = request.query.get("reason", "")
        match operation:
            case "terminate":
                return await self._kept(self._hub.terminate(instance, reason))
            case "suspend" | "resume":
                return await self._kept(self._hub.suspend(instance, reason, suspended=operation == "suspend"))
            case "restart":
                return await self._restart(instance, anew=request.query.get("restartWithNewInstanceId") != "false")
        return _json(501, {"Message": f"devhost does not emulate {operation}"})

    async def _restart(self, instance: str, *, anew: bool) -> web.Response:
        found = self._hub.find(instance)
        if found is None:
            return _json(400, {"Message": Refusal.NOT_FOUND.value, "ExceptionMessage": Refusal.NOT_FOUND.value})
        return await self._start(found.name, None if anew else instance, found.input)

    async def _purge(self, instance: str) -> web.Response:
        purged = self._hub.purge(instance)
        if isinstance(purged, Refusal):
            return await self._kept(purged)
        await self._hub.settle(instance)
        return _json(200, {"instancesDeleted": int(purged is not None)})

    async def _kept(self, done: Instance | Refusal, *, with_id: bool = False) -> web.Response:
        """202 once what was done is on disk, or the refusal."""
        if isinstance(done, Refusal):
            body = {"Message": done.value, "ExceptionMessage": done.value}
            return _json(_STATUS[done], body) if _STATUS[done] in (400, 500) else web.Response(status=_STATUS[done])
        await self._hub.settle(done.id)
        return _json(202, {"id": done.id}) if with_id else web.Response(status=202)

    def _show(self, request: web.BaseRequest, instance: str) -> web.Response:
        found = self._hub.find(instance)
        if found is None:
            return web.Response(status=404)
        return _json(200 if found.is_finished else 202, _status(found, request.query))

    def _chosen(self, request: web.BaseRequest) -> list[Instance]:
        """The instances that the query's conditions name."""
        asked = request.query
        statuses = asked.get("runtimeStatus", "").split(",")
        earliest, latest = asked.get("createdTimeFrom", ""), asked.get("createdTimeTo", "9999")
        return [
            found
            for found in self._hub.all()
            if found.id.startswith(asked.get("instanceIdPrefix", ""))
            and (statuses == [""] or found.shown_status in statuses)
            and earliest <= found.created <= latest
        ]


async def _body(request: web.BaseRequest) -> str | None:
    """The body as the JSON of an input, or None. The SDK writes JSON as a JSON string, and so it is kept."""
    text = await request.text()
    return json.dumps(json.loads(text)) if text else None


def _status(found: Instance, asked: Any) -> dict[str, Any]:
    with_input = asked.get("showInput", "true").lower() != "false"
    with_output = asked.get("showHistoryOutput", "").lower() == "true"
    with_history = asked.get("showHistory", "").lower() == "true" and bool(found.history)
    return {
        "name": found.name,
        "instanceId": found.id,
        "runtimeStatus": found.shown_status,
        "input": history.read(found.input) if with_input else None,
        "customStatus": found.custom_status,
        "output": history.read(found.output),
        "createdTime": found.created[:19] + "Z",
        "lastUpdatedTime": found.updated[:19] + "Z",
        "historyEvents": history.shown(found.history, with_output=with_output, with_input=with_input)
        if with_history
        else None,
    }


def _json(status: int, value: object) -> web.Response:
    return web.Response(status=status, body=json.dumps(value).encode(), content_type="application/json")
