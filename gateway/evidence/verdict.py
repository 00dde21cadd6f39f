"""What verification found, as a value and in words. Pure.

Takes what the verifier counted and gives a report: faults by kind and place, what lies after the last seal, and what
nobody can know from evidence of this kind.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

SHOWN = 20
"""Faults that the report spells out."""


class Kind(StrEnum):
    MISSING = "missing"
    """A record is not there, although a later one, or a seal, says that it was."""
    CHANGED = "changed"
    """A record is not what was written."""
    ADDED = "added"
    """A record stands where no writer put it."""
    REORDERED = "reordered"
    """A record stands in the place of another one."""
    SEAL_MISSING = "seal_missing"
    SEAL_REPLACED = "seal_replaced"
    """A seal is not the one that the next one names."""
    SEAL_UNREADABLE = "seal_unreadable"
    SEAL_SIGNATURE = "seal_signature"
    UNKNOWN_KEY = "unknown_key"
    """A seal was signed by a key that is not among the known ones."""
    SEAL_GAP = "seal_gap"
    """Two seals leave out records of a chain between them, or cover them twice."""
    SEAL_OVERDUE = "seal_overdue"
    SEAL_COPY = "seal_copy"
    """A seal and its copy in the second account contradict each other."""
    COUNT = "count"
    """A seal counts other records or events than there are."""
    ROOT = "root"
    """The records are not those of the seal, and no single one of them shows it."""
    PAYLOAD_MISSING = "payload_missing"
    """A body that a record names is not there."""
    PAYLOAD_CHANGED = "payload_changed"
    """A body is not the one that its record names."""
    PAYLOAD_INVALID = "payload_invalid"
    """A body that is in or behind a record is no document, or is none where one is said to be."""
    FILE = "file"
    """A file of an export is not the one that its manifest names."""


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Kind
    place: str
    """`session/row` of a record, `session/writer` of a chain, `seal N`, or a file."""
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    records: int
    chains: int
    seals: int
    first_seal: int
    last_seal: int
    sealed_until: str
    """When the reading for the last seal began."""
    sealed: int
    unsealed: int
    """Records after the last seal: no fault, and no proof."""
    late: int
    """Records that were sealed long after their own time."""
    silent: int | None
    """Chains that were announced and have no record; None where nothing says what was announced."""
    findings: Sequence[Finding]
    faults: int
    """All of them; `findings` has the first."""
    unknown: Sequence[str]
    """What the evidence cannot show, in sentences."""
    copies: int | None = None
    """Seals that were compared with their copies in a second account; None: none was, as with an export."""
    payloads: int | None = None
    """Payloads that were compared with what their records name; None: they were not read."""

    @property
    def is_whole(self) -> bool:
        return self.faults == 0


def with_findings(report: Report, more: Iterable[Finding]) -> Report:
    """The report with faults that lie before all others."""
    found = tuple(more)
    return replace(report, findings=(*found, *report.findings), faults=report.faults + len(found))


def as_value(report: Report) -> Mapping[str, Any]:
    """For JSON."""
    return {
        "whole": report.is_whole,
        "faults": report.faults,
        "findings": [{"kind": each.kind, "place": each.place, "detail": each.detail} for each in report.findings],
        "records": report.records,
        "chains": report.chains,
        "seals": {"count": report.seals, "first": report.first_seal, "last": report.last_seal},
        "sealed_until": report.sealed_until,
        "sealed": report.sealed,
        "unsealed": report.unsealed,
        "late": report.late,
        "silent": report.silent,
        "copies": report.copies,
        "payloads": report.payloads,
        "unknown": list(report.unknown),
    }


def as_text(report: Report) -> str:
    """For a person."""
    verdict = (
        "Nothing that is sealed was changed or taken out."
        if report.is_whole
        else f"{report.faults} fault{'s' * (report.faults != 1)} found."
    )
    lines = [
        verdict,
        "",
        f"{report.records} records in {report.chains} chains; {report.sealed} sealed, {report.unsealed} not yet",
        f"{report.seals} seals, numbers {report.first_seal} to {report.last_seal}"
        + (f", records until {report.sealed_until}" if report.sealed_until else ""),
        "copies of seals in a second account: "
        + ("not compared" if report.copies is None else f"{report.copies} compared"),
        "payloads: " + ("not read" if report.payloads is None else f"{report.payloads} compared with their records"),
    ]
    shown = report.findings[:SHOWN]
    if shown:
        lines += ["", "faults:", *(f"  {each.kind:<15} {each.place}: {each.detail}" for each in shown)]
    if report.faults > len(shown):
        lines.append(f"  and {report.faults - len(shown)} more")
    return "\n".join([*lines, "", "not known:", *(f"  {sentence}" for sentence in report.unknown)])


def unknown(
    *, unsealed: int, until: str, silent: int | None, before: int, partial: int, late: int, is_live: bool
) -> Sequence[str]:
    """What evidence with these counts cannot show."""
    sentences = [
        f"{unsealed} record{'s' * (unsealed != 1)} written after the last seal"
        f"{f' ({until})' if until else ''}: each names the one before it, but if the last of a chain were taken out,"
        " nothing would show it before the next seal.",
        "A process that ended before its first write left no record"
        + ("." if silent is None else f"; {silent} chain{'s' * (silent != 1)} announced and not begun."),
    ]
    if not is_live:
        sentences.append("Whether more was sealed after the last seal that is here.")
    if before > 0:
        sentences.append(f"Seals 1 to {before} are not part of this; the first one here is believed to follow them.")
    if partial:
        sentences.append(
            f"{partial} seal{'s' * (partial != 1)} also cover sessions that were not read: their roots were not"
            " recomputed, and the chains that were read were compared with the heads that they name."
        )
    if late:
        sentences.append(f"{late} record{'s' * (late != 1)} sealed minutes after their own time: why they came late.")
    return sentences
