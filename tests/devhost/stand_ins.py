"""Run as a script: a stand-in for a part of the stack, or a supervisor over two of them.

`serve PORT [stubborn]` answers any path with 200, exits with 7 at `/die`, and prints its process id;
a stubborn one ignores SIGTERM. `supervise STATE PORT PORT` runs two, named `outbox` and `gateway`.
"""

import asyncio
import http.server
import os
import signal
import sys
from pathlib import Path

from devhost import supervisor
from devhost.children import Part
from devhost.ports import Ports
from devhost.stack import ROOT, Stack, running

SCRIPT = Path(__file__)
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}


def part(name: str, port: int, *flags: str, after: tuple[str, ...] = ()) -> Part:
    """A part that this script serves."""
    command = (sys.executable, str(SCRIPT), "serve", str(port), *flags)
    return Part(name, command, f"http://127.0.0.1:{port}/", ENVIRONMENT, after=after)


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/die":
            os._exit(7)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Its output is its process id alone."""


def serve(port: int, *, stubborn: bool) -> None:
    if stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    http.server.ThreadingHTTPServer(("127.0.0.1", port), _Answers).serve_forever()


def supervise(state: Path, first: int, second: int) -> int:
    parts = {"outbox": part("outbox", first), "gateway": part("gateway", second, after=("outbox",))}
    together = Stack(ports=Ports(), state=state, parts=parts, say=print)
    return asyncio.run(supervisor.run(running(together)))


def main(arguments: list[str]) -> int:
    if arguments[0] == "serve":
        serve(int(arguments[1]), stubborn="stubborn" in arguments)
        return 0
    return supervise(Path(arguments[1]), int(arguments[2]), int(arguments[3]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
