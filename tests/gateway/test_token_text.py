"""Reading a token believes nothing of it, and refuses what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.identity.issuer import unsigned
from gateway.reasons import Reason
from gateway.token_text import MAX_TOKEN, Unverified, read
from gateway.values import Refusal


def test_anybodys_claims_are_read_without_being_checked() -> None:
    assert read(unsigned({"iss": "nobody", "exp": 1})) == Unverified(
        {"typ": "JWT", "alg": "none"}, {"iss": "nobody", "exp": 1}
    )


@pytest.mark.parametrize("text", ["", "no-token-at-all", "a.b.c", "a" * (MAX_TOKEN + 1), "é.é.é"])
def test_what_is_no_token_is_refused(text: str) -> None:
    refused = read(text)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.TOKEN_MALFORMED


@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    assert isinstance(read(text), Refusal | Unverified)
