"""The parts of the local stack: command line, environment and probe of each process.

Takes the ports, the state folder and the policy; gives one Part for a name. It starts nothing, and it
writes only what a part needs before its start: a policy with other ports, the identity's header.
"""

import os
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from devhost import accounts, azurite
from devhost.children import Part
from devhost.identity import managed
from devhost.ports import Ports

ROOT = Path(__file__).resolve().parent.parent
POLICY = ROOT / "devhost" / "policy.yaml"
EVERYTHING = Path("node_modules/@modelcontextprotocol/server-everything/dist/index.js")
LOOPBACK = Path("devhost/loopback.cjs")

_LOOPBACK_PORT = re.compile(r"(?<=localhost:|127\.0\.0\.1:)\d+\b")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack lives."""

    ports: Ports
    state: Path
    """Absolute: the parts do not share a working directory with whoever asks."""
    policy: Path = POLICY

    @property
    def identity(self) -> str:
        return f"http://localhost:{self.ports.identity}"

    @property
    def vault(self) -> str:
        return f"https://localhost:{self.ports.vault}"

    @property
    def outbox(self) -> str:
        return f"https://localhost:{self.ports.outbox}"


def part(name: str, place: Place) -> Part:
    """The part of that name, out of NAMES."""
    return _MAKERS[name](place)


def gateway_environment(place: Place) -> dict[str, str]:
    """The app settings of the gateway, and what App Service itself would add."""
    return {
        "COUNTERSIGN_URL": f"http://localhost:{place.ports.gateway}",
        "COUNTERSIGN_POLICY": str(policy_for(place)),
        "COUNTERSIGN_TENANTS": accounts.TENANT,
        "COUNTERSIGN_AUDIENCE": f"{accounts.AUDIENCE},{accounts.AUDIENCE_URI}",
        "COUNTERSIGN_SCOPE": accounts.SCOPE,
        "COUNTERSIGN_AUTHORITY": place.identity,
        "COUNTERSIGN_GRAPH": f"{place.identity}/graph",
        "COUNTERSIGN_KEY_VAULT": place.vault,
        "COUNTERSIGN_TOKEN_KEY": "session-token",
        "COUNTERSIGN_EVIDENCE": azurite.evidence_connection_string(place.ports),
        "COUNTERSIGN_EVIDENCE_BLOBS": azurite.blobs_connection_string(place.ports),
        "COUNTERSIGN_SEAL_KEY": "evidence-seal",
        "COUNTERSIGN_SEAL_COPY": azurite.copies_connection_string(place.ports),
        "COUNTERSIGN_STATE": azurite.connection_string(place.ports),
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "SSL_CERT_FILE": str(place.state / "tls" / "ca.pem"),
        **managed.environment(place.state, place.identity),
    }


def policy_for(place: Place) -> Path:
    """The policy; a copy below the state folder where its loopback URLs need other ports than the default."""
    default = Ports()
    if place.ports == default:
        return place.policy
    moved = {str(port): str(place.ports.named()[name]) for name, port in default.named().items()}
    copy = place.state / "policy.yaml"
    copy.write_text(_LOOPBACK_PORT.sub(lambda found: moved.get(found[0], found[0]), place.policy.read_text()))
    return copy


def _environment() -> dict[str, str]:
    # No proxy of the network stands between the parts.
    return os.environ | dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1") | {"PYTHONUNBUFFERED": "1"}


def _service(module: str, port: int, state: Path, *flags: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, "--port", str(port), "--state", str(state), *flags)


def _identity(place: Place) -> Part:
    port = place.ports.identity
    command = _service("devhost.identity", port, place.state)
    return Part("identity", command, f"http://localhost:{port}/healthz", _environment())


def _vault(place: Place) -> Part:
    command = _service("devhost.vault", place.ports.vault, place.state, "--outbox", place.outbox)
    return Part("vault", command, f"{place.vault}/healthz", _environment())


def _outbox(place: Place) -> Part:
    ports = place.ports
    command = _service("devhost.outbox", ports.outbox, place.state, "--page-port", str(ports.outbox_page))
    return Part("outbox", command, f"{place.outbox}/healthz", _environment())


def _azurite(place: Place) -> Part:
    # The table service is the last of the three to be started.
    probe = f"http://{azurite.HOST}:{place.ports.table}/"
    command = azurite.command(place.ports, place.state / "azurite")
    # It writes its tables down every five seconds, and when it is asked to end.
    furnish = partial(azurite.provision, place.ports)
    environment = _environment() | azurite.environment()
    return Part("azurite", command, probe, environment, answers_any=True, leash=signal.SIGTERM, furnish=furnish)


def _records(place: Place) -> Part:
    port = place.ports.records
    needs = ("--vault", place.vault, "--identity", place.identity)
    command = _service("devhost.demo.records", port, place.state, *needs)
    return Part("records", command, f"http://localhost:{port}/healthz", _environment(), after=("identity", "vault"))


def _everything(place: Place) -> Part:
    port = place.ports.everything
    command = ("node", "--require", str(ROOT / LOOPBACK), str(EVERYTHING), "streamableHttp")
    # It has a tool that shows its environment to any caller: it gets one with nothing in it.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PORT": str(port)}
    return Part("everything", command, f"http://127.0.0.1:{port}/", environment, answers_any=True)


def _gateway(place: Place) -> Part:
    ports = place.ports
    where = ("--app", str(ROOT), "--port", str(ports.gateway), "--worker-port", str(ports.worker))
    return Part(
        "gateway",
        (sys.executable, "-m", "devhost.host", *where, "--state", str(place.state)),
        f"http://localhost:{ports.gateway}/devhost/ready",
        _environment() | gateway_environment(place),
        after=("identity", "vault", "azurite"),
    )


_MAKERS: dict[str, Callable[[Place], Part]] = {
    "identity": _identity,
    "vault": _vault,
    "outbox": _outbox,
    "azurite": _azurite,
    "records": _records,
    "everything": _everything,
    "gateway": _gateway,
}
NAMES = tuple(_MAKERS)
