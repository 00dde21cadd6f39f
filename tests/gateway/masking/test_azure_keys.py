import pytest

from gateway.masking.azure_keys import AZURE_KEY, CONNECTION_STRING, ENTRA_SECRET, is_placeholder
from tests.gateway.masking.found import found

# Made up here, so that no scanner of this repository mistakes an example for a leak.
B = "aB3/x+" * 20
U = "aB3_x-" * 20
A = "aB3x" * 20
TAIL = "b" * 5
KEYS = [
    *(f"{B[:76]}{sign}{TAIL}A==" for sign in ("+A" + "St", "AC" + "Db", "+A" + "Ba", "+A" + "MC", "AP" + "IM")),
    *(
        f"{B[:33]}{sign}A{TAIL}="
        for sign in ("+A" + "Sb", "+A" + "Eh", "+A" + "Rm", "AI" + "oT", "Az" + "Ca", "AZ" + "EG")
    ),
    *(f"{A[:42]}{sign}A{TAIL}" for sign in ("Az" + "Se", "+A" + "CR")),
    f"{U[:44]}Az" + f"Fu{TAIL}A==",
    f"{A[:52]}JQ" + f"QJ99BA{A[:12]}AAAAACOG{A[:4]}",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("around", ["{}", "key {} of", '"{}"', "https://a/?code={}&b=c"])
def test_a_key_that_azure_signed_is_found_with_nothing_around_it(key: str, around: str) -> None:
    assert found(AZURE_KEY, around.format(key)) == [key]


@pytest.mark.parametrize("text", [B[:88], KEYS[0][60:], "the AzSe and AzFu signatures", "+ASt", "APIM policy, AIoT"])
def test_what_azure_did_not_sign_is_left_alone(text: str) -> None:
    assert found(AZURE_KEY, text) == []


@pytest.mark.parametrize("sign", ["7", "8"])
@pytest.mark.parametrize("length", [31, 34])
def test_an_entra_client_secret_is_found(sign: str, length: int) -> None:
    secret = f"a.~{sign}Q~{('aB3_x-~.' * 5)[:length]}"
    assert found(ENTRA_SECRET, f"secret '{secret}'") == [secret]


@pytest.mark.parametrize("text", ["8Q~short", "abc9Q~" + A[:34], "8Q~"])
def test_what_lacks_the_form_is_no_entra_secret(text: str) -> None:
    assert found(ENTRA_SECRET, text) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Server=tcp:db,1433;User Id=app;Password=s3cret!;Encrypt=True", ["s3cret!"]),
        ("Data Source=db;User ID=app;Pwd = s3cret", ["s3cret"]),
        ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abc123==;EndpointSuffix=x", ["abc123=="]),
        ("Endpoint=sb://a/;SharedAccessKeyName=n;SharedAccessKey=abc123=", ["abc123="]),
        ("AccountEndpoint=https://a/;AccountKey=abc123==;", ["abc123=="]),
        ("BlobEndpoint=https://a/;SharedAccessSignature=sv=1&sig=abc", ["sv=1&sig=abc"]),
        ("postgresql://app:s3cret@db.example:5432/x", ["s3cret"]),
        ("redis://:s3cret@10.0.0.1:6379", ["s3cret"]),
        ("mongodb+srv://u:p%40ss@h/ https://a:b@c", ["p%40ss", "b"]),
        ("Server=db;Authentication=Active Directory Default;", []),
        ("Server=db;Password={your_password};Encrypt=True", []),
        ("Password=${DB_PASSWORD};", []),
        ("Password=[hidden:password];", []),
        ("https://u:[hidden:connection_string]@h/", []),
        ("https://host:8080/a@b", []),
        ("https://a.example/c?u=1:2@3", []),
        ("a@b.co:22", []),
    ],
)
def test_a_connection_string_loses_its_key_and_nothing_else(text: str, values: list[str]) -> None:
    assert found(CONNECTION_STRING, text) == values


@pytest.mark.parametrize(
    "text", ["<key>", "{key}", "***", "${KEY}", "$(KEY)", "%(key)s", "xxxx", "null", "a[hidden:b]"]
)
def test_what_holds_the_place_of_a_secret_is_none(text: str) -> None:
    assert is_placeholder(text.encode())


@pytest.mark.parametrize("text", ["$ecret", "hunter2", "%41bc", "nullify"])
def test_a_secret_that_begins_like_a_placeholder_is_one(text: str) -> None:
    assert not is_placeholder(text.encode())
