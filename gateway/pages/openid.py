"""Signing in to our own API: authorization code flow with PKCE, state and nonce (RFC 6749, 7636; OpenID Connect).

Gives the address that the browser is sent to, and takes the code that comes back and gives the caller
of the access token, who is checked by the same `authenticate` as a call. There is no client secret: the
managed identity stands in for it.

A client library such as Authlib would add an HTTP client of its own, which follows what ours does not
and reads without a limit, to save a hash and a URL; so the token endpoint is asked as for every token.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

import jwt

from gateway import jsontext
from gateway.authenticate import LEEWAY, authenticate, issuers
from gateway.held_tokens import Token
from gateway.identity_keys import IdentityKeys, KeysUnavailableError
from gateway.reasons import Reason
from gateway.rooms import Rooms
from gateway.seal import Seal
from gateway.settings import Settings
from gateway.upstream_tokens import application_id
from gateway.values import Caller, Refusal, Secret

PURPOSE = "sign-in"
CALLBACK = "/sign-in/callback"
PATIENCE = 600
"""Seconds in which a person has to have signed in."""
MAX_CODE = 8192

_BOUND_TO = b"sign-in"
_ANY = "organizations"
"""Entra's name for all tenants with accounts of work or school."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that is on its way, as the browser keeps it meanwhile."""

    state: str
    verifier: str
    nonce: str
    to: str
    """The page that it leads back to."""
    expires: int
    """Unix seconds."""


def begin(to: str, now: float) -> SignIn:
    state, verifier, nonce = (secrets.token_urlsafe(32) for _ in range(3))
    return SignIn(state, verifier, nonce, to, int(now) + PATIENCE)


def seal_sign_in(sign_in: SignIn, seal: Seal) -> str:
    content = [sign_in.state, sign_in.verifier, sign_in.nonce, sign_in.to, sign_in.expires]
    return seal.seal_text(jsontext.write(content), _BOUND_TO)


def open_sign_in(sealed: str, seal: Seal, now: float) -> SignIn | None:
    """The sign-in; None if it was not sealed here, was changed, or took too long."""
    content = seal.open_text(sealed, _BOUND_TO)
    found = None if content is None else jsontext.parse(content)
    if not isinstance(found, list) or len(found) != 5:
        return None
    sign_in = SignIn(*found)
    return sign_in if now < sign_in.expires else None


def is_state_of(sign_in: SignIn, state: str) -> bool:
    return hmac.compare_digest(sign_in.state.encode(), state.encode())


def authorize_url(sign_in: SignIn, settings: Settings, *, may_choose: bool) -> str | None:
    """Where the person signs in; None if the settings do not name the gateway's registration."""
    client = application_id(settings)
    if client is None:
        return None
    challenge = base64.urlsafe_b64encode(hashlib.sha256(sign_in.verifier.encode()).digest()).decode().rstrip("=")
    query = {
        "client_id": client,
        "response_type": "code",
        "response_mode": "query",
        "redirect_uri": settings.url + CALLBACK,
        # An application that asks for a token for itself has to name itself by its id (AADSTS90009).
        "scope": f"openid profile {client}/{settings.scope}",
        "state": sign_in.state,
        "nonce": sign_in.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    asked = query | ({"prompt": "select_account"} if may_choose else {})
    return f"{settings.authority}/{_tenant(settings)}/oauth2/v2.0/authorize?{urlencode(asked)}"


async def redeem(code: str, sign_in: SignIn, rooms: Rooms) -> Caller | Refusal:
    """The caller who signed in. Every other outcome is a refusal (fail-closed)."""
    if not code or len(code) > MAX_CODE:
        return Refusal(Reason.SIGN_IN_FAILED, "no code")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": rooms.settings.url + CALLBACK,
        "code_verifier": sign_in.verifier,
        "scope": f"openid profile {application_id(rooms.settings)}/{rooms.settings.scope}",
    }
    answer = await rooms.tokens.ask_as_gateway(_tenant(rooms.settings), form)
    if isinstance(answer, Refusal):
        return answer
    if not isinstance(answer, Token):
        return Refusal(Reason.SIGN_IN_FAILED, answer.why)
    caller = await authenticate(answer.value, rooms.settings, rooms.keys)
    if isinstance(caller, Refusal):
        return caller
    why = await _unproved(answer.id_token, sign_in.nonce, caller, rooms.settings, rooms.keys)
    return Refusal(Reason.SIGN_IN_FAILED, why) if why else caller


async def _unproved(
    proof: Secret | None, nonce: str, caller: Caller, settings: Settings, keys: IdentityKeys
) -> str | None:
    """Why the ID token does not say that this caller signed in by this sign-in; None if it does."""
    if proof is None:
        return "no ID token"
    try:
        text = proof.reveal()
        key = await keys.find(caller.tenant, str(jwt.get_unverified_header(text).get("kid")))
        if key is None:
            return "ID token: unknown key"
        claims = jwt.decode(
            text,
            key,
            algorithms=["RS256"],
            audience=application_id(settings),
            issuer=issuers(settings.authority, caller.tenant),
            leeway=LEEWAY,
            options={"require": ["exp", "aud", "iss", "nonce"]},
        )
    except KeysUnavailableError:
        return "ID token: the keys are not to be had"
    except jwt.PyJWTError as error:
        return f"ID token: {type(error).__name__}"
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        return "ID token: another nonce"
    said = (str(claims.get("tid")).lower(), str(claims.get("oid")).lower())
    return None if said == (caller.tenant, caller.object_id) else "ID token: another person"


def _tenant(settings: Settings) -> str:
    return next(iter(settings.tenants)) if len(settings.tenants) == 1 else _ANY
