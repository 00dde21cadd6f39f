"""The only reader of the environment: one frozen value, checked when the app starts.

A setting that is missing or unsafe is an error that names the setting and the fix, and the app
serves nothing (fail-closed). README's table of settings and a test hold this list together.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SettingsError(Exception):
    """The environment does not describe a gateway that may serve."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Where evidence and state lie, for a command line that serves no call."""

    evidence: str
    evidence_table: str
    state: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Where evidence and its seals lie, and the key that signed them, for a command line that reads them."""

    evidence: str
    evidence_table: str
    blobs: str
    key_vault: str
    """Empty where none is named."""
    seal_key: str
    identity: str
    tenants: frozenset[str] = frozenset()
    """Where people are looked for by their object id; lower case."""
    seal_copy: str = ""
    """Where every seal lies once more, with which those of the evidence are compared; empty where there is none."""
    session_key: str = "session-key"
    """Name of the Key Vault secret that keyed digests come from."""


@dataclass(frozen=True, slots=True)
class Settings:
    url: str
    """Public base URL of the gateway, as clients write it, without a trailing slash."""
    policy: Path
    tenants: frozenset[str]
    """Entra tenant ids whose tokens are believed, lower case."""
    audiences: frozenset[str]
    """Accepted `aud` values: the application id (v2 tokens) and the App ID URI (v1 tokens)."""
    scope: str
    """Delegated scope that a user's token must carry in `scp`."""
    authority: str
    """Base URL of the token issuer, without a trailing slash."""
    key_vault: str
    """Vault URL, or the empty string where no server of the policy has a credential."""
    session_key: str
    """Name of the Key Vault secret that seals `Mcp-Session-Id`."""
    token_key: str
    """Name of the Key Vault key that signs session tokens."""
    evidence: str
    """Table service URL (managed identity), or a connection string to storage on loopback."""
    evidence_table: str
    evidence_blobs: str
    """Blob service URL of the same account (managed identity), or a connection string to storage on loopback."""
    seal_key: str
    """Name of the Key Vault key that signs seals."""
    seal_copy: str
    """Blob service URL of a second account, or a connection string to storage on loopback: every seal is written
    there too. Empty where there is none."""
    state: str
    """The same for what the gateway itself keeps, in another account."""
    identity: str
    """Client id of the user-assigned identity, or the empty string for the system-assigned one."""
    origins: frozenset[str]
    """Browser origins that may call; none by default."""
    graph: str
    """Base URL of Microsoft Graph, without a trailing slash."""
    collector: str
    """Base URL of an OpenTelemetry collector (OTLP over HTTP); empty where nothing is told to one."""


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises SettingsError with the fix in its message."""
    found = os.environ if environment is None else environment
    return Settings(
        url=_public_url(found),
        policy=Path(found.get("COUNTERSIGN_POLICY", "policy.yaml")),
        tenants=_items(found, "COUNTERSIGN_TENANTS"),
        audiences=_items(found, "COUNTERSIGN_AUDIENCE"),
        scope=found.get("COUNTERSIGN_SCOPE", "mcp.access"),
        authority=_url(found, "COUNTERSIGN_AUTHORITY", "https://login.microsoftonline.com"),
        key_vault=_url(found, "COUNTERSIGN_KEY_VAULT", ""),
        session_key=found.get("COUNTERSIGN_SESSION_KEY", "session-key"),
        token_key=found.get("COUNTERSIGN_TOKEN_KEY", "session-token"),
        evidence=_storage(found, "COUNTERSIGN_EVIDENCE"),
        evidence_table=found.get("COUNTERSIGN_EVIDENCE_TABLE", "evidence"),
        evidence_blobs=_storage(found, "COUNTERSIGN_EVIDENCE_BLOBS", "blob"),
        seal_key=found.get("COUNTERSIGN_SEAL_KEY", "evidence-seal"),
        seal_copy=_seal_copy(found),
        state=_storage(found, "COUNTERSIGN_STATE"),
        identity=found.get("COUNTERSIGN_IDENTITY", ""),
        origins=_optional_items(found, "COUNTERSIGN_ORIGINS"),
        graph=_url(found, "COUNTERSIGN_GRAPH", "https://graph.microsoft.com"),
        # The standard's own name; whatever else OTEL_... says, OpenTelemetry's SDK reads by itself.
        collector=_url(found, "OTEL_EXPORTER_OTLP_ENDPOINT", ""),
    )


def read_stores(environment: Mapping[str, str] | None = None) -> Stores:
    """The stores alone. Raises SettingsError with the fix in its message."""
    found = os.environ if environment is None else environment
    return Stores(
        evidence=_storage(found, "COUNTERSIGN_EVIDENCE"),
        evidence_table=found.get("COUNTERSIGN_EVIDENCE_TABLE", "evidence"),
        state=_storage(found, "COUNTERSIGN_STATE"),
    )


def read_proof(environment: Mapping[str, str] | None = None) -> Proof:
    """What a verification of the live evidence needs. Raises SettingsError with the fix in its message."""
    found = os.environ if environment is None else environment
    return Proof(
        evidence=_storage(found, "COUNTERSIGN_EVIDENCE"),
        evidence_table=found.get("COUNTERSIGN_EVIDENCE_TABLE", "evidence"),
        blobs=_storage(found, "COUNTERSIGN_EVIDENCE_BLOBS", "blob"),
        key_vault=_url(found, "COUNTERSIGN_KEY_VAULT", ""),
        seal_key=found.get("COUNTERSIGN_SEAL_KEY", "evidence-seal"),
        identity=found.get("COUNTERSIGN_IDENTITY", ""),
        tenants=_optional_items(found, "COUNTERSIGN_TENANTS"),
        seal_copy=_seal_copy(found),
        session_key=found.get("COUNTERSIGN_SESSION_KEY", "session-key"),
    )


def _public_url(found: Mapping[str, str]) -> str:
    # WEBSITE_HOSTNAME is the app's own name on Azure; a custom domain has to be set.
    if "COUNTERSIGN_URL" not in found and "WEBSITE_HOSTNAME" in found:
        return f"https://{found['WEBSITE_HOSTNAME']}"
    url = _url(found, "COUNTERSIGN_URL", "")
    if not url:
        raise SettingsError(
            "COUNTERSIGN_URL is not set: give the gateway's public base URL, such as https://mcp.example.com"
        )
    return url


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def endpoint_of(account: str, service: str) -> str:
    """The address of `table` or `blob` in an account, as a setting of this module has it."""
    address = account if account.startswith("https://") else _parts(account).get(f"{service.capitalize()}Endpoint", "")
    return address.rstrip("/")


def _optional_items(found: Mapping[str, str], name: str) -> frozenset[str]:
    return frozenset(item.strip().lower() for item in found.get(name, "").split(",") if item.strip())


def _items(found: Mapping[str, str], name: str) -> frozenset[str]:
    items = _optional_items(found, name)
    if not items:
        raise SettingsError(f"{name} is not set: give one or more values, separated by commas")
    return items


def _url(found: Mapping[str, str], name: str, default: str) -> str:
    url = found.get(name, default).rstrip("/")
    if url and not url.startswith("https://") and not (url.startswith("http://") and is_loopback(url)):
        raise SettingsError(f"{name} must begin with https:// (plain http only to this machine)")
    return url


def _seal_copy(found: Mapping[str, str]) -> str:
    if not found.get("COUNTERSIGN_SEAL_COPY", ""):
        return ""
    copy = _storage(found, "COUNTERSIGN_SEAL_COPY", "blob")
    blobs = _storage(found, "COUNTERSIGN_EVIDENCE_BLOBS", "blob")
    if endpoint_of(copy, "blob").lower() == endpoint_of(blobs, "blob").lower():
        # Whoever owns the one account would own the copies too.
        raise SettingsError("COUNTERSIGN_SEAL_COPY must be another storage account than COUNTERSIGN_EVIDENCE_BLOBS")
    return copy


def _storage(found: Mapping[str, str], name: str, service: str = "table") -> str:
    value = found.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set: give the {service} service URL of the storage account")
    if value.startswith("https://"):
        return value.rstrip("/")
    # A connection string carries a key or a signature, good for whoever finds it: only for storage on this machine.
    if not is_loopback(_parts(value).get(f"{service.capitalize()}Endpoint", "")):
        raise SettingsError(f"{name} must be an https:// URL; a connection string only works for local storage")
    return value


def _parts(connection_string: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in connection_string.split(";") if "=" in part)
