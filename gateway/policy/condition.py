"""Conditions, in CEL: those of rules over a call, and those of grants over a request for access.

Takes the text of a condition once, checks it as far as that goes without a call (`expression` does),
and later says whether it holds for one call or request. An evaluation that fails is a value, `Failed`,
which counts against the caller; none raises, and none runs long, however large the arguments are.

Everywhere `caller`: `oid`, `tid`, `kind`, `client`, `groups` (labels of the policy), `roles`; and `now`: the
time, in UTC. In a rule `call`: `server`, `method`, `tool`, `resource`, `prompt` (the empty text where the call
names none); and `args`: the arguments of `tools/call` and `prompts/get`. In a grant `grant`: `name`, `server`,
`reason`, `minutes` (whole ones, rounded up), `starts` (a time).
"""

import importlib.util
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import cache, cached_property
from importlib.machinery import PathFinder
from threading import Lock
from types import MappingProxyType, ModuleType
from typing import Any

from gateway import jsontext
from gateway.policy import expression
from gateway.policy.matches import FUNCTION, MAX_WORK, Pattern, Search, pattern_of
from gateway.values import Json

MAX_VALUES = 20_000
"""Values in the arguments, nested ones too, beyond which a condition on `args` fails. Converting takes 1 µs each."""
MAX_LOOP_STEPS = 250_000
"""Bound of (values in the arguments) to the power of (nested loops + 1): each step of a loop may copy a list."""
MAX_LOOP_TEXT = 20_000_000
"""Bound of (characters in the arguments) times (steps of the loops): each step may search all text."""

_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_CALLER = {"oid": "", "tid": "", "kind": "user", "client": "", "groups": [], "roles": []}
_CALL = {"server": "", "method": "", "tool": "", "resource": "", "prompt": ""}
_GRANT = {"name": "", "server": "", "reason": "", "minutes": 0, "starts": _TIME}
_NOT_HAD = ("Undefined variable or function", f"Function '{FUNCTION}' error")


class Place(Enum):
    """Where a condition stands, which decides what it sees. The value is an empty sample of that."""

    RULE = MappingProxyType({"caller": _CALLER, "call": _CALL, "args": {}, "now": _TIME})
    GRANT = MappingProxyType({"caller": _CALLER, "grant": _GRANT, "now": _TIME})

    @property
    def variables(self) -> expression.Variables:
        """The names with their fields."""
        return {
            name: frozenset(value) if isinstance(value, Mapping) else frozenset() for name, value in self.value.items()
        }


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that has been checked."""

    text: str
    loops: int
    """How deep `all`, `exists` and `exists_one` are nested."""
    reads_arguments: bool
    _program: Any = field(repr=False, compare=False)
    _patterns: tuple[Pattern, ...] = field(repr=False, compare=False)
    """Held, so that `Search` knows them."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a condition could not be evaluated; never a value of the call."""

    why: str


class Scope:
    """What the conditions of one decision see; converted for CEL once, and only if a condition asks."""

    def __init__(self, variables: Mapping[str, Any], arguments: Mapping[str, Json] = MappingProxyType({})) -> None:
        """`arguments` are those of a call; the rest, by name, is `variables`."""
        self._variables = dict(variables)
        self._arguments = arguments
        self.search = Search()

    @cached_property
    def size(self) -> tuple[int, int]:
        """Values and characters in all that conditions see; counting stops past MAX_VALUES."""
        return _measure([*self._variables.values(), self._arguments])

    @cached_property
    def without_arguments(self) -> Any:
        return _context(self._variables, self.search)

    @cached_property
    def with_arguments(self) -> Any:
        return _context(self._variables | {"args": jsontext.plain(self._arguments)}, self.search)


def compile_condition(text: str, groups: Mapping[str, str], place: Place = Place.RULE) -> Condition | str:
    """The condition, or what is wrong with it and what to write instead, for the policy's author."""
    if fault := expression.check_length(text):
        return fault
    try:
        program = _engine().compile(text)
    except ValueError as error:
        return expression.syntax_error(str(error))
    found = expression.read(text)
    if fault := expression.check(found, program.variables(), program.functions(), place.variables, groups):
        return fault
    patterns = _read_patterns(found.patterns)
    if isinstance(patterns, str):
        return patterns
    if patterns:
        program = _engine().compile(expression.renamed(text, "matches", FUNCTION))
    if fault := _check_sample(program, place):
        return fault
    return Condition(text, found.loops, "args" in program.variables(), program, patterns)


def holds(condition: Condition, scope: Scope) -> bool | Failed:
    """Whether the condition is true of the call or request."""
    try:
        if condition.reads_arguments and (too_large := _too_large(condition, scope)):
            return too_large
        scope.search.left = MAX_WORK
        context = scope.with_arguments if condition.reads_arguments else scope.without_arguments
        outcome = condition._program.execute(context)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - fail-closed: a panic of the Rust library is no Exception
        why = "its patterns would search too much text" if scope.search.left < 0 else _WHY.get(type(error))
        return Failed(why or type(error).__name__)
    return outcome if isinstance(outcome, bool) else Failed("it is neither true nor false")


_WHY: Mapping[type[BaseException], str] = {
    KeyError: "a field is missing",
    IndexError: "a list is too short",
    TypeError: "values of different types are combined",
    ZeroDivisionError: "something is divided by zero",
    OverflowError: "a number or time is out of range",
    ValueError: "a value is out of range",
    RuntimeError: "a function does not take its argument",
}


_LOADING = Lock()


def _engine() -> ModuleType:
    """The compiled module of `common-expression-language`. It panics if two threads load it at once."""
    with _LOADING:
        return _loaded()


@cache
def _loaded() -> ModuleType:
    """It, without the package around it.

    `cel/__init__.py` imports the command line that it ships, and with it typer and rich (0.2 s of a
    cold start). The finder looks into the package's folder without running that file.
    """
    package = importlib.util.find_spec("cel")
    places = package.submodule_search_locations if package else None
    found = PathFinder.find_spec("cel.cel", places) if places else None
    if found is None or found.loader is None:
        raise ModuleNotFoundError("common-expression-language is not installed", name="cel")
    # It logs each search that fails: a caller could fill the log, and the record says it.
    logging.getLogger("cel").setLevel(logging.CRITICAL)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _context(variables: Mapping[str, Any], search: Search) -> Any:
    context = _engine().Context(dict(variables))
    context.add_function(FUNCTION, search.found_by)
    return context


def _too_large(condition: Condition, scope: Scope) -> Failed | None:
    values, characters = scope.size
    steps = values**condition.loops
    # fail-closed: a caller must not be able to stop the process with a long list.
    if values > MAX_VALUES or (
        condition.loops and (steps * values > MAX_LOOP_STEPS or steps * characters > MAX_LOOP_TEXT)
    ):
        return Failed("the arguments are too large for a condition")
    return None


def _measure(values: list[Json]) -> tuple[int, int]:
    counted = characters = 0
    while values and counted <= MAX_VALUES:
        value = values.pop()
        counted += 1
        if isinstance(value, str):
            characters += len(value)
        elif isinstance(value, Mapping):
            characters += sum(map(len, value))
            values.extend(value.values())
        elif isinstance(value, list):
            values.extend(value)
    return counted, characters


def _read_patterns(written: tuple[str, ...]) -> tuple[Pattern, ...] | str:
    """The patterns, or what is wrong with the first that is none. `written` is as the condition quotes them."""
    found = []
    for quoted in written:
        try:
            text = _engine().compile(quoted).execute({})
        except (RuntimeError, ValueError):
            text = None
        pattern = pattern_of(text) if isinstance(text, str) else "it is not text"
        if isinstance(pattern, str):
            return f"{quoted} is not a regular expression that RE2 reads: {pattern}"
        found.append(pattern)
    return tuple(found)


def _check_sample(program: Any, place: Place) -> str | None:
    """What shows when the condition is tried on nothing in particular. What needs arguments fails here, and may."""
    try:
        outcome = program.execute(_context(place.value, Search()))
    except TypeError:
        return "combines values of different types; compare text with text and numbers with numbers"
    except RuntimeError as error:
        is_refused = str(error).startswith(_NOT_HAD)
        return "calls a function on a value that does not have it" if is_refused else None
    except (LookupError, ArithmeticError, ValueError):
        return None
    return None if isinstance(outcome, bool) else "is neither true nor false; compare with ==, <, in or the like"
