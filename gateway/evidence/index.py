"""The index rows of the evidence table: which chains grew on a day, and which sessions a person is in. Pure.

Takes a record on its way into a chain, and gives the keys of the rows that must stand before it: so that
"yesterday" and "this person" are found without reading the table, and the sealing job misses no chain. Such
rows are inserted once, have no `body`, and lie in partitions that begin with `~`, which no session does:
whoever reads records skips those.
"""

import re
from collections.abc import Iterator, Mapping

PREFIX = "~"
DAY = "~day-"
PERSON = "~person-"

MAX_NAME = 200
"""Characters of a tenant or subject in a key; a store takes 512 for all of it."""

_UNSAFE = re.compile(r"[^A-Za-z0-9.@_-]")
_PEOPLE = (("tenant", "subject"), ("approver_tenant", "approver"))


def is_index(partition: str) -> bool:
    return partition.startswith(PREFIX)


def day_partition(day: str) -> str:
    """Of the chains that may have grown on that UTC day, `yyyymmdd`."""
    return f"{DAY}{day}"


def day_row(session: str, writer: str) -> str:
    return f"{session}~{writer}"


def chain_of(row: str) -> tuple[str, str]:
    """Session and writer out of a row of a day."""
    session, _, writer = row.rpartition("~")
    return session, writer


def person_partition(tenant: str, subject: str) -> str:
    """Of the sessions of which a record names that person, as the one whose call it is or as one who acted on it."""
    return f"{PERSON}{_named(tenant)}.{_named(subject)}"


def rows_before(
    fields: Mapping[str, str | int], *, session: str, writer: str, today: str
) -> Iterator[tuple[str, str, str]]:
    """Partition, row and session of each index row that a record of this chain needs, today being the day of writing.

    A record that is written after midnight, or late because the store was down, is found under both days.
    """
    happened = str(fields.get("time", ""))[:10].replace("-", "")
    for day in {today, happened} if len(happened) == len(today) and happened.isdecimal() else {today}:
        yield day_partition(day), day_row(session, writer), session
    for tenant, subject in _PEOPLE:
        # Without a tenant it is several people, or a name that somebody asked for.
        if fields.get(tenant) and fields.get(subject):
            yield person_partition(str(fields[tenant]), str(fields[subject])), session, session


def _named(text: str) -> str:
    """Fit for a key. Two names that become one here share a partition, whose sessions then tell them apart."""
    return _UNSAFE.sub("_", text[:MAX_NAME])
