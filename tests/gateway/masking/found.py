"""What a detector finds in a text, as the tests of detectors compare it."""

from gateway.masking.candidates import Detector
from gateway.masking.hide import merged
from gateway.masking.search import Search


def found(detector: Detector, text: str) -> list[str]:
    spans = merged(Search([detector]).find([text]).get(text, []))
    return [text.encode()[start:end].decode() for start, end, _ in spans]


def is_told(detector: Detector, value: str) -> bool:
    """The value is taken at its word under a telling key."""
    return detector.bare is not None and detector.bare.fullmatch(value.encode()) is not None
