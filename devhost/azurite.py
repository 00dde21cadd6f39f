"""Azurite, Microsoft's emulator of Azure Storage: its command line, its connection strings, what must be in it.

Takes the ports and a folder for its data. It listens on loopback only, with the account name and key
that Microsoft publishes for emulators, and a second account for the copies of seals. The gateway gets that
key for its state, and for its evidence a signature that can only read and add, as its role on Azure can; so
the table of evidence is made here.
"""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableSasPermissions, generate_table_sas
from azure.data.tables.aio import TableClient
from azure.storage.blob import AccountSasPermissions, ResourceTypes, Services, generate_account_sas

from devhost.ports import Ports

KEEP_ALIVE = "60"
"""Seconds."""
SCRIPT = Path("node_modules/azurite/dist/src/azurite.js")
ACCOUNT = "devstoreaccount1"
# Not a secret: the same on every machine, printed in Microsoft's documentation of the emulator.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
COPY_ACCOUNT = "devstorecopies"
COPY_KEY = base64.b64encode(hashlib.sha512(COPY_ACCOUNT.encode()).digest()).decode()
"""No secret either: whoever reads this knows it."""
HOST = "127.0.0.1"
EVIDENCE = "evidence"
LIFETIME = timedelta(days=366)


def command(ports: Ports, data: Path) -> tuple[str, ...]:
    """What runs Azurite from the repository's root, with its data kept in a folder."""
    services = {"blob": ports.blob, "queue": ports.queue, "table": ports.table}
    where = [flag for name, port in services.items() for flag in (f"--{name}Host", HOST, f"--{name}Port", str(port))]
    # The SDKs speak newer versions of the protocol than Azurite lists, and use nothing new of them.
    # Its own default of five seconds is shorter than the SDK keeps connections: a call would meet a closed one.
    where += [word for name in services for word in (f"--{name}KeepAliveTimeout", KEEP_ALIVE)]
    quiet = ("--silent", "--skipApiVersionCheck", "--disableTelemetry")
    return ("node", str(SCRIPT), "--location", str(data), *where, *quiet)


def environment() -> dict[str, str]:
    """What Azurite reads there: its accounts."""
    return {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY};{COPY_ACCOUNT}:{COPY_KEY}"}


def connection_string(ports: Ports) -> str:
    """For any SDK of Azure Storage."""
    endpoints = {"Blob": ports.blob, "Queue": ports.queue, "Table": ports.table}
    addresses = "".join(f"{name}Endpoint=http://{HOST}:{port}/{ACCOUNT};" for name, port in endpoints.items())
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};{addresses}"


def evidence_connection_string(ports: Ports, table: str = EVIDENCE) -> str:
    """For the gateway: of the one table, rows can be read and added, and neither changed nor taken away."""
    signature = generate_table_sas(
        AzureNamedKeyCredential(ACCOUNT, KEY),
        table,
        permission=TableSasPermissions(read=True, add=True),
        expiry=datetime.now(UTC) + LIFETIME,
    )
    return f"TableEndpoint=http://{HOST}:{ports.table}/{ACCOUNT};SharedAccessSignature={signature}"


def blobs_connection_string(ports: Ports) -> str:
    """For the gateway: blobs can be read, listed and created, and neither overwritten nor taken away."""
    return _blobs(ports, ACCOUNT, KEY)


def copies_connection_string(ports: Ports) -> str:
    """The same in the second account."""
    return _blobs(ports, COPY_ACCOUNT, COPY_KEY)


def _blobs(ports: Ports, account: str, key: str) -> str:
    signature = generate_account_sas(
        account,
        key,
        resource_types=ResourceTypes(container=True, object=True),
        permission=AccountSasPermissions(read=True, list=True, create=True),
        expiry=datetime.now(UTC) + LIFETIME,
        services=Services(blob=True),
    )
    return f"BlobEndpoint=http://{HOST}:{ports.blob}/{account};SharedAccessSignature={signature}"


async def provision(ports: Ports) -> None:
    """What the infrastructure of Azure would have made is there: the table of evidence."""
    async with TableClient.from_connection_string(connection_string(ports), EVIDENCE) as table:
        try:
            await table.create_table()
        except ResourceExistsError:
            return
