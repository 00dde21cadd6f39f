"""The tenant's groups out of Microsoft Graph, asked with the app's managed identity.

Takes ids or names and returns what Graph says of exactly these; everything else of a directory stays
there. An answer that is late, refused, too large or not to the question is no answer.

Source: Microsoft Graph v1.0, directoryObject: checkMemberGroups, and List groups.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from itertools import batched
from typing import Any
from urllib.parse import quote

import httpx

from gateway import jsontext
from gateway.held_tokens import Token
from gateway.settings import is_loopback
from gateway.storage.contract import DirectoryUnavailableError, SecretUnavailableError
from gateway.values import CallerKind

PATIENCE = 10.0
"""Seconds for all requests of one question with their retries; a caller waits for this."""
MAX_ANSWER = 64 * 1024
"""Bytes of one answer; it names at most 20 groups."""
BATCH = 20
"""Groups in one request, the most that Graph takes."""
AT_ONCE = 8
"""Requests of this process under way."""
RETRIES = 2
PAUSE = 0.3
"""Seconds before another attempt where Graph names no time."""
LONGEST_PAUSE = 3.0
"""Seconds; where Graph asks for more, the question has failed."""

_TIMEOUTS = httpx.Timeout(5.0, connect=3.0)
_PUBLIC = "https://graph.microsoft.com"
_BUSY = frozenset({429, 503, 504})
# An agent calls as an identity of its own, as a user of its own, or for a person; its object id tells which.
_COLLECTIONS = {
    CallerKind.USER: ("users",),
    CallerKind.APP: ("servicePrincipals",),
    CallerKind.AGENT: ("users", "servicePrincipals"),
}


class Graph:
    """A `Directory`. `identity` gives the managed identity's token for a resource, or raises SecretUnavailableError."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        base: str,
        identity: Callable[[str], Awaitable[Token]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._base = f"{base}/v1.0"
        # Where Graph has another host (a national cloud), so has the resource; devhost plays the public one.
        self._resource = _PUBLIC if is_loopback(base) else base
        self._identity = identity
        self._sleep = sleep
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def memberships(self, object_id: str, kind: CallerKind, groups: Collection[str]) -> frozenset[str]:
        batches = batched(sorted(groups), BATCH, strict=False)
        answers = await _together(self._check(object_id, kind, batch) for batch in batches)
        return frozenset().union(*answers)

    async def groups_called(self, names: Collection[str]) -> dict[str, tuple[str, ...]]:
        return dict(await _together(self._find(name) for name in names))

    async def _check(self, object_id: str, kind: CallerKind, groups: Collection[str]) -> frozenset[str]:
        for collection in _COLLECTIONS[kind]:
            path = f"/{collection}/{quote(object_id, safe='')}/checkMemberGroups"
            answer = await self._ask("POST", path, {"groupIds": list(groups)})
            if answer is not None:
                found = frozenset(_lower(item) for item in answer)
                # fail-closed: an answer about other groups is not the answer to this question.
                return found if found <= set(groups) else _misfit()
        raise DirectoryUnavailableError("no such caller")

    async def _find(self, name: str) -> tuple[str, tuple[str, ...]]:
        literal = name.replace("'", "''")
        condition = quote(f"displayName eq '{literal}'", safe="")
        answer = await self._ask("GET", f"/groups?$filter={condition}&$select=id,displayName&$top=2")
        found = [(_lower(_of(item, "displayName")), _lower(_of(item, "id"))) for item in answer or ()]
        return name, tuple(object_id for called, object_id in found if called == name.lower())

    async def _ask(self, method: str, path: str, body: Any = None) -> list[Any] | None:
        """The `value` of the answer; None if Graph knows no such object."""
        response, content = await self._send(method, path, body)
        for _ in range(RETRIES):
            if response.status_code not in _BUSY:
                break
            await self._sleep(_pause(response))
            response, content = await self._send(method, path, body)
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            raise DirectoryUnavailableError(f"status {response.status_code}")
        document = jsontext.parse(content)
        value = document.get("value") if isinstance(document, dict) else None
        return value if isinstance(value, list) else _misfit()

    async def _send(self, method: str, path: str, body: Any) -> tuple[httpx.Response, bytes]:
        options: dict[str, Any] = {"json": body, "timeout": _TIMEOUTS, "follow_redirects": False}
        headers = await self._headers()
        try:
            async with (
                self._at_once,
                self._client.stream(method, self._base + path, headers=headers, **options) as response,
            ):
                return response, await _content(response)
        except httpx.HTTPError as error:
            raise DirectoryUnavailableError(type(error).__name__) from None

    async def _headers(self) -> dict[str, str]:
        try:
            token = await self._identity(self._resource)
        except SecretUnavailableError as error:
            raise DirectoryUnavailableError(f"no token: {error}") from None
        return {"authorization": f"Bearer {token.value.reveal()}", "accept": "application/json"}


async def _together[T](questions: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """All answers; the first error, once nothing is under way any more."""
    try:
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            asked = [group.create_task(question) for question in questions]
    except* DirectoryUnavailableError as failures:
        why = str(failures.exceptions[0])
    except* TimeoutError:
        why = "TimeoutError"
    else:
        return [task.result() for task in asked]
    raise DirectoryUnavailableError(why)


async def _content(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > MAX_ANSWER:
            raise DirectoryUnavailableError("too large")
    return bytes(content)


def _pause(response: httpx.Response) -> float:
    asked = response.headers.get("retry-after", "")
    seconds = float(asked) if asked.isascii() and asked.isdigit() else PAUSE
    if seconds > LONGEST_PAUSE:
        raise DirectoryUnavailableError(f"status {response.status_code}")
    return seconds


def _of(item: Any, key: str) -> Any:
    return item.get(key) if isinstance(item, dict) else None


def _lower(value: Any) -> str:
    return value.lower() if isinstance(value, str) else _misfit()


def _misfit() -> Any:
    raise DirectoryUnavailableError("malformed answer")
