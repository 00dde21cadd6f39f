"""Words that the commands for operators take, checked. Pure.

Takes the text of an argument and gives its value; what does not fit is told by argparse, with exit code 2.
"""

import argparse

from gateway.approvals.book import MAX_REASON


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, what: str, epilog: str
) -> argparse.ArgumentParser:
    """The parser of one command; the epilog is printed as it is."""
    return commands.add_parser(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def start_of_id(text: str) -> str:
    """How an id begins, as far as list shows it or further."""
    if not 8 <= len(text) <= 32 or set(text) - set("0123456789abcdef"):
        raise argparse.ArgumentTypeError("must be at least the first 8 digits of the id that list shows")
    return text


def reason(text: str) -> str:
    """What a person gives as a reason."""
    if not 0 < len(text.strip()) <= MAX_REASON:
        raise argparse.ArgumentTypeError(f"must say something, in at most {MAX_REASON} characters")
    return text.strip()
