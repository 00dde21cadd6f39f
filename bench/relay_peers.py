"""Other gateways before the same upstream: ContextForge, FastMCP's proxy and LiteLLM.

Each is installed from PyPI into an environment of its own below `.local/bench`, kept from run to run, and set up as
its documentation says. Whatever does not install, start or answer is left out of the run, with one line that says why.
"""

import asyncio
import secrets
import socket
import subprocess
import sys
import venv
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from bench.relay_cells import LEGACY, Endpoint, WrongAnswerError
from bench.relay_run import awake, prove
from bench.relay_targets import ROOT, Bench, Target, inherited
from devhost.children import Part, PartError

HOMES = ROOT / ".local" / "bench"
INSTALL = 1800
"""Seconds."""
STARTS_WITHIN = 120.0


class PeerError(Exception):
    """The peer cannot be measured; the message says why in a line."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where one peer runs."""

    name: str
    bin: Path
    """Of its environment."""
    folder: Path
    """For its data."""
    port: int
    upstream: str


@dataclass(frozen=True, slots=True)
class Peer:
    title: str
    home: str
    """Its environment; two that are set up in different ways share one."""
    package: str
    part: Callable[[Seat], Part]
    ready: Callable[[Seat], Awaitable[Endpoint]]
    """What is done once it answers."""


async def start(
    made: Bench, peers: Mapping[str, Peer], say: Callable[[str], None], homes: Path = HOMES
) -> tuple[list[Target], dict[str, str]]:
    """Those that answered a call, halted; and of each of the others, by its name, why it did not."""
    targets, skipped = [], {}
    for name, peer in peers.items():
        try:
            targets.append(await _started(made, name, peer, homes, say))
        except (PeerError, PartError, WrongAnswerError, OSError, httpx.HTTPError) as failure:
            skipped[name] = (str(failure).splitlines() or [type(failure).__name__])[0][:300]
            say(f"{name} is left out: {failure}")
    return targets, skipped


async def _started(made: Bench, name: str, peer: Peer, homes: Path, say: Callable[[str], None]) -> Target:
    home = homes / peer.home
    await asyncio.to_thread(_installed, home, peer.package, say)
    seat = Seat(name, home / "bin", made.folder.absolute(), _free_port(), made.upstream)
    session = await made.start(peer.part(seat), measured=True, within=STARTS_WITHIN)
    endpoint = await peer.ready(seat)
    target = Target(name, endpoint, session, connections=(1, 16), sizes=("small",), forms=("json",), is_guest=True)
    with awake(target):
        await prove(target)
    return target


def _installed(home: Path, package: str, say: Callable[[str], None]) -> None:
    """The package is in that environment. Raises PeerError."""
    stamp = home / "installed"
    if stamp.exists() and stamp.read_text() == package:
        return
    say(f"installing {package}, once")
    venv.create(home, clear=True)
    command = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install", package]
    command += ["--quiet", "--disable-pip-version-check"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL, check=False)
    except subprocess.TimeoutExpired:
        raise PeerError(f"{package} was not installed after {INSTALL} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise PeerError(f"{package} does not install: {lines[-1]}")
    stamp.write_text(package)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _part(seat: Seat, command: Sequence[str], path: str = "/", **environment: str) -> Part:
    probe = f"http://127.0.0.1:{seat.port}{path}"
    return Part(seat.name, tuple(command), probe, inherited() | environment, answers_any=True)


def _fastmcp(seat: Seat, *flags: str) -> Part:
    script = str(ROOT / "bench" / "relay_peer_fastmcp.py")
    return _part(seat, [str(seat.bin / "python"), script, str(seat.port), seat.upstream, *flags])


async def _plain(seat: Seat) -> Endpoint:
    return Endpoint(seat.port)


_LITELLM_KEY = "sk-bench"


def _litellm(seat: Seat) -> Part:
    config = seat.folder / "litellm.yaml"
    config.write_text(
        f"model_list: []\ngeneral_settings: {{master_key: {_LITELLM_KEY}}}\n"
        f"mcp_servers:\n  records: {{url: {seat.upstream}, transport: http, allow_all_keys: true}}\n"
    )
    command = [str(seat.bin / "litellm"), "--config", str(config), "--host", "127.0.0.1", "--port", str(seat.port)]
    return _part(seat, [*command, "--telemetry", "False"], "/health/liveliness", LITELLM_LOG="ERROR")


async def _litellm_ready(seat: Seat) -> Endpoint:
    # It refuses the newer era.
    return Endpoint(seat.port, "/mcp/", prefix="records-", tokens=(_LITELLM_KEY,), eras=(LEGACY,))


_PASSWORD = secrets.token_urlsafe(24) + "aA1!"
_ADMIN = "admin@example.com"
_CONTEXTFORGE = {
    "JWT_SECRET_KEY": secrets.token_urlsafe(48),
    "AUTH_ENCRYPTION_SECRET": secrets.token_urlsafe(48),
    "PLATFORM_ADMIN_EMAIL": _ADMIN,
    **dict.fromkeys(("PLATFORM_ADMIN_PASSWORD", "DEFAULT_USER_PASSWORD", "BASIC_AUTH_PASSWORD"), _PASSWORD),
    "CACHE_TYPE": "memory",
    "SSRF_ALLOW_LOCALHOST": "true",
    "SSRF_ALLOW_PRIVATE_NETWORKS": "true",
    # After some 120 calls in a minute it would answer 429.
    "RATE_LIMITING_ENABLED": "false",
}
_TUNED = {"USE_STATEFUL_SESSIONS": "true"} | dict.fromkeys(
    (
        *("COMPRESSION_ENABLED", "CORRELATION_ID_ENABLED", "TOKEN_USAGE_LOGGING_ENABLED", "SECURITY_HEADERS_ENABLED"),
        *("DB_METRICS_RECORDING_ENABLED", "METRICS_AGGREGATION_ENABLED", "STRUCTURED_LOGGING_ENABLED"),
        *("MCPGATEWAY_A2A_ENABLED", "MCPGATEWAY_CATALOG_ENABLED", "PLUGINS_ENABLED"),
    ),
    "false",
)


def _contextforge(seat: Seat, settings: Mapping[str, str]) -> Part:
    database = {"DATABASE_URL": f"sqlite:///{seat.folder / seat.name}.db"}
    command = [str(seat.bin / "python"), "-m", "uvicorn", "mcpgateway.main:app", "--host", "127.0.0.1"]
    command += ["--port", str(seat.port), "--log-level", "error", "--no-access-log"]
    return _part(seat, command, "/health", **_CONTEXTFORGE, **settings, **database)


async def _contextforge_ready(seat: Seat) -> Endpoint:
    """The upstream is registered. Raises PeerError or httpx.HTTPError."""
    command = ("-m", "mcpgateway.utils.create_jwt_token", "--username", _ADMIN, "--admin", "--exp", "1440")
    made = await asyncio.create_subprocess_exec(
        *(str(seat.bin / "python"), *command),
        env=inherited() | _CONTEXTFORGE,
        cwd=seat.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    output, _ = await asyncio.wait_for(made.communicate(), 60)
    if made.returncode or not output:
        raise PeerError("it makes no token")
    token = output.decode().strip().splitlines()[-1]
    wanted = {"name": "records", "url": seat.upstream, "transport": "STREAMABLEHTTP"}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.post(f"http://127.0.0.1:{seat.port}/gateways", json=wanted, headers=headers)
    if answer.status_code >= 300:
        raise PeerError(f"it does not take the upstream: status {answer.status_code}")
    return Endpoint(seat.port, "/mcp", prefix="records-", tokens=(token,))


_FORGE = Peer(
    "ContextForge 1.1.0",
    "contextforge",
    "mcp-contextforge-gateway==1.1.0",
    lambda seat: _contextforge(seat, {}),
    _contextforge_ready,
)
_PROXY = Peer("FastMCP 4.1.2, its proxy", "fastmcp", "fastmcp==4.1.2", _fastmcp, _plain)
PEERS = {
    "contextforge": _FORGE,
    "contextforge-tuned": replace(
        _FORGE, title="ContextForge 1.1.0, tuned", part=lambda seat: _contextforge(seat, _TUNED)
    ),
    "fastmcp": _PROXY,
    "fastmcp-shared": replace(
        _PROXY, title="FastMCP 4.1.2, one client for all", part=lambda seat: _fastmcp(seat, "shared")
    ),
    "litellm": Peer("LiteLLM 1.106.2", "litellm", "litellm[proxy]==1.106.2", _litellm, _litellm_ready),
}
