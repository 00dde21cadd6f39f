"""The numbers: one instrument for each. What they count, in what unit; nothing else."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from opentelemetry.metrics import CallbackOptions, Meter, Observation

_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0]
_PEOPLE = [10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14400.0, 86400.0]

OBSERVED = {
    "countersign.evidence.spilled": "Outcomes that wait in memory for the evidence store.",
    "countersign.evidence.lost": "Outcomes for which there was no room to wait.",
    "countersign.evidence.failed": "Records that the evidence store did not confirm.",
    "countersign.seals.failed": "Seals that could not be written.",
    "countersign.seal_copies.failed": "Copies of seals that could not be written.",
    "countersign.verifications.failed": "Verifications that found a fault, or could not be run.",
}
"""Numbers that the process has anyway, by the name that they are sent under."""


class Meters:
    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        count, time = meter.create_counter, meter.create_histogram
        self.calls = count("countersign.calls", "{call}", "Calls, by how they ended.")
        self.refusals = count("countersign.refusals", "{call}", "Calls that were refused or failed, by reason.")
        self.masked = count("countersign.masked", "{value}", "Values that were hidden of answers, by mask.")
        self.approval_wait = time(
            "countersign.approval.wait",
            "s",
            "From the request to the approval, of calls that were then made.",
            explicit_bucket_boundaries_advisory=_PEOPLE,
        )
        self.duration = time(
            "mcp.server.operation.duration",
            "s",
            "From the first byte read to the end of the answer.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self.added = time(
            "countersign.added_latency",
            "s",
            "The same without the time in which the upstream was waited for; of answers that are no stream.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._write = time(
            "countersign.evidence.write",
            "s",
            "One write to the evidence store.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )

    def written(self, seconds: float, confirmed: bool) -> None:
        self._write.record(seconds, {"countersign.confirmed": confirmed})

    def observe(self, read: Callable[[], Mapping[str, int]]) -> None:
        """The numbers of OBSERVED, as they are whenever they are sent."""
        for name, text in OBSERVED.items():
            create = (
                self._meter.create_observable_gauge
                if name == "countersign.evidence.spilled"
                else self._meter.create_observable_counter
            )
            create(name, [partial(_observed, read, name)], "{record}", text)


def _observed(read: Callable[[], Mapping[str, int]], name: str, _options: CallbackOptions) -> Iterable[Observation]:
    return [Observation(read()[name])]
