"""The policy in force: of a file, read again when it changes; or the newest version that people agreed on.

Gives the last good version, so that a mistake in a new one does not stop the gateway, and keeps what
was wrong with the new one for `/health` and for the record. Without any good version there is no
policy, and the walk refuses. Replace the file by renaming a new one over it: one that is written in
place may be read half-written, which passes only if that half is itself a valid policy.

A file that says how the policy is changed (its section `changes`) counts until the first change. As long
as nobody knows what people agreed on since, it does not count (fail-closed), and the version before stays.

Groups that a version writes by name are looked up once, when it is read; what they mean then is what
counts until the file changes. As long as the directory does not answer, the version before stays in force.
"""

import asyncio
import hashlib
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.policy.document import Policy
from gateway.policy.nodes import MAX_BYTES
from gateway.policy.parse import Draft, read, resolve
from gateway.storage.contract import (
    Directory,
    DirectoryUnavailableError,
    SecretUnavailableError,
    StoreUnavailableError,
)

INTERVAL = 1.0
"""Seconds between two looks at the file."""
TIMEOUT = 10.0
"""Seconds that one look may take; the file may lie on a network share."""
RETRY = 10.0
"""Seconds before a directory that did not answer is asked again."""
MAX_CHANGES = 100
"""Changes kept for the record if nobody collects them; the oldest go first."""

type _FileVersion = tuple[int, int, int]
"""Modification time in nanoseconds, size, inode."""
type _Version = _FileVersion | int
"""Of the file; or the number of a version that people agreed on."""
type Newest = Callable[[], Awaitable[tuple[int, bytes] | None]]
"""Gives number and text of the version that people agreed on last; None if there is none. May raise ValueError for one
that is not what they agreed on, and StoreUnavailableError or SecretUnavailableError."""


@dataclass(frozen=True, slots=True)
class Change:
    """A version of the file was taken into force, or was refused."""

    digest: str
    """SHA-256 of that version; empty if it could not be read."""
    problem: tuple[str, ...] = ()
    """Why it was refused; empty if it was not."""
    groups: tuple[str, ...] = ()
    """`label=id` for each group that it writes by name."""
    text: bytes = field(default=b"", repr=False, compare=False)
    """The version itself, if it was taken into force."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at the file, or for a version, found."""

    version: _Version | None
    """None: look again, whatever the file is then."""
    outcome: Policy | Draft | tuple[str, ...]
    digest: str = ""
    text: bytes = b""

    @property
    def says_how_to_change(self) -> bool:
        match self.outcome:
            case Policy(changes=changes):
                return changes is not None
            case Draft():
                return self.outcome.says_how_to_change
        return False


class PolicySource:
    """The policy in force, from one file and what people agreed on since."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.monotonic,
        timeout: float = TIMEOUT,
        directory: Directory | None = None,
        newest: Newest | None = None,
    ) -> None:
        """Without a directory no version that writes a group by name comes into force; without `newest` the file is
        all that there is."""
        self._path = path
        self._clock = clock
        self._timeout = timeout
        self._directory = directory
        self._newest = newest
        self._file = _Look(None, ("the policy file has not been read yet",))
        self._draft: Draft | None = None
        self._text = b""
        """Of the version that the last look found; a draft is of none but that."""
        self._ask_after = float("-inf")
        self._lock = asyncio.Lock()
        self._look_after = float("-inf")
        self._taken: _Version | None = None
        self._policy: Policy | None = None
        self._in_force: tuple[int, bytes] = 0, b""
        self._problem: tuple[str, ...] | None = None
        self._refused: Change | None = None
        self._changes: deque[Change] = deque(maxlen=MAX_CHANGES)

    @property
    def problem(self) -> tuple[str, ...] | None:
        """What is wrong with the file as it lies there now, one line each; None if it is in force."""
        return self._problem

    @property
    def number(self) -> int:
        """Of the version in force; 0 where it is the file, or nothing."""
        return self._in_force[0]

    @property
    def text(self) -> bytes:
        """Of the policy in force."""
        return self._in_force[1]

    async def current(self) -> Policy | None:
        """The last good version, at most `INTERVAL` old; None if there never was one.

        One caller at a time looks; the others do not wait for it where there is a version to go on with.
        """
        is_looked_at = self._policy is not None and self._lock.locked()
        if self._clock() >= self._look_after and not is_looked_at:
            async with self._lock:
                # Others may have looked while this one waited for the lock.
                if self._clock() >= self._look_after:
                    await self._refresh()
                    self._look_after = self._clock() + INTERVAL
        return self._policy

    def changes(self) -> tuple[Change, ...]:
        """What has changed since this was last called, for the record."""
        found = tuple(self._changes)
        self._changes.clear()
        return found

    async def checked(self, text: bytes) -> Policy | tuple[str, ...]:
        """The policy that the text would be, or what is wrong with it. Raises DirectoryUnavailableError."""
        outcome = await asyncio.to_thread(read, text)
        if isinstance(outcome, Draft):
            if self._directory is None:
                raise DirectoryUnavailableError("there is none")
            found = await self._directory.groups_called(frozenset(outcome.names.values()))
            outcome = await asyncio.to_thread(resolve, outcome, found)
        return outcome if isinstance(outcome, Policy) else tuple(map(str, outcome))

    async def _refresh(self) -> None:
        look = await self._look_at_file()
        if self._newest is not None and look.says_how_to_change:
            look = await self._look_for_version(self._newest, look)
        if look.version is None or look.version != self._taken:
            self._taken, self._text = look.version, look.text
            self._draft, self._ask_after = None, float("-inf")
            self._take(look.outcome, look.digest)
        if self._draft is not None and self._clock() >= self._ask_after:
            await self._look_up(self._draft)

    async def _look_at_file(self) -> _Look:
        known = self._file.version if isinstance(self._file.version, tuple) else None
        try:
            async with asyncio.timeout(self._timeout):
                found = await asyncio.to_thread(_look, self._path, known)
        except TimeoutError:
            found = _Look(None, (f"the policy file did not answer within {self._timeout:g} seconds",))
        self._file = found or self._file
        return self._file

    async def _look_for_version(self, newest: Newest, file: _Look) -> _Look:
        """The version that people agreed on last; the file where there is none."""
        try:
            async with asyncio.timeout(self._timeout):
                found = await newest()
        except (StoreUnavailableError, SecretUnavailableError, TimeoutError, ValueError) as error:
            # fail-closed: what people agreed on since may forbid what the file allows.
            why = str(error) or type(error).__name__
            return _Look(None, (f"what people agreed on since the policy file is not known: {why}",))
        if found is None:
            return file
        number, text = found
        if number == self._taken:
            return _Look(number, ())
        outcome = await asyncio.to_thread(read, text)
        mistakes = tuple(map(str, outcome)) if isinstance(outcome, tuple) else outcome
        return _Look(number, mistakes, hashlib.sha256(text).hexdigest(), text)

    def _take(self, outcome: Policy | Draft | tuple[str, ...], digest: str) -> None:
        if isinstance(outcome, Draft):
            self._draft = outcome
        elif isinstance(outcome, Policy):
            self._enforce(outcome)
        else:
            self._refuse(outcome, digest)

    async def _look_up(self, draft: Draft) -> None:
        """The draft is in force, or refused for good, or waits for a directory that does not answer."""
        try:
            if self._directory is None:
                raise DirectoryUnavailableError("there is none")
            found = await self._directory.groups_called(frozenset(draft.names.values()))
        except DirectoryUnavailableError as error:
            self._ask_after = self._clock() + RETRY
            line = (
                f"groups that the policy writes by name cannot be looked up ({error}); asked again in {RETRY:g} seconds"
            )
            self._refuse((line,), draft.digest)
            return
        outcome = await asyncio.to_thread(resolve, draft, found)
        self._draft = None
        if isinstance(outcome, Policy):
            self._enforce(outcome, tuple(f"{label}={outcome.groups[label]}" for label in draft.names))
        else:
            self._refuse(tuple(map(str, outcome)), draft.digest)

    def _enforce(self, policy: Policy, groups: tuple[str, ...] = ()) -> None:
        self._policy, self._problem, self._refused = policy, None, None
        self._in_force = self._taken if isinstance(self._taken, int) else 0, self._text
        self._changes.append(Change(policy.digest, groups=groups, text=self._text))

    def _refuse(self, problem: tuple[str, ...], digest: str) -> None:
        # A file that cannot be read is looked at every time, and told of once.
        change = Change(digest, problem)
        if change != self._refused:
            self._changes.append(change)
        self._problem, self._refused = problem, change


def _look(path: Path, known: _FileVersion | None) -> _Look | None:
    """What the file holds now; None if it is still the known version, or is being written at this moment."""
    try:
        with path.open("rb") as file:
            version = _version(os.fstat(file.fileno()))
            if version == known:
                return None
            data = file.read(MAX_BYTES + 1)
            if _version(os.fstat(file.fileno())) != version:
                return None
    except OSError as error:
        return _Look(None, (f"the policy file cannot be read: {error.strerror}",))
    digest = hashlib.sha256(data).hexdigest()
    outcome = read(data)
    return _Look(version, tuple(map(str, outcome)) if isinstance(outcome, tuple) else outcome, digest, data)


def _version(status: os.stat_result) -> _FileVersion:
    return status.st_mtime_ns, status.st_size, status.st_ino
