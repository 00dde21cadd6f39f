"""Whether whoever asks gets the tokens that stores, vault and directory want."""

from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, fault, ok
from gateway.settings import is_loopback
from gateway.storage.contract import SecretUnavailableError

NAME = "identity"
STORAGE = "https://storage.azure.com"
VAULT = "https://vault.azure.net"
GRAPH = "https://graph.microsoft.com"


async def check(bench: Bench) -> list[Finding]:
    """One finding for each service."""
    settings = bench.settings
    stores = (settings.evidence, settings.evidence_blobs, settings.state)
    wanted = {"the directory": GRAPH if is_loopback(settings.graph) else settings.graph}
    if settings.key_vault:
        wanted = {"Key Vault": VAULT} | wanted
    if any(store.startswith("https://") for store in stores):
        wanted = {"storage": STORAGE} | wanted
    return [await _token(bench, service, resource) for service, resource in wanted.items()]


async def _token(bench: Bench, service: str, resource: str) -> Finding:
    try:
        await bench.token_for(resource)
    except SecretUnavailableError as error:
        return fault(NAME, f"no token for {service} ({error})", _mend(bench))
    who = "whoever is signed in with az login" if bench.as_operator else "the managed identity"
    return ok(NAME, f"{who} gets a token for {service}")


def _mend(bench: Bench) -> str:
    if bench.as_operator:
        return "Sign in with `az login` to the tenant of the deployment."
    return (
        "Assign the user-assigned identity to the app and give its client id as COUNTERSIGN_IDENTITY; on a developer's"
        " machine take the settings of the running stack (`python -m devhost env`)."
    )
