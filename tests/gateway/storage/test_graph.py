"""Graph as the gateway asks it: the right question, and no answer rather than a doubtful one."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.accounts import ACCOUNTS, GROUPS, other_group
from devhost.graph import Fault
from devhost.identity import managed
from devhost.stack import Stack
from gateway.held_tokens import Token
from gateway.storage import graph
from gateway.storage.contract import DirectoryUnavailableError
from gateway.storage.graph import Graph
from gateway.storage.identity import Identity
from gateway.values import CallerKind, Secret
from tests.fakes.entra import Tenant
from tests.fakes.graph import Network

ISSUER = Tenant().issuer
CROWD = ACCOUNTS["crowd"].object_id
ENGINEERING, HR = GROUPS["engineering"], GROUPS["hr"]


def network(**options: str) -> Network:
    return Network(ISSUER, **options)


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Graph:
    """A Graph that says what the test says."""

    async def token(resource: str) -> Token:
        assert resource == "https://graph.example"
        return Token(Secret("token"), lifetime=3600)

    async def sleep(_seconds: float) -> None:
        return

    def stream(request: httpx.Request) -> httpx.Response:
        said = answer(request)
        return httpx.Response(said.status_code, headers=said.headers, stream=httpx.ByteStream(said.content))

    return Graph(httpx.AsyncClient(transport=httpx.MockTransport(stream)), "https://graph.example", token, sleep)


async def why(asking: Any) -> str:
    with pytest.raises(DirectoryUnavailableError) as error:
        await asking
    return str(error.value)


async def test_only_the_groups_asked_for_are_asked_and_answered() -> None:
    tenant = network()
    assert await tenant.open().memberships(CROWD, CallerKind.USER, {ENGINEERING, HR}) == {ENGINEERING}
    [asked] = tenant.directory.asked
    assert sorted(asked["groups"]) == sorted([ENGINEERING, HR])


async def test_many_groups_are_asked_twenty_at_a_time() -> None:
    tenant = network()
    wanted = {other_group(number) for number in range(230, 275)} | {ENGINEERING}
    found = await tenant.open().memberships(CROWD, CallerKind.USER, wanted)
    assert found == {other_group(number) for number in range(230, 249)} | {ENGINEERING}
    assert sorted(len(asked["groups"]) for asked in tenant.directory.asked) == [6, 20, 20]


@pytest.mark.parametrize(
    ("name", "kind", "collections"),
    [
        ("crowd", CallerKind.USER, ["users"]),
        ("pipeline", CallerKind.APP, ["servicePrincipals"]),
        ("agent", CallerKind.AGENT, ["users", "servicePrincipals"]),
        ("crowd", CallerKind.AGENT, ["users"]),
    ],
)
async def test_a_caller_is_looked_for_where_its_kind_is_kept(
    name: str, kind: CallerKind, collections: list[str]
) -> None:
    tenant = network()
    tenant.directory.members[ACCOUNTS[name].object_id].add(HR)
    assert await tenant.open().memberships(ACCOUNTS[name].object_id, kind, {HR}) == {HR}
    assert [asked["path"].split("/")[3] for asked in tenant.directory.asked] == collections


async def test_a_caller_whom_graph_does_not_know_has_no_known_groups() -> None:
    assert await why(network().open().memberships(CROWD, CallerKind.APP, {HR})) == "no such caller"


async def test_a_token_for_another_resource_is_of_no_use() -> None:
    other = network(resource="https://vault.azure.net").open()
    assert await why(other.memberships(CROWD, CallerKind.USER, {HR})) == "status 401"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(Fault.DOWN, "status 503"), (Fault.THROTTLED, "status 429"), (Fault.FORBIDDEN, "status 403")],
)
async def test_a_graph_that_refuses_gives_nothing(fault: Fault, reason: str) -> None:
    tenant = network()
    tenant.directory.fail(fault)
    assert await why(tenant.open().memberships(CROWD, CallerKind.USER, {HR})) == reason


async def test_a_busy_graph_is_asked_again_when_it_says() -> None:
    tenant = network()
    tenant.directory.fail(Fault.THROTTLED, times=1)
    assert await tenant.open().memberships(CROWD, CallerKind.USER, {ENGINEERING}) == {ENGINEERING}
    tenant.directory.fail(Fault.DOWN, times=graph.RETRIES)
    assert await tenant.open().memberships(CROWD, CallerKind.USER, {ENGINEERING}) == {ENGINEERING}
    assert tenant.pauses == [1.0, *[graph.PAUSE] * graph.RETRIES]


async def test_a_graph_that_asks_for_too_much_patience_is_not_waited_for() -> None:
    later = answering(lambda _: httpx.Response(429, headers={"retry-after": "120"}))
    assert await why(later.memberships(CROWD, CallerKind.USER, {HR})) == "status 429"


async def test_a_graph_that_is_slow_gives_nothing_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "PATIENCE", 0.05)
    tenant = network()
    tenant.directory.fail(Fault.SLOW)
    async with asyncio.timeout(5):
        assert await why(tenant.open().memberships(CROWD, CallerKind.USER, {HR})) == "TimeoutError"
    tenant.directory.fail(None)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"not json"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"value": HR}),
        httpx.Response(200, json={"value": [1]}),
        httpx.Response(200, json={"value": [ENGINEERING]}),
        httpx.Response(200, content=b'{"value": [], "value": []}'),
        httpx.Response(200, content=b'{"value": []}' + b" " * graph.MAX_ANSWER),
        httpx.Response(302, headers={"location": "https://elsewhere.example/"}),
        httpx.Response(204),
        httpx.Response(500),
    ],
    ids=lambda answer: f"{answer.status_code} {answer.content[:30]!r}",
)
async def test_an_answer_that_cannot_be_believed_is_none(answer: httpx.Response) -> None:
    asked: list[str] = []

    def say(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return answer

    assert await why(answering(say).memberships(CROWD, CallerKind.USER, {HR}))
    assert asked == [f"https://graph.example/v1.0/users/{CROWD}/checkMemberGroups"]


async def test_a_network_that_fails_gives_nothing_and_says_no_more_than_how() -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("to 203.0.113.7")

    assert await why(answering(fail).memberships(CROWD, CallerKind.USER, {HR})) == "ConnectError"


async def test_names_are_found_without_regard_to_case_and_with_all_that_have_them() -> None:
    tenant = network()
    tenant.directory.groups |= {other_group(1): "Twice", other_group(2): "TWICE", other_group(3): "twice"}
    found = await tenant.open().groups_called({"sg-hr", "Twice", "nobody's"})
    assert {name: len(ids) for name, ids in found.items()} == {"sg-hr": 1, "Twice": 2, "nobody's": 0}
    assert found["sg-hr"] == (HR,)


@given(st.text(min_size=1, max_size=40))
async def test_no_name_changes_the_question(name: str) -> None:
    """Whatever the name holds (quotes, &, #, +, %), Graph gets that name and one condition."""
    tenant = network()
    tenant.directory.groups = {HR: name, ENGINEERING: f"{name}x"}
    assert await tenant.open().groups_called({name}) == {name: (HR,)}


async def test_groups_of_another_name_in_the_answer_do_not_count() -> None:
    loose = answering(lambda _: httpx.Response(200, json={"value": [{"id": HR, "displayName": "Other"}]}))
    assert await loose.groups_called({"SG-HR"}) == {"SG-HR": ()}


async def test_one_name_without_an_answer_leaves_all_without() -> None:
    def say(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200 if "good" in str(request.url) else 500, content=json.dumps({"value": []}))

    assert await why(answering(say).groups_called({"good", "bad"})) == "status 500"


async def test_the_managed_identitys_token_opens_graph(storage: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = f"http://localhost:{storage.ports.identity}"
    for name, value in managed.environment(storage.state, identity).items():
        monkeypatch.setenv(name, value)
    app = Identity("")
    async with httpx.AsyncClient() as client:
        real = Graph(client, f"{identity}/graph", app.token)
        assert await real.memberships(CROWD, CallerKind.USER, {ENGINEERING, HR}) == {ENGINEERING}
    await app.close()


async def test_without_a_managed_identity_graph_is_not_asked() -> None:
    tenant = network()
    tenant.has_no_identity = True
    assert await why(tenant.open().groups_called({"SG-HR"})) == "no token: down"
    assert tenant.directory.asked == []
