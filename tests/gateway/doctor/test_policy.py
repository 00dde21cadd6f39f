from pathlib import Path

from devhost.accounts import GROUP_NAMES, GROUPS
from gateway.doctor import policy
from gateway.doctor.finding import State
from gateway.policy.document import Policy
from tests.fakes.policies import policy_text
from tests.gateway.doctor.around import Around, states, written

SECRETS = {"records-token": "x"}
NAMED = policy_text().replace(GROUPS["engineering"], f"{{name: {GROUP_NAMES['engineering']}}}")


async def test_a_policy_that_would_come_into_force_is_well_with_the_secrets_that_it_needs() -> None:
    around = Around(secrets=dict(SECRETS))
    assert states(await policy.check(around.bench(policy_text()))) == [State.OK, State.OK]
    assert isinstance(await policy.policy_of(around.bench(policy_text())), Policy)


async def test_a_mistake_and_a_file_that_is_not_there_are_faults(tmp_path: Path) -> None:
    (found,) = await policy.check(Around().bench("version: 9"))
    assert (found.state, "line 1" in found.seen) == (State.FAULT, True)
    missing = await policy.document_of(tmp_path / "none.yaml")
    assert missing == "cannot be read (No such file or directory)"
    assert isinstance(await policy.document_of(written(tmp_path, policy_text())), Policy)
    assert await policy.policy_of(Around().bench("version: 9")) is None


async def test_a_credential_that_is_not_there_is_named() -> None:
    _, found = await policy.check(Around().bench(policy_text()))
    assert (found.state, "records-token" in found.seen) == (State.FAULT, True)


async def test_groups_by_name_need_a_directory_that_answers() -> None:
    around = Around(secrets=dict(SECRETS))
    bench = around.bench(NAMED)
    assert states([*await policy.check(bench), *await policy.check_graph(bench)]) == [State.OK] * 3
    assert around.network
    around.network.has_no_identity = True
    found = [*await policy.check(bench), *await policy.check_graph(bench)]
    assert states(found) == [State.FAULT, State.FAULT]
    assert all("GroupMember.Read.All" in finding.do for finding in found)


async def test_a_policy_that_writes_every_group_by_id_asks_nobody() -> None:
    around = Around()
    bench = around.bench(policy_text())
    assert around.network
    around.network.has_no_identity = True
    assert states(await policy.check_graph(bench)) == [State.OK]
    assert states(await policy.check_graph(around.bench("version: 9"))) == [State.CANNOT_TELL]
