"""The seals once more, in an account of somebody else's: made by the sealing job, and compared by verification.

Takes the container of seals and the one of their copies. Each seal is created there once, in the order of the numbers,
so that what is missing lies at the end, and is made up for by a later job. A copy that says something else than its
seal is a finding, and so is a seal that only its copy still tells of: whoever holds the first account and the signing
key can make a new history, but not make the copies agree with it. Nothing here reads a signature.
"""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.evidence.jws import digest_of
from gateway.evidence.reading import seal_name, seal_number
from gateway.evidence.verdict import Finding, Kind, Report, with_findings
from gateway.storage.contract import BlobExistsError, BlobStore, StoreUnavailableError

AT_ONE_GO = 1_000
"""Copies that one job makes, where many are missing; the next one goes on."""
_AT_ONCE = 16

_log = logging.getLogger("countersign")


class CopiesUnavailableError(StoreUnavailableError):
    """The copies cannot be read; the seals may be."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What one job came to."""

    is_failed: bool
    """An account did not answer."""
    is_whole: bool
    """No seal is left without a copy."""
    faults: Sequence[Finding] = ()
    """Copies that contradict their seals."""


class Copier:
    """Copies the seals. One job runs at a time in a process; other processes may race."""

    def __init__(self, seals: BlobStore, copies: BlobStore) -> None:
        self._seals = seals
        self._copies = copies
        self._last: int | None = None
        """The newest seal that was copied, or has been; None before the first look."""
        self.failures = 0
        """Jobs that could not make a copy; `/health` shows it."""
        self.faults = 0
        """Copies that are there and say something else; counted with the verifications that failed."""

    async def copy(self, newest: int) -> Copied:
        """Every seal up to that number has a copy, or the first AT_ONE_GO that lacked one have, or the log says why."""
        found: list[Finding] = []
        before = self.failures
        try:
            await self._copy(newest, found)
        except StoreUnavailableError as error:
            self.failures += 1
            # An alert is set on this id: the newest seals lie in one account alone.
            _log.error("countersign.seal_copy_failed after=%d %s: %s", self._last or 0, type(error).__name__, error)
        self.faults += len(found)
        for fault in found:
            _log.error("countersign.verification_failed %s %s: %s", fault.kind, fault.place, fault.detail)
        is_failed = self.failures > before
        return Copied(is_failed, not is_failed and (self._last or 0) >= newest, tuple(found))

    async def _copy(self, newest: int, found: list[Finding]) -> None:
        if not newest:
            return
        if self._last is None:
            numbers = await listed(self._copies)
            # Another process may have sealed and copied just now.
            if numbers and numbers[-1] > newest and await self._seals.read(seal_name(numbers[-1])) is None:
                found.append(_alone(numbers[-1]))
            # The newest one once more: a process begins by comparing it.
            self._last = max((number for number in numbers if number <= newest), default=1) - 1
        missing = range(self._last + 1, newest + 1)[:AT_ONE_GO]
        async for number, content in _read(self._seals, missing):
            if content is not None and not await self._is_copied(number, content):
                found.append(_other(number))
            self._last = number

    async def _is_copied(self, number: int, content: bytes) -> bool:
        """There is a copy; False: it says something else."""
        try:
            await self._copies.create(seal_name(number), content)
        except BlobExistsError:
            # Of another job, or of this one: an attempt whose answer was lost has made it.
            return await self._copies.read(seal_name(number)) == content
        return True


async def listed(copies: BlobStore) -> Sequence[int]:
    """The numbers of the copies, in order."""
    return sorted(number for name in await copies.names() if (number := seal_number(name)) is not None)


class Comparison:
    """Seals and copies in one verification: `before` a seal is read, `seal` for each, `with_` the report."""

    def __init__(self, copies: BlobStore | None) -> None:
        """None: there are no copies, and every report passes as it is."""
        self._copies = copies
        self._listed: Sequence[int] = ()
        self._seals: dict[int, str] = {}

    async def before(self) -> None:
        """It is known which copies there are. Each of them was made of a seal that was there before."""
        if self._copies is None:
            return
        try:
            self._listed = await listed(self._copies)
        except StoreUnavailableError as error:
            raise CopiesUnavailableError(f"the copies of the seals do not answer: {error}") from None

    def seal(self, number: int, text: str) -> None:
        self._seals[number] = digest_of(text)

    async def with_(self, report: Report, first: int = 1) -> Report:
        """The report, with what the copies of the seals from that number on say. Raises CopiesUnavailableError."""
        if self._copies is None:
            return report
        copies: dict[int, str] = {}
        wanted = [number for number in self._listed if number in self._seals]
        try:
            async for number, content in _read(self._copies, wanted):
                copies[number] = digest_of((content or b"").decode(errors="replace"))
        except StoreUnavailableError as error:
            raise CopiesUnavailableError(f"the copies of the seals do not answer: {error}") from None
        found = with_findings(report, findings(self._seals, copies, self._listed, first))
        return replace(found, copies=len(copies), unknown=(*report.unknown, *_uncopied(self._seals, self._listed)))


def findings(
    seals: Mapping[int, str], copies: Mapping[int, str], listed: Sequence[int], first: int = 1
) -> Sequence[Finding]:
    """What contradicts, the first of each sort with the number of the others; both by digest. Pure.

    `listed` are all copies; of those before `first` no seal was read.
    """
    other = [number for number, digest in sorted(copies.items()) if seals[number] != digest]
    alone = [number for number in listed if number >= first and number not in seals]
    there = set(listed)
    lacking = [number for number in sorted(seals) if number not in there and listed and listed[0] < number < listed[-1]]
    sorts = ((other, _other), (alone, _alone), (lacking, _lacking))
    return [make(numbers[0], len(numbers) - 1) for numbers, make in sorts if numbers]


def _other(number: int, more: int = 0) -> Finding:
    return _finding(number, "is not the one that was copied to the second account", more)


def _alone(number: int, more: int = 0) -> Finding:
    return _finding(number, "is in the second account alone", more)


def _lacking(number: int, more: int = 0) -> Finding:
    return _finding(number, "has no copy, although later ones have", more)


def _finding(number: int, detail: str, more: int) -> Finding:
    return Finding(Kind.SEAL_COPY, f"seal {number}", f"{detail}{f', as {more} more' if more else ''}")


def _uncopied(seals: Mapping[int, str], listed: Sequence[int]) -> Sequence[str]:
    """Seals that nobody copied, for whatever reason; they prove what they prove alone."""
    lacking = [number for number in seals if not listed or not listed[0] <= number <= listed[-1]]
    if not lacking:
        return ()
    return [f"{len(lacking)} of the seals, {min(lacking)} the first of them, have no copy in the second account."]


async def _read(store: BlobStore, numbers: Sequence[int]) -> AsyncIterator[tuple[int, bytes | None]]:
    for part in itertools.batched(numbers, _AT_ONCE, strict=False):
        contents = await asyncio.gather(*(store.read(seal_name(number)) for number in part))
        for number, content in zip(part, contents, strict=True):
            yield number, content
