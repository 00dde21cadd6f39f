"""Callers whose tokens leave their groups out, and groups that the policy writes by name."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devhost.accounts import ACCOUNTS, GROUP_NAMES, GROUPS, other_group
from devhost.graph import Fault
from gateway.groups import LIFETIME
from tests.fakes.upstream import Upstream, result, serving, text_result
from tests.walk.rooms import Gateway, gateway, message, request

OVERAGE = {"groups": None, "_claim_names": {"groups": "src1"}}
MARY = {"content": [{"type": "text", "text": "mary@shop.example"}]}

POLICY_GROUPS = ("engineering", "hr", "approvers", "operators", "auditors")


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(text_result("ok")) as running:
        yield running


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, upstream.url) as opened:
        yield opened


async def test_a_caller_with_250_groups_is_allowed_by_one_that_only_the_directory_knows(
    door: Gateway, upstream: Upstream
) -> None:
    answer = await door.call(token="crowd")
    assert answer.status == 200
    assert len(upstream.seen) == 1
    assert door.evidence.events() == ["intent/allowed", "outcome/succeeded"]
    assert {row["subject"] for row in door.evidence.of_calls()} == {ACCOUNTS["crowd"].object_id}


async def test_the_directory_is_asked_for_the_policys_groups_alone_and_once_in_five_minutes(door: Gateway) -> None:
    for _ in range(3):
        await door.call(token="crowd")
    [asked] = door.graph.directory.asked
    assert sorted(asked["groups"]) == sorted(GROUPS[name] for name in POLICY_GROUPS)
    door.clock.advance(LIFETIME)
    await door.call(token="crowd")
    assert len(door.graph.directory.asked) == 2


async def test_a_caller_whose_token_lists_the_groups_is_not_asked_about(door: Gateway) -> None:
    assert (await door.call(token="engineer")).status == 200
    assert door.graph.directory.asked == []


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.THROTTLED, Fault.FORBIDDEN])
async def test_without_the_directory_such_a_caller_is_refused_and_others_are_not(
    door: Gateway, upstream: Upstream, fault: Fault
) -> None:
    door.graph.directory.fail(fault)
    answer = await door.call(token="crowd")
    assert (answer.status, message(answer)["error"]["code"]) == (503, 50306)
    assert upstream.seen == []
    assert door.evidence.events() == ["refused/groups_unavailable"]
    [row] = door.evidence.of_calls()
    assert row["subject"] == ACCOUNTS["crowd"].object_id
    assert (await door.call(token="engineer")).status == 200


async def test_without_a_managed_identity_such_a_caller_is_refused(door: Gateway, upstream: Upstream) -> None:
    door.graph.has_no_identity = True
    assert (await door.call(token="crowd")).status == 503
    assert upstream.seen == []


async def test_an_answer_that_is_too_old_does_not_help_once_the_directory_is_down(door: Gateway) -> None:
    assert (await door.call(token="crowd")).status == 200
    door.graph.directory.fail(Fault.DOWN)
    assert (await door.call(token="crowd")).status == 200
    door.clock.advance(LIFETIME)
    assert (await door.call(token="crowd")).status == 503


async def test_a_caller_of_whom_the_directory_knows_no_group_of_the_policy_is_refused(door: Gateway) -> None:
    answer = await door.call(token=door.tenant.token("outsider", **OVERAGE))
    assert answer.status == 403
    assert door.evidence.events() == ["refused/no_access"]


async def test_a_group_that_a_token_lists_beside_the_overage_does_not_count(door: Gateway) -> None:
    token = door.tenant.token("outsider", **OVERAGE | {"groups": [GROUPS["engineering"]], "hasgroups": True})
    assert (await door.call(token=token)).status == 403


async def test_an_agent_and_an_application_are_asked_about_too(door: Gateway) -> None:
    for name in ("agent", "pipeline"):
        door.graph.directory.members[ACCOUNTS[name].object_id].add(GROUPS["engineering"])
        assert (await door.call(token=door.tenant.token(name, hasgroups=True))).status == 200


async def test_who_sees_a_value_clear_is_decided_by_the_directorys_groups(tmp_path: Path) -> None:
    async with serving(result(MARY)) as upstream, gateway(tmp_path, upstream.url) as door:
        hidden = await door.call(token="crowd")
        assert "mary@shop.example" not in str(hidden.body)
        door.graph.directory.members[ACCOUNTS["crowd"].object_id].add(GROUPS["hr"])
        door.clock.advance(LIFETIME)
        assert "mary@shop.example" in str((await door.call(token="crowd")).body)


async def test_lists_show_what_the_directorys_groups_allow(tmp_path: Path) -> None:
    listed = {"tools": [{"name": "get_customer"}, {"name": "delete_customer"}]}
    async with serving(result(listed)) as upstream, gateway(tmp_path, upstream.url) as door:
        tools = message(await door.send(request("tools/list"), token="crowd"))["result"]["tools"]
        assert [tool["name"] for tool in tools] == ["get_customer"]


def by_name(door: Gateway, name: str = GROUP_NAMES["engineering"]) -> None:
    """The policy writes engineering by name."""
    text = door.policy_file.read_text()
    door.policy_file.write_text(text.replace(GROUPS["engineering"], f"{{name: {name}}}"))


async def test_a_group_written_by_name_decides_by_the_id_that_is_on_record(door: Gateway) -> None:
    by_name(door)
    assert (await door.call(token="engineer")).status == 200
    assert (await door.call(token="crowd")).status == 200
    [loaded] = [row for row in door.evidence.rows.values() if row["event"] == "policy"]
    assert loaded["outcome"] == "loaded"
    assert f"engineering={GROUPS['engineering']}" in str(loaded["body"])


@pytest.mark.parametrize("also", [{}, {other_group(1): "sg-engineering"}])
async def test_a_group_that_is_not_one_by_its_name_makes_no_policy(door: Gateway, also: dict[str, str]) -> None:
    by_name(door, GROUP_NAMES["engineering"] if also else "SG-Engeneering")
    door.graph.directory.groups |= also
    answer = await door.call(token="engineer")
    assert (answer.status, message(answer)["error"]["code"]) == (503, 50302)
    [rejected] = [row for row in door.evidence.rows.values() if row["event"] == "policy"]
    assert rejected["outcome"] == "rejected"
    assert "line 4, column" in str(rejected["body"])


async def test_a_directory_that_is_down_at_load_makes_no_policy(door: Gateway) -> None:
    by_name(door)
    door.graph.directory.fail(Fault.DOWN)
    assert (await door.call(token="engineer")).status == 503
    assert door.evidence.events() == ["refused/policy_unavailable"]
