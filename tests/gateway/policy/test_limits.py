# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""The limits section."""

from dataclasses import replace

import pytest

from gateway.policy.document import Limit, Who
from gateway.policy.limits import applying
from gateway.values import CallerKind
from tests.fakes.values import CALLER
from tests.gateway.policy.documents import GOOD, good, mistakes


def limited(*lines: str) -> str:
    return GOOD + "limits:\n  gentle:\n" + "".join(f"    {line}\n" for line in lines)


WHO = ("who: {groups: [engineering], kinds: [agent]}", "servers: [rec*]")


def test_without_the_section_nothing_is_limited() -> None:
    assert good().limits_of == {"records": ()}


def test_a_limit_says_whom_where_and_how_much() -> None:
    numbers = ("requests_per_second: 2.5", "burst: 20", "concurrent: 4", "calls_per_session: 500", "result_bytes: 2MiB")
    policy = good(limited(*WHO, *numbers))
    who = Who(frozenset({policy.groups["engineering"]}), kinds=frozenset({CallerKind.AGENT}))
    expected = Limit("gentle", who, frozenset({"records"}), 2.5, 20, 4, 500, 2 * 1024 * 1024)
    assert policy.limits_of == {"records": (expected,)}


@pytest.mark.parametrize(("rate", "burst"), [("5", 5), ("0.5", 1), ("2.5", 3), ("0.001", 1), ("10000", 10000)])
def test_without_a_burst_as_many_may_come_at_once_as_in_a_second_and_one_at_least(rate: str, burst: int) -> None:
    [limit] = good(limited(*WHO, f"requests_per_second: {rate}")).limits_of["records"]
    assert (limit.rate, limit.burst) == (float(rate), burst)


def test_what_a_limit_does_not_name_it_does_not_limit() -> None:
    [limit] = good(limited(*WHO, "concurrent: 1")).limits_of["records"]
    assert (limit.rate, limit.burst, limit.calls, limit.result_bytes) == (0, 0, 0, 0)


def test_limits_of_a_server_stand_in_the_order_of_the_document() -> None:
    document = GOOD + "limits:\n" + "".join(
        f"  {name}: {{who: anyone, servers: ['*'], concurrent: 1}}\n" for name in ("z", "a", "m")
    )  # fmt: skip
    assert [limit.name for limit in good(document).limits_of["records"]] == ["z", "a", "m"]


def test_a_limit_applies_to_those_whom_it_names_on_its_servers() -> None:
    policy = good(limited(*WHO, "concurrent: 1"))
    agent = replace(CALLER, kind=CallerKind.AGENT, groups=frozenset(policy.groups.values()))
    assert applying(policy, agent, "records") == policy.limits_of["records"]
    assert applying(policy, agent, "other") == ()
    assert applying(policy, replace(agent, kind=CallerKind.USER), "records") == ()
    assert applying(policy, replace(agent, groups=frozenset()), "records") == ()


COUNT = "must be a whole number between 1 and 1000000, such as 10"
RATE = "requests_per_second of limit 'gentle' must be a number between 0.001 and 10000, such as 5 or 0.5"


@pytest.mark.parametrize(
    ("lines", "errors"),
    [
        (WHO, ["line 20, column 5: limit 'gentle' limits nothing; add 'requests_per_second', 'concurrent', 'calls_per_session' or 'result_bytes'"]),
        (("concurrent: 1",), ["line 20, column 5: limit 'gentle' lacks 'who'", "line 20, column 5: limit 'gentle' lacks 'servers'"]),
        ((*WHO, "requests_per_second: 0"), [f"line 22, column 26: {RATE}"]),
        ((*WHO, "requests_per_second: fast"), [f"line 22, column 26: {RATE}"]),
        ((*WHO, "requests_per_second: 1e9"), [f"line 22, column 26: {RATE}"]),
        ((*WHO, "requests_per_second: [1]"), [f"line 22, column 26: {RATE}"]),
        ((*WHO, "concurrent: 1", "burst: 5"), ["line 23, column 12: burst of limit 'gentle' needs 'requests_per_second', which fills it again"]),
        ((*WHO, "concurrent: 0"), [f"line 22, column 17: concurrent of limit 'gentle' {COUNT}"]),
        ((*WHO, "concurrent: -1"), [f"line 22, column 17: concurrent of limit 'gentle' {COUNT}"]),
        ((*WHO, "calls_per_session: 1.5"), [f"line 22, column 24: calls_per_session of limit 'gentle' {COUNT}"]),
        ((*WHO, "calls_per_session: 1000001"), [f"line 22, column 24: calls_per_session of limit 'gentle' {COUNT}"]),
        ((*WHO, "result_bytes: 1000"), ["line 22, column 19: result_bytes of limit 'gentle' must be a number with KiB or MiB, such as 1MiB"]),
        ((*WHO, "result_bytes: 0KiB"), ["line 22, column 19: result_bytes of limit 'gentle' must lie between 1KiB and 1024MiB"]),
        ((*WHO, "result_bytes: 1025MiB"), ["line 22, column 19: result_bytes of limit 'gentle' must lie between 1KiB and 1024MiB"]),
        ((*WHO, "concurent: 1", "concurrent: 1"), ["line 22, column 5: unknown key 'concurent' in limit 'gentle'; did you mean 'concurrent'?"]),
        (("who: {}", "servers: [record]", "concurrent: 1"), ["line 20, column 10: who of limit 'gentle' names nobody; write 'who: anyone' for every caller with a valid token", "line 21, column 15: unknown server 'record'; did you mean 'records'? (in limit 'gentle')"]),
    ],
)  # fmt: skip
def test_a_mistake_in_a_limit_is_told(lines: tuple[str, ...], errors: list[str]) -> None:
    assert mistakes(limited(*lines)) == errors


def test_a_section_without_limits_is_told() -> None:
    [line] = mistakes(GOOD + "limits: {}\n")
    assert "limits is empty; leave it out, or write 'NAME: {who: anyone, servers: [...], ...}'" in line


def test_a_name_that_no_record_could_hold_is_told() -> None:
    [line] = mistakes(GOOD + "limits: {'a, b': {who: anyone, servers: ['*'], concurrent: 1}}\n")
    assert "limit 'a, b': a name has up to 64 letters, digits, '-', '_' and '.'" in line
