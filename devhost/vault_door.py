"""What every path of the development Key Vault does first: ask for a token of the managed identity.

Takes an endpoint and the state folder, and gives the endpoint behind the check, with the same 401
challenge as in Azure. A request without a token that the identity provider's keys signed for Key Vault
never reaches the endpoint.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devhost.accounts import TENANT
from devhost.identity.bearer import is_managed_identity

RESOURCE = "https://vault.azure.net"

_CHALLENGE = f'Bearer authorization="https://login.microsoftonline.com/{TENANT}", resource="{RESOURCE}"'

type Endpoint = Callable[[Request], Awaitable[Response]]


def guarded(endpoint: Endpoint, state: Path) -> Endpoint:
    """The endpoint, for the managed identity alone."""

    async def answer(request: Request) -> Response:
        if is_managed_identity(request.headers.get("authorization", ""), state, [RESOURCE]):
            return await endpoint(request)
        response = error(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
        response.headers["WWW-Authenticate"] = _CHALLENGE
        return response

    return answer


def error(status: int, code: str, message: str) -> Response:
    """An error in Key Vault's form."""
    return JSONResponse({"error": {"code": code, "message": message}}, status)
