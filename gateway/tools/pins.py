"""Whether a tool may be used, by its pin: the hash of the definition that was accepted. Pure.

Takes the hash of a definition as it is now, the pin, and how far the server is trusted; gives a
verdict, and the pin that follows from it. The first catalogue of a server is its baseline; after
that a new or changed tool is accepted or held back as `trust` says. A tool that is gone and comes
back unchanged still has its pin.
"""

from dataclasses import replace
from enum import Enum

from gateway.policy.document import Trust
from gateway.storage.contract import Pin
from gateway.tools.definition import Definition


class Verdict(Enum):
    USABLE = "the definition is the one that is pinned"
    HELD = "the definition waits for an operator, as is known"
    PIN = "the definition is to be pinned"
    HOLD = "the definition is to be held back until an operator accepts it"


KNOWN = frozenset({Verdict.USABLE, Verdict.HELD})
"""Verdicts that the pin already says; the others are news, to be recorded and stored."""


def decide(digest: str, pin: Pin | None, *, has_baseline: bool, trust: Trust) -> Verdict:
    """What is to be done with a definition of this hash."""
    if pin is not None and pin.accepted == digest:
        return Verdict.USABLE
    if trust is Trust.ACCEPT:
        return Verdict.PIN
    if pin is not None and pin.waiting == digest:
        return Verdict.HELD
    # fail-closed: only a tool that nobody has seen, on a server that nobody has seen, is believed at once.
    return Verdict.PIN if pin is None and not has_baseline else Verdict.HOLD


def follow(pin: Pin | None, definition: Definition, verdict: Verdict) -> Pin:
    """The pin after a verdict that is news."""
    before = pin or Pin(definition.name)
    if verdict is Verdict.PIN:
        pinned = replace(before, waiting="", waiting_text="")
        return replace(pinned, accepted=definition.digest, accepted_text=definition.text)
    return replace(before, waiting=definition.digest, waiting_text=definition.text)


def accept(pin: Pin) -> Pin:
    """The pin after an operator has accepted the definition that waits."""
    return replace(pin, accepted=pin.waiting, accepted_text=pin.waiting_text, waiting="", waiting_text="")
