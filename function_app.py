"""The doors of the Functions app: one trigger for each route, a few lines each, no decisions.

`gateway/call.py` is where a call goes from here. Tokens are checked there and not by the platform
(`ANONYMOUS`), so that every refusal has a reason and a record.
"""

import azure.durable_functions as durable  # type: ignore[import-untyped]
import azure.functions as func
from azurefunctions.extensions.http.fastapi import (  # type: ignore[import-untyped]
    JSONResponse,
    Request,
    Response,
)

from gateway.call import serve
from gateway.door import arrival_of, gone_from, origin_of, response_of
from gateway.process import health_of, metadata_of, rooms

METHODS = ["POST", "GET", "DELETE", "OPTIONS", "PUT", "PATCH", "HEAD"]
METADATA = ".well-known/oauth-protected-resource"

app = durable.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="mcp/{server}", methods=METHODS)  # type: ignore[untyped-decorator]
async def mcp(req: Request) -> Response:
    """The MCP endpoint of one upstream server (Streamable HTTP). Methods that MCP does not use get a 405 there."""
    return response_of(await serve(await arrival_of(req), origin_of(req), rooms(), gone_from(req)))


@app.route(route=METADATA, methods=[func.HttpMethod.GET])  # type: ignore[untyped-decorator]
async def metadata(req: Request) -> JSONResponse:
    """How to sign in to this gateway (RFC 9728)."""
    return response_of(await metadata_of("", rooms()))


@app.route(route=METADATA + "/mcp/{server}", methods=[func.HttpMethod.GET])  # type: ignore[untyped-decorator]
async def server_metadata(req: Request) -> JSONResponse:
    """How to sign in to one server behind it (RFC 9728)."""
    return response_of(await metadata_of(req.path_params["server"], rooms()))


@app.route(route="health", methods=[func.HttpMethod.GET])  # type: ignore[untyped-decorator]
async def health(req: Request) -> JSONResponse:
    """Whether this process can serve calls; says nothing that a stranger may not know."""
    status, facts = await health_of()
    return JSONResponse(facts, status)
