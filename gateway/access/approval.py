"""The approval of a grant: the request for access as a call that people decide on.

Takes a grant that was asked for and asks people, by the machinery of approvals and under the same id,
so that their page, their messages, their seats and their evidence are those of any other approval.
"""

import hashlib

from gateway.access.grant import METHOD, Grant
from gateway.access.request import Asked
from gateway.approvals.approval import Request
from gateway.approvals.book import Book
from gateway.approvals.orchestrations import Orchestrations
from gateway.approvals.sealed_call import SealedCall
from gateway.reasons import Reason
from gateway.values import Call, Caller, Era, MessageKind, Origin, Refusal


async def ask_people(
    book: Book, grant: Grant, asked: Asked, asker: Caller, orchestrations: Orchestrations
) -> Refusal | None:
    """The approval of the grant is asked for."""
    terms, request = asked.terms.approval, grant.request
    if terms is None:
        # fail-closed: a request that no condition approves and that no people are asked about opens nothing.
        return Refusal(Reason.GRANT_NOT_OFFERED, "nobody can approve it")
    sealed = SealedCall(_as_call(grant), asker, Origin(request.source, request.trace), "")
    facts = Request(
        created=request.created,
        tenant=request.tenant,
        subject=request.subject,
        kind=request.kind,
        client=request.client,
        name=request.name,
        server=request.server,
        era=Era.MODERN,
        method=METHOD,
        target=request.grant,
        definition="",
        # One of its own: an identical request is another grant, and has to be approved too.
        digest=hashlib.sha256(f"grant {grant.id}".encode()).hexdigest(),
        session=request.session,
        call=grant.id,
        policy=request.policy,
        rules="",
        terms=(terms,),
        masks="",
        source=request.source,
        trace=request.trace,
    )
    made = await book.request(facts, sealed, request.reason, None, grant.id)
    return made if isinstance(made, Refusal) else await book.start(made, orchestrations)


def _as_call(grant: Grant) -> Call:
    """The request as the call that approvers are shown."""
    request = grant.request
    arguments = {
        "server": request.server,
        "minutes": request.seconds / 60 if request.seconds % 60 else request.seconds // 60,
        "starts": request.starts.isoformat() if request.starts else "when it is approved",
        **({"extends": request.extends} if request.extends else {}),
    }
    params = {"name": request.grant, "arguments": {key: str(value) for key, value in arguments.items()}}
    return Call(
        server=request.server,
        era=Era.MODERN,
        kind=MessageKind.REQUEST,
        method=METHOD,
        target=request.grant,
        id=None,
        message={"jsonrpc": "2.0", "method": METHOD, "params": params},
        headers=(),
        mcp_session="",
        token=None,
    )
