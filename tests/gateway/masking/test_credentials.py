import base64
import json
import secrets
import string

import pytest

from gateway.masking import credentials
from gateway.masking.candidates import Detector
from gateway.masking.hide import merged
from gateway.masking.search import Search

KEY, JWT, CLOUD = credentials.PRIVATE_KEY, credentials.JWT, credentials.CLOUD_KEY

# Made up here, so that no scanner of this repository mistakes an example for a leak.
AWS_ID = "AKIA" + "IOSFODNN7" + "EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"
AZURE_KEY = base64.b64encode(bytes(range(64))).decode()
GOOGLE_KEY = "AIza" + "SyA-1_" * 5 + "abcde"
GITHUB = "ghp_" + "A1b2C3d4" * 5
SLACK = "xoxb-" + "1234567890-abcdefghij"


def pem(kind: str) -> str:
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQ=="
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----"


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


JWS = f"{part({'alg': 'RS256'})}.{part({'sub': 'alice'})}.c2lnbmF0dXJl-_"


def found(detector: Detector, text: str) -> list[str]:
    spans = merged(Search([detector]).find([text]).get(text, []))
    return [text.encode()[start:end].decode() for start, end, _ in spans]


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_a_private_key_is_found_from_begin_to_end(kind: str) -> None:
    assert found(KEY, f"a {pem(kind)} b {pem(kind)} c") == [pem(kind)] * 2


@pytest.mark.parametrize(
    "key",
    [
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nx\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n-----END PGP PRIVATE KEY BLOCK-----",
        pem("").replace("\n", "\\n"),
    ],
)
def test_other_forms_of_a_private_key_are_found(key: str) -> None:
    assert found(KEY, key) == [key]


def test_a_private_key_that_is_cut_off_is_hidden_to_the_end_of_its_text_and_no_further() -> None:
    cut = pem("")[:50]
    spans = Search([KEY]).find([f"a {cut}", "PRIVATE KEY of the next text"])
    assert [(span.start, span.end) for text in spans for span in spans[text]] == [(2, 2 + len(cut))]


@pytest.mark.parametrize("text", ["a PRIVATE KEY", pem("").replace("PRIVATE", "PUBLIC"), "-----BEGIN CERTIFICATE-----"])
def test_what_is_public_is_no_private_key(text: str) -> None:
    assert found(KEY, text) == []


@pytest.mark.parametrize(
    "token",
    [JWS, JWS.rpartition(".")[0] + ".", f"{part({'alg': 'dir', 'enc': 'A'})}..{'a' * 16}.{'b' * 20}.{'c' * 22}"],
)
@pytest.mark.parametrize("around", ["{}", "Bearer {}", "https://host/?t={}&a=b", '"{}"'])
def test_a_json_web_token_is_found(token: str, around: str) -> None:
    assert found(JWT, around.format(token)) == [token]


@pytest.mark.parametrize("text", ["eyJ", "eyJhbGciOiJSUzI1NiJ9", "a.b.c", "www.example.com"])
def test_what_has_not_the_parts_is_no_json_web_token(text: str) -> None:
    assert found(JWT, text) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (AWS_ID, [AWS_ID]),
        (f"aws_access_key_id = {AWS_ID}\naws_secret_access_key = {AWS_SECRET}", [AWS_ID, AWS_SECRET]),
        (f"{AWS_ID},{AWS_SECRET}", [AWS_ID, AWS_SECRET]),
        (f'{{"SecretAccessKey": "{AWS_SECRET}"}}', [AWS_SECRET]),
        (f'{{\\"SecretAccessKey\\": \\"{AWS_SECRET}\\"}}', [AWS_SECRET]),
        (f"export AWS_SECRET_ACCESS_KEY='{AWS_SECRET}'", [AWS_SECRET]),
        (f"AccountName=a;AccountKey={AZURE_KEY};EndpointSuffix=core.windows.net", [AZURE_KEY]),
        (f"Endpoint=sb://a/;SharedAccessKeyName=n;SharedAccessKey={AZURE_KEY[:43]}=", [f"{AZURE_KEY[:43]}="]),
        (f"https://a.blob.core.windows.net/c?sv=2024&sig={'a1B2' * 10}%2Fabc%3D&se=2026", ["a1B2" * 10 + "%2Fabc%3D"]),
        (f"key={GOOGLE_KEY}", [GOOGLE_KEY]),
        (f"token {GITHUB}", [GITHUB]),
        (f"SLACK={SLACK}", [SLACK]),
    ],
)
def test_a_cloud_key_is_found(text: str, values: list[str]) -> None:
    assert found(CLOUD, text) == values


@pytest.mark.parametrize(
    "text",
    [
        "AKIA",
        f"x{AWS_ID}",
        f"{AWS_ID}7",
        AWS_SECRET,
        f"commit {'0123456789' * 4}",
        f"secret key {AWS_SECRET}AAAA",
        "the secret of the key",
        "AccountKey=short",
        "design=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "ghp_short",
    ],
)
def test_what_only_looks_like_a_key_is_left_alone(text: str) -> None:
    assert found(CLOUD, text) == []


def test_random_base64_is_left_alone() -> None:
    noise = "".join(secrets.choice(string.ascii_letters + string.digits + "+/") for _ in range(20_000))
    assert found(KEY, noise) == []
    assert found(JWT, noise) == []
