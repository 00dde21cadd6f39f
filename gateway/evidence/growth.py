"""What a chain has gained since it was sealed last, checked link by link as it is read.

Takes the rows of one chain in order, holds none of them, and gives what a seal says of them. A chain that is broken
is taken as it is, with what is wrong: to leave it out would leave the rest of it without a seal.
"""

import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterable
from dataclasses import dataclass, field

from gateway.evidence.form import FIRST
from gateway.evidence.ledger import End
from gateway.evidence.merkle import leaf_of
from gateway.evidence.reading import Chain, row_of
from gateway.evidence.statement import Broken, Covered
from gateway.storage.contract import Columns


@dataclass(slots=True)
class Growth:
    """New records of one chain."""

    chain: Chain
    covered: Covered | None = None
    """None if there are none."""
    leaves: list[bytes] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)


async def growth_of(chain: Chain, since: End | None, rows: AsyncIterable[Columns]) -> Growth:
    """What the rows add to the chain after the place where it was sealed. Raises what reading them raises."""
    found = Growth(chain)
    start = expected = since.sequence + 1 if since else 0
    head = since.head if since else FIRST
    async for row in rows:
        place = row_of(str(row["RowKey"]))
        # A row under a name that no writer gives is none of the chain; verification tells of it.
        if place is None or place[0] != chain[1]:
            continue
        digest = str(row.get("hash", ""))
        fault, event = _looked_at(row, place[1], expected, head)
        if fault:
            found.broken.append(Broken(*chain, place[1], fault))
        found.leaves.append(leaf_of(chain[0], str(row["RowKey"]), digest))
        found.events[event] += 1
        expected, head = place[1] + 1, digest
        found.covered = Covered(*chain, start, place[1], head)
    return found


def _looked_at(row: Columns, sequence: int, expected: int, head: str) -> tuple[str, str]:
    """What is wrong with the record, if anything, and its event."""
    text = str(row.get("body", ""))
    try:
        body = json.loads(text)
        event, previous = str(body.get("event", "")), body.get("previous")
    except (ValueError, AttributeError, RecursionError):
        return "changed", ""
    if hashlib.sha256(text.encode(errors="replace")).hexdigest() != row.get("hash"):
        return "changed", event
    if sequence != expected:
        return "missing before", event
    return ("" if previous == head else "not linked"), event
