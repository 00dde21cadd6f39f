"""Countersign: a gateway for MCP servers.

The words
    server      an upstream MCP server that the policy names; clients use `/mcp/{server}`
    caller      the authenticated subject of a token: tenant and object id; a user, an app or an agent
    call        one JSON-RPC message from a caller to a server
    decision    what the policy says of a call that it does not refuse: requirements and masks
    refusal     why a call goes no further: a value with a reason out of a closed list
    passage     a call on its way, with all that is known of it so far
    record      one line of evidence, chained by hash to the one before it in its session
    session     what an auditor replays: a legacy MCP session, or the calls of one sign-in
    approval    a decision by one or more other people on exactly one call
    grant       just-in-time access: this caller, this server, from when until when
    pin         the hash of a tool's definition as it may be used

The reading order
    call        the walk: the rooms in their order
    inbound, authenticate, session, groups, limits, authorize, catalogue, grant, approval, record, credential, forward,
    mask, answer
                the rooms; `reach` joins credential and forward, `settle` and `relay` mask, record and answer,
                `aside` keeps large messages off the event loop
    waiting, holding, tasks, asking
                how a client waits for the people of room 7, and is sent to ask for the access of room 6
    values, reasons, protocol, settings
                what is handed from room to room, every refusal, the words of MCP, the environment
    approvals, access, proposals, pages
                what an approval, a grant and a proposed policy are, and what becomes of them; where people decide
    policy, masking, tools, evidence, storage, cli
                what the rooms decide with, write to, and are asked by
    door, process, composition, rooms
                the platform's side: HTTP types, what a process opens once and keeps
"""
