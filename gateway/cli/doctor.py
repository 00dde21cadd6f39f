"""`python -m gateway doctor`: what is wrong with a deployment, each fault with what to do about it.

Takes the words after `doctor`, looks at what the environment names, and returns the findings as text or JSON. In
Azure whoever looks is signed in with `az login`; what only the gateway's identity may do, the app itself says under
`POST /api/health`.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence

from gateway.cli.printed import Printed, as_json, misused
from gateway.doctor.finding import Finding, code_of
from gateway.doctor.report import as_text, as_value
from gateway.doctor.run import CHECKS, bench_for, examine
from gateway.settings import Settings, SettingsError, read
from gateway.token_text import MAX_TOKEN
from gateway.values import Secret

PROGRAM = "python -m gateway doctor"

_EPILOG = f"""\
checks: {", ".join(CHECKS)}

The settings are those of the app (COUNTERSIGN_...), from the environment. In Azure sign in with `az login` first.
Nothing is changed but for probes, in the evidence too, in places that no reader of the evidence looks at; the denial
test tries to change and delete its own probe, which the log of the evidence account shows and an alert may tell.
With --token-stdin an access token is explained: which check it passes or fails, and why. It is not printed.
examples:
  {PROGRAM}
  {PROGRAM} --only tokens --only token --token-stdin < token.txt
  {PROGRAM} --send --json

exit code: 0 no fault, 1 faults, 2 the command line or a setting is wrong, 3 no fault, and not everything was seen
"""


def main(arguments: Sequence[str]) -> Printed:
    """What the command prints. Raises SystemExit, as argparse does, after help and wrong words."""
    chosen = _parser().parse_args(arguments)
    # The findings say it in their own words, and never what an answer held.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    token = Secret(sys.stdin.read(MAX_TOKEN + 2).strip()) if chosen.token_stdin else None
    try:
        settings = read()
    except SettingsError as error:
        return misused(str(error))
    findings = asyncio.run(_run(chosen, settings, token))
    code = code_of(findings)
    return as_json(as_value(findings), code) if chosen.json else Printed(code, as_text(findings))


async def _run(chosen: argparse.Namespace, settings: Settings, token: Secret | None) -> list[Finding]:
    async with bench_for(settings, as_app=chosen.as_app, is_sending=chosen.send, access_token=token) as bench:
        return await examine(bench, chosen.only)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Look at a deployment, and say what is wrong and what to do.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--only", metavar="NAME", action="append", default=[], choices=list(CHECKS), help="one check; may be repeated"
    )
    parser.add_argument("--send", action="store_true", help="send a test message to everybody whom the policy tells")
    parser.add_argument("--token-stdin", action="store_true", help="explain the access token on standard input")
    parser.add_argument("--as-app", action="store_true", help="look as the managed identity, where there is one")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser
