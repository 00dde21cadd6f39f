"""What an operator sees of the pinned tools, and the acceptance of those that wait.

Takes the store of pins and gives what is to be printed. Names and definitions are the upstream's text:
what does not print is shown as an escape. An acceptance that cannot be recorded does not happen.
"""

import shlex
from dataclasses import dataclass

from gateway.cli.printed import FAILED, Printed, aligned, as_json
from gateway.events import Outcome
from gateway.record import Recorder, ToolChange
from gateway.storage.contract import Pin, PinChangedError, PinStore
from gateway.tools.diff import changes, visible
from gateway.tools.pins import accept

_SHOWN = 12
"""Digits of a hash: enough for a person to tell two apart."""
_MARKER = "[hidden"
"""How what stands for a hidden value begins."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What an operator accepts, and why."""

    server: str
    tool: str
    """Empty: every tool of the server that waits."""
    definition: str
    """The hash begins with this; empty: whatever waits."""
    operator: str
    reason: str


async def listed(pins: PinStore, server: str, *, is_json: bool) -> Printed:
    """The pinned tools of one server, or of all where none is named."""
    found = [
        (name, pin)
        for name in ([server] if server else await pins.servers())
        for pin in sorted((await pins.pins(name)).by_tool.values(), key=lambda pin: pin.tool)
    ]
    if is_json:
        tools = [
            {"server": name, "tool": pin.tool, "state": _state(pin), "accepted": pin.accepted, "waiting": pin.waiting}
            for name, pin in found
        ]
        return as_json({"tools": tools}, 0)
    if not found:
        return Printed(0, "Nothing is pinned yet; the first call to a server pins its tools.")
    head = ("SERVER", "TOOL", "STATE", "ACCEPTED", "WAITING")
    rows = [
        (name, visible(pin.tool), _state(pin), pin.accepted[:_SHOWN] or "-", pin.waiting[:_SHOWN] or "-")
        for name, pin in found
    ]
    return Printed(0, "\n".join(aligned([head, *rows])))


async def differs(pins: PinStore, server: str, tool: str) -> Printed:
    """What changed from the accepted definition to the one that waits, and how to accept it."""
    pin = await pins.pin(server, tool)
    if pin is None:
        return _unknown(server, tool)
    if not pin.waiting:
        return Printed(0, f"Nothing waits: {visible(tool)} is used as it was accepted ({pin.accepted[:_SHOWN]}).")
    old = f"accepted {pin.accepted[:_SHOWN] or 'never'}"
    lines = changes(pin.accepted_text, pin.waiting_text, old, f"waiting {pin.waiting[:_SHOWN]}")
    words = ["accept", server, tool, "--definition", pin.waiting[:_SHOWN], "--reason"]
    note = _on_what_is_hidden(pin)
    how = f"To accept it: python -m gateway tools {shlex.join(words)} '...'"
    return Printed(0, "\n".join([*lines, *([note] if note else []), "", visible(how)]))


def _on_what_is_hidden(pin: Pin) -> str:
    """What the lines of a diff cannot say, since the store holds definitions masked."""
    if not pin.waiting_text:
        return "The definition that waits could not be masked, so that nothing of it is kept but its hash."
    if pin.accepted_text == pin.waiting_text:
        return "The definitions differ only in what is hidden here. Ask the owner of the server what has changed."
    is_hidden = _MARKER in pin.accepted_text and _MARKER in pin.waiting_text
    return f"What stands as {_MARKER}...] may have changed as well." if is_hidden else ""


async def accepted(pins: PinStore, recorder: Recorder, wanted: Acceptance) -> Printed:
    """What waits may be used from now on; who accepted it and why is on record by then."""
    if wanted.tool:
        names = [wanted.tool]
    else:
        known = (await pins.pins(wanted.server)).by_tool.values()
        names = sorted(pin.tool for pin in known if pin.waiting)
    if not names:
        return Printed(FAILED, complaint=f"No tool of {wanted.server} waits.")
    done: list[str] = []
    for name in names:
        problem = await _accept(pins, recorder, wanted, name, done)
        if problem is not None:
            return Printed(FAILED, "\n".join(done), problem.complaint)
    return Printed(0, "\n".join(done))


async def _accept(pins: PinStore, recorder: Recorder, wanted: Acceptance, name: str, done: list[str]) -> Printed | None:
    pin = await pins.pin(wanted.server, name)
    shown = visible(name)
    if pin is None:
        return _unknown(wanted.server, name)
    if not pin.waiting:
        return Printed(FAILED, complaint=f"Nothing waits: {shown} is used as it was accepted.")
    if not pin.waiting.startswith(wanted.definition):
        return Printed(FAILED, complaint=f"{shown} has changed again since: {pin.waiting[:_SHOWN]} waits. See diff.")
    change = ToolChange(wanted.server, name, Outcome.ACCEPTED, pin.waiting, pin.accepted)
    # Recorded first: if the write below fails, the record tells of an acceptance that had no effect, never the reverse.
    if not await recorder.tool_accepted(change, wanted.operator, wanted.reason):
        return Printed(FAILED, complaint=f"The evidence does not answer, so {shown} was not accepted.")
    try:
        await pins.write(wanted.server, accept(pin))
    except PinChangedError:
        return Printed(FAILED, complaint=f"{shown} changed at this moment and was not accepted. See diff.")
    done.append(f"Accepted {shown} ({pin.waiting[:_SHOWN]}).")
    return None


def _state(pin: Pin) -> str:
    if not pin.waiting:
        return "in use"
    return "changed, waits" if pin.accepted else "new, waits"


def _unknown(server: str, tool: str) -> Printed:
    return Printed(FAILED, complaint=f"No tool {visible(tool)} of {visible(server)} is pinned.")
