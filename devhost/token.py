"""`python -m devhost token NAME`: prints an access token for a test account of the running stack.

Takes the command's arguments and returns its exit status: 0 with the token on standard output, 1 when
the stack does not run, 2 when the command is wrong. It makes no token itself.
"""

import argparse
import json
import sys
from http.client import HTTPConnection, HTTPException
from typing import Any

from devhost.accounts import ACCOUNTS
from devhost.ports import Ports

TIMEOUT_SECONDS = 5


def main(arguments: list[str]) -> int:
    """Prints the token, or one line that says what to do instead."""
    parser = argparse.ArgumentParser(prog="python -m devhost token", description="Print an access token.")
    parser.add_argument("name", metavar="NAME", help=", ".join(ACCOUNTS))
    parser.add_argument("--first-port", help="where the stack's ports begin")
    parser.add_argument("--json", action="store_true", help="print the whole answer, with the time of expiry")
    chosen = parser.parse_args(arguments)
    if chosen.name not in ACCOUNTS:
        return _complain(2, f"There is no account {chosen.name!r}; there are {', '.join(ACCOUNTS)}.")
    try:
        port = Ports.chosen(chosen.first_port).identity
    except ValueError as error:
        return _complain(2, str(error))
    try:
        answer = _ask(port, {"account": chosen.name})
    except (OSError, HTTPException, ValueError):
        return _complain(1, f"The identity provider does not answer on port {port}; start the stack with: make run")
    print(json.dumps(answer) if chosen.json else answer["access_token"])
    return 0


def _ask(port: int, body: dict[str, Any]) -> dict[str, Any]:
    connection = HTTPConnection("localhost", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", "/devhost/token", json.dumps(body))
        answer = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    if not isinstance(answer, dict) or "access_token" not in answer:
        raise ValueError("not the identity provider")
    return answer


def _complain(status: int, line: str) -> int:
    print(line, file=sys.stderr)
    return status
