"""`python -m devhost env`: prints the running stack's app settings as lines for a shell.

Takes the command's arguments and returns its exit status. With these settings `python -m gateway`
works on the stores of the local stack; it starts nothing.
"""

import argparse
import shlex
import sys
from pathlib import Path

from devhost.parts import ROOT, Place, gateway_environment
from devhost.ports import Ports


def main(arguments: list[str]) -> int:
    """Prints one `export` line for each setting."""
    parser = argparse.ArgumentParser(
        prog="python -m devhost env",
        description="Print the stack's settings for a shell.",
        epilog='example: eval "$(.venv/bin/python -m devhost env)"',
    )
    parser.add_argument("--first-port", help="where the stack's ports begin")
    parser.add_argument("--state", type=Path, default=ROOT / ".local", help="folder of the stack")
    chosen = parser.parse_args(arguments)
    if not chosen.state.is_dir():
        print(f"There is no stack in {chosen.state}; start it with: make run", file=sys.stderr)
        return 1
    try:
        place = Place(ports=Ports.chosen(chosen.first_port), state=chosen.state.absolute())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for name, value in gateway_environment(place).items():
        # The others are the process's own; a shell that takes SSL_CERT_FILE trusts no other host any more.
        if name.startswith("COUNTERSIGN_"):
            print(f"export {name}={shlex.quote(value)}")
    return 0
