"""The files beside the policy of the local stack: who can be asked about, and what the policy is meant to say."""

from devhost.accounts import ACCOUNTS, TENANT
from devhost.stack import ROOT
from gateway.cli.policy import main
from gateway.policy.cases import CaseFile, open_cases, read_cases
from gateway.policy.people import described, read_people
from gateway.values import CallerKind
from tests.gateway.policy.documents import good

DEVHOST = ROOT / "devhost"
POLICY = good((DEVHOST / "policy.yaml").read_bytes())


def test_people_are_the_accounts_as_their_tokens_describe_them() -> None:
    people = read_people((DEVHOST / "people.yaml").read_bytes(), POLICY.groups)
    assert isinstance(people, dict)
    assert list(people) == list(ACCOUNTS)
    for name, account in ACCOUNTS.items():
        named = frozenset(POLICY.groups.values())
        expected = described(
            CallerKind(account.kind),
            # Groups that the policy does not name decide nothing.
            groups=named & set(account.group_ids),
            roles=account.roles,
            oid=account.object_id,
            tid=TENANT,
            client=account.client,
        )
        assert people[name] == expected, name


def test_the_policy_says_what_its_cases_expect() -> None:
    printed = main(["test", str(DEVHOST / "policy.cases.yaml")])
    assert printed.text.splitlines()[-1].endswith(" passed, 0 failed"), printed.text
    assert printed.code == 0


def test_every_rule_of_the_policy_decides_a_case() -> None:
    file = open_cases((DEVHOST / "policy.cases.yaml").read_bytes())
    people = read_people((DEVHOST / "people.yaml").read_bytes(), POLICY.groups)
    assert isinstance(file, CaseFile)
    assert isinstance(people, dict)
    cases = read_cases(file, POLICY, people)
    assert isinstance(cases, list)
    decided = frozenset[str]().union(*(case.rules or () for case in cases))
    assert {rule.name for rule in POLICY.rules} - decided == set(), "add a case to devhost/policy.cases.yaml"
