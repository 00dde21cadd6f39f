from gateway.doctor import identity
from gateway.doctor.finding import State
from tests.gateway.doctor.around import Around, states


async def test_a_token_is_asked_for_for_each_service_that_the_settings_name() -> None:
    around = Around()
    found = await identity.check(around.bench(changes={"COUNTERSIGN_KEY_VAULT": "https://v.vault.azure.net"}))
    assert [finding.seen.rpartition("token for ")[2] for finding in found] == ["storage", "Key Vault", "the directory"]
    assert set(states(found)) == {State.OK}
    assert len(await identity.check(around.bench())) == 2


async def test_without_a_token_the_fault_names_the_service_and_what_to_do() -> None:
    around = Around(has_no_identity=True)
    (storage, _) = await identity.check(around.bench())
    assert (storage.state, storage.seen) == (State.FAULT, "no token for storage (CredentialUnavailableError)")
    assert "COUNTERSIGN_IDENTITY" in storage.do
    (storage, _) = await identity.check(around.bench(as_operator=True))
    assert "az login" in storage.do


async def test_no_token_is_ever_told() -> None:
    found = await identity.check(Around().bench())
    assert "token for https" not in str(found)
