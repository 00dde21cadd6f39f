"""Telemetry that goes somewhere: OpenTelemetry's SDK, with its exporters, for the life of the process.

Takes the collector's address and gives what the rooms tell it to. Threads of the SDK do the sending; a collector
that does not answer costs a call nothing. Loaded only where a collector is named.
"""

from collections.abc import Callable, Mapping

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from gateway.storage.contract import EvidenceStore
from gateway.telemetry.context import TraceContext
from gateway.telemetry.meters import Meters
from gateway.telemetry.spans import Spans
from gateway.telemetry.timed import TimedStore
from gateway.telemetry.trace import Telemetry, Trace
from gateway.values import Call

NAME = "countersign"
PATIENCE = 5.0
"""Seconds for one export, also for the last one, which a process that ends waits for."""


class Exported(Telemetry):
    """Spans and numbers, sent to a collector (OTLP over HTTP, protobuf)."""

    def __init__(self, endpoint: str) -> None:
        resource = Resource.create().merge(Resource({"service.name": NAME})).merge(OTELResourceDetector().detect())
        # Of this object and not of the process, so that no library finds it and sends what it holds for harmless.
        self._tracers = TracerProvider(resource=resource)
        self._tracers.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=PATIENCE))
        )
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{endpoint}/v1/metrics", timeout=PATIENCE))
        self._numbers = MeterProvider([reader], resource=resource)
        self._tracer = self._tracers.get_tracer(NAME)
        self._meters = Meters(self._numbers.get_meter(NAME))

    def begin(
        self, call: Call, parents: tuple[TraceContext, ...], began: int | None = None, *, is_served: bool = True
    ) -> Trace:
        spans = Spans(self._tracer, self._meters, call, parents)
        spans.start(began, is_served=is_served)
        return spans

    def timed(self, store: EvidenceStore) -> EvidenceStore:
        return TimedStore(store, self._meters.written)

    def observe(self, read: Callable[[], Mapping[str, int]]) -> None:
        self._meters.observe(read)

    def close(self) -> None:
        """Everything is sent, or given up. The SDK does the same when the process ends."""
        self._tracers.shutdown()
        self._numbers.shutdown()
