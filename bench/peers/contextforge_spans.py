"""Run inside a virtual environment of its own: texts in, spans out that ContextForge's two masking plugins find.

The PII filter with its default settings, told to the detector that the plugin wraps; the secrets
plugin with all of its patterns that are on by default. Its finds are told by what it left out.
"""

import json
import re
import sys
import time
from pathlib import Path

from cpex_pii_filter.pii_filter_rust import PIIDetectorRust
from cpex_secrets_detection.secrets_detection_rust import py_scan_container

_MARK = "\ue00a"


def in_characters(text: str, start: int, end: int) -> tuple[int, int]:
    """The detector counts bytes of UTF-8."""
    encoded = text.encode()
    return len(encoded[:start].decode(errors="ignore")), len(encoded[:end].decode(errors="ignore"))


def spans_of(before: str, after: str) -> list[list]:
    pieces = after.split(_MARK)
    if len(pieces) == 1:
        return []
    match = re.fullmatch("(.+?)".join(map(re.escape, pieces)), before, re.DOTALL)
    return [[*match.span(index + 1), "secret"] for index in range(len(pieces) - 1)] if match else []


def main() -> None:
    source, target = sys.argv[1:3]
    texts = json.loads(Path(source).read_text())
    detector = PIIDetectorRust({})
    secrets = {"redact": True, "redaction_text": _MARK, "block_on_detection": False}
    found, masked, begin = [], [], time.perf_counter()
    for text in texts:
        found.append(detector.detect(text))
        masked.append(py_scan_container(text, secrets)[1])
    seconds = time.perf_counter() - begin
    spans = [
        [
            *([*in_characters(text, item["start"], item["end"]), kind] for kind, items in of.items() for item in items),
            *spans_of(text, after),
        ]
        for text, of, after in zip(texts, found, masked, strict=True)
    ]
    Path(target).write_text(json.dumps({"spans": spans, "seconds": seconds}))


main()
