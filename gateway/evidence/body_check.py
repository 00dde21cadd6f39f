"""Whether the bodies that records name are there, and are what was written.

Takes evidence and then its rows, reads the blob that each of them names, and adds what it finds to the report of the
verification. A blob is compared with the SHA-256 that stands in the record, which the seals cover; a blob that no
record names is told of and is no fault, since an attempt whose record was not written leaves one.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.evidence.bodies import Named, has_body, is_of, named_in, read, record_fault
from gateway.evidence.reading import Evidence
from gateway.evidence.sound import body_of
from gateway.evidence.verdict import Finding, Kind, Report

MAX_FINDINGS = 1_000
"""Faults of bodies that a report names; further ones are counted."""
AT_ONCE = 32
"""Blobs that are read at the same time."""

type Fault = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which payloads are read."""

    is_any: bool = True
    since: str = ""
    """Those of records of this day (`yyyy-mm-dd`) and later: older ones may have been deleted at their time."""
    most: int = 0
    """No more than so many, drawn by lot, where there are more; 0: all."""
    strays: bool = False
    """Whether blobs that no record names are looked for: only where all records are read."""


ALL = Choice()


class BodyCheck:
    """`before`, then `row` for every row, then `with_`."""

    def __init__(self, evidence: Evidence, choice: Choice) -> None:
        self._evidence = evidence
        self._choice = choice if evidence.has_payloads else replace(choice, is_any=False)
        self._strays: dict[str, str] = {}
        """Names of blobs that no record has named yet, by their last part: an export has no folders of days."""
        self._pending: dict[Named, list[str]] = {}
        self._good: set[str] = set()
        self._bad: dict[Named, Fault] = {}
        self._findings: list[Finding] = []
        self._faults = self._old = self._unread = 0

    async def before(self) -> None:
        """Before the rows: a blob is there before its record. Raises StoreUnavailableError, as all of these do."""
        if self._choice.is_any and self._choice.strays:
            self._strays = {_last(name): name for name in await self._evidence.payload_names()}

    async def row(self, row: Mapping[str, Any]) -> None:
        if not has_body(str(row.get("body", ""))):
            return
        fields, place = body_of(row), f"{row['PartitionKey']}/{row['RowKey']}"
        if fault := record_fault(fields):
            self._tell(Kind.PAYLOAD_INVALID, place, fault)
        named = named_in(fields)
        if named is None or not self._choice.is_any:
            return
        self._strays.pop(_last(named.name), None)
        if str(fields.get("time", ""))[:10] < self._choice.since:
            self._old += 1
        elif named in self._bad:
            self._tell_of(named, place)
        elif named.name not in self._good:
            self._pending.setdefault(named, []).append(place)
        if len(self._pending) >= AT_ONCE and not self._choice.most:
            await self._compare(list(self._pending))

    async def with_(self, report: Report) -> Report:
        """The report with what was found, behind the faults of records and seals."""
        waiting = list(self._pending)
        if self._choice.most and len(waiting) > self._choice.most:
            # By lot, so that nobody can know which ones are looked at.
            waiting = secrets.SystemRandom().sample(waiting, self._choice.most)
            self._unread = len(self._pending) - len(waiting)
        for start in range(0, len(waiting), AT_ONCE):
            await self._compare(waiting[start : start + AT_ONCE])
        return replace(
            report,
            findings=(*report.findings, *self._findings),
            faults=report.faults + self._faults,
            payloads=len(self._good) + len(self._bad) if self._choice.is_any else None,
            unknown=(*report.unknown, *self._unknown()),
        )

    async def _compare(self, named: list[Named]) -> None:
        contents = await asyncio.gather(*(self._evidence.payload(each.name) for each in named))
        for each, content in zip(named, contents, strict=True):
            fault = _fault(each, content)
            if fault is None:
                self._good.add(each.name)
            else:
                self._bad[each] = fault
            for place in self._pending.pop(each):
                self._tell_of(each, place)

    def _tell_of(self, named: Named, place: str) -> None:
        if fault := self._bad.get(named):
            self._tell(fault[0], place, f"{named.name}: {fault[1]}")

    def _tell(self, kind: Kind, place: str, detail: str) -> None:
        self._faults += 1
        if len(self._findings) < MAX_FINDINGS:
            self._findings.append(Finding(kind, place, detail))

    def _unknown(self) -> list[str]:
        if not self._choice.is_any:
            return ["Whether the payloads are there, and are what was written: they were not read."]
        said = []
        if self._old:
            said.append(f"{self._old} records from before {self._choice.since} name payloads, which were not read.")
        if self._unread:
            said.append(f"{self._unread} payloads were not read: of many, some are drawn by lot.")
        if self._strays:
            said.append(
                f"{len(self._strays)} payloads that no record names, such as {min(self._strays.values())}: an attempt"
                " whose record was not written leaves one."
            )
        return said


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _fault(named: Named, content: bytes | None) -> Fault | None:
    if content is None:
        return Kind.PAYLOAD_MISSING, "is not there"
    if not is_of(named, content):
        return Kind.PAYLOAD_CHANGED, "is not the one that the record names by its SHA-256"
    if named.name.endswith(".json") and read(content) is None:
        return Kind.PAYLOAD_INVALID, "is no document of version 1"
    return None
