"""`python -m devhost.outbox --port N --page-port N --state DIR`: the outbox as a process of its own."""

import functools

from devhost import certificates
from devhost.outbox.app import Doors, app, pages
from devhost.outbox.messages import Messages
from devhost.serve import arguments, serve_beside, with_healthz


def main(argv: list[str] | None = None) -> None:
    """Serves until told to stop: the services over TLS, and what a person looks at without."""
    chosen = arguments("devhost.outbox", argv, "page-port")
    doors = Doors(Messages(chosen.state), say=functools.partial(print, flush=True))
    tls = certificates.ensure(chosen.state)
    serve_beside(
        with_healthz(app(doors)), chosen.port, tls, plain=with_healthz(pages(doors)), plain_port=int(chosen.page_port)
    )


if __name__ == "__main__":
    main()
