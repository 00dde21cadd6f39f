"""Between the policy and room 5: the groups of a caller whose token leaves them out (overage).

Takes a caller and the policy in force, asks the directory which of the policy's groups the caller is
in, and returns the caller with exactly these, or a refusal. It asks for no other group, and for none
where the token lists them all. What the directory said counts for five minutes and not a moment
longer: without an answer nobody's groups are guessed (fail-closed).
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gateway.policy.document import Policy
from gateway.reasons import Reason
from gateway.storage.contract import Directory, DirectoryUnavailableError
from gateway.values import Caller, Refusal

LIFETIME = 300.0
"""Seconds for which an answer counts."""
RETRY = 1.0
"""Seconds for which a failure counts, so that those who wait do not ask one after the other."""
MAX_HELD = 5000
"""Answers held; the one unused for longest goes first."""


@dataclass(slots=True)
class _Held:
    answer: frozenset[str] | Refusal = frozenset()
    until: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Memberships:
    """What the directory said of callers, held in memory for a while."""

    def __init__(self, directory: Directory, clock: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._clock = clock
        self._held: OrderedDict[tuple[str, str, str], _Held] = OrderedDict()

    async def among(self, caller: Caller, groups: frozenset[str]) -> frozenset[str] | Refusal:
        """Those of the groups that the caller is in; GROUPS_UNAVAILABLE if the directory does not say.

        However many ask for one caller at once, the directory is asked once.
        """
        held = self._entry((caller.tenant, caller.object_id, _digest(groups)))
        async with held.lock:
            # Others may have asked while this one waited for the lock.
            if self._clock() >= held.until:
                await self._ask(caller, groups, held)
            return held.answer

    def _entry(self, key: tuple[str, str, str]) -> _Held:
        held = self._held.setdefault(key, _Held())
        self._held.move_to_end(key)
        if len(self._held) > MAX_HELD:
            self._held.popitem(last=False)
        return held

    async def _ask(self, caller: Caller, groups: frozenset[str], held: _Held) -> None:
        try:
            held.answer = await self._directory.memberships(caller.object_id, caller.kind, groups)
        except DirectoryUnavailableError as error:
            held.answer, held.until = Refusal(Reason.GROUPS_UNAVAILABLE, str(error)), self._clock() + RETRY
        else:
            held.until = self._clock() + LIFETIME


async def complete(caller: Caller, policy: Policy | None, memberships: Memberships) -> Caller | Refusal:
    """The caller with all groups that the policy names and the caller is in.

    Without a policy there is nothing to ask for, and the next room refuses.
    """
    if caller.groups_complete or policy is None:
        return caller
    named = frozenset(policy.groups.values())
    found = await memberships.among(caller, named) if named else named
    return found if isinstance(found, Refusal) else replace(caller, groups=found, groups_complete=True)


def _digest(groups: frozenset[str]) -> str:
    return hashlib.sha256("\n".join(sorted(groups)).encode()).hexdigest()
