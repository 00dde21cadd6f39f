"""Policies, callers and calls for property-based tests, out of small pools so that they often meet."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from gateway.policy.condition import Condition, compile_condition
from gateway.policy.document import Effect, GrantTerms, Policy, Rule, Server, Who
from gateway.policy.glob import Glob, UriGlob
from gateway.values import Action, ApprovalTerms, Call, Caller, CallerKind, Mask
from tests.fakes.values import CALL, CALLER

NOW = datetime(2026, 11, 23, tzinfo=UTC)
GROUPS = {"one": "id-1", "two": "id-2"}
MASKS = {
    "a": Mask("a", Action.REDACT, detectors=("email",)),
    "b": Mask("b", Action.DROP, fields=("salary",), clear_for=frozenset({"id-1"})),
    "c": Mask("c", Action.BLOCK, detectors=("iban",), clear_for=frozenset({"id-2"})),
}
APPROVALS = {
    "z": ApprovalTerms("z", approvers=frozenset({"id-1"})),
    "a": ApprovalTerms("a", approvers=frozenset({"id-2"}), people=2, reuse=900),
    "m": ApprovalTerms(
        "m",
        approvers=frozenset({"id-1", "id-2"}),
        remind=600,
        escalate_after=1200,
        escalate_to=frozenset({"id-3"}),
        requester_reason=True,
        approver_reason=True,
        covers_answers=True,
    ),
}
"""In an order that is no other's."""
GRANTS = {
    "window": GrantTerms("window", 900, Who(), approval=APPROVALS["a"], is_extendable=True, remind=60),
    "desk": GrantTerms("desk", 3600, Who(groups=frozenset({"id-1"})), approval=APPROVALS["z"], hides_tools=True),
    "bench": GrantTerms("bench", 7200, Who(kinds=frozenset({CallerKind.APP})), approval=APPROVALS["m"]),
}
"""The same."""
SERVERS = {
    "records": Server("records", "https://records.example", None, 1, 1, masks=(MASKS["c"],)),
    "open": Server("open", "https://open.example", None, 1, 1, masks=()),
}
TOOLS = ("get_a", "get_b", "delete_a")
URIS = ("x://eu/1", "x://us/1", "x://eu/../us/1")
PROMPTS = ("letter", "poem")
METHODS = (
    "tools/list",
    "initialize",
    "resources/subscribe",
    "completion/complete",
    "subscriptions/listen",
    "tasks/get",
)


def condition(text: str) -> Condition:
    compiled = compile_condition(text, GROUPS)
    assert isinstance(compiled, Condition)
    return compiled


CONDITIONS = [
    condition(text) for text in ("true", "false", "args.n > 1", "args.missing == 1", "'one' in caller.groups")
]


def _some[Item](*items: Item) -> st.SearchStrategy[frozenset[Item]]:
    return st.frozensets(st.sampled_from(items), max_size=2)


def _globs(*texts: str) -> st.SearchStrategy[tuple[Glob, ...]]:
    return st.lists(st.sampled_from([Glob(text) for text in texts]), max_size=2).map(tuple)


CALLERS: st.SearchStrategy[Caller] = st.builds(
    lambda kind, groups, roles: replace(CALLER, kind=kind, groups=groups, roles=roles),
    st.sampled_from(CallerKind),
    _some(*GROUPS.values()),
    _some("Mcp.Call"),
)

_WHO = st.just(Who()) | st.builds(Who, _some(*GROUPS.values()), _some("Mcp.Call"), _some(*CallerKind))
_CONDITION = st.none() | st.sampled_from(CONDITIONS)


def rules(effect: Effect | None = None, *, conditions: bool = True) -> st.SearchStrategy[Rule]:
    """Rules of this effect, or of either."""
    condition_or_none = _CONDITION if conditions else st.none()
    effects = st.sampled_from(Effect) if effect is None else st.just(effect)
    return st.builds(
        Rule,
        name=st.uuids().map(str),
        effect=effects,
        who=_WHO,
        servers=st.sampled_from([frozenset({"records"}), frozenset(SERVERS)]),
        tools=_globs("*", "get_*", "get_a", "*_a"),
        resources=st.lists(st.sampled_from([UriGlob(glob) for glob in ("*", "x://eu/*", "x://us/1")]), max_size=2).map(
            tuple
        ),
        prompts=_globs("*", "letter"),
        methods=_globs("*", "tools/*", "tools/list", "resources/*", "completion/*"),
        when=condition_or_none,
        unless=condition_or_none,
    ).flatmap(_with_duties)


def _with_duties(rule: Rule) -> st.SearchStrategy[Rule]:
    if rule.effect is Effect.DENY:
        return st.just(rule)
    return st.builds(
        lambda approval, grant, masks: replace(
            rule, approval=approval, grant=grant, masks=tuple(MASKS[name] for name in sorted(masks))
        ),
        st.none() | st.sampled_from(list(APPROVALS.values())),
        st.just("") | st.sampled_from(list(GRANTS)),
        _some(*MASKS),
    )


def policy_of(*of: Rule) -> Policy:
    """The policy with these rules."""
    by_server = {name: tuple(rule for rule in of if name in rule.servers) for name in SERVERS}
    return Policy("0" * 64, GROUPS, SERVERS, MASKS, of, by_server, APPROVALS, GRANTS)


def make_call(method: str, target: str = "", server: str = "records", **params: object) -> Call:
    """A call of that method."""
    return replace(CALL, server=server, method=method, target=target, message={"params": params})


def _completion(target: str) -> Call:
    kind, field = ("ref/prompt", "name") if target in PROMPTS else ("ref/resource", "uri")
    return make_call("completion/complete", target, ref={"type": kind, field: target})


CALLS: st.SearchStrategy[Call] = st.one_of(
    st.builds(
        lambda tool, number: make_call("tools/call", tool, arguments={"n": number}),
        st.sampled_from(TOOLS),
        st.integers(0, 3),
    ),
    st.sampled_from(URIS).map(lambda uri: make_call("resources/read", uri)),
    st.sampled_from(PROMPTS).map(lambda prompt: make_call("prompts/get", prompt)),
    st.sampled_from([*PROMPTS, "x://eu/{id}", "x://{where}/1", "x://eu/1"]).map(_completion),
    st.sampled_from(METHODS).map(lambda method: make_call(method, "x://eu/1" if "subscribe" in method else "")),
)
