"""`python -m devhost env`: prints the running stack's app settings as lines for a shell.

Takes the command's arguments and returns its exit status. With these settings `python -m gateway`
works on the local stack, its vault and its identity too; it starts nothing.
"""

import argparse
import shlex
import ssl
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
    settings = gateway_environment(place) | {"SSL_CERT_FILE": str(_authorities(place.state))}
    for name, value in settings.items():
        # FUNCTIONS_WORKER_RUNTIME is the host's own.
        if name.startswith(("COUNTERSIGN_", "IDENTITY_", "SSL_")):
            print(f"export {name}={shlex.quote(value)}")
    # A proxy of the network reaches nothing on this machine.
    for name in ("NO_PROXY", "no_proxy"):
        print(f'export {name}="${{{name}:+${name},}}localhost,127.0.0.1"')
    return 0


def _authorities(state: Path) -> Path:
    """A file with the stack's own authority and those of the system, so that the shell goes on trusting others."""
    ours, bundle = state / "tls" / "ca.pem", state / "ca-bundle.pem"
    found = [path for path in (Path(ssl.get_default_verify_paths().openssl_cafile), ours) if path.is_file()]
    bundle.write_text("\n".join(path.read_text() for path in found))
    return bundle
