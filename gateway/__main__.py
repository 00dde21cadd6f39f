"""`python -m gateway COMMAND`: the commands for operators and auditors.

Takes the command line, hands it to the room of that name, which is imported only then, and writes what
that room returns; it decides nothing else.
"""

import importlib
import re
import sys
from collections.abc import Sequence

from gateway.cli.printed import MISUSED, Printed

_COLOUR = re.compile("\x1b\\[[0-9]{1,2}m")

COMMANDS = {
    "policy": ("gateway.cli.policy", "check a policy, explain its decisions, run its cases"),
    "tools": ("gateway.cli.tools", "show which tools are pinned, what changed, and accept it"),
    "approvals": ("gateway.cli.approvals", "list and show approvals, revoke one"),
    "access": ("gateway.cli.access", "list and show who holds what access, revoke it"),
    "doctor": ("gateway.cli.doctor", "say what is wrong with a deployment, and what to do"),
    "evidence": ("gateway.cli.evidence", "verify, replay and export the evidence"),
}
"""Each module has `main(arguments) -> Printed`."""


def main(arguments: Sequence[str]) -> int:
    """Runs one command; the exit code is its own, or 2 when there is no such command."""
    printed = _run(arguments)
    is_coloured = bool(printed.painted) and sys.stdout.isatty()
    text = _visible(printed.painted) if is_coloured else _plain(printed.text)
    for stream, said in ((sys.stdout, text), (sys.stderr, _plain(printed.complaint))):
        if said:
            stream.write(f"{said}\n")
    return printed.code


def _run(arguments: Sequence[str]) -> Printed:
    if not arguments or arguments[0] not in COMMANDS:
        asked = arguments[:1] in (["--help"], ["-h"])
        return Printed(0, text=_usage()) if asked else Printed(MISUSED, complaint=_usage())
    module, _ = COMMANDS[arguments[0]]
    printed: Printed = importlib.import_module(module).main(arguments[1:])
    return printed


def _usage() -> str:
    lines = [f"  {name:<10} {what}" for name, (_, what) in COMMANDS.items()]
    example = "example: python -m gateway policy check policy.yaml"
    return "\n".join(["usage: python -m gateway COMMAND [--help]", "", *lines, "", example])


def _visible(text: str) -> str:
    """The text without what could steer a terminal, but for colours: files and arguments may hold anything."""
    parts = _COLOUR.split(text)
    colours = [*_COLOUR.findall(text), ""]
    return "".join(_plain(part) + colour for part, colour in zip(parts, colours, strict=True))


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
