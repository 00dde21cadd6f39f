from typing import Any

import pytest

from devhost.accounts import AUDIENCE, AUDIENCE_URI, TENANT
from gateway.doctor import acceptance
from gateway.doctor.finding import State
from tests.fakes.entra import AUTHORITY
from tests.fakes.policies import policy_text
from tests.gateway.doctor.around import Around, states

ENTRA = "https://login.microsoftonline.com"


def pages(authority: str = AUTHORITY, issuer: str = "", keys: Any = ({"kid": "1"},)) -> dict[str, Any]:
    base = f"{authority}/{TENANT}"
    return {
        f"{base}/v2.0/.well-known/openid-configuration": {"issuer": issuer or f"{base}/v2.0"},
        f"{base}/discovery/v2.0/keys": {"keys": list(keys)},
    }


async def test_an_issuer_with_keys_and_both_audiences_are_well() -> None:
    found = await acceptance.check(Around(pages=pages()).bench(policy_text()))
    assert set(states(found)) == {State.OK}


@pytest.mark.parametrize("broken", [{}, pages(issuer="https://other/v2.0"), pages(keys=())])
async def test_an_issuer_that_is_silent_calls_itself_otherwise_or_has_no_keys_is_a_fault(
    broken: dict[str, Any],
) -> None:
    issuer, *_ = await acceptance.check(Around(pages=broken).bench())
    assert issuer.state is State.FAULT
    assert "COUNTERSIGN_AUTHORITY" in issuer.do


@pytest.mark.parametrize(
    ("audience", "state", "part"),
    [
        (AUDIENCE, State.WARNING, "v1 tokens would be refused"),
        (AUDIENCE_URI, State.FAULT, "v2 tokens would be refused"),
        (f"{AUDIENCE},https://mcp.example.com/", State.FAULT, "ends with a slash"),
    ],
)
async def test_an_audience_that_is_missing_or_ends_with_a_slash_is_told(audience: str, state: State, part: str) -> None:
    found = await acceptance.check(Around(pages=pages()).bench(changes={"COUNTERSIGN_AUDIENCE": audience}))
    assert [finding.state for finding in found if part in finding.seen] == [state]


async def test_entra_is_told_of_each_server_whose_resource_is_no_application_id_uri() -> None:
    entra = {"COUNTERSIGN_AUTHORITY": ENTRA}
    bench = Around(pages=pages(ENTRA)).bench(policy_text(), entra)
    *_, resource = await acceptance.check(bench)
    assert (resource.state, "AADSTS9010010" in resource.seen) == (State.WARNING, True)
    document = bench.document
    assert not isinstance(document, str)
    both = ",".join(f"https://mcp.example.com/mcp/{server}" for server in document.servers)  # type: ignore[union-attr]
    bench = Around(pages=pages(ENTRA)).bench(policy_text(), entra | {"COUNTERSIGN_AUDIENCE": f"{AUDIENCE},{both}"})
    *_, resource = await acceptance.check(bench)
    assert resource.state is State.OK


async def test_addresses_with_a_path_are_faults_and_seals_without_a_copy_a_warning() -> None:
    changes = {"COUNTERSIGN_URL": "https://a.example/mcp", "COUNTERSIGN_AUTHORITY": f"{ENTRA}/{TENANT}"}
    found = await acceptance.check_settings(Around().bench(changes=changes))
    assert states(found) == [State.FAULT, State.FAULT, State.WARNING]
    copy = {"COUNTERSIGN_SEAL_COPY": "https://other.blob.core.windows.net"}
    assert states(await acceptance.check_settings(Around().bench(changes=copy))) == [State.OK]
