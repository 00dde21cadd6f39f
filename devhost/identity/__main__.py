"""`python -m devhost.identity --port N --state DIR`: the identity provider as a process of its own."""

from devhost.identity.app import app
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing
from devhost.identity.managed import identity_header
from devhost.serve import arguments, serve, with_healthz


def main(argv: list[str] | None = None) -> None:
    """Serves until told to stop."""
    chosen = arguments("devhost.identity", argv)
    issuer = Issuer(f"http://localhost:{chosen.port}", KeyRing.at(chosen.state))
    serve(with_healthz(app(issuer, identity_header(chosen.state))), chosen.port)


if __name__ == "__main__":
    main()
