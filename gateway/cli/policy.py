"""`python -m gateway policy ...`: asks a policy before it is in force.

Takes the words after `policy`, hands them to the module of that command, and returns what is to be
printed. Argparse prints help and complaints about the words themselves; nothing here decides.
"""

import argparse
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from gateway import jsontext
from gateway.cli import cases, check, explain, policy_diff
from gateway.cli.arguments import STORES, add_operator, day
from gateway.cli.printed import Printed
from gateway.cli.proposals import add_to as add_proposals
from gateway.policy.question import read_time
from gateway.values import CallerKind, Json

PROGRAM = "python -m gateway policy"

_CHECK = f"""\
example:
  {PROGRAM} check policy.yaml

exit code: 0 the policy is good, 1 it is not
"""
_EXPLAIN = f"""\
A people file says of each name what a token would say:
  engineer: {{kind: user, groups: [engineering]}}
  pipeline: {{kind: app, roles: [Mcp.Call]}}
Its fields are those that conditions know of `caller`: kind, groups (labels or object ids), roles, oid,
tid, client. A JSON file holds the fields of one person.

examples:
  {PROGRAM} explain --as engineer --server records --tool issue_refund --args '{{"amount": 250}}'
  {PROGRAM} explain --kind app --role Mcp.Call --server records --resource records://customers/c-1
  {PROGRAM} explain --as engineer --server records --method tools/list

exit code: 0 the policy allows the call, at once, under a grant or once it is approved (the answer says which
and by whom), 3 it refuses, 1 a file is wrong, 2 the command line is wrong
"""
_TEST = f"""\
A case file stands beside the policy; its paths are relative to it:
  policy: policy.yaml
  people: people.yaml
  cases:
    - name: a large refund is refused
      as: engineer                # or {{kind: user, groups: [engineering]}}
      server: records
      tool: issue_refund          # or resource, prompt, method
      args: {{amount: 5000}}
      at: 2026-11-23T09:00:00Z    # without it: now
      expect: refuse              # allow | refuse | hidden (refused as unknown, and in no list)
      rules: [no-large-refunds]   # optional, and complete: rules, approval, grants, masks

example:
  {PROGRAM} test policy.cases.yaml

exit code: 0 every case passes, 1 one fails or a file is wrong, 2 the command line is wrong
"""
_DIFF = f"""\
Parts are matched by name; order, comments and layout are no change. Each change says what it bears if it were the
only one: loosens, tightens, either, neither. A group that both write by one display name counts as the same.

example:
  {PROGRAM} diff policy.yaml proposed.yaml

exit code: 0 nothing that decides has changed, 1 something has, 2 a file or the command line is wrong
"""
_REPLAY = f"""\
Each call that is on record is decided again, by the policy of then and by the proposed one. Of what is not on record
(which groups the caller was in, an argument that is masked) every possibility is tried: a decision that depends on
it is listed as one that cannot be told, with what it depends on. A people file can give what is missing, by `oid`.
Limits, and what a call meets after the policy (a closed grant, a quarantined tool), are not replayed.
{STORES}Without days: the last 7; of an export, which is read offline and not recorded, all.
examples:
  {PROGRAM} replay proposed.yaml --from 2026-11-01 --to 2026-11-30
  {PROGRAM} replay proposed.yaml --export bundle --people people.yaml --json

exit code: 0 no decision changes, 1 one changes, 3 none changes as far as can be told, 2 a file or the command line is
wrong, or the evidence cannot be read
"""


def main(arguments: Sequence[str]) -> Printed:
    """What the command prints. Raises SystemExit, as argparse does, after help and wrong words."""
    chosen = _parser().parse_args(arguments)
    printed: Printed = chosen.run(chosen)
    return printed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Ask a policy before it is in force, and put one in force together with others.",
        epilog=f"example: {PROGRAM} check policy.yaml",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    checking = _command(commands, "check", "say whether a policy is good, or where it is not", _CHECK)
    checking.add_argument("file", metavar="FILE", type=Path)
    checking.set_defaults(run=check.run)
    explaining = _command(commands, "explain", "say what the policy decides of one call, and why", _EXPLAIN)
    _add_caller(explaining)
    _add_call(explaining)
    explaining.set_defaults(run=explain.run)
    testing = _command(commands, "test", "run the cases that are kept beside a policy", _TEST)
    testing.add_argument("files", metavar="CASES.yaml", type=Path, nargs="+")
    testing.set_defaults(run=cases.run)
    comparing = _command(commands, "diff", "say what changes from one policy to another", _DIFF)
    comparing.add_argument("old", metavar="OLD", type=Path)
    comparing.add_argument("new", metavar="NEW", type=Path)
    comparing.set_defaults(run=policy_diff.run)
    replaying = _command(commands, "replay", "say which decisions on recorded calls a policy would change", _REPLAY)
    replaying.add_argument("new", metavar="NEW", type=Path)
    _add_evidence(replaying)
    replaying.set_defaults(run=_replay)
    add_proposals(commands)
    return parser


def _replay(chosen: argparse.Namespace) -> Printed:
    # The other commands need no package of the evidence.
    from gateway.cli import policy_replay  # noqa: PLC0415

    return policy_replay.run(chosen)


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, what: str, epilog: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    return command


def _add_caller(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--policy", metavar="FILE", type=Path, default=Path("policy.yaml"), help="default: policy.yaml"
    )
    who = command.add_argument_group("who calls")
    who.add_argument("--as", dest="person", metavar="NAME", help="a name of the people file, or a JSON file")
    who.add_argument("--people", metavar="FILE", type=Path, help="default: people.yaml beside the policy")
    who.add_argument("--kind", choices=[str(kind) for kind in CallerKind], help="instead of --as; default: user")
    who.add_argument("--group", action="append", default=[], metavar="GROUP", help="label or object id; repeatable")
    who.add_argument("--role", action="append", default=[], metavar="ROLE", help="app role; repeatable")
    who.add_argument("--oid", metavar="ID", help="object id of the caller")
    who.add_argument("--client", metavar="ID", help="id of the application that holds the token")


def _add_call(command: argparse.ArgumentParser) -> None:
    what = command.add_argument_group("what is called")
    what.add_argument("--server", metavar="NAME", required=True, help="as the policy names it")
    what.add_argument("--tool", metavar="NAME", default="")
    what.add_argument("--resource", metavar="URI", default="")
    what.add_argument("--prompt", metavar="NAME", default="")
    what.add_argument(
        "--method", metavar="METHOD", default="", help="tools/call and the like, where the others leave it open"
    )
    what.add_argument("--args", metavar="JSON", type=_arguments, help="arguments of the tool or prompt, an object")
    what.add_argument("--at", metavar="TIME", type=_time, help="ISO 8601, UTC where it names no zone; default: now")


def _add_evidence(command: argparse.ArgumentParser) -> None:
    command.add_argument("--from", dest="first", metavar="DAY", type=day, help="2026-11-01, or later")
    command.add_argument("--to", dest="last", metavar="DAY", type=day, help="this day, or earlier")
    command.add_argument("--export", metavar="DIR", type=Path, help="the folder of a bundle; default: live")
    command.add_argument("--people", metavar="FILE", type=Path, help="groups and roles of callers, by oid")
    command.add_argument(
        "--policy", metavar="FILE", type=Path, action="append", default=[], help="copy of a policy that was not kept"
    )
    add_operator(command)


def _arguments(text: str) -> dict[str, Json]:
    value = jsontext.parse(text)
    if isinstance(value, jsontext.Malformed):
        raise argparse.ArgumentTypeError(f"the text {value.why}")
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError('must be a JSON object, such as {"amount": 250}')
    return value


def _time(text: str) -> datetime:
    time = read_time(text)
    if time is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write one such as 2026-11-23T09:00:00Z")
    return time
