"""Policy cases: what the policy is meant to say of named calls, kept beside it and run like tests.

Takes the YAML of a case file, the policy and the people that it names, and returns cases, or every
mistake with its line; later takes a case and what came out of the decision, and returns how that differs
from what the case expects. A case that names a server, mask, rule or person that does not exist is a mistake and no
failure, since it would test nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import yaml

from gateway import jsontext
from gateway.policy.document import Policy, PolicyError
from gateway.policy.nodes import Findings, Item, compose, mapping, sequence, text, texts
from gateway.policy.people import read_person
from gateway.policy.question import Answer, Question, answer_of, call_of, read_time
from gateway.policy.suggestion import unknown
from gateway.values import Call, Caller, Decision, Json, Refusal

_KEYS = ("policy", "people", "cases")
_NAMES = ("server", "tool", "resource", "prompt", "method")
_EXPECTED = {"approval": "approval", "grants": "grant", "masks": "mask", "rules": "rule"}
"""What a case may say of an answer, and what each name in it is."""
_OF_ALLOW = frozenset({"approval", "grants", "masks"})
_CASE_KEYS = ("name", "as", *_NAMES, "args", "at", "expect", *_EXPECTED)
_CASE_REQUIRED = ("name", "as", "server", "expect")


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case file of which only the names of other files have been read."""

    policy: str
    """Path, relative to the case file."""
    people: str
    """The same; empty where each case describes its caller itself."""
    cases: yaml.Node


@dataclass(frozen=True, slots=True)
class Case:
    """One call, and what the policy is meant to say of it."""

    name: str
    line: int
    caller: Caller
    call: Call
    at: datetime | None
    """None: when the case is run."""
    expect: Answer
    approval: frozenset[str] | None = None
    """This and the next three: names, all of them; None where the case does not say."""
    grants: frozenset[str] | None = None
    masks: frozenset[str] | None = None
    rules: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a case expected and what came out."""

    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, got {self.found}"


def open_cases(data: bytes) -> CaseFile | tuple[PolicyError, ...]:
    """The case file as far as it can be read without the files that it names."""
    root = compose(data, "the case file", "policy: policy.yaml")
    if isinstance(root, PolicyError):
        return (root,)
    findings = Findings()
    found = mapping(root, "the case file", findings, _KEYS, required=("policy", "cases"))
    paths = {key: text(found[key], key, findings) or "" for key in ("policy", "people") if key in found}
    if findings.errors:
        return tuple(findings.errors)
    return CaseFile(paths["policy"], paths.get("people", ""), found["cases"])


def read_cases(file: CaseFile, policy: Policy, people: Mapping[str, Caller]) -> list[Case] | tuple[PolicyError, ...]:
    """The cases in order, or all mistakes in them."""
    findings = Findings()
    lines: dict[str, int] = {}
    cases: list[Case] = []
    for node in sequence(file.cases, "cases", findings):
        case = _read_case(node, policy, people, findings)
        if case is None:
            continue
        if case.name in lines:
            findings.add(node, f"case name {case.name!r} is taken by the case in line {lines[case.name]}")
        lines.setdefault(case.name, case.line)
        cases.append(case)
    return tuple(sorted(findings.errors, key=lambda error: (error.line, error.column))) or cases


def differences(case: Case, outcome: Decision | Refusal) -> tuple[Difference, ...]:
    """How what came out differs from what the case expects; empty if it does not."""
    if answer_of(outcome) is not case.expect:
        return (Difference("answer", case.expect, _in_words(outcome)),)
    pairs: list[tuple[str, frozenset[str] | None, Collection[str]]] = [("rules", case.rules, outcome.rules)]
    if isinstance(outcome, Decision):
        pairs = [
            ("approval", case.approval, [terms.name for terms in outcome.approvals]),
            ("grants", case.grants, outcome.grants),
            ("masks", case.masks, [mask.name for mask in outcome.masks]),
            *pairs,
        ]
    return tuple(
        Difference(what, _listed(expected), _listed(found))
        for what, expected, found in pairs
        if expected is not None and expected != frozenset(found)
    )


def _in_words(outcome: Decision | Refusal) -> str:
    answer = answer_of(outcome)
    if isinstance(outcome, Decision):
        return f"{answer} by {', '.join(outcome.rules)}"
    return f"{answer} ({': '.join(filter(None, [outcome.reason.name.lower(), outcome.detail]))})"


def _listed(names: Collection[str]) -> str:
    return f"[{', '.join(sorted(names))}]"


def _read_case(node: yaml.Node, policy: Policy, people: Mapping[str, Caller], findings: Findings) -> Case | None:
    what = f"the case in line {node.start_mark.line + 1}"
    before = len(findings.errors)
    found = mapping(node, what, findings, _CASE_KEYS, _CASE_REQUIRED)
    names = {
        key: (text(found[key], f"{key} of {what}", findings) if key in found else None) or ""
        for key in ("name", *_NAMES)
    }
    arguments = _read_arguments(found["args"], f"args of {what}", findings) if "args" in found else {}
    caller = _read_caller(found["as"], what, policy, people, findings) if "as" in found else None
    at = _read_time(found["at"], what, findings) if "at" in found else None
    expect = _read_answer(found["expect"], what, findings) if "expect" in found else None
    expected = _read_expected(found, what, policy, findings)
    if names["server"] and names["server"] not in policy.servers:
        findings.add(found["server"], f"{unknown('server', names['server'], policy.servers)} (in {what})")
    if len(findings.errors) > before or caller is None or expect is None:
        return None
    if expect is not Answer.ALLOW and (pointless := sorted(expected.keys() & _OF_ALLOW)):
        findings.add(found[pointless[0]], f"{what} expects no 'allow', so it has no '{pointless[0]}'")
    name = names.pop("name")
    call = call_of(Question(**names, arguments=arguments))
    if isinstance(call, str):
        findings.add(node, f"{what}: {call}")
        return None
    return Case(name, node.start_mark.line + 1, caller, call, at, expect, **expected)


def _read_caller(
    node: yaml.Node, what: str, policy: Policy, people: Mapping[str, Caller], findings: Findings
) -> Caller | None:
    if isinstance(node, yaml.MappingNode):
        return read_person(node, f"'as' of {what}", policy.groups, findings)
    name = text(node, f"'as' of {what}", findings)
    if name is not None and name not in people:
        findings.add(node, f"{unknown('person', name, people)} (in {what})")
    return people.get(name or "")


def _read_time(node: yaml.Node, what: str, findings: Findings) -> datetime | None:
    # YAML has times of its own, so quotes are not asked for.
    time = read_time(node.value) if isinstance(node, yaml.ScalarNode) else None
    if time is None:
        findings.add(node, f"at of {what} must be a time such as 2026-11-23T09:00:00Z")
    return time


def _read_answer(node: yaml.Node, what: str, findings: Findings) -> Answer | None:
    written = text(node, f"expect of {what}", findings)
    if written in set(Answer):
        return Answer(written)
    if written is not None:
        findings.add(node, f"{unknown('answer', written, list(Answer))} (in {what})")
    return None


def _read_expected(
    found: Mapping[str, yaml.Node], what: str, policy: Policy, findings: Findings
) -> dict[str, frozenset[str]]:
    known: Mapping[str, Collection[str]] = {
        "approval": policy.approvals,
        "grants": policy.grants,
        "masks": policy.masks,
        "rules": [rule.name for rule in policy.rules],
    }
    return {
        key: _read_names(found[key], f"{key} of {what}", kind, known[key], findings)
        for key, kind in _EXPECTED.items()
        if key in found
    }


def _read_names(node: yaml.Node, what: str, kind: str, known: Collection[str], findings: Findings) -> frozenset[str]:
    items = _read_items(node, what, kind, findings)
    for item in items:
        if item.text not in known:
            findings.add(item.node, f"{unknown(kind, item.text, known)} (in {what})")
    return frozenset(item.text for item in items)


def _read_items(node: yaml.Node, what: str, kind: str, findings: Findings) -> list[Item]:
    # An empty list is a claim here: no approval, no grant, nothing masked, no rule.
    if isinstance(node, yaml.SequenceNode) and not node.value:
        return []
    if kind == "approval" and isinstance(node, yaml.ScalarNode):
        name = text(node, what, findings)
        return [Item(name, node)] if name is not None else []
    return texts(node, what, findings)


def _read_arguments(node: yaml.Node, what: str, findings: Findings) -> dict[str, Json]:
    if not isinstance(node, yaml.MappingNode):
        findings.add(node, f"{what} must be a mapping, such as {{amount: 100}}")
        return {}
    return _read_mapping(node, what, findings)


def _read_mapping(node: yaml.MappingNode, what: str, findings: Findings) -> dict[str, Json]:
    return {key: _read_json(value, what, findings) for key, value in mapping(node, what, findings).items()}


def _read_json(node: yaml.Node, what: str, findings: Findings) -> Json:
    """The value as JSON has it: what YAML alone reads as something else must be put in quotes."""
    if isinstance(node, yaml.MappingNode):
        return _read_mapping(node, what, findings)
    if isinstance(node, yaml.SequenceNode):
        return [_read_json(item, what, findings) for item in node.value]
    if not isinstance(node, yaml.ScalarNode) or node.style:
        return node.value
    value = jsontext.parse(node.value)
    if not isinstance(value, jsontext.Malformed):
        return value
    if node.tag != "tag:yaml.org,2002:str":
        findings.add(
            node, f"{what}: {node.value!r} is no value of JSON; put it in quotes, or write null, true or false"
        )
    return node.value
