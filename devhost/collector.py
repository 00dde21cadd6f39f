"""A stand-in for an OpenTelemetry collector: takes OTLP over HTTP, and writes one JSON line for each export.

`python -m devhost.collector FILE` waits at the standard port. The file has the form of the collector's own file
exporter, which `python -m devhost.drawn` reads.
"""

import base64
import contextlib
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PORT = 4318
_SIGNALS: dict[str, Any] = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest}
_IDS = ("traceId", "spanId", "parentSpanId")


@contextlib.contextmanager
def collecting(file: Path, port: int = 0) -> Iterator[str]:
    """A collector at this address writes to the file, until the end."""
    lock = threading.Lock()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found = MessageToDict(_SIGNALS[self.path].FromString(body))
            with lock, file.open("a") as lines:
                lines.write(json.dumps(_with_hex(found)) + "\n")
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the file says it."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _with_hex(value: Any) -> Any:
    """Ids as OTLP's JSON form has them; protobuf's own has base64."""
    if isinstance(value, list):
        return [_with_hex(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64decode(item).hex() if key in _IDS and isinstance(item, str) else _with_hex(item)
        for key, item in value.items()
    }


if __name__ == "__main__":
    with collecting(Path(sys.argv[1]), PORT) as address, contextlib.suppress(KeyboardInterrupt):
        print(f"OTEL_EXPORTER_OTLP_ENDPOINT={address}")
        threading.Event().wait()
