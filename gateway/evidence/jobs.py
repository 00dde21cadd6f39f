"""What the timers run: seal and copy, and verify; and who is told when that does not go well.

Takes the jobs and the alarms of one process, and decides which outcome of which job raises which alarm, and which
ends it. A job that fails keeps none of the others from running.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.approvals.message import MAX_TARGET, neutral
from gateway.evidence.alarm import Alarm, Alarms
from gateway.evidence.checking import Watch
from gateway.evidence.copies import Copier
from gateway.evidence.sealing import Job, Sealer
from gateway.evidence.verdict import Finding, Report


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of one process."""

    sealer: Sealer
    watch: Watch
    alarms: Alarms
    copier: Copier | None = None
    """None: there is no second account."""

    async def seal(self) -> Job:
        """What was recorded is sealed, and every seal copied; or people have been told that it is not."""
        job = await self.sealer.seal()
        if job.is_failed:
            await self.alarms.raised(Alarm.SEAL, f"The seal after number {self.sealer.newest} could not be written.")
        else:
            await self.alarms.cleared(Alarm.SEAL)
        if job.broken:
            what = f"{_many(job.broken)} in the records that seal {job.number} covers; it names them."
            await self.alarms.raised(Alarm.VERIFICATION, what)
        await self._copy()
        await self.alarms.again()
        return job

    async def look(self) -> Report | None:
        """The newest seals were verified; or people have been told of a fault, or that it could not be done."""
        report = await self.watch.look()
        if report is None:
            what = "The hourly verification could not be run: the evidence account or the key vault does not answer."
            await self.alarms.raised(Alarm.VERIFICATION, what)
        elif not report.is_whole:
            await self.alarms.raised(Alarm.VERIFICATION, _said(report.findings, report.faults))
        elif report.copies is None and self.copier is not None:
            what = "The seals could not be compared with their copies: the second account does not answer."
            await self.alarms.raised(Alarm.VERIFICATION, what)
        else:
            await self.alarms.cleared(Alarm.VERIFICATION)
        await self.alarms.again()
        return report

    async def _copy(self) -> None:
        if self.copier is None:
            return
        copied = await self.copier.copy(self.sealer.newest)
        if copied.is_failed:
            what = f"Seals up to number {self.sealer.newest} are not all in the second account."
            await self.alarms.raised(Alarm.COPY, what)
        elif copied.is_whole:
            await self.alarms.cleared(Alarm.COPY)
        if copied.faults:
            await self.alarms.raised(Alarm.VERIFICATION, _said(copied.faults, len(copied.faults)))


def _said(findings: Sequence[Finding], faults: int) -> str:
    """How many, and the first one's kind and place. Its detail may repeat what somebody wrote into the store."""
    first = findings[0]
    return f"{_many(faults)}; the first one is {first.kind} at {neutral(first.place, MAX_TARGET)}."


def _many(faults: int) -> str:
    return f"{faults} fault{'s' * (faults != 1)}"
