"""Policies for tests, parsed as the real ones are."""

from devhost.accounts import GROUPS
from gateway.policy.document import Policy
from gateway.policy.parse import parse

TEXT = f"""
version: 1
groups:
  engineering: {GROUPS["engineering"]}
  hr: {GROUPS["hr"]}
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
    require: [approval]
"""


def policy_text(url: str = "http://127.0.0.1:9/mcp", read: str = "5s") -> str:
    return TEXT.replace("URL", url).replace("READ", read)


def policy(url: str = "http://127.0.0.1:9/mcp", read: str = "5s") -> Policy:
    parsed = parse(policy_text(url, read))
    assert isinstance(parsed, Policy), parsed
    return parsed
