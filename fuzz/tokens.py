"""What holds of rooms 2's two kinds of tokens, whatever text comes as one.

An input is one letter and a text. `r`: the text is the token. `e` and `s`: two lines, header and claims, which are
signed with the key of Entra's stand-in or of the gateway, so that what is read behind the signature is reached as well.
`o`: the same, signed by somebody else. `m` and `n`: a valid token of either kind, changed at the places that the text
names. Nobody is known by a token that is not signed by the right key over exactly what it says, or whose claims do not
hold here and now.
"""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from devhost.accounts import AUDIENCE, TENANT
from gateway.access.session_token import LIFETIME, audience
from gateway.access.signing_keys import SigningKeys
from gateway.authenticate import LEEWAY, SessionTokens, authenticate
from gateway.identity_keys import IdentityKeys
from gateway.inbound import bearer
from gateway.token_text import MAX_TOKEN
from gateway.values import Caller, Refusal, Secret
from tests.fakes.entra import AUTHORITY, settings
from tests.fakes.signing import MemoryKey, base64url

SETTINGS = settings()
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp()
AT = int(NOW)
_RSA, _OTHER = (generate_private_key(65537, 2048) for _ in range(2))
_OWN, _FOREIGN = MemoryKey(), MemoryKey()
_SESSIONS = SessionTokens(SigningKeys(_OWN), "records", NOW)
_RUNNER = asyncio.Runner()


def _key_set(request: httpx.Request) -> httpx.Response:
    assert request.url.path == f"/{TENANT}/discovery/v2.0/keys", "a tenant that nobody believes is asked for keys"
    document = jwt.algorithms.RSAAlgorithm.to_jwk(_RSA.public_key(), as_dict=True)
    return httpx.Response(200, json={"keys": [document | {"kid": "k"}]})


_KEYS = IdentityKeys(httpx.AsyncClient(transport=httpx.MockTransport(_key_set)), AUTHORITY, lambda: NOW)
_ENTRA = {
    "iss": f"{AUTHORITY}/{TENANT}/v2.0",
    "aud": AUDIENCE,
    "tid": TENANT,
    "oid": "0b1ec700-0000-4000-8000-000000000001",
    "azp": "a9900000-0000-4000-8000-000000000002",
    "scp": f"openid {SETTINGS.scope}",
    "exp": AT + 600,
    "nbf": AT,
    "groups": ["6F1C"],
    "roles": ["r"],
    "uti": "u",
    "sid": "s",
    "name": "Mary",
}
_SESSION = {
    "iss": SETTINGS.url,
    "aud": audience(SETTINGS.url, "records"),
    "sub": "o",
    "tid": TENANT,
    "oid": "o",
    "azp": "c",
    "kind": "app",
    "name": "",
    "roles": [],
    "groups": [],
    "grant": "g",
    "uti_parent": "u",
    "iat": AT,
    "nbf": AT,
    "exp": AT + 600,
    "jti": "j",
}
_RS256, _ES256 = {"typ": "JWT", "alg": "RS256", "kid": "k"}, {"typ": "at+jwt", "alg": "ES256", "kid": _OWN.enabled[0]}


def _lines(letter: str, header: dict[str, Any], claims: dict[str, Any]) -> bytes:
    return f"{letter}{json.dumps(header)}\n{json.dumps(claims)}".encode()


SEEDS = (
    _lines("e", _RS256, _ENTRA),
    _lines("e", _RS256, _ENTRA | {"exp": AT - LEEWAY, "nbf": True, "xms_act_fct": "11", "hasgroups": True}),
    _lines("e", _RS256 | {"crit": ["b64"], "b64": False}, _ENTRA),
    _lines("e", _RS256, {name: value for name, value in _ENTRA.items() if name != "scp"} | {"idtyp": "app"}),
    _lines("e", {"alg": "none"}, _ENTRA),
    _lines("s", _ES256, _SESSION),
    _lines("s", _ES256 | {"jku": "https://evil.example"}, _SESSION),
    _lines("s", _ES256, _SESSION | {"exp": AT + LIFETIME + 1, "iat": True}),
    _lines("o", _RS256, _ENTRA),
    _lines("o", _ES256, _SESSION),
    b"reyJhbGciOiJub25lIn0.e30.",
    b"m\x00\x05A",
    b"m\xff\xff=",
    b"n\x00\x05A",
    b"n\xff\xff=",
)


def one_input(data: bytes) -> None:
    letter, rest = data[:1], data[1:]
    make = _MAKERS.get(letter)
    text, is_signed = make(rest) if make else (rest.decode("latin-1"), False)
    token = bearer(f"Bearer {text}")
    found = _RUNNER.run(authenticate(token, SETTINGS, _KEYS, lambda: NOW, sessions=_SESSIONS))
    assert text not in repr(found) or len(text) < 8, "the token is told"
    if isinstance(found, Refusal):
        return
    assert is_signed, "believed without the right signature"
    assert len(text) <= MAX_TOKEN
    # Calls alone may use a session token.
    again = _RUNNER.run(authenticate(Secret(text), SETTINGS, _KEYS, lambda: NOW, sessions=_SESSIONS))
    assert again == found, "the second time somebody else"
    at_page = _RUNNER.run(authenticate(Secret(text), SETTINGS, _KEYS, lambda: NOW))
    (_check_session if found.grant else _check_entra)(found, _claims(text))
    assert isinstance(at_page, Refusal) if found.grant else at_page == found


def _claims(text: str) -> dict[str, Any]:
    part = text.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def _check_entra(found: Caller, claims: dict[str, Any]) -> None:
    assert found.tenant == claims["tid"].lower() == TENANT
    assert found.object_id == claims["oid"].lower()
    assert claims["iss"] in (f"{AUTHORITY}/{TENANT}/v2.0", f"{AUTHORITY}/{TENANT}/")
    assert claims["aud"].lower() in SETTINGS.audiences
    assert claims["exp"] >= NOW - LEEWAY
    assert claims.get("nbf", 0) <= NOW + LEEWAY
    assert SETTINGS.scope in claims.get("scp", "").split() or claims.get("idtyp", "app") != "user"
    assert found.groups <= {group.lower() for group in claims.get("groups", ()) if isinstance(group, str)}


def _check_session(found: Caller, claims: dict[str, Any]) -> None:
    assert claims["iss"] == SETTINGS.url
    assert claims["aud"] == audience(SETTINGS.url, "records")
    assert (found.tenant, found.object_id, found.grant) == (TENANT, claims["oid"], claims["grant"])
    assert found.groups <= set(claims["groups"])
    assert claims["nbf"] - 60 <= NOW < claims["exp"] <= claims["iat"] + LIFETIME


def _message(rest: bytes) -> str:
    header, _, claims = rest.partition(b"\n")
    return f"{base64url(header)}.{base64url(claims)}"


def _by_entra(rest: bytes, key: RSAPrivateKey = _RSA) -> str:
    message = _message(rest)
    return f"{message}.{base64url(key.sign(message.encode(), padding.PKCS1v15(), SHA256()))}"


def _by_gateway(rest: bytes, key: MemoryKey = _OWN) -> str:
    message = _message(rest)
    return f"{message}.{base64url(key._signature(key.enabled[-1], message.encode()))}"


def _changed(token: str, changes: bytes) -> tuple[str, bool]:
    """The token with characters replaced: two bytes for the place and one for the character, again and again."""
    text = list(token)
    for start in range(0, len(changes) - 2, 3):
        place = int.from_bytes(changes[start : start + 2]) % (len(text) + 1)
        text[place : place + 1] = chr(changes[start + 2] & 0x7F)
    changed = "".join(text)
    # The last character of a signature has bits that no byte holds.
    return changed, changed[:-1] == token[:-1] and len(changed) == len(token)


_VALID_ENTRA = _by_entra(_lines("", _RS256, _ENTRA))
_VALID_SESSION = _by_gateway(_lines("", _ES256, _SESSION))
_MAKERS: dict[bytes, Callable[[bytes], tuple[str, bool]]] = {
    b"e": lambda rest: (_by_entra(rest), True),
    b"s": lambda rest: (_by_gateway(rest), True),
    b"o": lambda rest: (_by_entra(rest, _OTHER) if b"RS256" in rest else _by_gateway(rest, _FOREIGN), False),
    b"m": lambda rest: _changed(_VALID_ENTRA, rest),
    b"n": lambda rest: _changed(_VALID_SESSION, rest),
}
