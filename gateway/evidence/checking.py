"""Verification as it is run: over all of the evidence, or over the newest seals on a schedule.

Takes evidence and public keys, feeds the verifier, and gives its report. The scheduled run reads what the newest
seals cover and no more; a fault that it finds, and that it could not run, is logged under a stable id and counted.
Where there are copies of the seals in a second account, both runs compare them with the seals that they read.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from gateway.evidence.body_check import ALL, BodyCheck, Choice
from gateway.evidence.copies import Comparison, CopiesUnavailableError
from gateway.evidence.form import row_key
from gateway.evidence.jws import Keys
from gateway.evidence.reading import Evidence
from gateway.evidence.statement import Covered, MalformedSealError, parse
from gateway.evidence.verdict import Report
from gateway.evidence.verify import Scope, Verifier
from gateway.storage.contract import BlobStore, SecretUnavailableError, StoreUnavailableError

NEWEST = 24
"""Seals that a scheduled run reads: two hours, which it runs once an hour."""
SAMPLE = 2_000
"""Payloads that it reads at the most, drawn by lot: seconds, however busy the hours were."""

_log = logging.getLogger("countersign")


async def check(
    evidence: Evidence,
    keys: Keys,
    scope: Scope,
    *,
    now: datetime | None = None,
    tell: Callable[[int], None] = lambda _: None,
    copies: BlobStore | None = None,
    payloads: Choice = ALL,
) -> Report:
    """Everything in the scope against everything that is sealed. `tell` hears how many records were read.

    Raises StoreUnavailableError, or CopiesUnavailableError.
    """
    verifier, comparison = Verifier(keys, scope), await _comparison(copies)
    bodies = BodyCheck(evidence, payloads)
    await bodies.before()
    # Before the records: what is written meanwhile is then unsealed, and nothing sealed is missed.
    async for number, text in evidence.seals():
        verifier.seal(number, text)
        comparison.seal(number, text)
    async for row in evidence.records(scope.first_day, scope.last_day):
        verifier.row(row)
        await bodies.row(row)
        if verifier.records % 1_000 == 0:
            tell(verifier.records)
    announced = [chain for chain in await evidence.chains(scope.first_day, scope.last_day) if scope.has(chain[0])]
    return await comparison.with_(await bodies.with_(verifier.report(now=now, announced=announced)))


async def check_newest(evidence: Evidence, keys: Keys, now: datetime, copies: BlobStore | None = None) -> Report:
    """The newest seals, and the records that they cover. Raises StoreUnavailableError, or CopiesUnavailableError."""
    verifier, comparison = Verifier(keys, Scope(whole=False)), await _comparison(copies)
    bodies = BodyCheck(evidence, Choice(most=SAMPLE))
    first_seal = max(1, await evidence.last_seal() - NEWEST + 1)
    covered: dict[tuple[str, str], tuple[int, int]] = {}
    async for number, text in evidence.seals(first_seal):
        verifier.seal(number, text)
        comparison.seal(number, text)
        for each in _covered(text):
            first = covered.get((each.session, each.writer), (each.first, 0))[0]
            covered[each.session, each.writer] = (first, each.last)
    for (session, writer), (first, last) in sorted(covered.items()):
        async for row in evidence.rows(session, row_key(writer, first), row_key(writer, last)):
            verifier.row(row)
            await bodies.row(row)
    return await comparison.with_(await bodies.with_(verifier.report(now=now)), first_seal)


async def _comparison(copies: BlobStore | None) -> Comparison:
    # Before the seals: a copy is made of a seal that is there.
    comparison = Comparison(copies)
    await comparison.before()
    return comparison


def _covered(text: str) -> tuple[Covered, ...]:
    try:
        return parse(text).statement.chains
    except MalformedSealError:
        # The verifier tells of it.
        return ()


class Watch:
    """The scheduled verification of one process."""

    def __init__(
        self,
        evidence: Evidence,
        keys: Callable[[], Awaitable[Keys]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        copies: BlobStore | None = None,
    ) -> None:
        self._evidence = evidence
        self._keys = keys
        self._now = now
        self._copies = copies
        self.failures = 0
        """Runs that found a fault, or could not look; `/health` shows it."""

    async def look(self) -> Report | None:
        """The newest seals were verified; None: they could not be, and the log says why."""
        try:
            report = await self._report()
        except (StoreUnavailableError, SecretUnavailableError, ValueError) as error:
            self._not_run(error)
            return None
        self.failures += not report.is_whole
        for fault in report.findings:
            # An alert is set on this id (AU-9).
            _log.error("countersign.verification_failed %s %s: %s", fault.kind, fault.place, fault.detail)
        if report.is_whole:
            _log.info("countersign.verified seals=%d to=%d records=%d", report.seals, report.last_seal, report.records)
        return report

    async def _report(self) -> Report:
        keys = await self._keys()
        try:
            return await check_newest(self._evidence, keys, self._now(), self._copies)
        except CopiesUnavailableError as error:
            self._not_run(error)
        # Whoever can keep the copies from being read must not keep the records from being verified.
        return await check_newest(self._evidence, keys, self._now())

    def _not_run(self, error: Exception) -> None:
        self.failures += 1
        _log.error("countersign.verification_failed not run: %s: %s", type(error).__name__, error)
