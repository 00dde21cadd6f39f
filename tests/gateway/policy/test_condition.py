"""Conditions, evaluated."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.jsontext import Number, parse
from gateway.policy.condition import MAX_VALUES, Condition, Failed, Place, Scope, compile_condition, holds

NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
CALLER = {"oid": "o", "tid": "t", "kind": "user", "client": "c", "groups": ["hr"], "roles": ["Mcp.Call"]}
CALL = {"server": "records", "method": "tools/call", "tool": "get_customer", "resource": "", "prompt": ""}


def condition(text: str) -> Condition:
    compiled = compile_condition(text, {"hr": "1", "engineering": "2"})
    assert isinstance(compiled, Condition), compiled
    return compiled


def evaluate(text: str, arguments: Any = None) -> bool | Failed:
    return holds(condition(text), Scope({"caller": CALLER, "call": CALL, "now": NOW}, arguments or {}))


@pytest.mark.parametrize(
    "text",
    [
        "'hr' in caller.groups && !('engineering' in caller.groups)",
        "caller.oid == 'o' && caller.tid == 't' && caller.kind == 'user' && caller.client == 'c'",
        "caller.roles == ['Mcp.Call']",
        "call.server == 'records' && call.method == 'tools/call' && call.tool == 'get_customer'",
        "call.resource == '' && call.prompt == ''",
        "now == timestamp('2026-11-23T15:30:00Z') && now.getHours() == 15 && now.getDayOfWeek() == 1",
        "args.region == 'eu' && args.amount > 5 && args.amount < 1e6",
        "!has(args.missing) && args.none == null",
        "args.list.exists(x, x == 2) && args.list.all(x, x > 0)",
    ],
)
def test_a_condition_sees_caller_call_arguments_and_time(text: str) -> None:
    assert evaluate(text, {"region": "eu", "amount": 10, "none": None, "list": [1, 2]}) is True


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("args.missing == 1", "a field is missing"),
        ("args.list[5] == 1", "a list is too short"),
        ("args.region > 5", "values of different types are combined"),
        ("args.amount / 0 == 1", "something is divided by zero"),
        ("args.huge + 1 > 0", "a number or time is out of range"),
        ("int(args.region) == 1", "a function does not take its argument"),
        ("args.region", "it is neither true nor false"),
        ("args.endless == 1", "a value is out of range"),
    ],
)
def test_a_condition_that_cannot_be_evaluated_fails_with_a_reason_that_shows_no_value(text: str, why: str) -> None:
    arguments: dict[str, Any] = {"region": "eu", "amount": 10, "list": [], "huge": 2**63 - 1}
    if "endless" in text:
        arguments["endless"] = Number("9" * 5000)
    assert evaluate(text, arguments) == Failed(why)


def for_grant(text: str) -> Condition:
    compiled = compile_condition(text, {"hr": "1"}, Place.GRANT)
    assert isinstance(compiled, Condition), compiled
    return compiled


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("grant.name == 'desk' && grant.server == 'records' && grant.minutes == 30", True),
        ("grant.reason.matches('^CHG[0-9]{6}') && 'hr' in caller.groups && caller.kind == 'user'", True),
        ("grant.starts - now == duration('1h') && grant.starts.getHours() == 16", True),
        ("grant.minutes > 30 || grant.reason.contains('urgent')", False),
        ("int(grant.reason) == 1", Failed("a function does not take its argument")),
    ],
)
def test_a_condition_of_a_grant_sees_caller_grant_and_time(text: str, outcome: bool | Failed) -> None:
    grant = {
        "name": "desk",
        "server": "records",
        "reason": "CHG001234",
        "minutes": 30,
        "starts": NOW + timedelta(hours=1),
    }
    assert holds(for_grant(text), Scope({"caller": CALLER, "grant": grant, "now": NOW})) == outcome


@pytest.mark.parametrize("text", ["grant.minutes < 5", "grant.name == ''"])
def test_a_condition_of_a_grant_does_not_hold_for_a_call(text: str) -> None:
    assert isinstance(holds(for_grant(text), Scope({"caller": CALLER, "call": CALL, "now": NOW})), Failed)


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        ("1.0", "args.n == 1"),
        ("1e2", "args.n == 100"),
        ("-0", "args.n == 0"),
        ("9223372036854775808", "args.n > 1"),
        ("123456789012345678901234567890", "args.n > 1000"),
        ("-123456789012345678901234567890", "args.n < 1000"),
        ("1e999", "args.n > 1000"),
    ],
)
def test_a_number_counts_by_its_value_however_it_is_spelled(spelling: str, text: str) -> None:
    assert evaluate(text, parse(f'{{"n": {spelling}}}')) is True


@pytest.mark.parametrize("text", ["caller.oid == 'o'", "caller.roles.exists(x, x == 'Mcp.Call')"])
def test_a_condition_that_does_not_read_arguments_holds_however_large_they_are(text: str) -> None:
    assert evaluate(text, {"list": [0] * (MAX_VALUES + 1)}) is True


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("args.n == 1", {"n": 1, "list": [0] * (MAX_VALUES + 1)}),
        ("args.list.all(x, x in args.list)", {"list": list(range(5000))}),
        ("args.list.all(x, args.list.all(y, x + y > 0))", {"list": list(range(1, 300))}),
        ("args.list.exists(x, args.text.contains(x))", {"list": ["z"] * 400, "text": "a" * 100_000}),
        ("args.list.all(x, !call.tool.contains(x))", {"list": ["z"] * 450, "tool": "a" * 3_000_000}),
    ],
)
def test_arguments_too_large_to_evaluate_quickly_fail_the_condition(text: str, arguments: dict[str, Any]) -> None:
    called = CALL | {"tool": arguments.pop("tool", "get")}
    started = time.perf_counter()
    scope = Scope({"caller": CALLER, "call": called, "now": NOW}, arguments)
    assert holds(condition(text), scope) == Failed("the arguments are too large for a condition")
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("text", ["args.text.matches('.{1000}c')", "args.list.exists(x, args.text.matches('.{300}c'))"])
def test_a_pattern_that_would_search_long_fails_the_condition_and_not_the_next(text: str) -> None:
    scope = Scope({"caller": CALLER, "call": CALL, "now": NOW}, {"text": "ab" * 20_000, "list": [0] * 400})
    started = time.perf_counter()
    assert holds(condition(text), scope) == Failed("its patterns would search too much text")
    assert time.perf_counter() - started < 1
    assert holds(condition("args.text.matches('^ab')"), scope) is True


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("args.list.all(x, x in args.list && args.list.size() > 0)", {"list": list(range(480))}),
        ("args.list.all(x, args.list.all(y, x + y > 0))", {"list": list(range(1, 45))}),
        ("args.list.exists(x, args.text.matches('(a|b|ab)*c'))", {"list": [0] * 200, "text": "a" * 40_000}),
        ("args.list.all(x, x.matches('^[\\\\w.+-]{1,64}@example[.]com$') || true)", {"list": ["a"] * 450}),
        ("args.list.all(x, x.matches('\\\\w{200}') || true)", {"list": ["a"] * 450}),
        ("args.list.all(x, x.matches('a') || true)", {"list": list(range(450))}),
    ],
)
def test_arguments_just_small_enough_are_evaluated_quickly(text: str, arguments: dict[str, Any]) -> None:
    started = time.perf_counter()
    assert isinstance(evaluate(text, arguments), bool)
    assert time.perf_counter() - started < 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=5),
)


@given(st.dictionaries(st.sampled_from("abc"), JSON))
def test_no_arguments_make_an_evaluation_raise(arguments: dict[str, Any]) -> None:
    scope = Scope({"caller": CALLER, "call": CALL, "now": NOW}, arguments)
    for one in CONDITIONS:
        assert isinstance(holds(one, scope), bool | Failed)


CONDITIONS = [
    condition(text)
    for text in (
        "args.a == args.b",
        "args.a + args.b > args.c",
        "args.a in args.b",
        "args.a.exists(x, x == args.c)",
        "timestamp(args.a) + duration(args.b) > now",
        "args.a[args.b] == args.c",
        "args.a.startsWith(args.b) || args.a.matches('^.$')",
        "int(args.a) * int(args.b) % int(args.c) == 0",
        "string(double(args.a)) == bytes(args.b)",
    )
]


def test_the_command_line_that_the_package_ships_is_not_imported() -> None:
    script = (
        "import sys; from gateway.policy.condition import compile_condition, _loaded;"
        "assert _loaded.cache_info().currsize == 0, 'loaded although no condition asked';"
        "assert not isinstance(compile_condition('args.n == 1', {}), str);"
        "print({name.partition('.')[0] for name in sys.modules} & {'typer', 'rich', 'cel', 'prompt_toolkit'})"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert found.stdout.strip() == "set()"


AT_ONCE = """
from threading import Barrier, Thread
from gateway.policy.condition import Condition, compile_condition

both, compiled = Barrier(2), []

def compile_one():
    both.wait()
    compiled.append(compile_condition("args.n == 1", {}))

threads = [Thread(target=compile_one) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print([type(each) is Condition for each in compiled])
"""


def test_two_threads_may_compile_the_first_condition_at_once() -> None:
    found = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True, timeout=30, check=True)
    assert found.stdout == "[True, True]\n"
