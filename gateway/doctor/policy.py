"""Whether the policy in force loads, whether the groups that it writes by name are found, and its credentials readable.

`policy_of` gives the policy to other checks too; each of them has to go on without one.
"""

import asyncio
from pathlib import Path

from gateway.doctor import agreed
from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, cannot_tell, fault, ok
from gateway.doctor.vault import not_read
from gateway.policy.document import Policy
from gateway.policy.nodes import MAX_BYTES
from gateway.policy.parse import Draft, read, resolve
from gateway.storage.contract import DirectoryUnavailableError
from gateway.values import Refusal

NAME = agreed.NAME
GRAPH = "graph"
_SHOWN = 3
"""Mistakes that are told; `policy check` has them all."""
_GRANT = "Give the gateway's identity GroupMember.Read.All in Microsoft Graph, or write the groups' object ids."


async def check(bench: Bench) -> list[Finding]:
    """What people agreed on, the document, then the secrets that its servers need."""
    found = bench.document
    if isinstance(found, str):
        do = "Run `python -m gateway policy check` on it: that names each line and what to write instead."
        return [*agreed.told(bench), fault(NAME, f"{agreed.origin(bench)}: {found}", do)]
    policy = await _resolved(bench, found)
    if isinstance(policy, str):
        return [*agreed.told(bench), fault(NAME, policy, _GRANT)]
    what = f"{len(policy.servers)} servers, {len(policy.rules)} rules"
    seen = f"{agreed.origin(bench)}, SHA-256 {policy.digest[:12]}: {what}"
    return [*agreed.told(bench), ok(NAME, seen), *await _credentials(bench, policy)]


async def check_graph(bench: Bench) -> list[Finding]:
    """Graph answers for groups, where the policy writes some by name."""
    found = bench.document
    if isinstance(found, str):
        return [cannot_tell(GRAPH, "there is no policy to say which groups are asked for", "First mend `policy`.")]
    if isinstance(found, Policy):
        return [ok(GRAPH, "not asked: the policy writes every group by its id")]
    try:
        await bench.directory.groups_called(frozenset(found.names.values()))
    except DirectoryUnavailableError as error:
        if bench.as_operator and "403" in str(error):
            do = "Ask the app itself, POST /api/health: what counts is what the gateway's identity may do."
            return [cannot_tell(GRAPH, f"Graph refuses whoever is signed in ({error})", do)]
        return [fault(GRAPH, f"Graph gives no groups ({error})", _GRANT)]
    return [ok(GRAPH, f"Graph was asked for {len(found.names)} groups by name")]


async def document_of(path: Path) -> Policy | Draft | str:
    """The document as it lies there now; what is wrong with it where that is in the way."""
    return await asyncio.to_thread(_look, path)


async def policy_of(bench: Bench) -> Policy | None:
    """The policy as it would come into force now; None if it would not."""
    found = bench.document
    policy = found if isinstance(found, str) else await _resolved(bench, found)
    return policy if isinstance(policy, Policy) else None


async def _resolved(bench: Bench, found: Policy | Draft) -> Policy | str:
    if isinstance(found, Policy):
        return found
    try:
        groups = await bench.directory.groups_called(frozenset(found.names.values()))
    except DirectoryUnavailableError as error:
        return f"groups that it writes by name cannot be looked up ({error})"
    resolved = await asyncio.to_thread(resolve, found, groups)
    return resolved if isinstance(resolved, Policy) else "; ".join(map(str, resolved[:_SHOWN]))


async def _credentials(bench: Bench, policy: Policy) -> list[Finding]:
    named = {getattr(server.credential, "secret", ""): server.name for server in policy.servers.values()}
    named.pop("", None)
    found = []
    for secret, server in sorted(named.items()):
        got = await bench.secrets.obtain(secret)
        if isinstance(got, Refusal):
            found.append(not_read(bench, NAME, secret, f"the credential of server {server}", got))
    return found or [ok(NAME, f"{len(named)} credential{'' if len(named) == 1 else 's'} of servers can be read")]


def _look(path: Path) -> Policy | Draft | str:
    try:
        with path.open("rb") as file:
            found = read(file.read(MAX_BYTES + 1))
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "; ".join(map(str, found[:_SHOWN])) if isinstance(found, tuple) else found
