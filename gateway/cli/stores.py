"""The stores that the commands of approvals and of access open, as the operator who is signed in.

Takes what the environment names and gives the book of approvals, with the evidence behind it; both are
closed afterwards. No command can open what is sealed.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from gateway.approvals.book import Book
from gateway.evidence.chain import Chains
from gateway.reasons import Reason
from gateway.record import Recorder
from gateway.settings import Stores
from gateway.storage.approvals import open_approvals
from gateway.storage.tables import open_table
from gateway.values import Refusal


@asynccontextmanager
async def open_book(stores: Stores) -> AsyncIterator[Book]:
    """The book of approvals."""
    store = open_approvals(stores.state, "", as_operator=True)
    evidence = open_table(stores.evidence, stores.evidence_table, "", as_operator=True)
    try:
        yield Book(store, Recorder(Chains(evidence)), _no_seal, lambda: datetime.now(UTC))
    finally:
        await store.close()
        await evidence.close()


async def _no_seal() -> Refusal:
    # fail-closed: no command opens what is sealed, whatever its operator may read.
    return Refusal(Reason.SESSION_KEY_UNAVAILABLE, "the command line has no key")
