"""Which fields the parts of a policy have, and what is said of each that differs: one table for each part. Pure.

Takes two values of the same part and gives what is to be said. Parts that a part names (the approval of a rule, the
masks of a server) are compared where they stand, once; here it counts which is named. Every field has a row, which
a test holds, so that no new one can be left out of a diff in silence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from gateway.policy.diff_fields import (
    Compare,
    amount,
    conditional,
    flag,
    grouped,
    listed,
    narrowing,
    ranked,
    required,
    spelt,
)
from gateway.policy.diff_words import (
    approval_in_words,
    credential_in_words,
    notifier_in_words,
    reveal_in_words,
)
from gateway.policy.difference import FLIPPED, Bearing, Names, Said
from gateway.policy.document import ChangeTerms, Effect, GrantTerms, Limit, Rule, Server, Who
from gateway.values import ApprovalTerms, Mask

_LOOSENS, _TIGHTENS, _MAY, _NEITHER = Bearing.LOOSENS, Bearing.TIGHTENS, Bearing.MAY, Bearing.NEITHER


def _name(part: Any) -> str:
    return str(part.name)


def _text(glob: Any) -> str:
    return str(glob.text)


def _pattern(found: tuple[str, str]) -> str:
    return f"{found[0]} ({found[1]})"


def _bytes(found: float) -> str:
    return f"{int(found):,} bytes"


def _count_or_less(found: float) -> str:
    return f"{found:g}"


def _count(found: float) -> str:
    return str(int(found))


_PINS = "; its tools keep their pins, and those that differ there are treated as its trust says"

SERVER: Mapping[str, Compare] = {
    "url": spelt("its URL", _MAY, note=_PINS),
    "credential": spelt("what opens it", _MAY, credential_in_words),
    "connect_timeout": amount("its time to connect", _NEITHER),
    "read_timeout": amount("its time to answer", _NEITHER),
    "masks": listed("masks on all of its answers", _TIGHTENS, spell=_name),
    "trust": ranked("its trust in new and changed tools", (("accept",), ("quarantine",))),
    "client_features": listed("what it may ask of its clients", _LOOSENS),
    "bodies": ranked("which bodies of its calls the evidence keeps", (("none",), ("requests",), ("all",))),
    "request_masks": listed("masks on all that is sent to it", _TIGHTENS, spell=_name),
    "largest_blob": amount(
        "the largest blob that passes unread", _LOOSENS, spell=_bytes, none="any", none_is_most=True
    ),
    "streams": ranked("how it treats values that are broken over a stream", (("mask",), ("strict",))),
}

MASK: Mapping[str, Compare] = {
    "action": ranked(
        "its action", (("partial", "token"), ("redact", "drop"), ("approval",), ("block",)), unsure=("approval",)
    ),
    "detectors": listed("what it finds by its look", _TIGHTENS),
    "fields": listed("fields that it hides", _TIGHTENS),
    "patterns": listed("its own patterns", _TIGHTENS, spell=_pattern),
    "words": listed("words that it hides", _TIGHTENS),
    "clear_for": grouped("who sees the value clear", _LOOSENS),
    "partial_for": grouped("who sees the last four characters", _LOOSENS),
    "reveal": spelt("what lifts it", _MAY, reveal_in_words),
    "approval": required("approval", approval_in_words),
}

APPROVAL: Mapping[str, Compare] = {
    "approvers": grouped("who may approve", _LOOSENS),
    "people": amount("how many different people have to approve", _TIGHTENS, spell=_count),
    "expires": amount("the time to decide", _LOOSENS),
    "use_within": amount("the time in which the call may be made", _LOOSENS),
    "remind": amount("the time between two reminders", _NEITHER, none="none, for nobody is reminded"),
    "escalate_after": amount(
        "the time until further groups may decide", _TIGHTENS, none="without end", none_is_most=True
    ),
    "escalate_to": grouped("who may approve later", _LOOSENS),
    "requester_reason": flag("the requester now has to say why", "the requester need not say why any more", _TIGHTENS),
    "approver_reason": flag("who decides now has to say why", "who decides need not say why any more", _TIGHTENS),
    "reuse": amount("the time in which identical calls may use it again", _LOOSENS, none="none, for it is used once"),
    "covers_answers": flag(
        "now covers what the caller answers in mid-call",
        "no longer covers what the caller answers in mid-call",
        _LOOSENS,
    ),
}

WHO: Mapping[str, Compare] = {
    "groups": narrowing("for groups", are_groups=True),
    "roles": narrowing("for app roles"),
    "kinds": narrowing("for kinds of callers"),
}


def _who(before: Who, after: Who, names: Names) -> Iterator[Said]:
    yield from said(WHO, before, after, names)


GRANT: Mapping[str, Compare] = {
    "ceiling": amount("the longest that it may last", _LOOSENS),
    "who": _who,
    "approval": spelt("the approval that opens it", _MAY, lambda found: found.name if found else "none"),
    "approves": conditional("under which it opens without people", _LOOSENS),
    "ahead": amount("how far ahead it may be asked for", _LOOSENS),
    "at_once": amount("how many may be open at once", _LOOSENS, spell=_count, none="any number", none_is_most=True),
    "is_extendable": flag("may now be made longer", "may not be made longer any more", _LOOSENS),
    "needs_reason": flag("now needs a reason", "needs no reason any more", _TIGHTENS),
    "remind": amount("the time at which its holder is reminded", _NEITHER, none="none"),
    "cancels_calls": flag(
        "calls that run when it ends are now cancelled", "calls that run when it ends may now finish", _TIGHTENS
    ),
    "hides_tools": flag(
        "lists now hide what needs it while it is not open",
        "lists now show what needs it while it is not open",
        _TIGHTENS,
    ),
}

CHANGES: Mapping[str, Compare] = {
    "who": _who,
    "approval": spelt("the approval that a new policy needs", _MAY, _name),
}


def _limited(before: Who, after: Who, names: Names) -> Iterator[Said]:
    yield from (replace(each, bearing=FLIPPED[each.bearing]) for each in _who(before, after, names))


LIMIT: Mapping[str, Compare] = {
    "who": _limited,
    "servers": listed("on servers", _TIGHTENS),
    "rate": amount("requests a second", _LOOSENS, spell=_count_or_less, none="any number", none_is_most=True),
    "burst": amount("requests at once after a pause", _LOOSENS, spell=_count, none="any number", none_is_most=True),
    "concurrent": amount("requests at the same time", _LOOSENS, spell=_count, none="any number", none_is_most=True),
    "calls": amount("calls of one session", _LOOSENS, spell=_count, none="any number", none_is_most=True),
    "result_bytes": amount("the largest answer", _LOOSENS, spell=_bytes, none="any size", none_is_most=True),
}

REACH: Mapping[str, Compare] = {
    "who": _who,
    "servers": listed("on servers", _LOOSENS),
    "tools": listed("for tools", _LOOSENS, spell=_text),
    "resources": listed("for resources", _LOOSENS, spell=_text),
    "prompts": listed("for prompts", _LOOSENS, spell=_text),
    "methods": listed("for methods", _LOOSENS, spell=_text),
    "when": conditional("when", _TIGHTENS),
    "unless": conditional("unless", _TIGHTENS),
}
"""Fields of a rule that say which calls it covers, with the bearing that they have on an allow without duties."""
DUTIES: Mapping[str, Compare] = {
    "approval": required("approval", approval_in_words),
    "grant": required("grant", lambda found, _names: str(found)),
    "masks": listed("masks on answers", _TIGHTENS, spell=_name),
    "request_masks": listed("masks on requests", _TIGHTENS, spell=_name),
}
NOTIFIERS: Compare = listed("who or what is told", _NEITHER, spell=notifier_in_words)


def said(table: Mapping[str, Compare], before: Any, after: Any, names: Names) -> Iterator[Said]:
    """What is to be said of two values of the part that the table is of."""
    for name, compare in table.items():
        yield from compare(getattr(before, name), getattr(after, name), names)


def of_rule(before: Rule, after: Rule, names: Names) -> Iterator[Said]:
    """The same of a rule. What widens an allow loosens; what widens a deny tightens."""
    if before.effect is not after.effect:
        word, bearing = ("allows", _LOOSENS) if after.effect is Effect.ALLOW else ("denies", _TIGHTENS)
        yield Said(bearing, f"now {word} what it covers (was: {before.effect})")
        rest = (*said(REACH, before, after, names), *said(DUTIES, before, after, names))
        yield from (replace(each, bearing=_MAY) for each in rest)
        return
    has_duties = bool(duties(before))
    for each in said(REACH, before, after, names):
        if after.effect is Effect.DENY:
            yield replace(each, bearing=FLIPPED[each.bearing])
        elif has_duties and each.bearing is _TIGHTENS:
            yield Said(_MAY, f"{each.phrase}; what it requires and masks falls away where it covers a call no more")
        else:
            yield each
    yield from said(DUTIES, before, after, names)


def duties(rule: Rule) -> tuple[object, ...]:
    """What the rule requires and masks."""
    return tuple(found for name in DUTIES if (found := getattr(rule, name)))


PARTS: Mapping[type, Mapping[str, Compare]] = {
    Server: SERVER,
    Mask: MASK,
    ApprovalTerms: APPROVAL,
    GrantTerms: GRANT,
    Who: WHO,
    Rule: {**REACH, **DUTIES},
    Limit: LIMIT,
    ChangeTerms: CHANGES,
}
"""By type, for the test that every field has a row."""
