"""What one more request does to a limit of the policy. Pure.

Takes a limit and what its caller has used of it by now, and gives the number that the request goes past, if any, with
when it is worth another try. It keeps nothing and reads no clock; `limits` does.
"""

import math
from dataclasses import dataclass

from gateway.policy.document import Limit
from gateway.reasons import Reason
from gateway.values import Refusal

_SLACK = 1e-6
"""Seconds, so that sums of fractions do not refuse a request that comes in time."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket, told by the moment at which it is full again. One that is full is as good as none."""

    full_at: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Use:
    """What a caller has used of a limit when another request comes."""

    bucket: Bucket = Bucket()
    open: int | None = None
    """Requests that are open; None: the one that comes takes no place among them."""
    made: int | None = None
    """Calls of the session; None: the request is no such call."""


@dataclass(frozen=True, slots=True)
class Excess:
    """Which number of a limit a request goes past."""

    reason: Reason
    limit: str
    """Its name."""
    said: str
    """The number, as the policy has it."""
    quota: str
    """The same as a quota policy (draft-ietf-httpapi-ratelimit-headers-10, section 3)."""
    wait: int
    """Seconds after which to try again; 0: waiting does not help."""

    def refusal(self, policy: str, omitted: int = 0) -> Refusal:
        """With the hints that HTTP has, for those too who see no header fields, and how many before it were omitted."""
        name = self.quota.partition(";")[0]
        hints: dict[str, str | int] = {"rateLimitPolicy": self.quota, "rateLimit": f"{name};r=0"}
        if self.wait:
            hints |= {"rateLimit": f"{name};r=0;t={self.wait}", "retryAfter": self.wait}
        detail = f"limit {self.limit}: {self.said}"
        if omitted:
            detail += f"; {omitted} more were refused since the last record"
        return Refusal(self.reason, detail, hints, policy=policy)


def spend(bucket: Bucket, rate: float, burst: int, now: float) -> tuple[Bucket, float]:
    """The bucket after one more request, and 0; or as it is, and the seconds until it has a token."""
    full_at = max(bucket.full_at, now) + 1 / rate
    wait = full_at - now - burst / rate
    return (bucket, wait) if wait > _SLACK else (Bucket(full_at), 0.0)


def excess(limit: Limit, use: Use, now: float) -> Excess | None:
    """The number of the limit that one more request goes past; of several, the one that bars it for longest."""
    if limit.calls and use.made is not None and use.made >= limit.calls:
        quota = f'"session";q={limit.calls}'
        return Excess(Reason.SESSION_SPENT, limit.name, f"calls_per_session {limit.calls}", quota, 0)
    wait = spend(use.bucket, limit.rate, limit.burst, now)[1] if limit.rate else 0.0
    if wait:
        window = max(1, math.ceil(limit.burst / limit.rate))
        said = f"requests_per_second {limit.rate:g}, burst {limit.burst}"
        quota = f'"requests";q={limit.burst};w={window}'
        return Excess(Reason.TOO_FAST, limit.name, said, quota, max(1, math.ceil(wait)))
    if limit.concurrent and use.open is not None and use.open >= limit.concurrent:
        quota = f'"concurrent";q={limit.concurrent};qu="concurrent-requests"'
        # When one of them ends, nobody knows.
        return Excess(Reason.TOO_MANY_OPEN, limit.name, f"concurrent {limit.concurrent}", quota, 1)
    return None
