"""The check in front of every path of the vault; its tokens are tried one by one in `test_vault`."""

from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing
from devhost.vault_door import RESOURCE, guarded


async def test_only_the_managed_identity_reaches_what_is_behind_the_door(tmp_path: Path) -> None:
    reached = []

    async def inside(request: Request) -> Response:
        reached.append(request.url.path)
        return PlainTextResponse("in")

    app = Starlette(routes=[Route("/", guarded(inside, tmp_path))])
    token, _ = Issuer("http://localhost", KeyRing.at(tmp_path)).managed_identity_token(RESOURCE)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://vault") as client:
        refused = await client.get("/")
        assert (refused.status_code, reached) == (401, [])
        assert f'resource="{RESOURCE}"' in refused.headers["www-authenticate"]
        assert (await client.get("/", headers={"Authorization": f"Bearer {token}"})).text == "in"
