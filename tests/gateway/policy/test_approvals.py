# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""The approvals section."""

import pytest

from gateway.values import ApprovalTerms
from tests.gateway.policy.documents import changed, good, mistakes

ENGINEERING, HR = "6f1c0000-0000-4000-8000-000000000001", "6f1c0000-0000-4000-8000-000000000002"


def with_approval(*lines: str) -> str:
    """The good document with an approval of these lines; the first of them is line 14."""
    body = "".join(f"    {line}\n" for line in ("approvers: [hr]", *lines))
    return changed("rules:\n", f"approvals:\n  refunds:\n{body}rules:\n")


def terms(*lines: str) -> ApprovalTerms:
    return good(with_approval(*lines)).approvals["refunds"]


def test_an_approval_that_says_little_is_by_one_person_for_one_call() -> None:
    assert terms() == ApprovalTerms(
        "refunds",
        approvers=frozenset({HR}),
        people=1,
        expires=3600,
        use_within=3600,
        remind=0,
        escalate_after=0,
        escalate_to=frozenset(),
        requester_reason=False,
        approver_reason=False,
        reuse=0,
        covers_answers=False,
    )


def test_an_approval_is_read_whole() -> None:
    found = terms(
        "people: 10",
        "expires: 4h",
        "use_within: 2h",
        "remind: 30m",
        "escalate: {after: 3h, to: [engineering, hr]}",
        "reasons: [requester, approver]",
        "reuse: 15m",
        "answers: covered",
    )
    assert found == ApprovalTerms(
        "refunds",
        approvers=frozenset({HR}),
        people=10,
        expires=4 * 3600,
        use_within=2 * 3600,
        remind=1800,
        escalate_after=3 * 3600,
        escalate_to=frozenset({ENGINEERING, HR}),
        requester_reason=True,
        approver_reason=True,
        reuse=900,
        covers_answers=True,
    )


def test_what_holds_anyway_may_be_written_out() -> None:
    assert terms("people: 1", "expires: 1h", "use_within: 1h", "reuse: once", "answers: new_approval") == terms()


def test_approvals_keep_their_order_and_one_that_no_rule_names_is_no_mistake() -> None:
    document = changed("rules:\n", "approvals: {z: {approvers: [hr]}, a: {approvers: [hr]}}\nrules:\n")
    assert list(good(document).approvals) == ["z", "a"]
    assert good().approvals == {}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("expires: 1m", "expires"),
        ("expires: 30d", "expires"),
        ("use_within: 10s", "use_within"),
        ("use_within: 30d", "use_within"),
        ("remind: 1m", "remind"),
        ("remind: 3599s", "remind"),
        ("reuse: 10s", "reuse"),
        ("reuse: 1h", "reuse"),
    ],
)
def test_the_bounds_are_within(line: str, key: str) -> None:
    assert getattr(terms(line), key) != getattr(terms(), key)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("aprovers: [hr]", "line 15, column 5: unknown key 'aprovers' in approval 'refunds'; did you mean 'approvers'?"),
        *(
            (f"people: {people}", "line 15, column 13: people of approval 'refunds' must be a number from 1 to 10, without quotes")
            for people in ("0", "11", "-1", "2.0", "010", "'2'", "two", "[2]", "~")
        ),
        ("expires: 59s", "line 15, column 14: expires of approval 'refunds' must lie between 1m and 30d"),
        ("expires: 31d", "line 15, column 14: expires of approval 'refunds' must lie between 1m and 30d"),
        ("expires: 60", "line 15, column 14: expires of approval 'refunds' must be a number with s, m, h or d, such as 1h"),
        ("use_within: 9s", "line 15, column 17: use_within of approval 'refunds' must lie between 10s and 30d"),
        ("use_within: 10000ms", "line 15, column 17: use_within of approval 'refunds' must be a number with s, m, h or d, such as 1h"),
        ("remind: 59s", "line 15, column 13: remind of approval 'refunds' must lie between 1m and 30d"),
        ("remind: 1h", "line 15, column 13: remind of approval 'refunds' would come too late: it must be shorter than 'expires', 1h"),
        ("escalate: {after: 1h, to: [engineering]}", "line 15, column 23: after of escalate of approval 'refunds' would come too late: it must be shorter than 'expires', 1h"),
        ("escalate: {after: 30m, to: [hr]}", "line 15, column 32: to of escalate of approval 'refunds' names only groups that are asked from the start; name a further one"),
        ("escalate: {after: 30m, to: []}", "line 15, column 32: to of escalate of approval 'refunds' is empty; name at least one"),
        ("escalate: {after: 30m, to: [hrr]}", "line 15, column 33: unknown group 'hrr'; did you mean 'hr'? (in to of escalate of approval 'refunds'; list it under 'groups' first)"),
        ("escalate: {to: [engineering]}", "line 15, column 15: escalate of approval 'refunds' lacks 'after'"),
        ("escalate: {after: 30m}", "line 15, column 15: escalate of approval 'refunds' lacks 'to'"),
        ("reasons: [aprover]", "line 15, column 15: unknown side 'aprover'; did you mean 'approver'? (in reasons of approval 'refunds')"),
        ("reasons: []", "line 15, column 14: reasons of approval 'refunds' is empty; name at least one"),
        ("reuse: 61m", "line 15, column 12: reuse of approval 'refunds' must not be longer than 'use_within', 1h"),
        ("reuse: 25h", "line 15, column 12: reuse of approval 'refunds', where it is not 'once', must lie between 10s and 1d"),
        ("reuse: twice", "line 15, column 12: reuse of approval 'refunds', where it is not 'once', must be a number with s, m, h or d, such as 15m"),
        ("answers: coverd", "line 15, column 14: unknown answers 'coverd'; did you mean 'covered'? (in approval 'refunds')"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_approval_is_told(line: str, error: str) -> None:
    assert mistakes(with_approval(line)) == [error]


@pytest.mark.parametrize(
    ("expires", "remind", "times", "fewest"),
    [
        ("102m", "1m", 101, "2m"),
        ("30d", "1m", 43199, "428m"),
        ("30d", "427m", 101, "428m"),
        ("7d", "1h", 167, "100m"),
    ],
)
def test_people_are_not_reminded_for_ever(expires: str, remind: str, times: int, fewest: str) -> None:
    assert mistakes(with_approval(f"expires: {expires}", f"remind: {remind}")) == [
        f"line 16, column 13: remind of approval 'refunds' would tell people {times} times before it expires; "
        f"100 are the most, so write {fewest} or longer"
    ]
    assert terms(f"expires: {expires}", f"remind: {fewest}").remind > 0


def test_a_hundred_reminders_are_not_too_many() -> None:
    assert terms("expires: 101m", "remind: 1m").remind == 60


@pytest.mark.parametrize(
    ("section", "error"),
    [
        ("{refunds: {people: 2}}", "line 12, column 22: approval 'refunds' lacks 'approvers'"),
        ("{refunds: {approvers: []}}", "line 12, column 34: approvers of approval 'refunds' is empty; name at least one"),
        ("{refunds: {approvers: [boss]}}", "line 12, column 35: unknown group 'boss'; known: engineering, hr (in approvers of approval 'refunds'; list it under 'groups' first)"),
        ("{'re,funds': {approvers: [hr]}}", "line 12, column 13: approval 're,funds': a name has up to 64 letters, digits, '-', '_' and '.'"),
        ("[refunds]", "line 12, column 12: approvals must be a mapping, such as 'name: ...'"),
        ("{refunds: [hr]}", "line 12, column 22: approval 'refunds' must be a mapping, such as 'approvers: ...'"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_section_is_told(section: str, error: str) -> None:
    assert error in mistakes(changed("rules:\n", f"approvals: {section}\nrules:\n"))


def test_a_mistake_in_an_approval_makes_no_second_mistake_in_the_rule_that_names_it() -> None:
    document = with_approval("people: 0") + "    require: {approval: refunds}\n"
    assert len(mistakes(document)) == 1
