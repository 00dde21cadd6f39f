"""What can be said of a CEL expression without a call: names, functions, loops, patterns.

Takes the text that CEL itself has already accepted, and returns what is wrong with it as a sentence
for the policy's author. A name that does not exist would only show at the first call, where it makes
every allow fail and every deny match; so it is refused here. So is what takes long on large
arguments: `map` and `filter` (quadratic in this library), loops in loops in loops, and patterns that
a caller could write.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from gateway.policy.suggestion import unknown

MAX_LENGTH = 1000
"""Characters of one expression."""
MAX_LOOPS = 2

type Variables = Mapping[str, frozenset[str]]
"""The variables of a condition by name, each with its fields; with none where they are not known beforehand."""

_CALENDAR = frozenset(
    {"getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"}
    | {"getHours", "getMinutes", "getSeconds", "getMilliseconds"}
)
_FUNCTIONS = (
    frozenset({"size", "contains", "startsWith", "endsWith", "matches"})
    | {"int", "uint", "double", "string", "bytes", "timestamp", "duration"}
    | _CALENDAR
)
_LOOPS = frozenset({"all", "exists", "exists_one"})
_REFUSED_LOOPS = frozenset({"map", "filter"})

_TOKEN = re.compile(
    r"""
    (?P<comment> //[^\n]* )
    | (?P<text> [bB]?[rR][bB]? (?: \"{3}.*?\"{3} | '{3}.*?'{3} | "[^"\n]*" | '[^'\n]*' )
        | [bB]? (?: \"{3}(?:\\.|[^\\])*?\"{3} | '{3}(?:\\.|[^\\])*?'{3} | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' ) )
    | (?P<name> [A-Za-z_]\w* )
    | (?P<number> \d\w* )
    | (?P<sign> \S )
    """,
    re.VERBOSE | re.DOTALL,
)
_SYNTAX_ERROR = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?(.*)")


@dataclass(frozen=True, slots=True)
class Reading:
    """An expression as its words."""

    words: tuple[str, ...]
    loops: int
    """Deepest nesting of loops."""
    bound: frozenset[str]
    """Names that loops introduce."""
    patterns: tuple[str, ...]
    """First arguments of `matches`, as written; the empty text for one that is not quoted text."""


def check_length(text: str) -> str | None:
    if len(text) > MAX_LENGTH:
        return f"has {len(text)} characters; at most {MAX_LENGTH} are read, so split the rule"
    return None


def syntax_error(report: str) -> str:
    """The first fault of CEL's own report, in one sentence."""
    found = _SYNTAX_ERROR.search(report)
    if found is None:
        return "is not a CEL expression"
    what = found[3].partition(" expecting ")[0].replace("'<EOF>'", "its end")
    return f"is not a CEL expression: at its line {found[1]}, column {found[2]}: {what}"


def read(text: str) -> Reading:
    """The expression's words, loops and patterns."""
    words = tuple(found[0] for found in _TOKEN.finditer(text) if found.lastgroup != "comment")
    bound, patterns = set(), []
    for before, name, after, first, last in _windows(words, 5):
        if after != "(":
            continue
        if before == "." and name in _LOOPS:
            bound.add(first)
        if name == "matches":
            patterns.append(first if before == "." and _is_text(first) and last == ")" else "")
    return Reading(words, _nesting(words), frozenset(bound), tuple(patterns))


def renamed(text: str, method: str, other: str) -> str:
    """The expression with another name wherever it calls the method; quoted text and comments stay as they are."""
    words = [found for found in _TOKEN.finditer(text) if found.lastgroup != "comment"]
    places = [
        name.span()
        for before, name, after in zip(words, words[1:], words[2:], strict=False)
        if (before[0], name[0], after[0]) == (".", method, "(")
    ]
    for start, end in reversed(places):
        text = f"{text[:start]}{other}{text[end:]}"
    return text


def check(
    reading: Reading, variables: Iterable[str], functions: Iterable[str], known: Variables, groups: Collection[str]
) -> str | None:
    """What is wrong with the expression, or None. `variables` and `functions` are as CEL itself names them."""
    return (
        _check_loops(reading, known)
        or _check_names(reading, variables, functions, known)
        or _check_fields(reading, known)
        or _check_calls(reading)
        or _check_groups(reading, groups)
    )


def _windows(words: tuple[str, ...], width: int) -> Iterable[tuple[str, ...]]:
    """Every word but the first few with the one before it and those after it."""
    padded = ("", *words, *[""] * width)
    return zip(*(padded[start:] for start in range(width)), strict=False)


def _is_text(word: str) -> bool:
    return word.endswith(("'", '"'))


def _nesting(words: tuple[str, ...]) -> int:
    deepest, open_brackets = 0, []
    for before, name, word, *_ in _windows(("", *words), 3):
        if word == "(":
            open_brackets.append(before == "." and name in _LOOPS)
            deepest = max(deepest, sum(open_brackets))
        elif word == ")" and open_brackets:
            open_brackets.pop()
    return deepest


def _check_loops(reading: Reading, known: Variables) -> str | None:
    for before, name, after in _windows(reading.words, 3):
        if before == "." and after == "(" and name in _REFUSED_LOOPS:
            return f"uses '{name}', which is not offered here; ask with 'exists' or 'all' instead"
    if reading.loops > MAX_LOOPS:
        return f"nests 'all' and 'exists' {reading.loops} deep; at most {MAX_LOOPS} are allowed"
    if taken := sorted(reading.bound & known.keys()):
        return f"uses '{taken[0]}' as the name in a loop, where it is a variable; choose another name"
    return None


def _check_names(reading: Reading, variables: Iterable[str], functions: Iterable[str], known: Variables) -> str | None:
    for name in variables:
        if name not in known and name not in reading.bound:
            return unknown("variable", name, known)
    for name in functions:
        if name.isidentifier() and not name.startswith("_") and name not in _FUNCTIONS:
            return unknown("function", name, sorted(_FUNCTIONS | _LOOPS | {"has"}))
    return None


def _check_fields(reading: Reading, known: Variables) -> str | None:
    for before, name, dot, field in _windows(reading.words, 4):
        fields = known.get(name) if before != "." and dot == "." else None
        if fields and field not in fields:
            return unknown(f"field of '{name}'", field, sorted(fields))
    return None


def _check_calls(reading: Reading) -> str | None:
    if "" in reading.patterns:
        return "gives 'matches' a pattern that is not written out; put the pattern in quotes"
    for name, bracket, after in _windows(reading.words, 3):
        if name in _CALENDAR and bracket == "(" and after != ")":
            return f"gives '{name}' a time zone; times here are UTC, so write {name}() and add a duration to 'now'"
    return None


def _check_groups(reading: Reading, groups: Collection[str]) -> str | None:
    for text, *rest in _windows(reading.words, 5):
        if rest == ["in", "caller", ".", "groups"] and _is_text(text) and text[1:-1] not in groups:
            return unknown("group", text[1:-1], groups)
    return None
