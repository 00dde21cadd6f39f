"""A call, a caller and a decision to start from; tests change what matters to them."""

from gateway.values import Call, Caller, CallerKind, Decision, Era, MessageKind, Origin

CALL = Call(
    server="records",
    era=Era.LEGACY,
    kind=MessageKind.REQUEST,
    method="tools/call",
    target="get_customer",
    id=1,
    message={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_customer", "arguments": {}}},
    headers=(("accept", "application/json, text/event-stream"),),
    mcp_session="",
    token=None,
)

CALLER = Caller(
    tenant="7e4a0000-0000-4000-8000-000000000001",
    object_id="0b1ec700-0000-4000-8000-000000000001",
    kind=CallerKind.USER,
    client="a9900000-0000-4000-8000-000000000002",
    groups=frozenset(),
    roles=frozenset(),
    token_id="token-1",
    sign_in="sign-in-1",
    expires=2_000_000_000,
)

DECISION = Decision(rules=("engineers-read",), policy="0" * 64)

ORIGIN = Origin(source="203.0.113.9", trace="")
