"""The evidence as the commands of auditors open it, and the record that they did.

Takes what the environment names, or an export, and gives evidence to read. What is read live is on record
before anything is shown (fail-closed); an export is read where no record can be written, and its taking out was.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from gateway.cli.printed import FAILED, Printed
from gateway.evidence.folder import Folder
from gateway.evidence.reading import PAYLOADS, SEALS, Evidence, Stored
from gateway.settings import Proof
from gateway.storage.contract import StoreUnavailableError


@asynccontextmanager
async def opened(proof: Proof) -> AsyncIterator[Evidence]:
    """The evidence of the gateway's own stores."""
    # An export needs no package of Azure, and may be read where there is none.
    from gateway.storage.blobs import open_blobs  # noqa: PLC0415
    from gateway.storage.evidence_reader import open_rows  # noqa: PLC0415

    rows = open_rows(proof.evidence, proof.evidence_table, "", as_operator=True)
    seals = open_blobs(proof.blobs, SEALS, "", as_operator=True)
    payloads = open_blobs(proof.blobs, PAYLOADS, "", as_operator=True)
    try:
        yield Stored(rows, seals, payloads)
    finally:
        await rows.close()
        await seals.close()
        await payloads.close()


async def noted(proof: Proof, operator: str, how: str, words: Mapping[str, str], session: str = "") -> Printed | None:
    """That the operator reads is on record: then None, else what to print instead."""
    from gateway.approvals.book import Actor  # noqa: PLC0415 - see opened
    from gateway.approvals.evidence import NOBODY  # noqa: PLC0415
    from gateway.evidence import readings  # noqa: PLC0415
    from gateway.evidence.chain import Chains  # noqa: PLC0415
    from gateway.record import Recorder  # noqa: PLC0415
    from gateway.storage.tables import open_table  # noqa: PLC0415

    table = open_table(proof.evidence, proof.evidence_table, "", as_operator=True)
    try:
        actor = Actor(None, NOBODY, operator)
        if await readings.note(Recorder(Chains(table)), actor, how, words, session):
            return None
    finally:
        await table.close()
    return Printed(FAILED, complaint="The evidence does not answer, or not to you, so nothing is shown.")


def unreadable(error: Exception) -> Printed:
    return Printed(FAILED, complaint=f"The evidence cannot be read, or not by you ({error}).")


def folder(path: Path) -> Evidence:
    """An export. Raises StoreUnavailableError."""
    try:
        return Folder(path)
    except OSError as error:
        raise StoreUnavailableError(type(error).__name__) from None


def today() -> date:
    return datetime.now(UTC).date()
