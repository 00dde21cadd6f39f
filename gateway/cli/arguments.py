"""Words that the commands for operators take, checked. Pure.

Takes the text of an argument and gives its value; what does not fit is told by argparse, with exit code 2.
"""

import argparse
import getpass
from datetime import UTC, datetime

from gateway.approvals.approval import MAX_REASON

STORES = """\
Days are in UTC, and both are included. The stores are those of the environment: COUNTERSIGN_EVIDENCE and
COUNTERSIGN_EVIDENCE_BLOBS. In Azure sign in with `az login` first. That you read is on record before
anything is shown.
"""


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


def add_operator(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as", dest="operator", metavar="NAME", default=getpass.getuser(), help="who reads; default: your user name"
    )


def day(text: str) -> str:
    """A day as it is written in records."""
    try:
        return str(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date())
    except ValueError:
        raise argparse.ArgumentTypeError("must be a day such as 2026-11-30") from None
