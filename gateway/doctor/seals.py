"""Whether the evidence is sealed: when the last seal was made."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, fault, ok, warning
from gateway.evidence.reading import SEALS, seal_name, seal_number
from gateway.evidence.statement import MalformedSealError, parse
from gateway.storage.blobs import open_blobs
from gateway.storage.contract import BlobStore, StoreUnavailableError

NAME = "seals"
OLDEST = timedelta(minutes=15)
"""A seal is made every five minutes."""


@dataclass(frozen=True, slots=True)
class Last:
    """The newest seal."""

    number: int
    """0 if there is none."""
    end: datetime | None
    """Up to when it covers what was recorded; None if it cannot be read."""


async def check(bench: Bench) -> list[Finding]:
    """The last seal is young."""
    settings = bench.settings
    async with AsyncExitStack() as stack:
        seals = open_blobs(settings.evidence_blobs, SEALS, settings.identity, as_operator=bench.as_operator)
        stack.push_async_callback(seals.close)
        try:
            last = await last_of(seals)
        except StoreUnavailableError as error:
            return [fault(NAME, f"the seals cannot be read ({error})", "First mend what `stores` found.")]
    return [judged(last, bench.now())]


async def last_of(seals: BlobStore) -> Last:
    """The newest seal of a container. Raises StoreUnavailableError."""
    numbers = [number for name in await seals.names() if (number := seal_number(name)) is not None]
    if not numbers:
        return Last(0, None)
    content = await seals.read(seal_name(max(numbers)))
    return read_last(max(numbers), (content or b"").decode(errors="replace"))


def read_last(number: int, text: str) -> Last:
    """What the newest seal says."""
    try:
        return Last(number, datetime.fromisoformat(parse(text).statement.end).astimezone(UTC))
    except (MalformedSealError, ValueError):
        return Last(number, None)


def judged(last: Last, now: datetime) -> Finding:
    """What it means that the newest seal is this one."""
    do = "Look for countersign.seal_failed in the log: the timer seal_evidence runs every five minutes."
    if not last.number:
        return warning(NAME, "there is no seal yet", f"Wait five minutes after the first start. {do}")
    if last.end is None:
        do = "Run `python -m gateway evidence verify`: somebody else may have written it."
        return fault(NAME, f"seal {last.number} is none that can be read", do)
    if now - last.end > OLDEST:
        return fault(NAME, f"seal {last.number} was made at {last.end:%Y-%m-%d %H:%M} UTC, and none since", do)
    return ok(NAME, f"seal {last.number} is {max((now - last.end).total_seconds(), 0) / 60:.0f} minutes old")
