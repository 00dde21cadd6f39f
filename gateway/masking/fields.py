"""Field rules: names of keys, and JSON paths.

A name matches a key in any case style; a rule that begins with `$` is a JSON path (RFC 9535),
evaluated against one JSON document. A rule that is neither, or that would need a pattern language
other than RE2, is refused when the policy loads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from gateway.jsontext import Number
from gateway.masking.hide import Rule
from gateway.values import Json

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathQuery

_LONGEST_NAME = 64


def folded(name: str) -> str:
    """The name without case and separators: `home_address`, `homeAddress` and `Home-Address` are one."""
    if name.isalnum() and name.isascii():
        return name.lower()
    return "".join(filter(str.isalnum, name)).casefold()


def is_path(rule: str) -> bool:
    return rule.startswith("$")


def check_field(rule: str) -> str | None:
    """What is wrong with a field rule and what to write instead, for the policy's author; None if nothing is."""
    if not is_path(rule):
        return _check_name(rule)
    from jsonpath_rfc9535 import JSONPathError  # noqa: PLC0415  only a policy with paths pays for the import

    try:
        path(rule)
    except JSONPathError as error:
        why = str(error).partition("\n")[0]
        return f"{rule!r} is not a JSON path (RFC 9535) that this gateway reads: {why}"
    return None


def _check_name(rule: str) -> str | None:
    if "." in rule:
        return f"{rule!r} is not a field name; for a place in a document write a JSON path such as '$.{rule}'"
    if not folded(rule):
        return f"{rule!r} is not a field name: it has no letter and no digit"
    if len(rule) > _LONGEST_NAME or any(not (sign.isalnum() or sign in "_- ") for sign in rule):
        return f"{rule!r} is not a field name: write letters, digits, '_', '-' or spaces, at most {_LONGEST_NAME}"
    return None


@cache
def _environment() -> "JSONPathEnvironment":
    from jsonpath_rfc9535 import JSONPathEnvironment  # noqa: PLC0415  only a policy with paths pays for the import

    environment = JSONPathEnvironment()
    # Both functions hand the author's pattern to a backtracking engine, over data that others wrote.
    del environment.functions["match"], environment.functions["search"]
    return environment


def path(rule: str) -> "JSONPathQuery":
    """The compiled path. Raises JSONPathError."""
    return _environment().compile(rule)


@dataclass(slots=True)
class Branch:
    """The rules that hit one place of a document, and the places below it that are hit."""

    rules: tuple[Rule, ...] = ()
    below: dict[str | int, "Branch"] = field(default_factory=dict)


def branches(document: Json, paths: Sequence[tuple["JSONPathQuery", Rule]]) -> Branch | None:
    """Where the paths lead in this document; None if nowhere. Raises JSONPathError."""
    root = Branch()
    for query, rule in paths:
        subject = _comparable(document) if "?" in str(query) else document
        for node in query.finditer(subject):
            _grow(root, node.location, rule)
    return root if root.rules or root.below else None


def _grow(branch: Branch, location: Iterable[str | int], rule: Rule) -> None:
    for step in location:
        branch = branch.below.setdefault(step, Branch())
    if rule not in branch.rules:
        branch.rules += (rule,)


def _comparable(value: Json) -> Json:
    # A filter compares numbers, and a Number is none to it.
    if isinstance(value, Number):
        return float(value.text)
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return value
