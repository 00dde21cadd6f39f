"""Whether tokens would be accepted: what the settings say, and what the issuer publishes.

Entra compares the `resource` that a client sends, which it takes from the gateway's metadata, with the Application
ID URI of the scope, exactly; and it puts that URI into `aud` of v1 tokens as it is registered, the application id
into that of v2 tokens.
"""

from urllib.parse import urlsplit

from gateway.authenticate import issuers
from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, fault, ok, warning
from gateway.doctor.policy import policy_of
from gateway.settings import Settings, is_loopback

NAME = "tokens"
SETTINGS = "settings"


async def check(bench: Bench) -> list[Finding]:
    """The issuer of each tenant, then the audiences."""
    settings = bench.settings
    found = [await _issuer(bench, tenant) for tenant in sorted(settings.tenants)]
    policy = await policy_of(bench)
    return [*found, *_audiences(settings), *_resource(settings, sorted(policy.servers) if policy else [])]


async def check_settings(bench: Bench) -> list[Finding]:
    """The settings were read by then; what they can be wrong in and still be read."""
    settings = bench.settings
    found = []
    if urlsplit(settings.url).path:
        do = "Give scheme and host alone: the app serves its routes at the root of its host (host.json)."
        found.append(fault(SETTINGS, f"COUNTERSIGN_URL has a path: {settings.url}", do))
    if urlsplit(settings.authority).path:
        do = "Give the host alone, https://login.microsoftonline.com in the public cloud; the tenant is added to it."
        found.append(fault(SETTINGS, f"COUNTERSIGN_AUTHORITY has a path: {settings.authority}", do))
    if not settings.seal_copy:
        do = "Set COUNTERSIGN_SEAL_COPY, in an account that other people own (sealCopyLocation of the deployment)."
        found.append(warning(SETTINGS, "seals are not copied to a second account", do))
    return found or [ok(SETTINGS, "every setting is there and fits")]


async def _issuer(bench: Bench, tenant: str) -> Finding:
    settings = bench.settings
    page = await bench.get(f"{settings.authority}/{tenant}/v2.0/.well-known/openid-configuration")
    do = "Compare COUNTERSIGN_AUTHORITY and COUNTERSIGN_TENANTS with the directory's, and the way out of the network."
    if page.status != 200 or not isinstance(page.document, dict):
        return fault(NAME, f"the issuer of tenant {tenant} does not answer ({page.why or page.status})", do)
    published, expected = page.document.get("issuer"), issuers(settings.authority, tenant)[0]
    if published != expected:
        return fault(NAME, f"the issuer calls itself {published}, and {expected} is believed", do)
    keys = await bench.get(f"{settings.authority}/{tenant}/discovery/v2.0/keys")
    if keys.status != 200 or not isinstance(keys.document, dict) or not keys.document.get("keys"):
        return fault(NAME, f"the issuer of tenant {tenant} gives no keys ({keys.why or keys.status})", do)
    return ok(NAME, f"tokens of {published} are believed, in their v1 form too")


def _audiences(settings: Settings) -> list[Finding]:
    uris = {audience for audience in settings.audiences if "://" in audience}
    found = []
    if uris == settings.audiences:
        do = "Add the application id to COUNTERSIGN_AUDIENCE."
        found.append(fault(NAME, "v2 tokens would be refused: their `aud` is the application id, which is missing", do))
    if not uris:
        do = (
            "Add the Application ID URI to COUNTERSIGN_AUDIENCE, or have v2 tokens alone (requestedAccessTokenVersion)."
        )
        found.append(warning(NAME, "v1 tokens would be refused: their `aud` is the Application ID URI", do))
    for uri in sorted(uri for uri in uris if uri.endswith("/")):
        do = "Take the slash away, in COUNTERSIGN_AUDIENCE and in the registration: they are compared exactly."
        found.append(fault(NAME, f"the audience {uri} ends with a slash, and the published `resource` has none", do))
    return found or [ok(NAME, "v1 and v2 tokens are accepted")]


def _resource(settings: Settings, servers: list[str]) -> list[Finding]:
    if is_loopback(settings.authority):
        # Entra alone compares the two; the stand-in on this machine does not.
        return [ok(NAME, "the issuer on this machine asks for no `resource`")]
    wanted = [f"{settings.url}/mcp/{server}" for server in servers]
    others = [resource for resource in wanted if resource.lower() not in settings.audiences]
    if not others:
        return [ok(NAME, "the `resource` of each server is an Application ID URI")]
    do = "Add each as an Application ID URI to the registration, and to COUNTERSIGN_AUDIENCE."
    seen = f"no Application ID URI is {others[0]}: Entra refuses clients that send that `resource` (AADSTS9010010)"
    return [warning(NAME, seen + (f"; so with {len(others) - 1} more" if len(others) > 1 else ""), do)]
