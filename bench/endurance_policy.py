"""The policy of the endurance run. Pure."""

from bench.endurance_upstream import EXPORT, HANGS, LARGE, REFUND, SMALL, STREAM
from devhost.accounts import GROUPS, other_group

SERVER, GRANT = "orders", "export-window"
TICKET = "CHG123456 for the endurance run"
"""A reason for which access opens by itself."""

_TEXT = f"""
version: 1
groups:
  engineering: {GROUPS["engineering"]}
  approvers: {GROUPS["approvers"]}
  operators: {GROUPS["operators"]}
  auditors: {GROUPS["auditors"]}
  turn: TURN
servers:
  {SERVER}:
    url: URL
    credential: {{bearer: {{secret: records-token}}}}
    timeouts: {{connect: 2s, read: 3s}}
    mask: [personal]
    trust: accept
masks:
  personal: {{detect: [email, payment_card], action: redact}}
approvals:
  refunds: {{approvers: [approvers], expires: 1h, use_within: 15m, reasons: [approver]}}
  access: {{approvers: [approvers], expires: 1h, reasons: [approver]}}
grants:
  {GRANT}:
    ceiling: 15m
    who: {{groups: [engineering]}}
    approval: access
    approves: grant.reason.matches("^CHG[0-9]{{6}}")
    reason: required
operators: [operators]
auditors: [auditors]
rules:
  - {{name: software, effect: allow, who: {{roles: [Mcp.Call]}}, servers: [{SERVER}],
     tools: [{SMALL}, {LARGE}, {STREAM}, {HANGS}]}}
  - {{name: people, effect: allow, who: {{groups: [engineering]}}, servers: [{SERVER}],
     tools: [{SMALL}, {LARGE}]}}
  - {{name: refunds, effect: allow, who: {{groups: [engineering]}}, servers: [{SERVER}], tools: [{REFUND}],
     require: {{approval: refunds}}}}
  - {{name: exports, effect: allow, who: {{groups: [engineering]}}, servers: [{SERVER}], tools: [{EXPORT}],
     require: {{grant: {GRANT}}}}}
  - {{name: turns, effect: allow, who: {{groups: [turn]}}, servers: [{SERVER}], tools: [nothing]}}
"""


def policy(url: str, turn: int = 0) -> str:
    """The policy with that upstream; each turn names another group that nobody is in."""
    return _TEXT.replace("URL", url).replace("TURN", other_group(5000 + turn))
