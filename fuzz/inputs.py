"""The inputs that are kept, by target: small files, named by the hash of what they hold."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
MAX_SIZE = 4096
"""Bytes of an input."""
MAX_FILES = 60
"""Of one target."""


def inputs(folder: Path) -> list[bytes]:
    """What the files of a folder hold, smallest first."""
    found = [file.read_bytes() for file in sorted(folder.glob("*")) if file.is_file()] if folder.is_dir() else []
    return sorted(found, key=lambda each: (len(each), each))


def save(folder: Path, contents: Iterable[bytes]) -> None:
    """Each content is a file of the folder."""
    for content in contents:
        (folder / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)
