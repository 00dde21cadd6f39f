"""What has been sent: one message for each card or mail, kept below the state folder from start to start.

Takes a message in the one form that both services share, and gives back all of them, oldest first; a
line of a file is a message. Nothing is judged here: that is `teams` and `email`.
"""

import json
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

_URL = re.compile(r"https?://[^\s<>\"')\]]+")

type Kind = Literal["teams", "email"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class Message:
    """A card or a mail."""

    kind: Kind
    to: tuple[str, ...]
    """The channel, or the mail addresses."""
    subject: str
    text: str
    """All that a person reads, as plain text."""
    links: tuple[str, ...]
    """Each URL that a person could follow, buttons first."""
    body: dict[str, Any]
    """What was posted, whole."""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    time: str = field(default_factory=_now)
    """ISO 8601, UTC."""

    def line(self) -> str:
        """Who is told what, and where to go: for a terminal, in which nothing of it takes effect."""
        who = f"Teams {self.to[0]}" if self.kind == "teams" else f"mail to {', '.join(self.to)}"
        shown = " ".join([f"outbox: {who}: {self.subject}", *self.links[:1]])
        return "".join(character if character.isprintable() else " " for character in shown)


def urls(texts: Iterable[str]) -> tuple[str, ...]:
    """The URLs in these texts, in order and without repeats."""
    return tuple(dict.fromkeys(url.rstrip(".,;:!?") for text in texts for url in _URL.findall(text)))


@dataclass(frozen=True, slots=True)
class Messages:
    """Those on disk, in a file for its owner alone."""

    state: Path

    def add(self, message: Message) -> None:
        """The message is there for whoever looks, and after a restart."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self._path, "a", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(json.dumps(asdict(message)) + "\n")

    def all(self) -> Sequence[dict[str, Any]]:
        """All messages as JSON objects, oldest first."""
        return [json.loads(line) for line in self._path.read_text().splitlines()] if self._path.exists() else []

    def empty(self) -> None:
        self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self.state / "outbox" / "messages.jsonl"
