"""The doors of the Functions app: one trigger for each route, a few lines each, no decisions.

`gateway/call.py` is where a call goes from here. Tokens are checked there and not by the platform (`ANONYMOUS`), so
that every refusal has a reason and a record. What only people, operators and timers need is imported when they come:
a process that has just started for a call does not wait for it.
"""

import gateway.cold_start
import gateway.http_server  # noqa: F401 - cold_start before everything else; the worker serves with http_server

# isort: split
from collections.abc import Generator
from typing import Any

import azure.durable_functions as durable  # type: ignore[import-untyped]
import azure.functions as func
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.approvals.orchestrations import Durable
from gateway.call import serve
from gateway.door import arrival_of, gone_from, origin_of, page_request_of, response_of
from gateway.invocations import forget_answered
from gateway.process import health_of, jwks_of, metadata_of, rooms, sealing

METHODS = ["POST", "GET", "DELETE", "OPTIONS", "PUT", "PATCH", "HEAD"]
PAGE_METHODS = ["GET", "HEAD", "POST"]
METADATA = ".well-known/oauth-protected-resource"

forget_answered()
app = durable.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="mcp/{server}", methods=METHODS)  # type: ignore[untyped-decorator]
@app.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def mcp(req: Request, client: durable.DurableOrchestrationClient) -> Response:
    """The MCP endpoint of one upstream server (Streamable HTTP). Methods that MCP does not use get a 405 there."""
    return response_of(await serve(await arrival_of(req), origin_of(req), rooms(), gone_from(req), Durable(client)))


@app.route(route=METADATA, methods=[func.HttpMethod.GET])  # type: ignore[untyped-decorator]
async def metadata(req: Request) -> Response:
    """How to sign in to this gateway (RFC 9728)."""
    return response_of(await metadata_of("", rooms()))


@app.route(route=METADATA + "/mcp/{server}", methods=[func.HttpMethod.GET])  # type: ignore[untyped-decorator]
async def server_metadata(req: Request) -> Response:
    """How to sign in to one server behind it (RFC 9728)."""
    return response_of(await metadata_of(req.path_params["server"], rooms()))


@app.route(route=".well-known/jwks.json", methods=[func.HttpMethod.GET])  # type: ignore[untyped-decorator]
async def jwks(req: Request) -> Response:
    """The public keys by which session tokens verify."""
    return response_of(await jwks_of(rooms()))


@app.route(route="health", methods=[func.HttpMethod.GET])  # type: ignore[untyped-decorator]
async def health(req: Request) -> JSONResponse:
    """Whether this process can serve calls; says nothing that a stranger may not know."""
    status, facts = await health_of()
    return JSONResponse(facts, status)


@app.route(route="approvals", methods=PAGE_METHODS)  # type: ignore[untyped-decorator]
async def waiting(req: Request) -> Response:
    """The page of what waits for whoever is signed in."""
    return await _page(req)


@app.route(route="approvals/{id}", methods=PAGE_METHODS)  # type: ignore[untyped-decorator]
@app.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def approval_page(req: Request, client: durable.DurableOrchestrationClient) -> Response:
    """The approver's page: what is asked for, and the decision."""
    return await _page(req, client)


@app.route(route="requests/{id}", methods=PAGE_METHODS)  # type: ignore[untyped-decorator]
@app.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def request_page(req: Request, client: durable.DurableOrchestrationClient) -> Response:
    """The requester's page: how it stands, the reason, and the withdrawal."""
    return await _page(req, client)


@app.route(route="access", methods=PAGE_METHODS)  # type: ignore[untyped-decorator]
@app.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def access_page(req: Request, client: durable.DurableOrchestrationClient) -> Response:
    """The page on which a person asks for access, and sees what they hold."""
    return await _page(req, client)


@app.route(route="access/{id}", methods=PAGE_METHODS)  # type: ignore[untyped-decorator]
@app.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def grant_page(req: Request, client: durable.DurableOrchestrationClient) -> Response:
    """The page of one grant: how it stands, its end, its extension."""
    return await _page(req, client)


@app.route(route="access/requests", methods=METHODS)  # type: ignore[untyped-decorator]
@app.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def access_request(req: Request, client: durable.DurableOrchestrationClient) -> Response:
    """Access is asked for by a program. The platform prefers this route to `access/{id}`."""
    return await _access(req, client)


@app.route(route="access/requests/{id}", methods=METHODS)  # type: ignore[untyped-decorator]
async def access_state(req: Request) -> Response:
    """How a grant stands."""
    return await _access(req)


@app.route(route="access/{id}/end", methods=METHODS)  # type: ignore[untyped-decorator]
@app.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def access_end(req: Request, client: durable.DurableOrchestrationClient) -> Response:
    """A grant is given back, withdrawn or revoked."""
    return await _access(req, client)


@app.route(route="access/{id}/token", methods=METHODS)  # type: ignore[untyped-decorator]
async def access_token(req: Request) -> Response:
    """A session token under a grant."""
    return await _access(req)


@app.route(route="evidence", methods=PAGE_METHODS)  # type: ignore[untyped-decorator]
async def evidence_page(req: Request) -> Response:
    """The auditors' page of sessions."""
    return await _page(req)


@app.route(route="evidence/{session}", methods=PAGE_METHODS)  # type: ignore[untyped-decorator]
async def session_page(req: Request) -> Response:
    """The auditors' page of one session: its timeline."""
    return await _page(req)


@app.route(route="sign-in", methods=PAGE_METHODS)  # type: ignore[untyped-decorator]
async def sign_in(req: Request) -> Response:
    """To the identity provider."""
    return await _page(req)


@app.route(route="sign-in/callback", methods=PAGE_METHODS)  # type: ignore[untyped-decorator]
async def signed_in(req: Request) -> Response:
    """And back from there, with a session."""
    return await _page(req)


@app.route(route="sign-out", methods=PAGE_METHODS)  # type: ignore[untyped-decorator]
async def sign_out(req: Request) -> Response:
    """The browser forgets the session."""
    return await _page(req)


@app.route(route="api/approvals", methods=METHODS)  # type: ignore[untyped-decorator]
async def operators_list(req: Request) -> Response:
    """The approvals, for operators."""
    return await _operator(req)


@app.route(route="api/approvals/{id}", methods=METHODS)  # type: ignore[untyped-decorator]
async def operators_story(req: Request) -> Response:
    """All that is known of one approval."""
    return await _operator(req)


@app.route(route="api/approvals/{id}/revoke", methods=METHODS)  # type: ignore[untyped-decorator]
@app.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def operators_revocation(req: Request, client: durable.DurableOrchestrationClient) -> Response:
    """The end of one, whatever state it is in."""
    return await _operator(req, client)


@app.route(route="api/health", methods=METHODS)  # type: ignore[untyped-decorator]
async def operators_health(req: Request) -> Response:
    """How the gateway is doing, for operators; and its doctor."""
    from gateway.health import serve as serve_health  # noqa: PLC0415 - see the module

    return response_of(await serve_health(await page_request_of(req), origin_of(req), rooms(), Durable(None)))


@app.route(route="api/grants", methods=METHODS)  # type: ignore[untyped-decorator]
async def operators_grants(req: Request) -> Response:
    """The grants, for operators."""
    return await _access(req)


@app.route(route="api/grants/revoke", methods=METHODS)  # type: ignore[untyped-decorator]
@app.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def operators_sweep(req: Request, client: durable.DurableOrchestrationClient) -> Response:
    """The end of one person's grants, of one server's, or of everyone's."""
    return await _access(req, client)


@app.route(route="api/grants/{id}/revoke", methods=METHODS)  # type: ignore[untyped-decorator]
@app.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def operators_grant_revocation(req: Request, client: durable.DurableOrchestrationClient) -> Response:
    """The end of one grant."""
    return await _access(req, client)


@app.route(route="api/policies", methods=METHODS)  # type: ignore[untyped-decorator]
@app.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def policies(req: Request, client: durable.DurableOrchestrationClient) -> Response:
    """Another policy is proposed; or the proposals, for those whom they concern."""
    return await _policies(req, client)


@app.route(route="api/policies/{id}", methods=METHODS)  # type: ignore[untyped-decorator]
async def policy_proposal(req: Request) -> Response:
    """How a proposal stands."""
    return await _policies(req)


@app.route(route="api/policies/{id}/withdraw", methods=METHODS)  # type: ignore[untyped-decorator]
@app.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def policy_withdrawal(req: Request, client: durable.DurableOrchestrationClient) -> Response:
    """A proposal is withdrawn or revoked."""
    return await _policies(req, client)


@app.orchestration_trigger(context_name="context")  # type: ignore[untyped-decorator]
def approval(context: durable.DurableOrchestrationContext) -> Generator[Any, Any]:
    """Looks after one approval, and the grant or proposal of the same id, until both are over."""
    from gateway.approvals import orchestrator  # noqa: PLC0415 - see the module

    return orchestrator.approval(context)


@app.activity_trigger(input_name="identifier")  # type: ignore[untyped-decorator]
async def approval_tend(identifier: str) -> dict:  # type: ignore[type-arg]  # the worker takes plain classes alone
    """Does what is due of an approval, a grant and a proposal, and says when to look again."""
    from gateway.proposals.tend import tend  # noqa: PLC0415 - see the module

    return await tend(identifier, rooms())


@app.activity_trigger(input_name="identifier")  # type: ignore[untyped-decorator]
async def approval_run(identifier: str) -> None:
    """Makes the call of a task whose approval was given."""
    from gateway.approvals.run import run  # noqa: PLC0415 - see the module

    await run(identifier, rooms())


@app.timer_trigger(arg_name="timer", schedule="0 */5 * * * *")  # type: ignore[untyped-decorator]
async def seal_evidence(timer: func.TimerRequest) -> None:
    """Seals what was recorded since the last seal, also if it is nothing, and copies the seal."""
    await sealing().seal()


@app.timer_trigger(arg_name="timer", schedule="0 7 * * * *")  # type: ignore[untyped-decorator]
async def verify_evidence(timer: func.TimerRequest) -> None:
    """Verifies what the newest seals cover."""
    await sealing().look()


async def _operator(req: Request, client: durable.DurableOrchestrationClient | None = None) -> Response:
    from gateway.approvals.api import serve as serve_operator  # noqa: PLC0415 - see the module

    return response_of(await serve_operator(await page_request_of(req), origin_of(req), rooms(), Durable(client)))


async def _access(req: Request, client: durable.DurableOrchestrationClient | None = None) -> Response:
    from gateway.access.api import serve as serve_access  # noqa: PLC0415 - see the module

    return response_of(await serve_access(await page_request_of(req), origin_of(req), rooms(), Durable(client)))


async def _page(req: Request, client: durable.DurableOrchestrationClient | None = None) -> Response:
    from gateway.pages.serve import serve as serve_page  # noqa: PLC0415 - see the module

    return response_of(await serve_page(await page_request_of(req), origin_of(req), rooms(), Durable(client)))


async def _policies(req: Request, client: durable.DurableOrchestrationClient | None = None) -> Response:
    from gateway.proposals import api  # noqa: PLC0415 - see the module

    request = await page_request_of(req, api.MAX_BODY)
    return response_of(await api.serve(request, origin_of(req), rooms(), Durable(client)))
