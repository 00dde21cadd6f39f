"""A small good policy document, and what the parser says once something in it is changed."""

from gateway.policy.document import Policy
from gateway.policy.parse import parse

GOOD = """\
version: 1
groups:
  engineering: 6f1c0000-0000-4000-8000-000000000001
  hr: 6f1c0000-0000-4000-8000-000000000002
servers:
  records:
    url: https://records.example.com/mcp
    mask: [personal]
masks:
  personal:
    detect: [email]
rules:
  - name: engineers-read
    effect: allow
    who: {groups: [engineering]}
    servers: [records]
    tools: ["get_*"]
"""


def changed(old: str, new: str) -> str:
    """The good document with one piece replaced."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def good(document: str | bytes = GOOD) -> Policy:
    """The policy in a document that must be right."""
    parsed = parse(document)
    assert isinstance(parsed, Policy), [str(error) for error in parsed]
    return parsed


def mistakes(document: str | bytes) -> list[str]:
    """What the parser says of a document that must be wrong."""
    parsed = parse(document)
    assert isinstance(parsed, tuple)
    return [str(error) for error in parsed]
