"""The managed identity of the function app, as App Service gives it to a process: two environment variables.

Takes the state folder and the provider's base URL. The header's value is random, is made once, and is
what keeps other processes that cannot read the state folder from speaking for the app.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from devhost import private_file


def identity_header(state: Path) -> str:
    """The value that `/msi/token` expects in X-IDENTITY-HEADER."""
    return private_file.read_or_make(state / "identity" / "msi-header", lambda: secrets.token_hex(16))


def environment(state: Path, identity: str) -> dict[str, str]:
    """What App Service would set, so that `ManagedIdentityCredential` works unchanged."""
    return {"IDENTITY_ENDPOINT": f"{identity}/msi/token", "IDENTITY_HEADER": identity_header(state)}


@contextlib.contextmanager
def as_on_app_service(state: Path, identity: str) -> Iterator[None]:
    """This process's environment has those variables; the credential reads them when it is made."""
    wanted = environment(state, identity)
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
