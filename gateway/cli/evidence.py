"""`python -m gateway evidence COMMAND`: the commands of auditors.

Takes the words after `evidence` and hands all but the first to the module of that name, which is imported only
then; it decides nothing else.
"""

import importlib
from collections.abc import Sequence

from gateway.cli.printed import MISUSED, Printed

COMMANDS = {
    "verify": ("gateway.cli.verify", "check that nothing was changed or taken out, live or in an export"),
    "replay": ("gateway.cli.replay", "show sessions, call by call, or list them"),
    "export": ("gateway.cli.export", "write the evidence of a period to files, for auditors and their tools"),
    "digest": ("gateway.cli.digest", "give the keyed digest of a value, to look for it in the evidence"),
    "controls": ("gateway.cli.controls", "count the records behind each control of NIST SP 800-53"),
}
"""Each module has `main(arguments) -> Printed`."""


def main(arguments: Sequence[str]) -> Printed:
    """What the command prints. Raises SystemExit, as argparse does, after help and wrong words."""
    if not arguments or arguments[0] not in COMMANDS:
        asked = arguments[:1] in (["--help"], ["-h"])
        return Printed(0, text=_usage()) if asked else Printed(MISUSED, complaint=_usage())
    module, _ = COMMANDS[arguments[0]]
    printed: Printed = importlib.import_module(module).main(arguments[1:])
    return printed


def _usage() -> str:
    lines = [f"  {name:<10} {what}" for name, (_, what) in COMMANDS.items()]
    example = "example: python -m gateway evidence verify --export bundle"
    return "\n".join(["usage: python -m gateway evidence COMMAND [--help]", "", *lines, "", example])
