"""The call that waits, as it outlives its request."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import jsontext
from gateway.approvals.sealed_call import SealedCall, as_of, pack, unpack
from gateway.values import CallerKind, Era, Secret
from tests.fakes.values import CALL, CALLER, ORIGIN

groups = st.frozensets(st.text(max_size=5), max_size=3)


@given(
    groups,
    groups,
    st.sampled_from(CallerKind),
    st.sampled_from(Era),
    st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers(-(2**62), 2**62)),
)
def test_what_is_packed_is_what_comes_out(
    among: frozenset[str], roles: frozenset[str], kind: CallerKind, era: Era, params: dict[str, Any]
) -> None:
    call = replace(CALL, era=era, message={**CALL.message, "params": params})
    known = replace(CALLER, groups=frozenset(sorted(among, key=ascii)), roles=roles, kind=kind)
    caller = replace(known, grant="a-grant", issued_by="token-0")
    sealed = SealedCall(call, caller, ORIGIN, "session")
    assert jsontext.write(dict(unpack(pack(sealed)).call.message)) == jsontext.write(dict(call.message))
    assert unpack(pack(sealed)).caller == caller
    assert unpack(pack(sealed)).call.era is era


def test_no_token_is_packed() -> None:
    sealed = SealedCall(replace(CALL, token=Secret("very-secret")), CALLER, ORIGIN, "")
    assert b"very-secret" not in pack(sealed)
    assert unpack(pack(sealed)).call.token is None


def test_numbers_keep_their_spelling() -> None:
    params = jsontext.parse('{"name":"x","arguments":{"amount":1.0,"id":123456789012345678901234567890}}')
    sealed = SealedCall(replace(CALL, message={**CALL.message, "params": params}), CALLER, ORIGIN, "")
    assert b'"amount":1.0,"id":123456789012345678901234567890' in jsontext.write(
        dict(unpack(pack(sealed)).call.message)
    )


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"v":2}', b"\xff"])
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises((ValueError, KeyError)):
        unpack(content)


def test_past_the_tokens_end_nobody_vouches_for_groups_and_roles() -> None:
    caller = replace(CALLER, groups=frozenset({"leads"}), roles=frozenset({"Mcp.Call"}), expires=1000)
    assert as_of(caller, 999) is caller
    late = as_of(caller, 1000)
    assert (late.groups, late.roles, late.groups_complete) == (frozenset(), frozenset(), False)
