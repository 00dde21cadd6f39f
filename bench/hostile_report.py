"""The report of `bench/hostile.py`, in Markdown. Pure, but for what it says of the machine."""

from collections.abc import Sequence
from datetime import UTC, datetime
from platform import python_version
from typing import TYPE_CHECKING

from bench.hostile_attacks import ATTACKS
from bench.masking_report import machine, table

if TYPE_CHECKING:
    from bench.hostile import Attacked, Probed

_HEADER = (
    *("attack", "connections", "made", "answered", "small calls", "failed", "p50, ms", "p99, ms"),
    *("large calls", "failed", "p50, ms", "longest, ms", "then, s", "keys fetched", "MB before", "most", "after"),
)


_AZURE = """\
This was not measured here; it is what Microsoft's documents and the sources of the Functions host say. The host's
web server is Kestrel, of whose limits the host sets one, the size of a body (`Program.cs` of
`azure-functions-host`), which is far above the gateway's own 4 MiB. The others are Kestrel's defaults: header
fields of 32 KB together and 100 of them, 30 seconds for the head of a request, and a body that comes, or an answer
that is taken, at less than 240 bytes a second after five seconds of grace ends the connection. So slow heads,
bodies and readers end there; the gateway has no clock of its own for them. The platform's front end ends a request
for which nothing was sent for 230 seconds, streams included where they are silent. How many requests an instance
has at once is the app's HTTP concurrency (`httpConcurrency` in `infra`), and a stream takes one for as long as it
is open: thousands of streams mean more instances, up to the app's maximum, and what they cost. A limit for each
caller is the policy's (`limits`, `concurrent`); one for all callers together belongs in front of the app."""


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that no fewer than that share of them are at or below; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def markdown(found: Sequence["Attacked"], seconds: float, command: str) -> str:
    """The report, for people."""
    head = (
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, Python {python_version()}; {seconds:.0f} seconds each, attackers "
        "in a process of their own, load and gateway on the same two cores, through `devhost`'s front and Microsoft's "
        "worker in one process. Small and large calls (100 KB) are another caller's, with their evidence in Azurite; "
        "`then` is how long after the attack a large call was answered."
    )
    failures = {one.name: sorted({*one.small.failures, *one.large.failures}) for one in found}
    failed = [f"{name}: {', '.join(told)}" for name, told in failures.items() if told]
    told = ["Probes that failed were told: " + "; ".join(failed) + "."] if failed else []
    parts = ["# Hostile load", f"Made by `{command}`.", head, table(_HEADER, [_row(one) for one in found]), *told]
    return "\n\n".join([*parts, "## Before the gateway, on Azure", _AZURE]) + "\n"


def _row(one: "Attacked") -> tuple[object, ...]:
    answers = ", ".join(f"{count:,} × {status}" for status, count in sorted(one.found.answers.items())) or "none"
    megabytes = [f"{size / 1e6:.0f}" for size in (one.before, one.most, one.after)]
    return (
        *(ATTACKS[one.name].title, f"{one.count:,}", f"{one.found.opened:,}", answers),
        *(*_probes(one.small, 0.99), *_probes(one.large, 1.0), f"{one.recovery:.1f}", one.fetches, *megabytes),
    )


def _probes(probed: "Probed", worst: float) -> tuple[object, ...]:
    milliseconds = [f"{quantile(probed.latencies, share) * 1000:,.0f}" for share in (0.5, worst)]
    return f"{len(probed.latencies):,}", len(probed.failures), *milliseconds
