"""The picture of an exported trace."""

import json
from typing import Any
from xml.etree import ElementTree

from devhost.drawn import spans, svg


def span(name: str, parent: str, began: int, ended: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "traceId": "t",
        "spanId": name,
        "parentSpanId": parent,
        "kind": "SPAN_KIND_INTERNAL",
        "startTimeUnixNano": str(began),
        "endTimeUnixNano": str(ended),
        **more,
    }


def exported(*found: dict[str, Any]) -> str:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(found)}]}]})


def test_each_span_of_the_last_trace_is_a_row_within_its_parent() -> None:
    error = {"status": {"code": "STATUS_CODE_ERROR"}}
    call = span("call <1>", "elsewhere", 1_000_000, 5_000_000)
    inner = span("forward", "call <1>", 2_000_000, 4_500_000, kind="SPAN_KIND_CLIENT", **error)
    earlier = span("another", "", 1_000, 2_000) | {"traceId": "u"}
    text = svg(spans("\n".join((exported(inner), json.dumps({"resourceMetrics": []}), exported(earlier, call)))))
    root = ElementTree.fromstring(text)
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert words == ["call <1>", "4.00 ms", "forward", "2.50 ms"]
    colours = [element.attrib["fill"] for element in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert colours == ["#ffffff", "#9bb7d4", "#c0392b"]
