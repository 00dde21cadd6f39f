"""What holds of `gateway.policy.parse`, whatever document comes, and of decisions by a policy that it takes.

A document is refused with mistakes that each have a place in it, or it is a policy: the same one each time, named by
the hash of its bytes, to which a comment at its end makes no difference. It decides every call, the same way each time;
what it allows, rules of that server allow; and with a further deny it refuses.
"""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from gateway.mask import mask
from gateway.policy.document import Effect, Policy, PolicyError, Rule, Who
from gateway.policy.glob import Glob
from gateway.policy.match import decide, visible
from gateway.policy.nodes import MAX_ERRORS
from gateway.policy.parse import Draft, parse, read
from gateway.policy.target import TargetKind
from gateway.reasons import Reason
from gateway.values import Call, CallerKind, Decision, Masked, MessageKind, Refusal
from tests.fakes.policies import policy_text
from tests.fakes.values import CALL, CALLER
from tests.gateway.policy.documents import GOOD

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_DENY = Rule("deny", Effect.DENY, Who(), frozenset(), methods=(Glob("*"),))

_PIECES = policy_text().split("\nrules:\n")
_HEAD = (
    "version: 1\nservers:\n  a: {url: 'https://a.example'}\nrules:\n"
    "  - {name: r, effect: allow, who: anyone, servers: [a], "
)
SEEDS = tuple(
    text.encode()
    for text in (
        GOOD,
        policy_text(),
        _PIECES[0] + "\nrules: []\n",
        f"{_HEAD}tools: ['*a*b'], when: \"args.n > 1 && call.tool != ''\", unless: 'call.tool.matches(\"^a+$\")'}}\n",
        f"{_HEAD}resources: ['x://*'], methods: [tools/list]}}\n"
        "masks:\n  m: {patterns: {id: 'E-[0-9]{6}'}, words: [heron], fields: ['$.a[*].b', pay], action: partial}\n",
        "version: 1\nservers: {a: &x {url: https://a.example}}\nrules: [*x]\n",
        "[[[[[[[[[[[[[[[[",
        "version: 2\nversion: 1\n? [a]\n: b\n<<: {a: b}\nrules: on\n",
        "a: |\n  b\n...\n---\n",
    )
)


def one_input(data: bytes) -> None:
    outcome = parse(data)
    assert parse(data) == outcome, "the same document, something else"
    draft = read(data)
    if isinstance(draft, Draft):
        assert draft.digest == hashlib.sha256(data).hexdigest()
        assert not isinstance(outcome, Policy), "nobody has looked up its groups"
    else:
        assert draft == outcome
    if isinstance(outcome, Policy):
        _check_policy(outcome, data)
    else:
        _check_mistakes(outcome, data)


def _check_mistakes(mistakes: tuple[PolicyError, ...], data: bytes) -> None:
    lines = len(data.decode("utf-8", "replace").splitlines()) + 1
    assert 1 <= len(mistakes) <= MAX_ERRORS
    assert [(each.line, each.column) for each in mistakes] == sorted((each.line, each.column) for each in mistakes)
    for each in mistakes:
        assert 1 <= each.line <= lines, each
        assert each.column >= 1
        assert each.message
        assert str(each).encode()


def _check_policy(policy: Policy, data: bytes) -> None:
    assert policy.digest == hashlib.sha256(data).hexdigest()
    commented = parse(data + b"\n# a comment\n")
    assert isinstance(commented, Policy), commented
    assert replace(commented, digest=policy.digest) == policy
    for server in [*policy.servers, "no such server"][:4]:
        for call in _calls(server):
            _check_decision(policy, call)


def _calls(server: str) -> list[Call]:
    def called(method: str, target: str = "", **params: object) -> Call:
        return replace(CALL, server=server, method=method, target=target, message={"params": params})

    return [
        called("tools/call", "get_customer", arguments={"n": 2, "a": ["x", {"b": None}]}),
        called("tools/call", "\ue000*"),
        called("resources/read", "customer://eu/%2e%2e/1"),
        called("prompts/get", "letter", arguments={"n": "2"}),
        called("completion/complete", "x://{id}", ref={"type": "ref/resource", "uri": "x://{id}"}),
        called("tools/list"),
        replace(CALL, server=server, method="", target="", message={}, kind=MessageKind.STREAM),
    ]


def _check_decision(policy: Policy, call: Call) -> None:
    known = frozenset(list(policy.groups.values())[:2])
    for caller in (CALLER, replace(CALLER, groups=known, roles=frozenset({"Mcp.Call"}), kind=CallerKind.AGENT)):
        decided = decide(policy, caller, call, NOW)
        assert decided == decide(policy, caller, call, NOW)
        assert decided.policy == policy.digest
        if isinstance(decided, Refusal):
            assert decided.reason in (Reason.SERVER_UNKNOWN, Reason.NO_ACCESS, Reason.DENIED, Reason.TARGET_HIDDEN)
            continue
        _check_allowed(policy, call, decided)
        visible(policy, caller, call.server, TargetKind.TOOL, call.target)
        # A further deny refuses, whatever else there is.
        deny = replace(_DENY, servers=frozenset({call.server}), methods=(Glob(call.method),))
        if call.method:
            denied = replace(policy, rules_of={call.server: (*policy.rules_of[call.server], deny)})
            assert isinstance(decide(denied, caller, call, NOW), Refusal)


def _check_allowed(policy: Policy, call: Call, decided: Decision) -> None:
    allows = {rule.name for rule in policy.rules if rule.effect is Effect.ALLOW and call.server in rule.servers}
    assert decided.rules
    assert set(decided.rules) <= allows
    assert set(decided.grants) <= policy.grants.keys()
    message = {"jsonrpc": "2.0", "id": 1, "result": {"structuredContent": {"pay": 5, "a": "m@example.com, E-123456"}}}
    masked = mask(message, decided.masks)
    assert isinstance(masked, Masked) or masked.reason is Reason.BLOCKED
