"""Policies for tests, parsed as the real ones are."""

from devhost.accounts import GROUPS
from gateway.policy.document import Policy
from gateway.policy.parse import parse

TEXT = f"""
version: 1
groups:
  engineering: {GROUPS["engineering"]}
  hr: {GROUPS["hr"]}
  approvers: {GROUPS["approvers"]}
  operators: {GROUPS["operators"]}
  auditors: {GROUPS["auditors"]}
servers:
  records:
    url: URL
    credential: {{bearer: {{secret: records-token}}}}
    timeouts: {{connect: 1s, read: READ}}
    mask: [personal]
  open:
    url: URL
    client_features: [elicitation]
    timeouts: {{connect: 1s, read: READ}}
masks:
  personal:
    detect: [email, us_ssn]
    fields: [salary]
    action: redact
    clear_for: [hr]
  poison:
    detect: [payment_card]
    action: block
approvals:
  refunds:
    approvers: [approvers]
    expires: 1h
    use_within: 30m
    reasons: [approver]
  wires:
    approvers: [approvers, hr]
    people: 2
    expires: 4h
    remind: 30m
    escalate: {{after: 2h, to: [operators]}}
    reasons: [requester, approver]
  access:
    approvers: [approvers]
    expires: 1h
    reasons: [approver]
grants:
  desk:
    ceiling: 1h
    who: {{groups: [engineering]}}
    approval: access
    ahead: 24h
    at_once: 2
    extend: true
    remind: 5m
    without_it: hide
  ticket:
    ceiling: 2h
    approves: grant.reason.matches("^CHG[0-9]{{6}}")
    reason: required
    when_it_ends: cancel
notify:
  approvers:
    - teams: {{webhook: teams-approvers}}
    - email:
        endpoint: https://contoso.communication.azure.com
        sender: donotreply@contoso.com
        to: [leads@contoso.com]
operators: [operators]
auditors: [auditors]
rules:
  - name: engineers
    effect: allow
    who: {{groups: [engineering]}}
    servers: [records, open]
    tools: ["get_*", "slow_*"]
    resources: ["customer://*"]
    prompts: ["*"]
    methods: ["completion/complete"]
    mask: [poison]
  - name: refunds
    effect: allow
    who: {{groups: [engineering]}}
    servers: [records]
    tools: [issue_refund]
    require: {{approval: refunds}}
  - name: wires
    effect: allow
    who: {{groups: [engineering]}}
    servers: [records]
    tools: [wire_money]
    require: {{approval: wires}}
  - name: desk
    effect: allow
    who: {{groups: [engineering]}}
    servers: [records]
    tools: [read_vault]
    require: {{grant: desk}}
  - name: ticket
    effect: allow
    who: {{groups: [engineering]}}
    servers: [records]
    tools: [restart_host]
    require: {{grant: ticket}}
"""


def policy_text(url: str = "http://127.0.0.1:9/mcp", read: str = "5s") -> str:
    return TEXT.replace("URL", url).replace("READ", read)


def policy(url: str = "http://127.0.0.1:9/mcp", read: str = "5s") -> Policy:
    parsed = parse(policy_text(url, read))
    assert isinstance(parsed, Policy), parsed
    return parsed
