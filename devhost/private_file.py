"""Files that only their owner reads: development keys, secrets and certificates.

Each file appears whole or not at all, with mode 0600 in a folder of mode 0700, also when two
processes start at once. Nothing here encrypts: what lies below `.local` is worth nothing elsewhere.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def write(path: Path, text: str) -> None:
    """The file holds the text; a reader sees the old content or the new."""
    _beside(path, text).replace(path)


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The file's text; of several processes that make it at once, one wins and all return its text."""
    if not path.exists():
        fresh = _beside(path, make())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text()


def _beside(path: Path, text: str) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(fresh, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    return fresh
