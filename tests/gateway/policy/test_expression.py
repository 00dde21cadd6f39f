"""What can be said of a CEL expression without a call."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.condition import Condition, Place, compile_condition
from gateway.policy.expression import MAX_LENGTH, read, renamed, syntax_error

GROUPS = {"hr": "6f1c0000-0000-4000-8000-000000000002"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("args.amount >", "is not a CEL expression: at its line 1, column 14: mismatched input its end"),
        ("args.a ==\n args.b )", "is not a CEL expression: at its line 2, column 9: extraneous input ')'"),
        ("", "is not a CEL expression: at its line 1, column 1: mismatched input its end"),
        ("callr.oid == 'x'", "unknown variable 'callr'; did you mean 'caller'?"),
        ("region == 'eu'", "unknown variable 'region'; known: caller, call, args, now"),
        ("caller.grops == []", "unknown field of 'caller' 'grops'; did you mean 'groups'?"),
        ("call.tols == 'x'", "unknown field of 'call' 'tols'; did you mean 'tool'?"),
        ("'hrr' in caller.groups", "unknown group 'hrr'; did you mean 'hr'?"),
        ("args.a.startWith('x')", "unknown function 'startWith'; did you mean 'startsWith'?"),
        ("args.l.map(x, x) == []", "uses 'map', which is not offered here; ask with 'exists' or 'all' instead"),
        (
            "args.l.filter(x, x > 1) == []",
            "uses 'filter', which is not offered here; ask with 'exists' or 'all' instead",
        ),
        (
            "args.a.all(x, x.all(y, y.exists(z, z)))",
            "nests 'all' and 'exists' 3 deep; at most 2 are allowed",
        ),
        (
            "args.l.all(args, args > 1)",
            "uses 'args' as the name in a loop, where it is a variable; choose another name",
        ),
        (
            "args.text.matches(args.pattern)",
            "gives 'matches' a pattern that is not written out; put the pattern in quotes",
        ),
        (
            "args.text.matches('a' + args.pattern)",
            "gives 'matches' a pattern that is not written out; put the pattern in quotes",
        ),
        ("args.text.matches('(a')", "'(a' is not a regular expression that RE2 reads: missing ): (a"),
        (
            r"args.text.matches('a\\pL(?=b)')",
            r"'a\\pL(?=b)' is not a regular expression that RE2 reads: invalid perl operator: (?=",
        ),
        ("args.text.matches(b'a')", "b'a' is not a regular expression that RE2 reads: it is not text"),
        ("grant.matches('a') && matches('a')", "unknown variable 'grant'; known: caller, call, args, now"),
        (
            "call.tool == '' && matches('a')",
            "gives 'matches' a pattern that is not written out; put the pattern in quotes",
        ),
        ("caller.groups.matches('a')", "calls a function on a value that does not have it"),
        (
            "now.getHours('Europe/Berlin') < 8",
            "gives 'getHours' a time zone; times here are UTC, so write getHours() and add a duration to 'now'",
        ),
        ("'yes'", "is neither true nor false; compare with ==, <, in or the like"),
        ("size(args)", "is neither true nor false; compare with ==, <, in or the like"),
        (
            "caller.oid > 5",
            "combines values of different types; compare text with text and numbers with numbers",
        ),
        ("string(caller.groups) == ''", "calls a function on a value that does not have it"),
        ("x" * (MAX_LENGTH + 1), "has 1001 characters; at most 1000 are read, so split the rule"),
    ],
)
def test_a_mistake_is_told_with_what_to_write_instead(text: str, sentence: str) -> None:
    assert compile_condition(text, GROUPS) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("args.amount > 5", "unknown variable 'args'; known: caller, grant, now"),
        ("call.tool == 'x'", "unknown variable 'call'; did you mean 'caller'?"),
        ("grant.minuts < 5", "unknown field of 'grant' 'minuts'; did you mean 'minutes'?"),
        ("grant.reason > 5", "combines values of different types; compare text with text and numbers with numbers"),
        ("grant.starts == ''", None),
        ("grant.minutes.startsWith('5')", "calls a function on a value that does not have it"),
        ("grant.reason", "is neither true nor false; compare with ==, <, in or the like"),
        ("'hrr' in caller.groups", "unknown group 'hrr'; did you mean 'hr'?"),
        (
            "caller.roles.exists(grant, grant == '')",
            "uses 'grant' as the name in a loop, where it is a variable; choose another name",
        ),
        ("caller.roles.exists(call, call == '')", None),
        ("grant.reason.matches('^CHG[0-9]{6}') || 'hr' in caller.groups", None),
    ],
)
def test_a_condition_of_a_grant_knows_other_names(text: str, sentence: str | None) -> None:
    compiled = compile_condition(text, GROUPS, Place.GRANT)
    assert compiled == sentence if sentence else isinstance(compiled, Condition)


def test_a_condition_of_a_rule_knows_no_grant() -> None:
    sentence = "unknown variable 'grant'; known: caller, call, args, now"
    assert compile_condition("grant.minutes < 5", GROUPS) == sentence


@pytest.mark.parametrize(
    "text",
    [
        "args.region == 'eu'",
        "has(args.region) && args.region in ['eu', 'us']",
        "'hr' in caller.groups || caller.kind == \"user\"",
        "caller.roles.exists(role, role.startsWith('Mcp.'))",
        "args.rows.all(row, row.cells.exists(cell, cell == row.key))",
        "args['x y'] != null && !(args.n > 1.5 ? true : false)",
        "now > timestamp('2026-01-01T00:00:00Z') && now.getHours() + 1 < 18",
        "now - duration('1h') < timestamp(args.since)",
        "args.text.matches('^[a-z]+$') // map( in a comment, 'and a quote",
        'args.text == "it\'s .map(x, x) and caller.nobody"',
        "args.text == 'it\\'s' && args.text != r'\\' && args.map.filter == 1",
        'args.text == """two\n"lines" of unknown(text)"""',
        "size(args.list) > 0 && args.list.size() < 0x10",
        "true",
    ],
)
def test_what_can_be_evaluated_is_accepted(text: str) -> None:
    assert isinstance(compile_condition(text, GROUPS), Condition)


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("args.a == 1", 0),
        ("args.a.all(x, x) && args.b.all(x, x)", 1),
        ("(args.a.all(x, (x.exists(y, y))))", 2),
        ("args.a.all(x, 'x.exists(y, y)' == x)", 1),
        ("all(args.a)", 0),
    ],
)
def test_loops_are_counted_by_depth(text: str, loops: int) -> None:
    assert read(text).loops == loops


def test_the_name_of_what_runs_for_matches_is_none_of_the_language() -> None:
    assert str(compile_condition("args.text.found_by('a')", GROUPS)).startswith("unknown function 'found_by'; known: ")


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("args.a.matches('a')", "args.a.found('a')"),
        ("args.a . matches // .matches(\n ('a')", "args.a . found // .matches(\n ('a')"),
        (
            "args.a == '.matches(' && args.b.matches(\".matches(\")",
            "args.a == '.matches(' && args.b.found(\".matches(\")",
        ),
        ("args.matches == args.a.matches('x')", "args.matches == args.a.found('x')"),
        ("args.a == r'\\' || args.a.matches(r'\\')", "args.a == r'\\' || args.a.found(r'\\')"),
        ("args.a.matches('a') || args.b.matches('b')", "args.a.found('a') || args.b.found('b')"),
        ("args.a.rematches('a')", "args.a.rematches('a')"),
    ],
)
def test_a_method_is_renamed_where_it_is_called_and_nowhere_else(text: str, other: str) -> None:
    assert renamed(text, "matches", "found") == other


@given(st.text(max_size=30))
def test_no_quoted_text_is_changed_by_renaming(text: str) -> None:
    quoted = json.dumps(text)
    expression = f"{quoted} == {quoted} && args.a.matches({quoted})"
    assert renamed(expression, "matches", "found") == f"{quoted} == {quoted} && args.a.found({quoted})"


def test_an_unreadable_report_of_cel_still_gives_a_sentence() -> None:
    assert syntax_error("?") == "is not a CEL expression"
