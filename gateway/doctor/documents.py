"""Whether the gateway answers under its public address, with the metadata that its settings make."""

from typing import Any

from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, fault, ok
from gateway.doctor.policy import policy_of
from gateway.metadata import WELL_KNOWN, resource_metadata

NAME = "documents"


async def check(bench: Bench) -> list[Finding]:
    """`/health`, the gateway's metadata (RFC 9728), and that of each server of the policy."""
    policy = await policy_of(bench)
    found = [await _document(bench, server) for server in ("", *sorted(policy.servers if policy else ()))]
    return [await _health(bench), *found]


async def _health(bench: Bench) -> Finding:
    page = await bench.get(f"{bench.settings.url}/health")
    if page.status == 200:
        return ok(NAME, f"{bench.settings.url}/health says that calls are served")
    if not page.status:
        do = "Compare COUNTERSIGN_URL with the app's address, its DNS record and its certificate."
        return fault(NAME, f"{bench.settings.url} does not answer ({page.why})", do)
    status = page.document.get("status") if isinstance(page.document, dict) else None
    do = "Look into the app's log: it names the setting, or what is wrong with the policy."
    return fault(NAME, f"/health answers {page.status}{f', {status}' if isinstance(status, str) else ''}", do)


async def _document(bench: Bench, server: str) -> Finding:
    path = f"{WELL_KNOWN}/mcp/{server}" if server else WELL_KNOWN
    page, expected = await bench.get(bench.settings.url + path), resource_metadata(bench.settings, server)
    if page.status != 200 or not isinstance(page.document, dict):
        do = "Another app, or something before this one, answers there; or the app runs with another policy."
        return fault(NAME, f"{path} is not given ({page.why or page.status})", do)
    if other := _differs(page.document, expected):
        do = "Give the app and this command the same settings: clients sign in by what the app publishes."
        return fault(NAME, f"{path} has another `{other}` than the settings make", do)
    return ok(NAME, f"{path} is what the settings make")


def _differs(found: dict[str, Any], expected: dict[str, Any]) -> str:
    """The first member that is another; empty if none is."""
    return next((name for name in sorted(expected.keys() | found.keys()) if found.get(name) != expected.get(name)), "")
