"""`make run`: the whole local stack in the foreground, until Ctrl-C, SIGTERM or the end of a part.

Takes the first port and the state folder from the command line; says in one line each what the
machine lacks, and starts nothing then. Whatever ends it, it ends everything that it started, and it
gives exit code 1 when that was not asked for.
"""

import argparse
import asyncio
import contextlib
import fcntl
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from devhost import azurite, parts
from devhost.ports import VARIABLE, Ports, is_taken
from devhost.stack import ROOT, PartError, Stack, stack

PYTHON = (3, 13)
NODE = 20
_META = '"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}'
_TOOLS_LIST = '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{' + _META + "}}}"
FOLLOWED = ("gateway", "outbox")  # parts whose logs are shown
FOLLOW_EVERY = 0.2  # seconds between looks at a log


def main(arguments: list[str]) -> int:
    """Runs the stack in the foreground; the exit code is 0 when it was asked to end."""
    parser = argparse.ArgumentParser(prog="python -m devhost run", description="Runs the local stack.")
    parser.add_argument("--first-port", help=f"where the ports begin (default: {VARIABLE} or {Ports().gateway})")
    parser.add_argument("--state", type=Path, default=ROOT / ".local", help="folder of data, keys and logs")
    options = parser.parse_args(arguments)
    try:
        ports = Ports.chosen(options.first_port)
    except ValueError as wrong:
        return _refuse(str(wrong))
    lacking = [*_lacking_tools(), *lacking_ports(ports)]
    if lacking:
        return _refuse(*lacking)
    try:
        with sole_user(options.state):
            return asyncio.run(run(stack(ports, options.state, say=_say)))
    except BlockingIOError:
        return _refuse(f"another stack uses {options.state}: stop it, or choose another folder with --state")


@contextlib.contextmanager
def sole_user(state: Path) -> Iterator[None]:
    """The folder exists and no other stack uses it: two Azurites would spoil it. Raises BlockingIOError."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        # The lock goes with the process, however it ends.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


async def run(opening: AbstractAsyncContextManager[Stack]) -> int:
    """The stack runs until a signal comes or a part ends; gives the exit code."""
    me = asyncio.current_task()
    assert me is not None
    asked = asyncio.Event()

    def end() -> None:
        # Once: a second Ctrl-C, or one after a part's end, must not cut the stopping short.
        if not asked.is_set():
            asked.set()
            me.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, end)
    try:
        _say("Starting the local stack:")
        async with opening as together:
            _say(what_to_try(together.ports, together.state))
            code = _refuse(await _death(together))
            asked.set()
        return code
    except PartError as failure:
        return _refuse(str(failure))
    except asyncio.CancelledError:
        if not asked.is_set():
            raise
        _say("Stopped.")
        return 0


async def _death(together: Stack) -> str:
    following = [asyncio.create_task(_follow(together.log(name))) for name in FOLLOWED if name in together.parts]
    try:
        return await together.death()
    finally:
        for task in following:
            task.cancel()
        _say("Stopping the local stack.")


async def _follow(log: Path) -> None:
    with log.open(errors="replace") as lines:
        while True:
            for line in lines:
                print(line, end="", flush=True)
            await asyncio.sleep(FOLLOW_EVERY)


def what_to_try(ports: Ports, state: Path) -> str:
    """What a newcomer is shown once everything answers."""
    flag = "" if ports == Ports() else f" --first-port {ports.gateway}"
    setting = "" if ports == Ports() else f"{VARIABLE}={ports.gateway} "
    gateway = f"http://localhost:{ports.gateway}"
    return f"""
The gateway serves {gateway}/mcp/records and {gateway}/mcp/everything

  a guided tour     {setting}make tour
  an access token   .venv/bin/python -m devhost token engineer{flag}
  its health        curl {gateway}/health
  the outbox        http://localhost:{ports.outbox_page}/ shows what approvers are told, with links
  a governed call   TOKEN=$(.venv/bin/python -m devhost token engineer{flag})
                    curl {gateway}/mcp/records -H "Authorization: Bearer $TOKEN" \\
                      -H "Content-Type: application/json" -H "Accept: application/json, text/event-stream" \\
                      -H "MCP-Protocol-Version: 2026-07-28" -H "Mcp-Method: tools/list" \\
                      -d '{_TOOLS_LIST}'

Logs are in {state / "logs"}; Ctrl-C stops everything. The gateway's log:
"""


def _lacking_tools() -> Iterator[str]:
    if sys.version_info[:2] != PYTHON:
        yield f"Python {PYTHON[0]}.{PYTHON[1]} is needed, and this is {sys.version_info[0]}.{sys.version_info[1]}"
    node = shutil.which("node")
    if node is None:
        yield f"Node {NODE} or later is needed, and there is no `node` on the PATH"
        return
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    found = re.match(r"v(\d+)\.", version)
    if found is None or int(found[1]) < NODE:
        yield f"Node {NODE} or later is needed, and `node --version` says {version.strip() or 'nothing'}"
    if not all((ROOT / script).exists() for script in (azurite.SCRIPT, parts.EVERYTHING)):
        yield "the npm packages are not installed: run `make setup`"


def lacking_ports(ports: Ports) -> Iterator[str]:
    """One line for each port that another process holds, and how to move them all."""
    taken = [(name, port) for name, port in ports.named().items() if is_taken(port)]
    for name, port in taken:
        yield f"port {port} ({name}) is taken by another process"
    if taken:
        yield f"free them, or move all ports: {VARIABLE}={Ports.free(ports.gateway + 100).gateway} make run"


def _say(text: str) -> None:
    print(text, flush=True)


def _refuse(*lines: str) -> int:
    for line in lines:
        print(line, file=sys.stderr, flush=True)
    return 1
