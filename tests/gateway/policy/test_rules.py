# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""The rules section."""

import pytest

from gateway.policy.document import Effect, Who
from gateway.values import ApprovalTerms, CallerKind
from tests.gateway.policy.documents import GOOD, changed, good, mistakes

ENGINEERING = "6f1c0000-0000-4000-8000-000000000001"
HR = "6f1c0000-0000-4000-8000-000000000002"
APPROVALS = "approvals: {refunds: {approvers: [hr]}}\ngrants: {desk: {ceiling: 1h, approval: refunds}}\nrules:\n"
WRITE = "write 'require: {approval: NAME}', with a NAME out of the section 'approvals', or '{grant: NAME}', with one out of 'grants', or both"
TOOLS = '    tools: ["get_*"]\n'


def with_line(line: str) -> str:
    return GOOD + f"    {line}\n"


def test_a_rule_is_read_whole() -> None:
    document = changed("rules:\n", APPROVALS) + (
        '    resources: ["customer://*"]\n    prompts: [letter]\n    methods: ["tools/list"]\n'
        "    when: args.amount > 5\n    unless: args.amount > 10\n    require: {approval: refunds, grant: desk}\n    mask: [personal]\n"
    )
    [rule] = good(document).rules
    assert (rule.name, rule.effect, rule.servers) == ("engineers-read", Effect.ALLOW, frozenset({"records"}))
    assert rule.who == Who(groups=frozenset({ENGINEERING}))
    assert [glob.text for glob in (*rule.tools, *rule.prompts, *rule.methods)] == ["get_*", "letter", "tools/list"]
    assert [glob.text for glob in rule.resources] == ["customer://*"]
    assert rule.when is not None
    assert rule.unless is not None
    assert (rule.when.text, rule.unless.text) == ("args.amount > 5", "args.amount > 10")
    assert rule.approval == ApprovalTerms("refunds", approvers=frozenset({HR}))
    assert rule.grant == "desk"
    assert [mask.name for mask in rule.masks] == ["personal"]


def test_whom_a_rule_is_for_may_be_written_in_three_lists() -> None:
    document = changed("{groups: [engineering]}", "{groups: [hr], roles: [Mcp.Call], kinds: [app, agent]}")
    who = good(document).rules[0].who
    assert who.roles == {"Mcp.Call"}
    assert who.kinds == {CallerKind.APP, CallerKind.AGENT}


def test_anyone_is_written_out() -> None:
    assert good(changed("{groups: [engineering]}", "anyone")).rules[0].who == Who()


def test_servers_may_be_named_by_glob() -> None:
    document = changed("servers:\n", "servers:\n  other: {url: 'https://x.example'}\n").replace("[records]", '["*"]')
    assert good(document).rules[0].servers == {"records", "other"}


def test_a_policy_may_have_no_rules() -> None:
    assert good("version: 1\nservers: {a: {url: 'https://x.example'}}\nrules: []").rules == ()


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("tools:", "tool:", "line 17, column 5: unknown key 'tool' in rule 'engineers-read'; did you mean 'tools'?"),
        ("effect: allow", "effect: alow", "line 14, column 13: unknown effect 'alow'; did you mean 'allow'? (in rule 'engineers-read')"),
        ("servers: [records]", "servers: [recrods]", "line 16, column 15: unknown server 'recrods'; did you mean 'records'? (in rule 'engineers-read')"),
        ("servers: [records]", 'servers: ["crm-*"]', "line 16, column 15: unknown server 'crm-*'; known: records (in rule 'engineers-read')"),
        ("servers: [records]", "servers: []", "line 16, column 14: servers of rule 'engineers-read' is empty; name at least one"),
        ("servers: [records]", "servers: records", "line 16, column 14: servers of rule 'engineers-read' must be a list, such as [records]"),
        (
            "groups: [engineering]",
            "groups: [enginering]",
            "line 15, column 20: unknown group 'enginering'; did you mean 'engineering'? "
            "(in groups of who of rule 'engineers-read'; list it under 'groups' first)",
        ),
        ("groups: [engineering]", "kinds: [robot]", "line 15, column 19: unknown kind 'robot'; known: user, app, agent (in who of rule 'engineers-read')"),
        ("groups: [engineering]", "roles: ['Mcp.*']", "line 15, column 19: roles of who of rule 'engineers-read': 'Mcp.*' is not the value of an app role, such as Mcp.Call"),
        ("{groups: [engineering]}", "{}", "line 15, column 10: who of rule 'engineers-read' names nobody; write 'who: anyone' for every caller with a valid token"),
        ("{groups: [engineering]}", "everyone", "line 15, column 10: who of rule 'engineers-read' must be a mapping, such as 'groups: ...'"),
        ("{groups: [engineering]}", "{users: [x]}", "line 15, column 11: unknown key 'users' in who of rule 'engineers-read'; known: groups, roles, kinds"),
        (TOOLS, "", "line 13, column 5: rule 'engineers-read' does not say what it allows or denies; add 'tools', 'resources', 'prompts' or 'methods'"),
        ("    effect: allow\n", "", "line 13, column 5: rule 'engineers-read' lacks 'effect'"),
        ("name: engineers-read", "name: 'a,b'", "line 13, column 11: name of the rule in line 13: a name has up to 64 letters, digits, '-', '_' and '.'"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_rule_is_told(old: str, new: str, error: str) -> None:
    assert error in mistakes(changed(old, new))


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("when: args.amount >", "line 18, column 11: when of rule 'engineers-read': is not a CEL expression: at its line 1, column 14: mismatched input its end"),
        ("unless: \"'hrr' in caller.groups\"", "line 18, column 13: unless of rule 'engineers-read': unknown group 'hrr'; did you mean 'hr'?"),
        ("when: true", "line 18, column 11: when of rule 'engineers-read': YAML reads true as true or false; write 'true' in quotes"),
        *((line, f"line 18, column 14: require of rule 'engineers-read': {WRITE}") for line in ("require: [approval]", "require: approval", "require: {}")),
        ("require: {aproval: x}", "line 18, column 15: unknown key 'aproval' in require of rule 'engineers-read'; did you mean 'approval'?"),
        ("require: {approval: {}}", "line 18, column 25: approval of rule 'engineers-read' must be text, not a mapping"),
        ("require: {approval: refunds}", "line 18, column 25: unknown approval 'refunds'; there is none yet (in rule 'engineers-read'; describe it under 'approvals' first)"),
        ("require: {grant: true}", "line 18, column 22: grant of rule 'engineers-read': YAML reads true as true or false; write 'true' in quotes"),
        ("require: {grant: required}", "line 18, column 22: unknown grant 'required'; there is none yet (in rule 'engineers-read'; describe it under 'grants' first)"),
        ("mask: [personel]", "line 18, column 12: unknown mask 'personel'; did you mean 'personal'?"),
        ("methods: [tool/call]", "line 18, column 15: methods of rule 'engineers-read': 'tool/call' matches no method: unknown method 'tool/call'; did you mean 'tools/call'?"),
        (
            'methods: ["tools/*"]',
            "line 18, column 15: methods of rule 'engineers-read': 'tools/*' covers tools/call for every target, so 'tools' narrows nothing; remove one of them",
        ),
        ('prompts: ["**"]', "line 18, column 15: prompts of rule 'engineers-read': '**' has '**'; one * already stands for any characters, '/' too"),
        ('prompts: ["a?"]', "line 18, column 15: prompts of rule 'engineers-read': 'a?' has '?', which is no wildcard here; only * is, for any characters"),
        ('prompts: [" a"]', "line 18, column 15: prompts of rule 'engineers-read': ' a' has blanks at an end or characters that cannot be seen; remove them"),
        ('resources: ["customer://{id}"]', "line 18, column 17: resources of rule 'engineers-read': 'customer://{id}' has '{', which no URI has; for the variable of a template write *"),
        ('resources: ["customers"]', "line 18, column 17: resources of rule 'engineers-read': 'customers' cannot match a URI, which begins with a scheme in lower case, such as customer://*"),
        ('resources: ["/customers/*"]', "line 18, column 17: resources of rule 'engineers-read': '/customers/*' cannot match a URI, which begins with a scheme in lower case, such as customer://*"),
        ('resources: ["File:///a"]', "line 18, column 17: resources of rule 'engineers-read': 'File:///a' cannot match a URI, which begins with a scheme in lower case, such as customer://*"),
        ('resources: ["file:///a/../b"]', "line 18, column 17: resources of rule 'engineers-read': 'file:///a/../b' has a '.' or '..' segment, which is resolved before globs are compared"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_further_line_of_a_rule_is_told(line: str, error: str) -> None:
    assert mistakes(with_line(line)) == [error]


def test_a_glob_has_a_length() -> None:
    assert mistakes(with_line(f"prompts: [{'a' * 201}]"))[0].endswith("' has 201 characters; at most 200 are read")


@pytest.mark.parametrize(
    "glob", ["*", "*://x", "customer://*", "cust*", "file:///*.csv", "urn:a:*", "https://x.example/?a=*"]
)
def test_a_glob_that_can_match_a_uri_is_accepted(glob: str) -> None:
    assert good(with_line(f'resources: ["{glob}"]')).rules[0].resources[0].text == glob


@pytest.mark.parametrize(
    ("line", "correction"),
    [
        ("require: {approval: refund}", "unknown approval 'refund'; did you mean 'refunds'?"),
        ("require: {grant: dek}", "unknown grant 'dek'; did you mean 'desk'?"),
    ],
)
def test_a_misspelt_requirement_is_corrected(line: str, correction: str) -> None:
    [error] = mistakes(changed("rules:\n", APPROVALS) + f"    {line}\n")
    assert correction in error


@pytest.mark.parametrize("line", ["require: {grant: desk}", "mask: [personal]"])
def test_a_deny_has_no_duties(line: str) -> None:
    key = line.partition(":")[0]
    document = with_line(line).replace("effect: allow", "effect: deny").replace("rules:\n", APPROVALS)
    [error] = mistakes(document)
    assert error.endswith(f"rule 'engineers-read' denies, so it has no '{key}'; write that in an allow rule")


def test_two_rules_have_two_names() -> None:
    again = GOOD.partition("rules:\n")[2]
    assert mistakes(GOOD + again) == ["line 18, column 5: rule name 'engineers-read' is taken by the rule in line 13"]


def test_something_else_than_a_rule_is_told() -> None:
    assert mistakes(GOOD + "  - deny all\n") == [
        "line 18, column 5: the rule in line 18 must be a mapping, such as 'name: ...'"
    ]
