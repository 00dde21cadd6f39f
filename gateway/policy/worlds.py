"""What a record does not tell of a call, as all the ways in which it may have been. Pure.

Takes a past call and the policies that are asked about it, and gives each way: in which groups the caller may have
been, which roles the token may have had, and how the conditions came out that read what is not on record. A policy
is then asked in each of them by the decision function of live calls. So nothing is guessed: what holds in every way
that fits the record is known, and what does not cannot be told.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import prod
from typing import cast

from gateway.authorize import authorize
from gateway.policy import expression
from gateway.policy.condition import Condition, compile_condition
from gateway.policy.document import Effect, Policy, Rule
from gateway.policy.match import verdicts
from gateway.policy.past_call import PastCall
from gateway.reasons import Reason
from gateway.values import Decision, Mask, Refusal

_NO_ACCESS = Reason.NO_ACCESS.name.lower()

MAX_WORLDS = 1_024

type World = Mapping["Bit", bool | None]


@dataclass(frozen=True, slots=True)
class Bit:
    """One thing that is not on record."""

    sort: str
    """`group`, `role` or `condition`."""
    key: tuple[str, ...]
    words: str
    """What it is, for people."""

    @property
    def values(self) -> tuple[bool | None, ...]:
        """None: the condition cannot be evaluated, which counts against the call."""
        return (True, False, None) if self.sort == "condition" else (True, False)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the caller's groups and roles."""

    member_of: frozenset[str] = frozenset()
    not_of: frozenset[str] = frozenset()
    roles: frozenset[str] | None = None
    is_complete: bool = False
    """Whether the caller is in no other group than these."""


def bits(call: PastCall, known: Known, policies: Sequence[Policy]) -> tuple[Bit, ...]:
    """Everything that is not on record and that one of the policies asks about for this call."""
    found = (bit for policy in policies for bit in _asked(call, known, policy))
    return tuple(dict.fromkeys(found))


def narrowed(call: PastCall, known: Known, then: Policy) -> Known:
    """The same with the groups that follow from the rules on record, so that fewer ways are left to try."""
    rules = {rule.name: rule for rule in then.rules_of.get(call.call.server, ())}
    if call.rules is None or known.is_complete:
        return known
    open_groups = {group for rule in rules.values() for group in rule.who.groups} - known.member_of - known.not_of
    not_of = known.not_of | {group for group in open_groups if _would_show(call, known, then, group)}
    needed = (rules[name].who.groups - not_of for name in call.rules if name in rules)
    member_of = known.member_of.union(*(groups for groups in needed if len(groups) == 1))
    return replace(known, member_of=member_of, not_of=not_of - member_of)


def _would_show(call: PastCall, known: Known, then: Policy, group: str) -> bool:
    """Whether a member of the group would have met a rule without conditions that is not on record for this call."""
    caller = replace(call.caller, groups=known.member_of | {group}, roles=known.roles or frozenset())
    found = verdicts(then, caller, call.call, call.now)
    if call.reason == _NO_ACCESS:
        # Then the record has no rules at all, whichever matched.
        return any(each.gives_access for each in found)
    # Of a call that a rule denied, the rules that would have allowed it are not on record.
    only_denying = bool(call.reason and call.rules)
    return any(
        each.matches
        and each.rule.when is None
        and each.rule.unless is None
        and each.rule.name not in (call.rules or ())
        for each in found
        if not only_denying or each.rule.effect is Effect.DENY
    )


def worlds(found: Sequence[Bit]) -> Iterator[World] | None:
    """All the ways; None if they are too many."""
    if prod(len(bit.values) for bit in found) > MAX_WORLDS:
        return None
    return (dict(zip(found, values, strict=True)) for values in product(*(bit.values for bit in found)))


def decided(policy: Policy, call: PastCall, known: Known, world: World) -> Decision | Refusal:
    """What the policy says of the call in one of the ways."""
    true = {(bit.sort, bit.key[0]) for bit, value in world.items() if value and bit.sort != "condition"}
    caller = replace(
        call.caller,
        groups=known.member_of | {key for sort, key in true if sort == "group"},
        roles=(known.roles or frozenset()) | {key for sort, key in true if sort == "role"},
    )
    return authorize(_as_in(policy, call, known, world), caller, call.call, call.now)


def _asked(call: PastCall, known: Known, policy: Policy) -> Iterator[Bit]:
    labels = {object_id: label for label, object_id in policy.groups.items()}
    rules = policy.rules_of.get(call.call.server, ())
    groups = {group for rule in rules for group in rule.who.groups} | set(_seen_by(policy, call, rules))
    roles = {role for rule in rules for role in rule.who.roles}
    for condition in _conditions(rules):
        if _is_open(condition, call, known):
            yield _open(condition, call, policy)
        else:
            named = _named(condition)
            groups |= {policy.groups[label] for label in named["groups"] if label in policy.groups}
            roles |= set(named["roles"])
    for group in sorted(groups - known.member_of - known.not_of if not known.is_complete else ()):
        yield Bit("group", (group,), f"whether the caller was in the group {labels.get(group, group)}")
    for role in sorted(roles if known.roles is None else ()):
        yield Bit("role", (role,), f"whether the token had the app role {role}")


def _seen_by(policy: Policy, call: PastCall, rules: Iterable[Rule]) -> Iterator[str]:
    """Groups whose members see what a mask hides from others."""
    server = policy.servers.get(call.call.server)
    masks: set[Mask] = {mask for rule in rules for mask in rule.masks} | set(server.masks if server else ())
    return (group for mask in masks for group in mask.clear_for | mask.partial_for)


def _conditions(rules: Iterable[Rule]) -> Iterator[Condition]:
    return (found for rule in rules for found in (rule.when, rule.unless) if found is not None)


def _is_open(condition: Condition, call: PastCall, known: Known) -> bool:
    """Whether the condition reads what is not on record, other than whether the caller is in a group or has a role."""
    text = _text_of(condition)
    if call.has_arguments and condition.reads_arguments and not _is_seen(text, call):
        return True
    uses = _uses(text, "caller")
    named = _named(condition)
    are_groups_open = uses.count("groups") > len(named["groups"]) and not known.is_complete
    are_roles_open = uses.count("roles") > len(named["roles"]) and known.roles is None
    return are_groups_open or are_roles_open or ("" in uses and (not known.is_complete or known.roles is None))


def _is_seen(text: tuple[str, ...], call: PastCall) -> bool:
    """Whether what it reads of the arguments is on record as it was."""
    uses = _uses(text, "args")
    return not call.no_arguments and not (call.hidden if "" in uses else call.hidden & set(uses))


def _uses(text: tuple[str, ...], variable: str) -> list[str]:
    """The fields of the variable that are read; an empty text where it is read as a whole."""
    padded = (*text, "", "", "")
    places = [place for place, word in enumerate(text) if word == variable and (not place or text[place - 1] != ".")]
    return [_field(*padded[place + 1 : place + 4]) for place in places]


def _field(sign: str, name: str, after: str) -> str:
    if sign == ".":
        return name
    is_plain = name[:1] in "\"'" and "\\" not in name and name[:3] not in ('"""', "'''")
    return name[1:-1] if sign == "[" and after == "]" and is_plain else ""


@lru_cache(maxsize=1024)
def _named(condition: Condition) -> Mapping[str, list[str]]:
    """What is asked for by `'NAME' in caller.groups`, and likewise of roles."""
    text = _text_of(condition)
    found: dict[str, list[str]] = {"groups": [], "roles": []}
    for place in range(len(text) - 4):
        word, *rest, last = text[place : place + 5]
        if rest == ["in", "caller", "."] and last in found and word[:1] in "\"'" and "\\" not in word:
            found[last].append(word[1:-1])
    return found


@lru_cache(maxsize=1024)
def _text_of(condition: Condition) -> tuple[str, ...]:
    return expression.read(condition.text).words


def _open(condition: Condition, call: PastCall, policy: Policy) -> Bit:
    """The same condition comes out the same under both policies, where its labels mean the same."""
    text = _text_of(condition)
    labels = tuple(f"{label}={id_}" for label, id_ in policy.groups.items()) if "groups" in text else ()
    reads = condition.reads_arguments and call.has_arguments
    why = (call.no_arguments or "they are masked") if reads else "groups or roles are not on record"
    short = " ".join(condition.text.split())
    about = f"arguments: {why}" if reads else why
    return Bit("condition", (*text, *sorted(labels)), f"how the condition {short} came out ({about})")


def _as_in(policy: Policy, call: PastCall, known: Known, world: World) -> Policy:
    """The policy in which conditions that read what is not on record come out as they do in this way."""
    server = call.call.server

    def settled(condition: Condition | None) -> Condition | None:
        if condition is None or not _is_open(condition, call, known):
            return condition
        return _constant(world[_open(condition, call, policy)])

    rules = policy.rules_of.get(server, ())
    if not any(bit.sort == "condition" for bit in world):
        return policy
    as_there = tuple(replace(rule, when=settled(rule.when), unless=settled(rule.unless)) for rule in rules)
    return replace(policy, rules_of={**policy.rules_of, server: as_there})


@lru_cache(maxsize=1024)
def _constant(value: bool | None) -> Condition:
    text = "1 / 0 == 1" if value is None else "true" if value else "false"
    return cast(Condition, compile_condition(text, {}))
