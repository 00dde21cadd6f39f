"""Signing keys survive a restart, rotate, and are published without their private half."""

from pathlib import Path

import jwt

from devhost.identity.keys import KeyRing, published


def test_keys_are_the_same_after_a_restart_and_only_the_owner_may_read_them(tmp_path: Path) -> None:
    first = KeyRing.at(tmp_path)
    assert KeyRing.at(tmp_path).jwks("i") == first.jwks("i") == published(tmp_path).jwks("i")
    assert (tmp_path / "identity" / "signing-keys.json").stat().st_mode & 0o777 == 0o600


def test_a_new_key_signs_while_the_old_one_still_verifies(tmp_path: Path) -> None:
    ring = KeyRing.at(tmp_path)
    old = ring.signing
    new = ring.rotate()
    assert (ring.signing.kid, new.kid == old.kid) == (new.kid, False)
    assert [key["kid"] for key in published(tmp_path).jwks("i")["keys"]] == [old.kid, new.kid]


def test_a_deleted_key_is_gone_from_memory_and_disk(tmp_path: Path) -> None:
    ring = KeyRing.at(tmp_path)
    old = ring.signing
    ring.rotate(delete_old=True)
    assert ring.find(old.kid) is None
    assert published(tmp_path).find(old.kid) is None


def test_where_the_provider_never_ran_no_key_is_published_and_none_is_made(tmp_path: Path) -> None:
    assert published(tmp_path).jwks("i") == {"keys": []}
    assert list(tmp_path.iterdir()) == []


def test_the_published_keys_have_entras_fields_and_no_private_number() -> None:
    ring = KeyRing.fresh()
    (key,) = ring.jwks("https://issuer")["keys"]
    assert set(key) == {"kty", "use", "kid", "n", "e", "issuer"}
    assert jwt.PyJWK(key).key.public_numbers() == ring.signing.private.public_key().public_numbers()
