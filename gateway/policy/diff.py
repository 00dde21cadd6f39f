"""What changes from one policy to another, in words, for the people who approve it. Pure.

Takes two policies that have been checked and gives a Change for each field that differs, what loosens first. Parts
are matched by name, and what neither adds nor takes away anything (order, comments, layout) is no change. Each is
judged as if it were the only one; what all together do to a call, `replay` shows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from gateway.policy.condition import Condition
from gateway.policy.diff_fields import joined
from gateway.policy.diff_parts import (
    APPROVAL,
    CHANGES,
    GRANT,
    LIMIT,
    MASK,
    NOTIFIERS,
    SERVER,
    duties,
    of_rule,
    said,
)
from gateway.policy.diff_words import (
    approval_in_words,
    mask_in_words,
    rule_in_words,
    server_in_words,
    who_in_words,
)
from gateway.policy.difference import ORDER, Bearing, Change, Kind, Names, Said, names_of
from gateway.policy.document import Effect, Limit, Policy, Rule

NOTHING = "Nothing that decides has changed."

_MEMBERS = {
    "operators": "may list, show and revoke approvals",
    "auditors": "may read the evidence",
    "alerts": "are told when something is wrong with the evidence",
}
"""What the groups of these sections may do."""

type _Parts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Sort:
    """How the parts of one section are compared and told."""

    word: str
    differences: Callable[[Any, Any, Names], Iterable[Said]]
    tell: Callable[[Any, Names], str]
    added: Callable[[Any], Bearing]
    removed: Callable[[Any], Bearing]


def diff(before: Policy, after: Policy) -> tuple[Change, ...]:
    """Every change that decides something or tells somebody of it, what loosens first; empty if there is none."""
    names = names_of(before.groups, after.groups)
    found = [
        *_groups(before, after),
        *_section(_SERVER, before.servers, after.servers, names),
        *_section(_MASK, before.masks, after.masks, names),
        *_section(_APPROVAL, before.approvals, after.approvals, names),
        *_section(_GRANT, before.grants, after.grants, names),
        *_rules(before, after, names),
        *_section(_LIMIT, _limits(before), _limits(after), names),
        *_notified(before, after, names),
        *_members(before, after, names),
        *_section(_CHANGES, _terms(before), _terms(after), names),
    ]
    return tuple(sorted(found, key=lambda change: ORDER.index(change.bearing)))


def words(changes: Iterable[Change]) -> list[str]:
    """A line for each change, with what it bears; or that there is none."""
    lines = [f"{f'{change.bearing}:':<{_WIDTH}} {change.sentence}." for change in changes]
    return lines or [NOTHING]


_WIDTH = max(len(bearing) for bearing in Bearing) + 1


def _section(sort: _Sort, before: _Parts, after: _Parts, names: Names) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        where = f"{sort.word} {name}".strip()
        if name not in before:
            yield _change(where, Kind.ADDED, sort.added(after[name]), f"is new ({sort.tell(after[name], names)})")
        elif name not in after:
            told = f"is gone (was: {sort.tell(before[name], names)})"
            yield _change(where, Kind.REMOVED, sort.removed(before[name]), told)
        else:
            for each in sort.differences(before[name], after[name], names):
                yield _change(where, Kind.CHANGED, each.bearing, each.phrase)


def _change(where: str, kind: Kind, bearing: Bearing, phrase: str) -> Change:
    return Change(where, kind, bearing, f"{where[:1].upper()}{where[1:]}: {phrase}")


def _by(table: Mapping[str, Any]) -> Callable[[Any, Any, Names], Iterable[Said]]:
    return lambda before, after, names: said(table, before, after, names)


def _always(bearing: Bearing) -> Callable[[Any], Bearing]:
    return lambda _part: bearing


def _added(rule: Rule) -> Bearing:
    return Bearing.LOOSENS if rule.effect is Effect.ALLOW else Bearing.TIGHTENS


def _removed(rule: Rule) -> Bearing:
    if rule.effect is Effect.DENY:
        return Bearing.LOOSENS
    # What it required and masked falls away where another rule allows the same calls.
    return Bearing.MAY if duties(rule) else Bearing.TIGHTENS


_RULE = _Sort("rule", of_rule, rule_in_words, _added, _removed)
_SERVER = _Sort(
    "server",
    _by(SERVER),
    lambda server, _names: server_in_words(server),
    _always(Bearing.NEITHER),
    _always(Bearing.TIGHTENS),
)
# The evidence keeps bodies masked by every mask, also by one that no rule names.
_MASK = _Sort(
    "mask", _by(MASK), lambda mask, _names: mask_in_words(mask), _always(Bearing.TIGHTENS), _always(Bearing.LOOSENS)
)
_APPROVAL = _Sort("approval", _by(APPROVAL), approval_in_words, _always(Bearing.NEITHER), _always(Bearing.NEITHER))
_GRANT = _Sort(
    "grant",
    _by(GRANT),
    lambda grant, names: f"for {who_in_words(grant.who, names)}",
    _always(Bearing.NEITHER),
    _always(Bearing.NEITHER),
)
_LIMIT = _Sort(
    "limit",
    _by(LIMIT),
    lambda limit, names: f"for {who_in_words(limit.who, names)}, on {joined(limit.servers)}",
    _always(Bearing.TIGHTENS),
    _always(Bearing.LOOSENS),
)
_CHANGES = _Sort(
    "",
    _by(CHANGES),
    lambda terms, names: (
        f"{who_in_words(terms.who, names)} propose, approval {approval_in_words(terms.approval, names)}"
    ),
    _always(Bearing.MAY),
    _always(Bearing.LOOSENS),
)


def _limits(policy: Policy) -> dict[str, Limit]:
    return {limit.name: limit for limits in policy.limits_of.values() for limit in limits}


def _terms(policy: Policy) -> _Parts:
    return {"how the policy is changed": policy.changes} if policy.changes else {}


def _rules(before: Policy, after: Policy, names: Names) -> Iterator[Change]:
    old, new = ({rule.name: rule for rule in policy.rules} for policy in (before, after))
    for was, now in _renamed(old, new):
        del old[was]
        del new[now]
        yield _change(f"rule {now}", Kind.CHANGED, Bearing.NEITHER, f"is the one that was called {was}")
    yield from _section(_RULE, old, new, names)


def _renamed(old: Mapping[str, Rule], new: Mapping[str, Rule]) -> list[tuple[str, str]]:
    """Rules that say the same under another name."""
    fresh = {name: rule for name, rule in new.items() if name not in old}
    found = []
    for was, rule in old.items():
        now = next((name for name in fresh if replace(fresh[name], name=was) == rule), None)
        if was not in new and now is not None:
            found.append((was, now))
            del fresh[now]
    return found


def _groups(before: Policy, after: Policy) -> Iterator[Change]:
    # A condition may ask for the labels of a caller, whichever they are.
    reads = any("caller.groups" in each.text for policy in (before, after) for each in _conditions(policy))
    bearing = Bearing.MAY if reads else Bearing.NEITHER
    ids = {id_: label for label, id_ in after.groups.items() if label not in before.groups}
    for label, id_ in before.groups.items():
        if label in after.groups and after.groups[label] != id_:
            told = (
                f"now means the group {after.groups[label]} (was: {id_}); {_users(after, label, after.groups[label])}"
            )
            yield _change(f"group {label}", Kind.CHANGED, Bearing.MAY, told)
        elif label not in after.groups and id_ in ids:
            told = f"is the one that was called {label}, {id_}"
            yield _change(f"group {ids.pop(id_)}", Kind.CHANGED, bearing, told)
        elif label not in after.groups:
            yield _change(f"group {label}", Kind.REMOVED, bearing, f"is gone (was: {id_})")
    for id_, label in ids.items():
        yield _change(f"group {label}", Kind.ADDED, bearing, f"is new ({id_})")


def _users(policy: Policy, label: str, object_id: str) -> str:
    """Where the policy names the group."""
    parts: list[tuple[str, Any]] = [
        *((f"rule {rule.name}", rule) for rule in policy.rules),
        *((f"mask {mask.name}", mask) for mask in policy.masks.values()),
        *((f"approval {terms.name}", terms) for terms in policy.approvals.values()),
        *((f"grant {terms.name}", terms) for terms in policy.grants.values()),
        *((f"limit {limit.name}", limit) for limit in _limits(policy).values()),
        *((section, getattr(policy, section)) for section in (*_MEMBERS, "changes")),
        ("notify", frozenset(policy.notifiers)),
    ]
    used = [where for where, part in parts if _names_group(part, label, object_id)]
    return f"named by {', '.join(used)}" if used else "nothing names it"


def _names_group(part: Any, label: str, object_id: str) -> bool:
    if isinstance(part, Condition):
        return f"'{label}'" in part.text or f'"{label}"' in part.text
    if isinstance(part, frozenset):
        return object_id in part
    if is_dataclass(part):
        return any(_names_group(getattr(part, field.name), label, object_id) for field in fields(part))
    return False


def _conditions(policy: Policy) -> Iterator[Condition]:
    found = [condition for rule in policy.rules for condition in (rule.when, rule.unless)]
    found += [terms.approves for terms in policy.grants.values()]
    return (condition for condition in found if condition is not None)


def _notified(before: Policy, after: Policy, names: Names) -> Iterator[Change]:
    old = {names.moved.get(group, group): ways for group, ways in before.notifiers.items()}
    for group in dict.fromkeys((*old, *after.notifiers)):
        for each in NOTIFIERS(old.get(group, ()), after.notifiers.get(group, ()), names):
            yield _change(f"notify {names.label(group)}", _kind(group, old, after.notifiers), each.bearing, each.phrase)


def _members(before: Policy, after: Policy, names: Names) -> Iterator[Change]:
    for section, may in _MEMBERS.items():
        was, now = names.carried(getattr(before, section)), getattr(after, section)
        is_told = section == "alerts"
        for group in sorted(now - was, key=names.label):
            bearing = Bearing.NEITHER if is_told else Bearing.LOOSENS
            yield _change(section, Kind.CHANGED, bearing, f"members of {names.label(group)} now {may}")
        for group in sorted(was - now, key=names.label):
            bearing = Bearing.NEITHER if is_told else Bearing.TIGHTENS
            yield _change(section, Kind.CHANGED, bearing, f"members of {names.label(group)} no longer {may}")


def _kind(name: str, before: _Parts, after: _Parts) -> Kind:
    if name in before and name in after:
        return Kind.CHANGED
    return Kind.REMOVED if name in before else Kind.ADDED
