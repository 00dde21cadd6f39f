"""Microsoft Graph for the development tenant: as much of it as asks about groups, below `/graph/v1.0`.

Takes the issuer whose tokens it believes and a `Directory`, and returns routes; like Graph, it refuses
whoever does not come with a token that the managed identity got for Graph. A test adds members, sets
a fault, and reads what was asked, below `/devhost/graph`.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devhost.accounts import ACCOUNTS, GROUP_NAMES, GROUPS, MANAGED_IDENTITY, other_group
from devhost.identity.issuer import Issuer

RESOURCE = "https://graph.microsoft.com"
MAX_GROUPS = 20
"""Group ids in one checkMemberGroups."""
SLOW = 60
"""Seconds for which an answer is held back at most."""

_BY_NAME = re.compile(r"displayName eq '((?:[^']|'')*)'")


class Fault(StrEnum):
    DOWN = "down"
    SLOW = "slow"
    """No answer as long as the fault lasts."""
    THROTTLED = "throttled"
    FORBIDDEN = "forbidden"
    """The managed identity lacks the permission."""


@dataclass(slots=True)
class Directory:
    """The tenant's groups and who is in them. A token goes on saying what `accounts` says."""

    groups: dict[str, str] = field(default_factory=lambda: {GROUPS[name]: GROUP_NAMES[name] for name in GROUPS})
    """Object id to display name."""
    members: dict[str, set[str]] = field(
        default_factory=lambda: {account.object_id: set(account.group_ids) for account in ACCOUNTS.values()}
    )
    """Object id of an account to those of its groups."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Path and question of each request."""
    _fault: Fault | None = None
    _times: int = 0
    _lifted: asyncio.Event = field(default_factory=asyncio.Event)

    def fail(self, fault: Fault | None, times: int = 1_000_000) -> None:
        """The fault holds for so many requests; None lifts it."""
        self._lifted.set()
        self._fault, self._times, self._lifted = fault, times, asyncio.Event()

    async def stumble(self) -> Response | None:
        """What the fault answers, if there is one."""
        if self._fault is None or self._times <= 0:
            return None
        self._times -= 1
        if self._fault is Fault.SLOW:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lifted.wait(), SLOW)
            return None
        status, code = _FAULTS[self._fault]
        headers = {"Retry-After": "1"} if self._fault is Fault.THROTTLED else {}
        return _error(status, code, headers)


_FAULTS = {
    Fault.DOWN: (503, "ServiceUnavailable"),
    Fault.THROTTLED: (429, "TooManyRequests"),
    Fault.FORBIDDEN: (403, "Authorization_RequestDenied"),
}
_KINDS = {"users": ("user",), "servicePrincipals": ("app", "agent")}


@dataclass(slots=True)
class _Doors:
    issuer: Issuer
    directory: Directory

    async def check_member_groups(self, request: Request) -> Response:
        question = await _json(request)
        self.directory.asked.append({"path": request.url.path, "groups": question.get("groupIds")})
        object_id, asked = request.path_params["object_id"], question.get("groupIds")
        if not isinstance(asked, list) or not 0 < len(asked) <= MAX_GROUPS:
            return _error(400, "Request_BadRequest")
        kinds = _KINDS.get(request.path_params["collection"], ())
        known = {account.object_id for account in ACCOUNTS.values() if account.kind in kinds}
        if object_id not in known:
            return _error(404, "Request_ResourceNotFound")
        held = self.directory.members.get(object_id, set())
        return JSONResponse(
            {"@odata.context": "Collection(Edm.String)", "value": [one for one in asked if one in held]}
        )

    async def list_groups(self, request: Request) -> Response:
        condition = request.query_params.get("$filter", "")
        self.directory.asked.append({"path": request.url.path, "filter": condition})
        read = _BY_NAME.fullmatch(condition)
        if read is None:
            return _error(400, "Request_UnsupportedQuery")
        name, top = read[1].replace("''", "'").lower(), int(request.query_params.get("$top", "100"))
        found = [
            {"id": one, "displayName": called}
            for one, called in self.directory.groups.items()
            if called.lower() == name
        ]
        return JSONResponse({"@odata.context": "$metadata#groups(id,displayName)", "value": found[:top]})

    async def members(self, request: Request) -> Response:
        """`{"account": name, "groups": [ids] or a number of new ones}`: the account is in these groups too."""
        asked = await _json(request)
        account, more = ACCOUNTS.get(str(asked.get("account"))), asked.get("groups")
        if account is None or not isinstance(more, int | list):
            return _error(400, "account and groups are needed")
        ids = [other_group(number) for number in range(more)] if isinstance(more, int) else [str(one) for one in more]
        self.directory.members[account.object_id] |= set(ids)
        return JSONResponse({"groups": len(self.directory.members[account.object_id])})

    async def fault(self, request: Request) -> Response:
        """`{"fault": one of Fault, or null, "times": number}`."""
        asked = await _json(request)
        if asked.get("fault") not in (None, *Fault):
            return _error(400, f"there are {', '.join(Fault)}")
        self.directory.fail(Fault(asked["fault"]) if asked.get("fault") else None, int(asked.get("times", 1_000_000)))
        return JSONResponse({})

    async def requests(self, request: Request) -> Response:
        return JSONResponse(self.directory.asked)

    def guarded(self, door: Callable[[Request], Coroutine[Any, Any, Response]]) -> Callable[..., Any]:
        """The door, for the managed identity alone, and with the fault in front of it."""

        async def answer(request: Request) -> Response:
            if not self._is_managed_identity(request):
                return _error(401, "InvalidAuthenticationToken")
            return await self.directory.stumble() or await door(request)

        return answer

    def _is_managed_identity(self, request: Request) -> bool:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            key = self.issuer.keys.find(jwt.get_unverified_header(token).get("kid", ""))
            pem = key.public_pem() if key else b""
            claims = jwt.decode(token, pem, algorithms=["RS256"], audience=RESOURCE)
        except jwt.PyJWTError:
            return False
        return bool(claims.get("oid") == MANAGED_IDENTITY.object_id)


def routes(issuer: Issuer, directory: Directory) -> list[Route]:
    """Graph's doors and the test's; a client's base URL ends with `/graph`."""
    doors = _Doors(issuer, directory)
    member_groups = "/graph/v1.0/{collection}/{object_id}/checkMemberGroups"
    return [
        Route(member_groups, doors.guarded(doors.check_member_groups), methods=["POST"]),
        Route("/graph/v1.0/groups", doors.guarded(doors.list_groups)),
        Route("/devhost/graph/members", doors.members, methods=["POST"]),
        Route("/devhost/graph/fault", doors.fault, methods=["POST"]),
        Route("/devhost/graph/requests", doors.requests),
    ]


def _error(status: int, code: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"code": code, "message": code}}, status, headers)


async def _json(request: Request) -> dict[str, Any]:
    try:
        found = await request.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
