"""Recorded calls under a proposed policy: which decisions would change, and which of them cannot be told. Pure.

Takes the proposed policy, calls of the evidence and the policies that decided them, and gives a line for each sort
of call that would be decided otherwise. The policy of then is asked again, not the record alone: so both sides of a
comparison are decisions of one function, and a record that this policy does not explain is told as such. What is not
on record is tried in every way that it may have been (`worlds`): a decision that depends on it is never guessed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway import jsontext
from gateway.policy.difference import ORDER, Bearing
from gateway.policy.document import Policy
from gateway.policy.past_call import PastCall, is_masked
from gateway.policy.replay_decisions import Difference, differences
from gateway.policy.worlds import Bit, Known, bits, decided, narrowed, worlds
from gateway.reasons import Reason
from gateway.values import Caller, Decision, Refusal

_NO_BODY = {
    "completion/complete": "what it was to complete is not on record",
    "subscriptions/listen": "the resources that it subscribed to are not on record",
}
_NOT_KEPT = "the policy that decided it is not kept, so what it required and masked is not known"
_HIDDEN = Reason.TARGET_HIDDEN.name.lower()
_NEEDS_USER = Reason.CREDENTIAL_NEEDS_USER.name.lower()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the proposed policy changes for one call."""

    differences: tuple[Difference, ...] = ()
    """In order; all empty: nothing. Where it cannot be told: all that may be."""
    why: str = ""
    """Why it cannot be told; empty where it can."""

    @property
    def bearing(self) -> Bearing:
        """The first of what loosens, may do either, tightens, that the differences have."""
        return min((each.bearing for each in self.differences), key=ORDER.index, default=Bearing.NEITHER)


@dataclass(frozen=True, slots=True)
class Line:
    """Calls of one caller to one target for which the same changes, or cannot be told."""

    verdict: Verdict
    tenant: str
    subject: str
    kind: str
    server: str
    method: str
    target: str
    calls: int
    first: str
    """Time of the first of them, as `call` and `session` name it."""
    call: str
    session: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a proposed policy would do to the calls."""

    policy: str
    """SHA-256 of the proposed policy."""
    calls: int
    """On which a policy decided."""
    changed: int
    untold: int
    undecided: int
    """Calls, not among `calls`, that came to their end before a policy decided."""
    lines: tuple[Line, ...]
    """Those that change first, what loosens before the rest, then those that cannot be told; most calls first."""

    @property
    def unchanged(self) -> int:
        return self.calls - self.changed - self.untold


@dataclass(slots=True)
class _Asking:
    """One replay on its way, with the answers of calls that were the same."""

    proposed: Policy
    kept: Mapping[str, Policy]
    people: Mapping[tuple[str, str], Caller]
    answers: dict[object, Verdict] = field(default_factory=dict)


def replay(
    proposed: Policy,
    calls: Iterable[PastCall],
    kept: Mapping[str, Policy],
    people: Iterable[Caller] = (),
    undecided: int = 0,
) -> Replayed:
    """What the proposed policy would decide otherwise.

    `kept` has the policies of then by their SHA-256. `people` are callers whose groups and roles are given, and taken
    to have been the same then.
    """
    asking = _Asking(proposed, kept, {(each.tenant, each.object_id): each for each in people})
    lines: dict[tuple[object, ...], Line] = {}
    total = 0
    for call in calls:
        total += 1
        verdict = _verdict(asking, call)
        if verdict.differences or verdict.why:
            _count(lines, call, verdict)
    changed = sum(line.calls for line in lines.values() if not line.verdict.why)
    untold = sum(line.calls for line in lines.values() if line.verdict.why)
    found = sorted(lines.values(), key=_rank)
    return Replayed(proposed.digest, total, changed, untold, undecided, tuple(found))


def _rank(line: Line) -> tuple[bool, int, int, str]:
    return bool(line.verdict.why), ORDER.index(line.verdict.bearing), -line.calls, line.first


def is_affected(proposed: Policy, then: Policy | None, server: str) -> bool:
    """Whether anything that decides calls to this server differs; if not, no call needs to be asked about."""
    return then is None or _governing(proposed, server) != _governing(then, server)


def reads_arguments(proposed: Policy, then: Policy | None, server: str) -> bool:
    """Whether a condition on this server reads arguments, under one policy or the other."""
    rules = (rule for policy in (proposed, then) if policy for rule in policy.rules_of.get(server, ()))
    return any(each.reads_arguments for rule in rules for each in (rule.when, rule.unless) if each is not None)


def _governing(policy: Policy, server: str) -> tuple[object, ...]:
    found = policy.servers.get(server)
    upstream = (found.needs_user, found.masks, found.request_masks) if found else None
    masks, approvals = tuple(policy.masks.values()), tuple(policy.approvals.values())
    return upstream, policy.rules_of.get(server, ()), masks, approvals, frozenset(policy.groups.items())


def _count(lines: dict[tuple[object, ...], Line], call: PastCall, verdict: Verdict) -> None:
    who, what = call.caller, call.call
    key = (verdict, who.tenant, who.object_id, str(who.kind), what.server, what.method, what.target)
    known = lines.get(key)
    if known is not None:
        lines[key] = replace(known, calls=known.calls + 1)
    else:
        lines[key] = Line(*key, calls=1, first=call.at, call=call.id, session=call.session)


def _verdict(asking: _Asking, call: PastCall) -> Verdict:
    proposed = asking.proposed
    then = proposed if call.policy == proposed.digest else asking.kept.get(call.policy)
    if not is_affected(proposed, then, call.call.server):
        return Verdict()
    if why := _unaskable(call):
        return Verdict(why=why)
    same = _same(proposed, then, call)
    if same not in asking.answers:
        asking.answers[same] = _compare(proposed, then, call, _known(asking.people, call, then))
    return asking.answers[same]


def _unaskable(call: PastCall) -> str:
    if is_masked(call):
        return "what it was aimed at is masked in its record"
    is_empty = not call.call.params
    return _NO_BODY.get(call.call.method, "") if is_empty else ""


def _known(people: Mapping[tuple[str, str], Caller], call: PastCall, then: Policy | None) -> Known:
    person = people.get((call.caller.tenant, call.caller.object_id)) or people.get(("", call.caller.object_id))
    if person is not None:
        return Known(person.groups, roles=person.roles, is_complete=True)
    if call.groups is None:
        return Known(roles=call.roles)
    # A record has those groups alone that the policy of then mentions.
    mentioned = frozenset(then.groups.values()) if then is not None else frozenset()
    return Known(call.groups, mentioned - call.groups, call.roles)


def _same(proposed: Policy, then: Policy | None, call: PastCall) -> object:
    """What calls have in common that have the same answer."""
    server = call.call.server
    rules = (rule for policy in (proposed, then) if policy for rule in policy.rules_of.get(server, ()))
    texts = [each.text for rule in rules for each in (rule.when, rule.unless) if each is not None]
    params = call.call.params if call.call.method in _NO_BODY or reads_arguments(proposed, then, server) else {}
    now = call.now if any("now" in text for text in texts) else None
    seen = (jsontext.write(params), call.hidden, call.no_arguments)
    decision = (call.policy, call.reason, call.rules, call.groups, call.roles)
    what = (server, call.call.kind, call.call.method, call.call.target)
    return call.caller, what, decision, seen, now


def _compare(proposed: Policy, then: Policy | None, call: PastCall, known: Known) -> Verdict:
    policies = [proposed] if then is None else [then, proposed]
    known = known if then is None else narrowed(call, known, then)
    unknown = bits(call, known, policies)
    ways = worlds(unknown)
    if ways is None:
        return Verdict(why=f"{len(unknown)} things that it depends on are not on record")
    outcomes: dict[tuple[bool | None, ...], tuple[Difference, ...]] = {}
    for world in ways:
        before = None if then is None else decided(then, call, known, world)
        if before is None or _fits(before, call):
            after = decided(proposed, call, known, world)
            outcomes[tuple(world.values())] = differences(before, call.reason, after)
    if not outcomes:
        return Verdict(why="the policy that decided it does not give the decision that is on record")
    return _agreed(outcomes, unknown, then)


def _agreed(
    outcomes: Mapping[tuple[bool | None, ...], tuple[Difference, ...]], unknown: Sequence[Bit], then: Policy | None
) -> Verdict:
    """What is so in every way that fits the record, or what it depends on."""
    found = dict.fromkeys(outcomes.values())
    is_same = len(found) == 1
    possible = tuple(dict.fromkeys(each for several in found for each in several))
    if is_same and (then is not None or any(each.is_of_outcome for each in possible)):
        return Verdict(possible)
    why = [] if then is not None else [_NOT_KEPT]
    return Verdict(possible, "; ".join([*why, *([] if is_same else _deciding(outcomes, unknown))]))


def _deciding(outcomes: Mapping[tuple[bool | None, ...], tuple[Difference, ...]], unknown: Sequence[Bit]) -> list[str]:
    """The things that make a difference by themselves; all that are open, where none does."""
    found = []
    for place, bit in enumerate(unknown):
        by_rest: dict[tuple[object, ...], set[object]] = {}
        for values, several in outcomes.items():
            by_rest.setdefault((*values[:place], *values[place + 1 :]), set()).add(several)
        if any(len(several) > 1 for several in by_rest.values()):
            found.append(bit.words)
    return found or [bit.words for bit in unknown]


def _fits(outcome: Decision | Refusal, call: PastCall) -> bool:
    """Whether the call may have been decided so, by its record."""
    if call.rules is not None and outcome.rules != call.rules:
        return False
    if not call.reason or isinstance(outcome, Decision):
        # A tool that its server does not list, or that a closed grant hides, is refused as unknown though allowed here.
        return isinstance(outcome, Decision) and call.reason in ("", _HIDDEN, _NEEDS_USER)
    reason = outcome.reason.name.lower()
    return reason == call.reason or (call.reason == _HIDDEN and outcome.reason is Reason.DENIED)
