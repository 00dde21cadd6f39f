"""What the vault's answers mean; that it is asked, tests/live/test_doctor.py shows."""

import pytest

from gateway.doctor import vault
from gateway.doctor.finding import State
from gateway.reasons import Reason
from gateway.values import Refusal
from tests.gateway.doctor.around import Around, states


@pytest.mark.parametrize(
    ("why", "part"),
    [
        ("ResourceNotFoundError", "az keyvault secret set"),
        ("HttpResponseError", "Countersign secrets, reading"),
        ("ServiceRequestError", "COUNTERSIGN_KEY_VAULT"),
        ("not base64 of 32 bytes", "32 random bytes"),
    ],
)
def test_each_way_not_to_give_a_secret_has_its_remedy(why: str, part: str) -> None:
    refusal = Refusal(Reason.SESSION_KEY_UNAVAILABLE, f"secret session-key: {why}")
    finding = vault.not_read(Around().bench(), "vault", "session-key", "what ids come from", refusal)
    assert (finding.state, part in finding.do) == (State.FAULT, True)
    assert finding.seen == f"secret session-key, what ids come from: {why}"


def test_a_person_who_is_refused_a_secret_is_told_who_may_read_it() -> None:
    refusal = Refusal(Reason.SESSION_KEY_UNAVAILABLE, "secret session-key: HttpResponseError")
    finding = vault.not_read(Around().bench(as_operator=True), "vault", "session-key", "x", refusal)
    assert finding.state is State.CANNOT_TELL


async def test_a_gateway_without_a_vault_is_at_fault() -> None:
    assert states(await vault.check(Around().bench())) == [State.FAULT]
