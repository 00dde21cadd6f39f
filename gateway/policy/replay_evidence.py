"""Where a replay gets its calls from: the evidence of a period, live or in an export.

Takes evidence and days and gives the calls on which a policy decided, with the policies that decided them, as far as
their texts are kept. Requests are read only where a condition asks for arguments, up to a limit; a text that is not
the one that was written counts as not kept. Whoever reads live puts that on record first, as for all evidence.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.evidence.bodies import Named, is_of, named_policy
from gateway.evidence.folder import Folder
from gateway.evidence.library import Library
from gateway.evidence.period import Period
from gateway.evidence.told import Told, told
from gateway.policy.document import Policy
from gateway.policy.parse import Draft, read, resolve
from gateway.policy.past_call import PastCall, past_calls, with_body
from gateway.policy.replay import is_affected, reads_arguments

MAX_CALLS = 100_000
"""Records of calls that one replay takes."""
MAX_BODIES = 2_000
"""Blobs with requests that it reads."""
_AT_ONCE = 8
ALWAYS = Period("0001-01-01", "9998-12-31")


@dataclass(frozen=True, slots=True)
class Past:
    """The calls of a period."""

    calls: tuple[PastCall, ...]
    undecided: int
    """Others, which came to their end before a policy decided."""
    kept: Mapping[str, Policy]
    """The policies that decided, by SHA-256; without those whose text is not kept."""
    ids: Mapping[str, str]
    """Object ids of the groups that policies wrote by name, by display name, as the newest of them found them."""
    is_cut: bool = False
    """Whether there are more calls than these."""


async def past(
    library: Library, period: Period = ALWAYS, copies: Iterable[bytes] = (), *, limit: int = MAX_CALLS
) -> Past:
    """The calls of the days, out of so many records of calls at the most.

    `copies` are texts of policies that were not kept. Raises StoreUnavailableError.
    """
    found: list[Told] = []
    news: list[Told] = []
    async for record in _records(library, period):
        if record["event"] == "policy":
            news.append(record)
        elif record["call"]:
            found.append(record)
        if len(found) > limit:
            break
    calls, undecided = past_calls(found[:limit])
    texts = await _texts(library, {call.policy for call in calls})
    given = [read(copy) for copy in copies]
    texts |= {outcome.digest: outcome for outcome in given if not isinstance(outcome, tuple)}
    kept, ids = _resolved(texts, news)
    return Past(tuple(calls), undecided, kept, ids, is_cut=len(found) > limit)


async def with_bodies(library: Library, found: Past, proposed: Policy) -> Past:
    """The same with the requests that the replay of this policy has to look into. Raises StoreUnavailableError."""
    wanted = [call.blob for call in found.calls if call.blob is not None and _matters(call, found.kept, proposed)]
    blobs = list(dict.fromkeys(wanted))[:MAX_BODIES]
    contents: dict[Named, bytes | None] = {}
    for start in range(0, len(blobs), _AT_ONCE):
        batch = blobs[start : start + _AT_ONCE]
        contents |= zip(batch, await asyncio.gather(*(_content(library, each) for each in batch)), strict=True)
    return replace(found, calls=tuple(_read(call, contents) for call in found.calls))


def _matters(call: PastCall, kept: Mapping[str, Policy], proposed: Policy) -> bool:
    then, server = kept.get(call.policy), call.call.server
    asks = reads_arguments(proposed, then, server) or call.call.method == "completion/complete"
    return asks and is_affected(proposed, then, server)


def _read(call: PastCall, contents: Mapping[Named, bytes | None]) -> PastCall:
    if call.blob is None:
        return call
    if call.blob in contents:
        return with_body(call, contents[call.blob])
    return replace(call, blob=None, no_arguments=f"more than {MAX_BODIES:,} requests would have to be read")


async def _records(library: Library, period: Period) -> AsyncIterator[Told]:
    async for row in _rows(library, period):
        record = told(row)
        if period.has(record):
            yield record


async def _rows(library: Library, period: Period) -> AsyncIterator[Mapping[str, Any]]:
    if isinstance(library, Folder):
        # An export is one file: it is read once, and not once for each session.
        async for row in library.records():
            yield row
        return
    for session in sorted({session for session, _ in await library.chains(*period.days)}):
        async for row in library.rows(session):
            yield row


async def _texts(library: Library, digests: Iterable[str]) -> dict[str, Policy | Draft]:
    found = {}
    for digest in sorted(digests):
        named = named_policy(digest)
        content = await _content(library, named) if named else None
        outcome = await asyncio.to_thread(read, content) if content is not None else ()
        if not isinstance(outcome, tuple):
            found[digest] = outcome
    return found


async def _content(library: Library, named: Named) -> bytes | None:
    content = await library.payload(named.name)
    return content if content is not None and is_of(named, content) else None


def _resolved(texts: Mapping[str, Policy | Draft], news: Iterable[Told]) -> tuple[dict[str, Policy], dict[str, str]]:
    """The policies, with the groups that they write by name as the directory found them then."""
    said = {record["policy"]: record for record in sorted(news, key=lambda each: each["time"])}
    ids: dict[str, str] = {}
    kept: dict[str, Policy] = {}
    for digest, text in texts.items():
        if isinstance(text, Policy):
            kept[digest] = text
            continue
        # Their object ids are on record as label=id, in the record that the policy came into force.
        record = said.get(digest)
        pairs = dict(pair.split("=", 1) for pair in record["detail"].split("; ") if "=" in pair) if record else {}
        named = {name: pairs[label] for label, name in text.names.items() if label in pairs}
        ids |= named
        kept |= _policy(text, named)
    return kept, ids


def _policy(draft: Draft, named: Mapping[str, str]) -> dict[str, Policy]:
    outcome = resolve(draft, {name: (object_id,) for name, object_id in named.items()})
    return {draft.digest: outcome} if isinstance(outcome, Policy) else {}
