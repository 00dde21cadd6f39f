import base64
import re
import secrets
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.secret_values import PASSWORD, SECRET, _runs, entropy, is_random
from tests.gateway.masking.found import found, is_told

RUNS = re.compile("[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^0-9A-Za-z]")
HEX = "9f86d081884c7d659a2feaa0c55ad015"
MIXED = "aB3xY9qL0mZ7tR2w"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("password=Tr0ub4dor", ["Tr0ub4dor"]),
        ("Password: hunter2", ["hunter2"]),
        ('{\\"db_password\\": \\"S3cret!pw\\"}', ["S3cret!pw"]),
        ("PGPASSWORD='p@ssw0rd'", ["p@ssw0rd"]),
        ("https://a/?pwd=abc123&x=1", ["abc123"]),
        ("pwd%3Dabc123", ["abc123"]),
        ("Kennwort := geheim99", ["geheim99"]),
        ("password: required", []),
        ("Password: Required.", []),
        ("password=None", []),
        ("password = get_password1(2)", []),
        ("password=self.password2", []),
        ("password=settings.db->pw1", []),
        ("password: ${DB_PASS1}", []),
        ("password: <your-1st-password>", []),
        ("password=[hidden:password]", []),
        ("passwords 12345678a", []),
        ("the password 12345678a", []),
    ],
)
def test_a_password_is_told_by_its_name(text: str, values: list[str]) -> None:
    assert found(PASSWORD, text) == values


@pytest.mark.parametrize(
    ("value", "is_password"),
    [
        *(("hunter", True), ("correct horse battery", True), ("1", True), ("päss", True)),
        *(("string", False), ("None", False), ("", False), ("${X}", False), ("[hidden:password ...abcd]", False)),
    ],
)
def test_a_key_tells_a_password_however_weak(value: str, is_password: bool) -> None:
    assert is_told(PASSWORD, value) is is_password


@pytest.mark.parametrize("value", [HEX, MIXED, base64.b64encode(bytes(range(20))).decode(), f"v1.{MIXED}.{HEX}"])
@pytest.mark.parametrize(
    "around",
    [
        *("token={}", "X-Api-Key: {}", '\\"client_secret\\": \\"{}\\"', "Authorization: Bearer {}", "secret => '{}'"),
        *("bearer {}", "https://a/?access_token={}", "ACCOUNT_KEY={}", "auth-key:{}", "credentials: {}"),
    ],
)
def test_a_random_value_after_its_name_is_found(value: str, around: str) -> None:
    assert found(SECRET, around.format(value)) == [value]


@pytest.mark.parametrize(
    "text",
    [
        *(HEX, f"sha256: {HEX}", f"id={HEX}", f"token_hash: {HEX}", "token: 7b1c2f0e-4a5d-4c3b-9e8f-0a1b2c3d4e5f"),
        *(f"nextPageToken={HEX}", f'"continuation_token": "{HEX}"', f"page-token: {HEX}", f"progressToken: {HEX}"),
        *(
            "token: getAccessTokenFromCache2",
            "secret: projects/p1/secrets/db-main/versions/12",
            "token=12345678901234567890",
        ),
        *("secret: my-client-secret-name-2", "token: aaaaaaaaaaaaaaaa1", "token=short1", f"the token {HEX}"),
        *(
            "credentials: user.name.of.the.service",
            "Bearer authentication-of-clients",
            "authorization: Basic",
            "key: value",
        ),
    ],
)
def test_what_is_not_random_or_not_called_secret_is_left_alone(text: str) -> None:
    assert found(SECRET, text) == []


@pytest.mark.parametrize(
    ("value", "is_secret"), [(HEX, True), (f"Bearer {MIXED}", True), ("word", False), ("a b" * 9, False)]
)
def test_a_key_tells_a_secret_if_it_is_random(value: str, is_secret: bool) -> None:
    assert is_told(SECRET, value) is is_secret


def test_nearly_every_random_token_is_taken_for_one() -> None:
    tokens = [secrets.token_urlsafe(24) for _ in range(300)] + [secrets.token_hex(16) for _ in range(300)]
    assert sum(is_random(token.encode()) for token in tokens) > 570


def test_entropy_is_that_of_shannon() -> None:
    assert isclose(entropy(b"abcd"), 2)
    assert isclose(entropy(b"aaaa"), 0, abs_tol=1e-9)


@given(st.binary(min_size=1))
def test_entropy_of_bytes_lies_between_nought_and_eight(value: bytes) -> None:
    assert -1e-9 <= entropy(value) <= 8


@given(st.text(st.sampled_from("abABC01_-/"), max_size=30))
def test_runs_of_one_kind_are_counted_as_the_pattern_counts_them(text: str) -> None:
    assert _runs(text.encode()) == len(RUNS.findall(text))
