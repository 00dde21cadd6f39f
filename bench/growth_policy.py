"""How the cost of deciding and listing grows: with rules, tools, and the groups of a caller.

Takes sizes and gives microseconds of processor time. Policies are parsed from YAML as they are deployed, callers and
calls are values, and nothing waits for a store or a network.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway.authorize import authorize, filter_list
from gateway.policy.document import Policy
from gateway.policy.parse import parse
from gateway.tools.definition import by_name, read_definition
from gateway.values import Call, Caller, CallerKind, Decision, Era, MessageKind

RULES = (10, 30, 100, 300, 1_000, 3_000, 10_000)
TOOLS = (10, 50, 100, 500, 1_000, 5_000)
GROUPS = (1, 10, 50, 200, 1_000, 2_000)
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SERVERS = 20
"""Of a policy whose rules are spread over servers."""

_LEAST = 0.05
"""Seconds that one measurement lasts at least."""
_TURNS = 5


def group(number: int) -> str:
    return f"60000000-0000-4000-8000-{number:012}"


CALLER = Caller(
    tenant="7e4a0000-0000-4000-8000-000000000001",
    object_id="0b1ec700-0000-4000-8000-000000000001",
    kind=CallerKind.USER,
    client="a9900000-0000-4000-8000-000000000002",
    groups=frozenset({group(0)}),
    roles=frozenset(),
    token_id="token-1",
    sign_in="sign-in-1",
    expires=2_000_000_000,
)


def call(method: str = "tools/call", target: str = "get_0") -> Call:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"name": target, "arguments": {"amount": 5}}}
    return Call("s0", Era.MODERN, MessageKind.REQUEST, method, target, 1, message, (), "", None)


def policy(rules: int, *, servers: int = 1, condition: str = "") -> Policy:
    """One rule that allows what is asked, and all others for other groups and tools. Short: 1 MiB is the most."""
    lines = [
        "version: 1",
        "groups:",
        *(f"  g{number}: {group(number)}" for number in range(min(rules, 200))),
        "servers:",
    ]
    lines += [f"  s{number}: {{url: 'https://s{number}.example/mcp'}}" for number in range(servers)]
    lines.append("rules:")
    for number in range(rules):
        when = f", when: '{condition}'" if condition else ""
        lines.append(
            f"  - {{name: r{number}, effect: allow, who: {{groups: [g{number % 200}]}}, "
            f"servers: [s{number % servers}], tools: [get_{number}]{when}}}"
        )
    found = parse("\n".join(lines))
    if not isinstance(found, Policy):
        raise TypeError(f"the policy of the bench is none: {found[:3]}")
    return found


def microseconds(work: Callable[[], object]) -> float:
    """Of processor time for doing it once: the least of several measurements, each long enough for the clock."""
    times, took = 1, 0.0
    while took < _LEAST:
        times *= 4
        took = _seconds(work, times)
    return min(took, *(_seconds(work, times) for _ in range(_TURNS))) / times * 1e6


def _seconds(work: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - began


def deciding(found: Policy, caller: Caller = CALLER) -> float:
    """A call that is allowed."""
    asked = call()
    if not isinstance(authorize(found, caller, asked, NOW), Decision):
        raise TypeError("the call of the bench is refused")
    return microseconds(lambda: authorize(found, caller, asked, NOW))


def by_rules(*, servers: int = 1, condition: str = "", sizes: Sequence[int] = RULES) -> list[tuple[int, float]]:
    return [(size, deciding(policy(size, servers=servers, condition=condition))) for size in sizes]


def by_groups() -> list[tuple[int, float]]:
    """The caller is in that many groups, a hundred of which rules are for."""
    found = policy(100)
    sizes = [(size, frozenset(group(number) for number in range(size))) for size in GROUPS]
    return [(size, deciding(found, replace(CALLER, groups=groups))) for size, groups in sizes]


def parsing() -> list[tuple[int, float]]:
    """A policy of that many rules, read from its text: once for each change of it."""
    found = []
    for size in (10, 100, 1_000, 10_000):
        began = time.process_time()
        policy(size)
        found.append((size, (time.process_time() - began) * 1e6))
    return found


def tools(count: int) -> list[dict[str, Any]]:
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "region": {"enum": ["eu", "us"]}}}
    return [
        {"name": f"get_{number}", "description": f"Looks up number {number} of many.", "inputSchema": schema}
        for number in range(count)
    ]


def filtering() -> list[tuple[int, float]]:
    """A list of that many tools is filtered to what the caller may use, under a hundred rules."""
    found, asked = policy(100), call("tools/list", "")
    lists = [(size, {"tools": tools(size)}) for size in TOOLS]
    return [(size, microseconds(lambda: filter_list(found, CALLER, asked, listed))) for size, listed in lists]  # noqa: B023 - called at once


def reading_definitions() -> list[tuple[int, float]]:
    """Each definition is read and hashed: once for each list that the gateway fetches."""
    lists = [(size, tools(size)) for size in TOOLS]
    return [(size, microseconds(lambda: by_name(map(read_definition, listed)))) for size, listed in lists]  # noqa: B023 - called at once
