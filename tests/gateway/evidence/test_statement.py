import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.jws import digest_of, keys_of, text_of
from gateway.evidence.statement import (
    FIRST,
    Broken,
    Covered,
    MalformedSealError,
    Statement,
    is_signed,
    message_of,
    parse,
)
from gateway.storage.contract import KeyVersion
from tests.fakes.signing import MemoryKey, base64url

STATEMENT = Statement(
    number=7,
    previous=FIRST,
    start="2026-11-23T09:00:00.000000Z",
    end="2026-11-23T09:05:00.000000Z",
    records=3,
    root="a" * 64,
    chains=(Covered("20261123-a", "w.1", 0, 2, "b" * 64),),
    events={"intent": 3},
    ended=("20261122-z",),
)


def jwk(version: KeyVersion) -> dict[str, str]:
    return {"kty": "EC", "crv": "P-256", "kid": version.kid, "x": version.x, "y": version.y}


async def signed(key: MemoryKey, statement: Statement = STATEMENT) -> str:
    message = message_of(statement, key.enabled[-1])
    return text_of(message, await key.sign(key.enabled[-1], message))


def changed(text: str, **claims: Any) -> str:
    """The same signature under other claims."""
    header, payload, signature = text.split(".")
    found = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return f"{header}.{base64url(json.dumps(found | claims).encode())}.{signature}"


async def test_a_seal_is_read_as_it_was_written_and_its_signature_is_good() -> None:
    key = MemoryKey()
    seal = parse(await signed(key))
    assert (seal.statement, seal.kid) == (STATEMENT, "version-1")
    [public] = keys_of({"keys": [jwk(version) for version in await key.versions()]}).values()
    assert is_signed(seal, public)
    assert not is_signed(replace(seal, signature=bytes(64)), public)
    assert not is_signed(replace(seal, signature=b"short"), public)


async def test_whoever_changes_a_claim_breaks_the_signature() -> None:
    key = MemoryKey()
    text = await signed(key)
    [public] = keys_of({"keys": [jwk(version) for version in await key.versions()]}).values()
    changes: tuple[dict[str, Any], ...] = (
        {"records": 4},
        {"number": 8},
        {"root": "c" * 64},
        {"chains": []},
        {"ended": []},
    )
    for claims in changes:
        assert not is_signed(parse(changed(text, **claims)), public)


async def test_what_was_broken_when_it_was_sealed_is_said() -> None:
    broken = replace(STATEMENT, broken=(Broken("20261123-a", "w.1", 1, "changed"),))
    assert parse(await signed(MemoryKey(), broken)).statement == broken


@pytest.mark.parametrize(
    "claims",
    [
        {"v": 2},
        {"number": -1},
        {"number": True},
        {"number": "7"},
        {"chains": [["s", "w", 0]]},
        {"chains": [["s", "w", 3, 2, "h"]]},
        {"chains": [["s", 1, 0, 0, "h"]]},
        {"events": ["intent"]},
        {"events": {"intent": -1}},
        {"root": None},
        {"broken": [1]},
        {"from": "yesterday"},
        {"to": "2026-11-23 09:05"},
    ],
)
async def test_other_claims_are_malformed(claims: dict[str, Any]) -> None:
    with pytest.raises(MalformedSealError):
        parse(changed(await signed(MemoryKey()), **claims))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": "k", "typ": "countersign-seal+jws"},
        {"alg": "HS256", "kid": "k", "typ": "countersign-seal+jws"},
        {"alg": "ES256", "kid": "k", "typ": "at+jwt"},
        {"alg": "ES256", "kid": "k", "typ": "countersign-seal+jws", "crit": ["b64"]},
        [],
    ],
)
async def test_another_header_is_malformed(header: Any) -> None:
    _, payload, signature = (await signed(MemoryKey())).split(".")
    with pytest.raises(MalformedSealError):
        parse(f"{base64url(json.dumps(header).encode())}.{payload}.{signature}")


@given(st.text(max_size=60) | st.from_regex(r"[\w-]{1,9}\.[\w-]{1,9}\.[\w-]{1,9}", fullmatch=True))
def test_no_text_is_more_than_malformed(text: str) -> None:
    with pytest.raises(MalformedSealError):
        parse(text)


async def test_a_seal_has_one_text() -> None:
    text = await signed(MemoryKey())
    for other in (text + "=", text + "\n", f" {text}", text[:-1] + chr(ord(text[-1]) + 1)):
        assert digest_of(other) != digest_of(text)
        with pytest.raises(MalformedSealError):
            parse(other)


@pytest.mark.parametrize(
    "keys", [{}, {"keys": [{}]}, {"keys": [{"kty": "RSA", "kid": "a", "crv": ""}]}, {"keys": 1}, []]
)
def test_a_set_of_other_keys_is_refused(keys: Any) -> None:
    with pytest.raises(ValueError, match="P-256"):
        keys_of(keys)
