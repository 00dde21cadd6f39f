"""The `grants` section of a policy: what just-in-time access there is, who may ask for it, who or what opens it.

Takes the section's node, the groups and the approvals that are known, and returns the terms by name, in
order. A grant that nobody and no condition could open is refused, and so are a ceiling that is missing or
out of bounds and a reminder that would come before the grant does.
"""

import re
from collections.abc import Mapping

import yaml

from gateway.policy.condition import Place
from gateway.policy.conditional import read_condition
from gateway.policy.document import GrantTerms, Who
from gateway.policy.duration import DAY, HOUR, MINUTE, Bounds, read_seconds, spelled
from gateway.policy.masks import NAME, NAME_IN_WORDS
from gateway.policy.nodes import Findings, Item, entries, mapping, text
from gateway.policy.suggestion import unknown
from gateway.policy.who import read_who
from gateway.values import ApprovalTerms

MAX_AT_ONCE = 100

_KEYS = (
    *("ceiling", "who", "approval", "approves", "ahead", "at_once"),
    *("extend", "reason", "remind", "when_it_ends", "without_it"),
)
_CEILING = Bounds(MINUTE, 30 * DAY, HOUR)
_AHEAD = Bounds(MINUTE, 30 * DAY, DAY)
_REMIND = Bounds(10, 30 * DAY, 5 * MINUTE)
_AT_ONCE = re.compile(r"[1-9][0-9]{0,2}")
_BOOLEAN = "tag:yaml.org,2002:bool"


def read_grants(
    node: yaml.Node, groups: Mapping[str, str], approvals: Mapping[str, ApprovalTerms], findings: Findings
) -> dict[str, GrantTerms]:
    """The terms by name. Those with a mistake are there too, so that a rule that names them makes no second mistake."""
    found = entries(node, "grants", findings)
    return {item.text: _read_terms(item, value, groups, approvals, findings) for item, value in found}


def _read_terms(
    item: Item,
    node: yaml.Node,
    groups: Mapping[str, str],
    approvals: Mapping[str, ApprovalTerms],
    findings: Findings,
) -> GrantTerms:
    what = f"grant {item.text!r}"
    if not NAME.fullmatch(item.text):
        findings.add(item.node, f"{what}: {NAME_IN_WORDS}")
    found = mapping(node, what, findings, _KEYS, ("ceiling",))
    if isinstance(node, yaml.MappingNode) and not found.keys() & {"approval", "approves"}:
        findings.add(node, f"{what} could never open; add 'approval', whose people decide, or 'approves', a condition")
    ceiling = _seconds(found, "ceiling", what, _CEILING, findings)
    return GrantTerms(
        name=item.text,
        ceiling=ceiling,
        who=read_who(found["who"], what, groups, findings) if "who" in found else Who(),
        approval=_read_approval(found["approval"], what, approvals, findings) if "approval" in found else None,
        approves=read_condition(found["approves"], f"approves of {what}", groups, Place.GRANT, findings)
        if "approves" in found
        else None,
        ahead=_seconds(found, "ahead", what, _AHEAD, findings),
        at_once=_read_number(found["at_once"], what, findings) if "at_once" in found else 0,
        is_extendable="extend" in found and _read_flag(found["extend"], f"extend of {what}", findings),
        needs_reason=_read_word(found, "reason", ("required", "optional"), what, findings) == "required",
        remind=_read_remind(found, what, ceiling, findings),
        cancels_calls=_read_word(found, "when_it_ends", ("finish", "cancel"), what, findings) == "cancel",
        hides_tools=_read_word(found, "without_it", ("show", "hide"), what, findings) == "hide",
    )


def _seconds(found: Mapping[str, yaml.Node], key: str, what: str, bounds: Bounds, findings: Findings) -> int:
    """The seconds; 0 where nothing is written."""
    return read_seconds(found[key], f"{key} of {what}", bounds, findings) if key in found else 0


def _read_remind(found: Mapping[str, yaml.Node], what: str, ceiling: int, findings: Findings) -> int:
    before = len(findings.errors)
    seconds = _seconds(found, "remind", what, _REMIND, findings)
    if ceiling and seconds >= ceiling and len(findings.errors) == before:
        findings.add(
            found["remind"],
            f"remind of {what} would come before it opens: it must be shorter than 'ceiling', {spelled(ceiling)}",
        )
    return seconds


def _read_approval(
    node: yaml.Node, what: str, approvals: Mapping[str, ApprovalTerms], findings: Findings
) -> ApprovalTerms | None:
    name = text(node, f"approval of {what}", findings)
    if name is not None and name not in approvals:
        hint = f"(in {what}; describe it under 'approvals' first)"
        findings.add(node, f"{unknown('approval', name, approvals)} {hint}")
    return approvals.get(name or "")


def _read_number(node: yaml.Node, what: str, findings: Findings) -> int:
    written = _AT_ONCE.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) and not node.style else None
    if written is None or int(written[0]) > MAX_AT_ONCE:
        findings.add(node, f"at_once of {what} must be a number from 1 to {MAX_AT_ONCE}, without quotes")
        return 1
    return int(written[0])


def _read_flag(node: yaml.Node, what: str, findings: Findings) -> bool:
    if not isinstance(node, yaml.ScalarNode) or node.tag != _BOOLEAN or node.value not in ("true", "false"):
        findings.add(node, f"{what} must be true or false, without quotes")
        return False
    return bool(node.value == "true")


def _read_word(
    found: Mapping[str, yaml.Node], key: str, words: tuple[str, str], what: str, findings: Findings
) -> str | None:
    """The word; the first of `words` where nothing is written."""
    written = text(found[key], f"{key} of {what}", findings) if key in found else words[0]
    if written is not None and written not in words:
        findings.add(found[key], f"{unknown(key, written, words)} (in {what})")
    return written
