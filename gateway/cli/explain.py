"""`policy explain`: what the policy says of one call, and what each of its rules contributes.

Takes the command's arguments, makes the caller and the call that they describe, asks the decision
function of live calls, and prints its answer for people or as JSON. It knows the policy alone: whether a
token would be accepted, a tool exists or an approval is given is asked elsewhere.
"""

from argparse import Namespace
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from shutil import get_terminal_size

from gateway.cli.check import by_name
from gateway.cli.explanation import explain, in_json
from gateway.cli.explanation_text import in_text
from gateway.cli.files import PEOPLE, Loaded, load, load_people, load_policy
from gateway.cli.printed import REFUSED, Mistake, Printed, as_json, mistaken, misused
from gateway.policy.document import Policy
from gateway.policy.people import described, group_id, read_one, unknown_group
from gateway.policy.question import Answer, Question, answer_of, call_of
from gateway.policy.suggestion import unknown
from gateway.values import Caller, CallerKind

_COLUMNS, _FEWEST, _MOST = 100, 80, 120
"""Of the text, where it goes to no terminal, and where the terminal is narrower or wider."""
_FLAGS = ("kind", "group", "role", "oid", "client")


@dataclass(frozen=True, slots=True)
class _Misused:
    sentence: str


def run(chosen: Namespace) -> Printed:
    """The explanation: exit code 0 if the policy allows the call, at once, under a grant or once approved; else 3."""
    loaded = load_policy(chosen.policy)
    if not isinstance(loaded, Loaded):
        return mistaken(loaded, is_json=chosen.json)
    caller = _caller(chosen, loaded.policy)
    if isinstance(caller, _Misused):
        return misused(caller.sentence)
    if not isinstance(caller, Caller):
        return mistaken(caller, is_json=chosen.json)
    call = call_of(
        Question(chosen.server, chosen.tool, chosen.resource, chosen.prompt, chosen.method, chosen.args or {})
    )
    if isinstance(call, str):
        return misused(call)
    now = chosen.at or datetime.now(UTC)
    explained = explain(loaded.policy, caller, call, now)
    code = 0 if answer_of(explained.outcome) is Answer.ALLOW else REFUSED
    if chosen.json:
        return as_json(in_json(explained, loaded.policy), code)
    columns = min(max(get_terminal_size((_COLUMNS, 0)).columns, _FEWEST), _MOST)
    text = in_text(explained, loaded.policy, person=chosen.person or "", columns=columns)
    return Printed(code, "\n".join([text, *by_name(loaded)]))


def _caller(chosen: Namespace, policy: Policy) -> Caller | _Misused | tuple[Mistake, ...]:
    flags = [f"--{name}" for name in _FLAGS if getattr(chosen, name)]
    if chosen.person and flags:
        return _Misused(f"give --as or {flags[0]}, not both")
    if chosen.person and chosen.person.endswith(".json"):
        return load(Path(chosen.person), partial(read_one, groups=policy.groups))
    if chosen.person:
        return _person(chosen, policy)
    if not flags:
        return _Misused("say who calls: --as NAME, or --kind, --group, --role, --oid, --client")
    return _flagged(chosen, policy)


def _person(chosen: Namespace, policy: Policy) -> Caller | _Misused | tuple[Mistake, ...]:
    beside = chosen.policy.with_name(PEOPLE)
    path = chosen.people or beside
    if chosen.people is None and not beside.exists():
        return _Misused(f"--as {chosen.person}: name a people file with --people; there is no {beside}")
    people = load_people(path, policy)
    if isinstance(people, tuple):
        return people
    return people.get(chosen.person) or _Misused(f"--as: {unknown('person', chosen.person, people)} ({path})")


def _flagged(chosen: Namespace, policy: Policy) -> Caller | _Misused:
    groups = {name: group_id(name, policy.groups) for name in chosen.group}
    for name, object_id in groups.items():
        if object_id is None:
            return _Misused(f"--group: {unknown_group(name, policy.groups)}")
    return described(
        CallerKind(chosen.kind or CallerKind.USER),
        groups=[object_id for object_id in groups.values() if object_id],
        roles=chosen.role,
        oid=chosen.oid or "",
        client=chosen.client or "",
    )
