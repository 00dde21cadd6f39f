"""The `approvals` section of a policy: who has to approve, how many of them, by when, and for how long it counts.

Takes the section's node and the groups that are known, and returns the terms by name, in order. Terms
that could never come to pass are refused: a reminder or an escalation after the end, an escalation to
those who are asked anyway, and a reuse that outlasts the approval.
"""

import re
from collections.abc import Mapping

import yaml

from gateway.policy.duration import DAY, HOUR, MINUTE, Bounds, read_seconds, spelled
from gateway.policy.masks import NAME, NAME_IN_WORDS, groups_named
from gateway.policy.nodes import Findings, Item, entries, mapping, text, texts
from gateway.policy.suggestion import unknown
from gateway.values import ApprovalTerms

MAX_PEOPLE = 10
MAX_REMINDERS = 100
"""Before an approval expires: each is a message to everybody who may decide, and a row that says so."""
ONCE = "once"

_KEYS = ("approvers", "people", "expires", "use_within", "remind", "escalate", "reasons", "reuse", "answers")
_PEOPLE = re.compile(r"[1-9][0-9]?")
_EXPIRES = Bounds(MINUTE, 30 * DAY, HOUR)
_USE_WITHIN = Bounds(10, 30 * DAY, HOUR)
_REMIND = Bounds(MINUTE, 30 * DAY, 30 * MINUTE)
_ESCALATE_AFTER = Bounds(MINUTE, 30 * DAY, 2 * HOUR)
_REUSE = Bounds(10, DAY, 15 * MINUTE)
_REASONS = ("requester", "approver")
_ANSWERS = ("covered", "new_approval")


def read_approvals(node: yaml.Node, groups: Mapping[str, str], findings: Findings) -> dict[str, ApprovalTerms]:
    """The terms by name. Those with a mistake are there too, so that a rule that names them makes no second mistake."""
    found = entries(node, "approvals", findings)
    return {item.text: _read_terms(item, value, groups, findings) for item, value in found}


def _read_terms(item: Item, node: yaml.Node, groups: Mapping[str, str], findings: Findings) -> ApprovalTerms:
    what = f"approval {item.text!r}"
    if not NAME.fullmatch(item.text):
        findings.add(item.node, f"{what}: {NAME_IN_WORDS}")
    found = mapping(node, what, findings, _KEYS, ("approvers",))
    approvers = _read_groups(found, "approvers", what, groups, findings)
    expires = _seconds(found, "expires", what, _EXPIRES, findings) or int(_EXPIRES.default)
    use_within = _seconds(found, "use_within", what, _USE_WITHIN, findings) or int(_USE_WITHIN.default)
    escalate_after, escalate_to = _read_escalation(found, what, expires, approvers, groups, findings)
    reasons = _read_reasons(found["reasons"], what, findings) if "reasons" in found else frozenset()
    return ApprovalTerms(
        name=item.text,
        approvers=approvers,
        people=_read_people(found["people"], what, findings) if "people" in found else 1,
        expires=expires,
        use_within=use_within,
        remind=_read_remind(found, what, expires, findings),
        escalate_after=escalate_after,
        escalate_to=escalate_to,
        requester_reason="requester" in reasons,
        approver_reason="approver" in reasons,
        reuse=_read_reuse(found["reuse"], what, use_within, findings) if "reuse" in found else 0,
        covers_answers="answers" in found and _read_answers(found["answers"], what, findings),
    )


def _read_groups(
    found: Mapping[str, yaml.Node], key: str, what: str, groups: Mapping[str, str], findings: Findings
) -> frozenset[str]:
    return groups_named(found[key], f"{key} of {what}", groups, findings) if key in found else frozenset()


def _read_people(node: yaml.Node, what: str, findings: Findings) -> int:
    written = _PEOPLE.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) and not node.style else None
    if written is None or int(written[0]) > MAX_PEOPLE:
        findings.add(node, f"people of {what} must be a number from 1 to {MAX_PEOPLE}, without quotes")
        return 1
    return int(written[0])


def _seconds(found: Mapping[str, yaml.Node], key: str, what: str, bounds: Bounds, findings: Findings) -> int:
    """The seconds; 0 where nothing is written."""
    return read_seconds(found[key], f"{key} of {what}", bounds, findings) if key in found else 0


def _sooner(
    found: Mapping[str, yaml.Node], key: str, what: str, bounds: Bounds, expires: int, findings: Findings
) -> int:
    """The same, of something that has to happen before the approval expires."""
    before = len(findings.errors)
    seconds = _seconds(found, key, what, bounds, findings)
    if seconds >= expires and len(findings.errors) == before:
        findings.add(
            found[key], f"{key} of {what} would come too late: it must be shorter than 'expires', {spelled(expires)}"
        )
    return seconds


def _read_remind(found: Mapping[str, yaml.Node], what: str, expires: int, findings: Findings) -> int:
    before = len(findings.errors)
    seconds = _sooner(found, "remind", what, _REMIND, expires, findings)
    times = (expires - 1) // seconds if seconds else 0
    if times > MAX_REMINDERS and len(findings.errors) == before:
        fewest = ((expires - 1) // (MAX_REMINDERS + 1) // MINUTE + 1) * MINUTE
        findings.add(
            found["remind"],
            f"remind of {what} would tell people {times} times before it expires; {MAX_REMINDERS} are the most, "
            f"so write {spelled(fewest)} or longer",
        )
    return seconds


def _read_escalation(
    found: Mapping[str, yaml.Node],
    what: str,
    expires: int,
    approvers: frozenset[str],
    groups: Mapping[str, str],
    findings: Findings,
) -> tuple[int, frozenset[str]]:
    if "escalate" not in found:
        return 0, frozenset()
    what = f"escalate of {what}"
    inner = mapping(found["escalate"], what, findings, ("after", "to"), ("after", "to"))
    after = _sooner(inner, "after", what, _ESCALATE_AFTER, expires, findings)
    further = _read_groups(inner, "to", what, groups, findings)
    if further and further <= approvers:
        findings.add(inner["to"], f"to of {what} names only groups that are asked from the start; name a further one")
    return after, further


def _read_reasons(node: yaml.Node, what: str, findings: Findings) -> frozenset[str]:
    found = texts(node, f"reasons of {what}", findings)
    for item in found:
        if item.text not in _REASONS:
            findings.add(item.node, f"{unknown('side', item.text, _REASONS)} (in reasons of {what})")
    return frozenset(item.text for item in found)


def _read_reuse(node: yaml.Node, what: str, use_within: int, findings: Findings) -> int:
    if isinstance(node, yaml.ScalarNode) and node.value == ONCE:
        return 0
    before = len(findings.errors)
    seconds = read_seconds(node, f"reuse of {what}, where it is not '{ONCE}',", _REUSE, findings)
    if seconds > use_within and len(findings.errors) == before:
        findings.add(node, f"reuse of {what} must not be longer than 'use_within', {spelled(use_within)}")
    return seconds


def _read_answers(node: yaml.Node, what: str, findings: Findings) -> bool:
    written = text(node, f"answers of {what}", findings)
    if written is not None and written not in _ANSWERS:
        findings.add(node, f"{unknown('answers', written, _ANSWERS)} (in {what})")
    return written == "covered"
