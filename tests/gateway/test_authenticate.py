"""Room 2. Each wrong token has its own reason on record and one sentence on the wire."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.accounts import ACCOUNTS, AUDIENCE_URI, TENANT
from devhost.identity.issuer import signed_with_the_public_key, unsigned
from devhost.identity.keys import SigningKey
from gateway.access.session_token import Bounds, Issued, issue
from gateway.access.signing_keys import SigningKeys
from gateway.authenticate import LEEWAY, MAX_NAME, SessionTokens, authenticate, issuers
from gateway.identity_keys import IdentityKeys
from gateway.reasons import Reason
from gateway.token_text import MAX_TOKEN
from gateway.values import Caller, CallerKind, Refusal, Secret
from tests.fakes.entra import AUTHORITY, Tenant, settings
from tests.fakes.signing import MemoryKey

TENANT_FAKE = Tenant()
SETTINGS = settings()


async def attempt(token: str | None, tenant: Tenant = TENANT_FAKE, at: float | None = None) -> Caller | Refusal:
    keys = IdentityKeys(tenant.client(), AUTHORITY)
    secret = None if token is None else Secret(token)
    return await authenticate(secret, SETTINGS, keys, lambda: time.time() if at is None else at)


async def reason(token: str | None, **options: Any) -> Reason | None:
    outcome = await attempt(token, **options)
    return outcome.reason if isinstance(outcome, Refusal) else None


async def test_a_user_is_known_by_tenant_and_object_id() -> None:
    engineer = ACCOUNTS["engineer"]
    caller = await attempt(TENANT_FAKE.token())
    assert isinstance(caller, Caller)
    assert (caller.tenant, caller.object_id, caller.kind) == (TENANT, engineer.object_id, CallerKind.USER)
    assert caller.groups == set(engineer.group_ids)
    assert caller.token_id
    assert caller.sign_in


async def test_a_version_1_token_is_believed_too() -> None:
    token = TENANT_FAKE.issuer.access_token(ACCOUNTS["engineer"], version="1.0")
    caller = await attempt(token)
    assert isinstance(caller, Caller)
    assert caller.client == ACCOUNTS["engineer"].client


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({}, "Enid Engineer"),
        ({"name": None}, ACCOUNTS["engineer"].mail),
        ({"name": None, "preferred_username": None, "unique_name": "e@x"}, "e@x"),
        ({"name": 5, "preferred_username": " "}, ""),
        ({"name": "n" * 500}, "n" * MAX_NAME),
    ],
)
async def test_a_caller_has_the_name_that_the_token_gives_for_people_to_read(claims: dict[str, Any], name: str) -> None:
    caller = await attempt(TENANT_FAKE.issuer.access_token(ACCOUNTS["engineer"], claims))
    assert isinstance(caller, Caller)
    assert caller.name == name


async def test_an_application_is_known_by_its_roles() -> None:
    caller = await attempt(TENANT_FAKE.token("pipeline"))
    assert isinstance(caller, Caller)
    assert caller.kind is CallerKind.APP
    assert caller.roles == {"Mcp.Call"}


async def test_without_idtyp_a_token_with_scp_is_a_users() -> None:
    user = await attempt(TENANT_FAKE.token(idtyp=None))
    app = await attempt(TENANT_FAKE.token("pipeline", idtyp=None))
    assert isinstance(user, Caller)
    assert isinstance(app, Caller)
    assert (user.kind, app.kind) == (CallerKind.USER, CallerKind.APP)


@pytest.mark.parametrize("claim", ["xms_act_fct", "xms_sub_fct"])
async def test_an_agent_is_told_from_a_person_by_either_facet(claim: str) -> None:
    agent = await attempt(TENANT_FAKE.token(**{claim: "3 11 9"}))
    other = await attempt(TENANT_FAKE.token(**{claim: "3 9 111"}))
    assert isinstance(agent, Caller)
    assert isinstance(other, Caller)
    assert (agent.kind, other.kind) == (CallerKind.AGENT, CallerKind.USER)


@pytest.mark.parametrize("claims", [{"_claim_names": {"groups": "src1"}}, {"hasgroups": True}, {"hasgroups": "true"}])
async def test_a_token_that_leaves_the_groups_out_says_so(claims: dict[str, Any]) -> None:
    crowd = await attempt(TENANT_FAKE.token(groups=None, **claims))
    assert isinstance(crowd, Caller)
    assert (crowd.groups, crowd.groups_complete) == (frozenset(), False)


@pytest.mark.parametrize("account", ["engineer", "outsider", "pipeline"])
async def test_a_token_that_leaves_none_out_is_complete(account: str) -> None:
    caller = await attempt(TENANT_FAKE.token(account, _claim_names={"other": "src1"}))
    assert isinstance(caller, Caller)
    assert caller.groups_complete


ISSUER = TENANT_FAKE.issuer
CLAIMS = ISSUER.claims(ACCOUNTS["engineer"])
WRONG = {
    "no token": (None, Reason.TOKEN_MISSING),
    "not a token": ("no-token-at-all", Reason.TOKEN_MALFORMED),
    "three parts of nothing": ("a.b.c", Reason.TOKEN_MALFORMED),
    "too long": ("a" * (MAX_TOKEN + 1), Reason.TOKEN_MALFORMED),
    "alg none": (unsigned(CLAIMS), Reason.TOKEN_ALGORITHM),
    "HS256 with the public key": (signed_with_the_public_key(CLAIMS, ISSUER.keys.signing), Reason.TOKEN_ALGORITHM),
    "unknown key": (ISSUER.sign(CLAIMS, SigningKey.generate()), Reason.TOKEN_KEY_UNKNOWN),
    "another key under a known kid": (
        ISSUER.sign(CLAIMS, SigningKey.generate(), {"kid": ISSUER.keys.signing.kid}),
        Reason.TOKEN_SIGNATURE,
    ),
    "no kid": (ISSUER.sign(CLAIMS, header={"kid": None}), Reason.TOKEN_MALFORMED),
    "expired": (TENANT_FAKE.token(exp=int(time.time()) - LEEWAY - 2), Reason.TOKEN_EXPIRED),
    "not yet valid": (TENANT_FAKE.token(nbf=int(time.time()) + 3600), Reason.TOKEN_NOT_YET_VALID),
    "no expiry": (TENANT_FAKE.token(exp=None), Reason.TOKEN_CLAIMS),
    "expiry is text": (TENANT_FAKE.token(exp="9999999999"), Reason.TOKEN_CLAIMS),
    "wrong audience": (TENANT_FAKE.token(aud="https://graph.microsoft.com"), Reason.TOKEN_AUDIENCE),
    "several audiences": (TENANT_FAKE.token(aud=[AUDIENCE_URI, "other"]), Reason.TOKEN_AUDIENCE),
    "wrong issuer": (TENANT_FAKE.token(iss=f"{AUTHORITY}/other/v2.0"), Reason.TOKEN_ISSUER),
    "issuer with a tail": (TENANT_FAKE.token(iss=ISSUER.name() + "/"), Reason.TOKEN_ISSUER),
    "wrong tenant": (TENANT_FAKE.token(tid="11111111-0000-4000-8000-000000000001"), Reason.TOKEN_TENANT),
    "no tenant": (TENANT_FAKE.token(tid=None), Reason.TOKEN_CLAIMS),
    "no object id": (TENANT_FAKE.token(oid=None), Reason.TOKEN_CLAIMS),
    "no client": (TENANT_FAKE.token(azp=None), Reason.TOKEN_CLAIMS),
    "no scope": (TENANT_FAKE.token(scp=None), Reason.SCOPE_MISSING),
    "another scope": (TENANT_FAKE.token(scp="User.Read mcp.access.more"), Reason.SCOPE_MISSING),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_token_is_refused_with_its_own_reason(name: str) -> None:
    token, expected = WRONG[name]
    assert await reason(token) is expected


async def test_a_token_of_a_deleted_key_is_refused() -> None:
    tenant = Tenant()
    token = tenant.token()
    assert await reason(token, tenant=tenant) is None
    tenant.issuer.keys.rotate(delete_old=True)
    assert await reason(token, tenant=tenant) is Reason.TOKEN_KEY_UNKNOWN


async def test_clocks_may_differ_by_the_leeway_and_no_more() -> None:
    token, now = TENANT_FAKE.token(exp=1_000_000, nbf=900_000), 1_000_000
    assert await reason(token, at=now + LEEWAY) is None
    assert await reason(token, at=now + LEEWAY + 1) is Reason.TOKEN_EXPIRED
    assert await reason(token, at=900_000 - LEEWAY) is None
    assert await reason(token, at=900_000 - LEEWAY - 1) is Reason.TOKEN_NOT_YET_VALID


async def test_without_keys_nobody_is_believed() -> None:
    tenant = Tenant()
    token = tenant.token()
    tenant.reachable = False
    assert await reason(token, tenant=tenant) is Reason.IDENTITY_UNAVAILABLE


async def test_a_token_of_an_unbelieved_tenant_fetches_no_keys() -> None:
    tenant = Tenant()
    await attempt(tenant.token(tid="11111111-0000-4000-8000-000000000001"), tenant)
    assert tenant.fetches == 0


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{0,40}", fullmatch=True))
async def test_no_text_makes_it_raise_or_believe(text: str) -> None:
    assert isinstance(await attempt(text), Refusal)


@pytest.mark.parametrize("position", [0.1, 0.5, 0.9, 0.99])
async def test_a_token_with_one_changed_character_is_refused(position: float) -> None:
    token = TENANT_FAKE.token()
    index = int(len(token) * position)
    other = "A" if token[index] != "A" else "B"
    assert await reason(token[:index] + other + token[index + 1 :]) is not None


async def test_a_token_of_the_gateway_itself_is_accepted_where_calls_are_made_and_nowhere_else() -> None:
    key, now = MemoryKey(), datetime.now(UTC)
    signing = SigningKeys(key)
    entra = await attempt(TENANT_FAKE.token())
    assert isinstance(entra, Caller)
    bounds = Bounds("records", "a-grant", now + timedelta(hours=1), frozenset())
    issued = await issue(entra, bounds, SETTINGS, signing, now)
    assert isinstance(issued, Issued)
    keys = IdentityKeys(TENANT_FAKE.client(), AUTHORITY)
    here, there = (SessionTokens(signing, server, now.timestamp()) for server in ("records", "crm"))
    caller = await authenticate(issued.token, SETTINGS, keys, sessions=here)
    assert isinstance(caller, Caller)
    assert (caller.object_id, caller.grant, caller.issued_by) == (entra.object_id, "a-grant", entra.token_id)
    for sessions, expected in ((None, Reason.TOKEN_ISSUER), (there, Reason.TOKEN_AUDIENCE)):
        refused = await authenticate(issued.token, SETTINGS, keys, sessions=sessions)
        assert isinstance(refused, Refusal)
        assert refused.reason is expected


async def test_where_calls_are_made_entras_tokens_are_believed_as_ever_whatever_became_of_the_signing_key() -> None:
    key = MemoryKey()
    key.reachable = False
    sessions = SessionTokens(SigningKeys(key), "records", time.time())
    keys = IdentityKeys(TENANT_FAKE.client(), AUTHORITY)
    caller = await authenticate(Secret(TENANT_FAKE.token()), SETTINGS, keys, sessions=sessions)
    assert isinstance(caller, Caller)
    assert (caller.grant, caller.issued_by) == ("", "")


async def test_an_entra_key_signs_nothing_in_the_gateways_own_name() -> None:
    sessions = SessionTokens(SigningKeys(MemoryKey()), "records", time.time())
    token = Secret(TENANT_FAKE.token(iss=SETTINGS.url, aud=f"{SETTINGS.url}/mcp/records"))
    keys = IdentityKeys(TENANT_FAKE.client(), AUTHORITY)
    refused = await authenticate(token, SETTINGS, keys, sessions=sessions)
    assert refused == Refusal(Reason.TOKEN_ALGORITHM)


def test_the_public_cloud_has_its_own_issuer_for_version_1_tokens() -> None:
    assert issuers("https://login.microsoftonline.com", "t") == (
        "https://login.microsoftonline.com/t/v2.0",
        "https://sts.windows.net/t/",
    )
