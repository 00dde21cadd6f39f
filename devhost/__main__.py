"""`python -m devhost COMMAND`: the commands of the local stack.

Takes the command line and hands it to the room of that name, which is imported only then; it decides
nothing else.
"""

import importlib
import sys

COMMANDS = {
    "run": ("devhost.supervisor", "run the whole local stack in the foreground (make run)"),
    "token": ("devhost.token", "print an access token for a test account"),
    "env": ("devhost.env", "print the stack's settings for a shell, to use `python -m gateway` on it"),
    "tour": ("devhost.tour", "walk through the running stack, narrated (make tour)"),
}


def main(arguments: list[str]) -> int:
    """Runs one command; the exit code is its own, or 2 when there is no such command."""
    if not arguments or arguments[0] not in COMMANDS:
        asked = arguments[:1] in (["--help"], ["-h"])
        print(usage(), file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    module, _ = COMMANDS[arguments[0]]
    code: int = importlib.import_module(module).main(arguments[1:])
    return code


def usage() -> str:
    lines = [f"  {name:<7} {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(["usage: python -m devhost COMMAND [--help]", "", *lines])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
