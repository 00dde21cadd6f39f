"""Azurite, Microsoft's emulator of Azure Storage: its command line and its connection string.

Takes the ports and a folder for its data. It listens on loopback only, with the account name and key
that Microsoft publishes for emulators; tables and containers are made by whoever uses them.
"""

from pathlib import Path

from devhost.ports import Ports

SCRIPT = Path("node_modules/azurite/dist/src/azurite.js")
ACCOUNT = "devstoreaccount1"
# Not a secret: the same on every machine, printed in Microsoft's documentation of the emulator.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
HOST = "127.0.0.1"


def command(ports: Ports, data: Path) -> tuple[str, ...]:
    """What runs Azurite from the repository's root, with its data kept in a folder."""
    services = {"blob": ports.blob, "queue": ports.queue, "table": ports.table}
    where = [flag for name, port in services.items() for flag in (f"--{name}Host", HOST, f"--{name}Port", str(port))]
    # The SDKs speak newer versions of the protocol than Azurite lists, and use nothing new of them.
    quiet = ("--silent", "--skipApiVersionCheck", "--disableTelemetry")
    return ("node", str(SCRIPT), "--location", str(data), *where, *quiet)


def connection_string(ports: Ports) -> str:
    """For any SDK of Azure Storage."""
    endpoints = {"Blob": ports.blob, "Queue": ports.queue, "Table": ports.table}
    addresses = "".join(f"{name}Endpoint=http://{HOST}:{port}/{ACCOUNT};" for name, port in endpoints.items())
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};{addresses}"
