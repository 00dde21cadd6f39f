"""An explanation as lines for a terminal.

Takes an explanation, its policy, and how many columns there are, and returns text. The decision comes
first, then what follows from it, then the rules that match, then the others, of which those that a
condition kept away come before those that are for other callers or calls.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import wrap

from gateway.cli.explanation import Explanation, labels, who
from gateway.policy.document import GrantTerms, Limit, Policy, Rule, Who
from gateway.policy.duration import spelled
from gateway.policy.eligibility import asks
from gateway.policy.glob import Glob, UriGlob
from gateway.policy.limits import applying
from gateway.policy.match import Verdict, Why
from gateway.policy.size import size_spelled
from gateway.policy.suggestion import unknown
from gateway.reasons import Reason
from gateway.values import ApprovalTerms, Call, Caller, Decision, Refusal

_LONGEST_NAME = 32
"""Columns for names of rules; a longer one pushes its own line alone."""


@dataclass(frozen=True, slots=True)
class _Line:
    """What begins in one line and may go on in further ones, below where its text began."""

    beginning: str
    text: str
    indent: int


def in_text(explained: Explanation, policy: Policy, *, person: str, columns: int) -> str:
    """The explanation. `person` is the caller's name as the command line gave it, or empty."""
    caller, call, outcome = explained.caller, explained.call, explained.outcome
    about = " ".join([call.method, *([call.target] if call.target else _subscribed(call))])
    matching = [verdict for verdict in explained.verdicts if verdict.matches]
    others = [verdict for verdict in explained.verdicts if not verdict.matches]
    others.sort(key=lambda verdict: verdict.why in (Why.OTHER_CALLER, Why.OTHER_TARGET))
    names = [len(verdict.rule.name) for verdict in explained.verdicts]
    width = min(max(names, default=0), _LONGEST_NAME)
    lines = [
        _fact(
            "ALLOWED" if isinstance(outcome, Decision) else "REFUSED",
            f"{_once(outcome)}{about} on {call.server}, as {_described(person, caller, policy)}",
        ),
        *(_duties(explained, outcome, policy) if isinstance(outcome, Decision) else _refusal(outcome, call, policy)),
        *_section("Rules that match:", matching, policy, width),
        *_section("Rules that do not:", others, policy, width),
    ]
    return "\n".join(_wrapped(line, columns) for line in lines)


def _wrapped(line: _Line, columns: int) -> str:
    if not line.text:
        return line.beginning
    wrapped = wrap(
        line.text,
        columns,
        initial_indent=line.beginning,
        subsequent_indent=" " * line.indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(wrapped)


def _fact(name: str, text: str) -> _Line:
    return _Line(name.ljust(9), text, 9)


def _described(person: str, caller: Caller, policy: Policy) -> str:
    facts: list[str] = [caller.kind]
    if caller.groups:
        facts.append(f"groups {', '.join(labels(caller.groups, policy))}")
    if caller.roles:
        facts.append(f"roles {', '.join(sorted(caller.roles))}")
    return f"{person or caller.object_id or 'someone'} ({'; '.join(facts)})"


def _subscribed(call: Call) -> list[str]:
    wanted = call.params.get("notifications", {})
    return list(wanted.get("resourceSubscriptions", ()))


def _once(outcome: Decision | Refusal) -> str:
    if isinstance(outcome, Refusal):
        return ""
    first = ["under a grant"] * bool(outcome.grants) + ["once approved"] * bool(outcome.approvals)
    return f"{' and '.join(first)}: " if first else ""


def _duties(explained: Explanation, decision: Decision, policy: Policy) -> list[_Line]:
    masks = ", ".join(f"{mask.name} ({mask.action})" for mask in decision.masks)
    requires = [
        *(_fact("grant", _grant(policy.grants[name], explained, policy)) for name in decision.grants),
        *(_fact("approval", _terms(terms, policy)) for terms in decision.approvals),
    ]
    limits = applying(policy, explained.caller, explained.call.server)
    return [
        *(requires or [_fact("requires", "nothing more")]),
        _fact("masks", masks or "nothing"),
        *(_fact("limit", _limit(limit)) for limit in limits),
    ]


def _limit(limit: Limit) -> str:
    facts = [
        *([f"{limit.rate:g} requests a second, {limit.burst} at once"] * bool(limit.rate)),
        *([f"{limit.concurrent} open"] * bool(limit.concurrent)),
        *([f"{limit.calls} calls in a session"] * bool(limit.calls)),
        *([f"answers of {size_spelled(limit.result_bytes)}"] * bool(limit.result_bytes)),
    ]
    return f"{limit.name}: at most {'; '.join(facts)}, in each process"


def _grant(terms: GrantTerms, explained: Explanation, policy: Policy) -> str:
    """For how long it may be had, what opens it, and whether this caller may ask for it."""
    may_ask = asks(policy, explained.caller, explained.call.server, terms.name)
    facts = [
        f"{terms.name}: for up to {spelled(terms.ceiling)}",
        *([f"opens at once if {terms.approves.text}"] if terms.approves else []),
        *([f"{'else ' * bool(terms.approves)}opened by {_people(terms.approval, policy)}"] if terms.approval else []),
        *(["this caller may not ask for it"] * (not may_ask)),
    ]
    return "; ".join(facts)


def _terms(terms: ApprovalTerms, policy: Policy) -> str:
    """Who approves, by when, and what the approval is then good for."""
    reasons = ["requester"] * terms.requester_reason + ["approver"] * terms.approver_reason
    facts = [
        _people(terms, policy),
        f"to decide within {spelled(terms.expires)}",
        *([f"reminded every {spelled(terms.remind)}"] * bool(terms.remind)),
        *([f"reasons from {' and '.join(reasons)}"] * bool(reasons)),
        f"good for identical calls within {spelled(terms.reuse)}"
        if terms.reuse
        else f"good for one call within {spelled(terms.use_within)}",
        *(["covers answers in mid-call"] * terms.covers_answers),
    ]
    return f"{terms.name}: {'; '.join(facts)}"


def _people(terms: ApprovalTerms, policy: Policy) -> str:
    people = f"{terms.people} {'person' if terms.people == 1 else 'people'} of {_either(terms.approvers, policy)}"
    further = f", after {spelled(terms.escalate_after)} also of {_either(terms.escalate_to, policy)}"
    return people + further * bool(terms.escalate_after)


def _either(groups: frozenset[str], policy: Policy) -> str:
    return " or ".join(labels(groups, policy))


def _refusal(refusal: Refusal, call: Call, policy: Policy) -> list[_Line]:
    detail = refusal.detail
    if refusal.reason is Reason.SERVER_UNKNOWN:
        detail = unknown("server", call.server, policy.servers)
    why = refusal.reason.name.lower()
    return [_fact("reason", f"{why}: {detail}" if detail else why), _fact("answer", refusal.reason.wire.sentence)]


def _section(title: str, verdicts: Iterable[Verdict], policy: Policy, width: int) -> list[_Line]:
    lines = [
        _Line(f"  {verdict.rule.effect:<5}  {verdict.rule.name:<{width}}  ", _because(verdict, policy), width + 11)
        for verdict in verdicts
    ]
    return [_Line("", "", 0), _Line(title, "", 0), *lines] if lines else []


def _because(verdict: Verdict, policy: Policy) -> str:
    """Why the rule matches or does not; with what it is for, where that is something else."""
    rule, why = verdict.rule, verdict.why
    when, unless = rule.when.text if rule.when else "", rule.unless.text if rule.unless else ""
    said = {
        Why.OTHER_CALLER: _who(rule.who, policy),
        Why.OTHER_TARGET: _what(rule),
        Why.WHEN_FALSE: when,
        Why.WHEN_FAILED: f"{when} ({verdict.detail})",
        Why.UNLESS_TRUE: unless,
        Why.UNLESS_FAILED: f"{unless} ({verdict.detail})",
    }
    if why in said:
        return f"{why.value}: {said[why]}"
    if why is Why.IMPLIED:
        return str(why.value)
    held = [f"its 'when' is true: {when}"] * bool(when) + [f"its 'unless' is false: {unless}"] * bool(unless)
    return "; ".join([why.value, *held])


def _who(included: Who, policy: Policy) -> str:
    return "; ".join(f"{name} {', '.join(items)}" for name, items in who(included, policy).items())


def _what(rule: Rule) -> str:
    found: dict[str, tuple[Glob | UriGlob, ...]] = {
        "tools": rule.tools,
        "resources": rule.resources,
        "prompts": rule.prompts,
        "methods": rule.methods,
    }
    return "; ".join(f"{name} {', '.join(glob.text for glob in globs)}" for name, globs in found.items() if globs)
