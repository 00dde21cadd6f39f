"""Whether the vault gives the session key, and whether the two signing keys exist and sign."""

from gateway.access.signing_keys import SigningKeys
from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, cannot_tell, fault, ok
from gateway.seal import keys_in, with_keys
from gateway.storage.contract import SecretUnavailableError
from gateway.storage.signing import VaultSigningKey
from gateway.values import Refusal

NAME = "vault"
MESSAGE = b"countersign doctor"
"""What is signed: it has no dot, so it is the start of neither a seal nor a token."""
_REFUSED = "HttpResponseError"
_MISSING = "ResourceNotFoundError"
_MAKE = "Make it: az keyvault key create --name {name} --kty EC --curve P-256"
_UNSET = "Set COUNTERSIGN_KEY_VAULT: without a vault nothing is sealed, and no server has a credential."


async def check(bench: Bench) -> list[Finding]:
    """The secret, then each key."""
    settings = bench.settings
    if not settings.key_vault:
        return [fault(NAME, "no vault is named", _UNSET)]
    keys = {"seals": settings.seal_key, "session tokens": settings.token_key}
    return [await _secret(bench), *[await _key(bench, use, name) for use, name in keys.items()]]


async def _secret(bench: Bench) -> Finding:
    name = bench.settings.session_key
    found = await with_keys(name, bench.secrets, keys_in)
    if not isinstance(found, Refusal):
        return ok(NAME, f"secret {name} holds {len(found)} key{'s' if len(found) > 1 else ''} of 32 bytes")
    return not_read(bench, NAME, name, "what sealed ids come from", found)


def not_read(bench: Bench, check: str, name: str, what: str, refusal: Refusal) -> Finding:
    """What it means that a secret of the vault was not given."""
    why = refusal.detail.removeprefix(f"secret {name}: ")
    seen = f"secret {name}, {what}: {why}"
    if bench.as_operator and _REFUSED in why:
        return cannot_tell(check, seen, "Only the gateway may read it: ask the app, POST /api/health.")
    if _MISSING in why:
        return fault(check, seen, f"Write it: az keyvault secret set --name {name} (docs/resources.md).")
    if "base64" in why:
        return fault(check, seen, "Write 32 random bytes in base64; several keys are separated by commas.")
    return fault(check, seen, _reach(why, "Countersign secrets, reading"))


async def _key(bench: Bench, use: str, name: str) -> Finding:
    settings = bench.settings
    key = VaultSigningKey(settings.key_vault, name, settings.identity, as_operator=bench.as_operator)
    try:
        versions = await key.versions()
        if not versions:
            seen = f"key {name}, which signs {use}, is not there, or no version of it is in force"
            return fault(NAME, seen, f"{_MAKE.format(name=name)}, or enable a version of it.")
        await SigningKeys(key).sign(lambda _kid: MESSAGE)
    except SecretUnavailableError as error:
        return _not_signed(bench, use, name, str(error))
    finally:
        await key.close()
    return ok(NAME, f"key {name} signs {use}; {len(versions)} version{'s' if len(versions) > 1 else ''} of P-256")


def _not_signed(bench: Bench, use: str, name: str, why: str) -> Finding:
    seen = f"key {name}, which signs {use}: {why}"
    if bench.as_operator and _REFUSED in why:
        return cannot_tell(NAME, seen, "Only the gateway may sign: ask the app itself, POST /api/health.")
    if _MISSING in why:
        return fault(NAME, seen, f"{_MAKE.format(name=name)}.")
    if why == "ValueError":
        return fault(NAME, f"key {name} is no P-256 key", "Make another with --kty EC --curve P-256, and name that.")
    return fault(NAME, seen, _reach(why, "Countersign keys, signing"))


def _reach(why: str, role: str) -> str:
    if _REFUSED in why:
        return f"Give the gateway's identity the role `{role}` (docs/resources.md)."
    return "Nothing answers: compare COUNTERSIGN_KEY_VAULT with the vault's address, and look at its private endpoint."
