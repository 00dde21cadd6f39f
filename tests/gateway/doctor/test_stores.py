"""What an attempt means; that the attempts are made, tests/live/test_doctor.py shows."""

import pytest

from gateway.doctor import stores
from gateway.doctor.finding import State
from gateway.storage.probes import Attempt
from tests.gateway.doctor.around import Around, states


@pytest.mark.parametrize(
    ("attempt", "state"),
    [
        (Attempt(403, "AuthorizationPermissionMismatch"), State.OK),
        (Attempt(200), State.FAULT),
        (Attempt(409, "BlobImmutableDueToPolicy"), State.WARNING),
        (Attempt(404, "ResourceNotFound"), State.CANNOT_TELL),
        (Attempt(0, "TimeoutError"), State.CANNOT_TELL),
    ],
)
def test_only_a_refusal_by_rights_is_well(attempt: Attempt, state: State) -> None:
    finding = stores.judged("table evidence", "deleted", attempt)
    assert finding.state is state
    assert "table evidence" in finding.seen


def test_retention_is_told_and_who_may_not_see_it_is_sent_to_an_owner() -> None:
    assert stores.kept("seals", True).state is State.OK
    assert stores.kept("seals", False).state is State.FAULT
    refused = stores.kept("seals", Attempt(403, "AuthorizationPermissionMismatch"))
    assert (refused.state, "owner" in refused.do) == (State.CANNOT_TELL, True)


async def test_of_storage_on_this_machine_no_retention_is_asked_for() -> None:
    local = {"COUNTERSIGN_EVIDENCE_BLOBS": "BlobEndpoint=http://127.0.0.1:9/a;AccountName=a;AccountKey=YQ=="}
    assert states(await stores.check_retention(Around().bench(changes=local))) == [State.OK]
