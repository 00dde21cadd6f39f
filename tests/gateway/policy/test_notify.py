# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""The notify section, the operators and the auditors."""

import pytest

from gateway.policy.document import Email, Notifier, Teams
from gateway.policy.notify import MAX_TO
from tests.gateway.policy.documents import changed, good, mistakes

HR = "6f1c0000-0000-4000-8000-000000000002"
ENDPOINT = "https://contoso.communication.azure.com"
EMAIL = f"email: {{endpoint: {ENDPOINT}, sender: no@contoso.com, to: [leads@contoso.com]}}"


def notify(*items: str) -> str:
    """The good document that tells hr in these ways; the first is line 14, and begins in column 7."""
    return changed("rules:\n", "notify:\n  hr:\n" + "".join(f"    - {item}\n" for item in items) + "rules:\n")


def notifiers(*items: str) -> tuple[Notifier, ...]:
    return good(notify(*items)).notifiers[HR]


def test_a_group_is_told_in_several_ways() -> None:
    assert notifiers("teams: {webhook: teams-hr}", EMAIL, "teams: {webhook: teams-all}") == (
        Teams("teams-hr"),
        Email(ENDPOINT, "no@contoso.com", ("leads@contoso.com",)),
        Teams("teams-all"),
    )
    assert good().notifiers == {}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (f"{ENDPOINT}/", ENDPOINT),
        ("https://contoso.europe.communication.azure.com", "https://contoso.europe.communication.azure.com"),
        ("https://localhost:7080", "https://localhost:7080"),
        ("http://127.0.0.1:7080/", "http://127.0.0.1:7080"),
    ],
)
def test_an_endpoint_is_one_of_azure_or_on_this_machine(written: str, read: str) -> None:
    [email] = notifiers(EMAIL.replace(ENDPOINT, f"'{written}'"))
    assert isinstance(email, Email)
    assert email.endpoint == read


OWN = "must be the resource's own, without a path, such as https://contoso.communication.azure.com"
AZURE = "must be a resource of Azure Communication Services, such as https://contoso.communication.azure.com"


@pytest.mark.parametrize(
    ("endpoint", "error"),
    [
        ("http://contoso.communication.azure.com", "must begin with https:// (plain http only to this machine)"),
        ("contoso.communication.azure.com", f"is not a URL; write it like {ENDPOINT}"),
        (f"{ENDPOINT}/emails:send", OWN),
        (f"{ENDPOINT}/?api-version=1", OWN),
        (f"{ENDPOINT}?", OWN),
        (f"{ENDPOINT}//", OWN),
        ("https://mail.example.com", AZURE),
        ("https://communication.azure.com", AZURE),
        ("https://contoso.communication.azure.com.evil.example", AZURE),
        ("https://contosocommunication.azure.com", AZURE),
    ],
)
def test_the_gateways_token_goes_nowhere_else(endpoint: str, error: str) -> None:
    document = notify(EMAIL.replace(ENDPOINT, f"'{endpoint}'"))
    assert mistakes(document) == [f"line 14, column 25: endpoint of email in notify of group 'hr' {error}"]


@pytest.mark.parametrize(
    "address",
    ["leads", "@contoso.com", "a b@contoso.com", "a@b@c", "Leads <leads@contoso.com>", "a@b\\n", "å@b.c", "a@b."],
)
def test_an_address_is_an_address_and_nothing_beside_it(address: str) -> None:
    [error] = mistakes(notify(EMAIL.replace("leads@contoso.com", f'"{address}"')))
    assert error.endswith(" is no mail address, such as leads@contoso.com")
    assert mistakes(notify(EMAIL.replace("no@contoso.com", f'"{address}"')))


def test_one_mail_goes_to_so_many_and_no_more() -> None:
    most = ", ".join(f"p{number}@contoso.com" for number in range(MAX_TO))
    [email] = notifiers(EMAIL.replace("leads@contoso.com", most))
    assert isinstance(email, Email)
    assert len(email.to) == MAX_TO
    [error] = mistakes(notify(EMAIL.replace("leads@contoso.com", f"{most}, leads@contoso.com")))
    assert error.endswith("to of email in notify of group 'hr' has 51 addresses; at most 50 are written to")


ONE = "'teams: {webhook: NAME}' or 'email: {endpoint: ..., sender: ..., to: [...]}'"


@pytest.mark.parametrize(
    ("item", "error"),
    [
        ("slack: {webhook: x}", "line 14, column 7: unknown key 'slack' in a notifier in notify of group 'hr'; known: teams, email"),
        ("{teams: {webhook: x}, email: {}}", f"line 14, column 7: a notifier in notify of group 'hr' must be one thing, {ONE}"),
        ("{}", f"line 14, column 7: a notifier in notify of group 'hr' must be one thing, {ONE}"),
        ("teams: {}", "line 14, column 14: teams in notify of group 'hr' lacks 'webhook'"),
        ("email: {endpoint: x, to: [a@b.c]}", "line 14, column 14: email in notify of group 'hr' lacks 'sender'"),
        (EMAIL.replace("[leads@contoso.com]", "[]"), "line 14, column 94: to of email in notify of group 'hr' is empty; name at least one"),
        ("teams: {webhook: a}\n    - teams: {webhook: a}", "line 15, column 7: notify of group 'hr' has this notifier twice; keep one"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_notifier_is_told(item: str, error: str) -> None:
    assert error in mistakes(notify(item))


SECRET = "https://prod-1.westeurope.logic.azure.com/workflows/1?sig=c0ffee"


@pytest.mark.parametrize(
    "section",
    [
        f"{{hr: [{{teams: {{webhook: '{SECRET}'}}}}]}}",
        f"{{hr: [{{teams: '{SECRET}'}}]}}",
        f"{{hr: ['{SECRET}']}}",
        f"{{hr: '{SECRET}'}}",
    ],
)
def test_a_webhook_that_is_written_out_is_refused_and_not_repeated(section: str) -> None:
    errors = mistakes(changed("rules:\n", f"notify: {section}\nrules:\n"))
    assert errors
    assert "c0ffee" not in str(errors)


def test_a_group_that_nobody_listed_is_told() -> None:
    document = notify("teams: {webhook: a}").replace("  hr:\n    -", "  hrr:\n    -")
    assert mistakes(document) == [
        "line 13, column 3: unknown group 'hrr'; did you mean 'hr'? (in notify; list it under 'groups' first)"
    ]


def test_operators_are_groups() -> None:
    assert good(changed("rules:\n", "operators: [hr]\nrules:\n")).operators == {HR}
    assert good().operators == frozenset()
    assert mistakes(changed("rules:\n", "operators: [hrr]\nrules:\n")) == [
        "line 12, column 13: unknown group 'hrr'; did you mean 'hr'? (in operators; list it under 'groups' first)"
    ]
    assert mistakes(changed("rules:\n", "operators: []\nrules:\n")) == [
        "line 12, column 12: operators is empty; name at least one"
    ]


def test_auditors_are_groups() -> None:
    assert good(changed("rules:\n", "auditors: [hr]\nrules:\n")).auditors == {HR}
    assert good().auditors == frozenset()
    assert mistakes(changed("rules:\n", "auditors: [hrr]\nrules:\n")) == [
        "line 12, column 12: unknown group 'hrr'; did you mean 'hr'? (in auditors; list it under 'groups' first)"
    ]
    assert mistakes(changed("rules:\n", "auditors: []\nrules:\n")) == [
        "line 12, column 11: auditors is empty; name at least one"
    ]


def alerts(groups: str) -> str:
    return notify("teams: {webhook: teams-hr}", EMAIL).replace("rules:", f"alerts: {groups}\nrules:")


def test_alerts_are_groups_that_notify_has_a_way_to() -> None:
    policy = good(alerts("[hr]"))
    assert policy.alerts == {HR}
    assert policy.alerted() == policy.notifiers[HR]
    assert good().alerted() == ()
    assert mistakes(alerts("[engineering]")) == [
        "line 16, column 9: alerts: group 'engineering' is not in 'notify'; write there how its members are told"
    ]
    assert mistakes(alerts("[hrr]")) == [
        "line 16, column 10: unknown group 'hrr'; did you mean 'hr'? (in alerts; list it under 'groups' first)"
    ]
    assert mistakes(alerts("[]")) == ["line 16, column 9: alerts is empty; name at least one"]


def test_a_way_that_serves_two_groups_is_told_once() -> None:
    both = alerts("[hr, engineering]").replace("alerts:", "  engineering: [teams: {webhook: teams-hr}]\nalerts:")
    assert [type(notifier) for notifier in good(both).alerted()] == [Teams, Email]
