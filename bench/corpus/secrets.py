"""Credentials, each value marked, in the forms that their issuers document. None of them was ever issued."""

import base64
import json
import string
from collections.abc import Mapping

from bench.corpus.marks import mark
from bench.corpus.source import Source

_ALNUM = string.ascii_letters + string.digits
_URL64 = _ALNUM + "-_"
_STD64 = _ALNUM + "+/"


def _base64url(value: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _pem_body(source: Source) -> str:
    lines = [source.some(_STD64, 64) for _ in range(source.random.randint(3, 8))]
    return "\n".join([*lines, source.some(_STD64, 42) + "=="])


def private_key(source: Source) -> str:
    """RFC 7468, RFC 4716 and the armour of RFC 9580: all of it goes, with its first and last line."""
    name = source.pick(
        ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY")
    )
    if source.often(0.1):
        name = "PGP PRIVATE KEY BLOCK"
    return mark("private_key", _pem_body(source), f"-----BEGIN {name}-----\n", f"\n-----END {name}-----")


def jwt(source: Source) -> str:
    """RFC 7519, signed as RFC 7515 says."""
    header = {"alg": source.pick(("RS256", "ES256", "HS256")), "typ": "JWT", "kid": source.some(_URL64, 12)}
    claims = {
        "sub": source.fake.uuid4(),
        "iss": "https://login.example.org",
        "exp": 1790000000 + source.random.randint(0, 9999),
    }
    return mark("jwt", f"{_base64url(header)}.{_base64url(claims)}.{source.some(_URL64, source.pick((43, 86, 342)))}")


def azure_key(source: Source) -> str:
    """A storage or Service Bus key as Azure has made them since 2022, with the service's signature inside."""
    long = f"{source.some(_STD64, 76)}+ASt{source.some(_STD64, 5)}{source.pick('AQgw')}=="
    short = f"{source.some(_STD64, 33)}+ASb{source.pick('ABCDEFGHIJKLMNOP')}{source.some(_STD64, 5)}="
    return mark("azure_key", source.pick((long, short)))


def azure_key_unsigned(source: Source) -> str:
    """An older one: 64 or 32 random bytes in base64, where its name stands next to it."""
    return mark("azure_key_unsigned", source.pick((source.some(_STD64, 86) + "==", source.some(_STD64, 43) + "=")))


def azure_sas(source: Source) -> str:
    """The signature of a shared access signature; its other parameters may go with it."""
    signature = source.some(_ALNUM, 41) + source.pick(("%2B", "%2F", "aB")) + "%3D"
    query = "sv=2024-11-04&ss=b&srt=sco&sp=rl&se=2026-12-31T23:59:59Z&spr=https&sig="
    account = f"https://{source.some(string.ascii_lowercase, 9)}.blob.core.windows.net/exports/q3.csv?"
    return mark("azure_sas", signature, before=account + query)


def entra_secret(source: Source) -> str:
    """What Microsoft Entra gives an app registration: forty characters with `8Q~` after the first three."""
    return mark(
        "entra_secret", f"{source.some(_ALNUM, 3)}8Q~{source.some(_ALNUM + '-_.~', 33)}{source.some(_ALNUM, 1)}"
    )


def aws_id(source: Source) -> str:
    prefix = source.pick(("AKIA", "ASIA"))
    return mark("aws_key", prefix + source.some(string.ascii_uppercase + "234567", 16))


def aws_secret(source: Source) -> str:
    return mark("aws_key", source.some(_STD64, 39) + source.some(_ALNUM, 1))


def gcp_key(source: Source) -> str:
    return mark("gcp_key", "AIza" + source.some(_ALNUM, 1) + source.some(_URL64, 33) + source.some(_ALNUM, 1))


def github_token(source: Source) -> str:
    fine = f"github_pat_{source.some(_ALNUM, 22)}_{source.some(_ALNUM, 59)}"
    return mark("github_token", source.pick((f"gh{source.pick('opsur')}_{source.some(_ALNUM, 36)}", fine)))


_UPPER_DIGITS = string.ascii_uppercase + string.digits


def slack_token(source: Source) -> str:
    d = source.digits
    bot = f"xoxb-{d(12)}-{d(13)}-{source.some(_ALNUM, 24)}"
    user = f"xoxp-{d(12)}-{d(12)}-{d(13)}-{source.some('0123456789abcdef', 32)}"
    return mark("slack_token", source.pick((bot, user)))


def slack_app_token(source: Source) -> str:
    application = f"A{source.some(_UPPER_DIGITS, 10)}"
    token = f"xapp-1-{application}-{source.digits(13)}-{source.some('0123456789abcdef', 64)}"
    return mark("slack_app_token", token)


def slack_webhook(source: Source) -> str:
    place = f"https://hooks.slack.com/services/T{source.some(_UPPER_DIGITS, 8)}/B{source.some(_UPPER_DIGITS, 10)}/"
    return mark("slack_webhook", source.some(_ALNUM, 24), place)


def openai_key(source: Source) -> str:
    old = f"sk-{source.some(_ALNUM, 20)}T3BlbkFJ{source.some(_ALNUM, 20)}"
    kind = source.pick(("proj", "svcacct", "admin"))
    new = f"sk-{kind}-{source.some(_URL64, 73)}aT3BlbkFJ{source.some(_URL64, 73)}b"
    return mark("openai_key", source.pick((old, new)))


def anthropic_key(source: Source) -> str:
    return mark("anthropic_key", f"sk-ant-{source.pick(('api03', 'admin01'))}-{source.some(_URL64, 92)}aAA")


_PASSWORD = _ALNUM + "!#$%^*_-"


def password(source: Source) -> str:
    return source.some(_ALNUM, 1) + source.some(_PASSWORD, source.random.randint(10, 18)) + source.some(_ALNUM, 1)


def connection_string(source: Source) -> str:
    """A URI with userinfo (RFC 3986, 3.2.1), or the pairs of ADO.NET and of Azure: the secret must go, the rest may."""
    word, host = source.fake.user_name(), f"{source.some(string.ascii_lowercase, 6)}.example.net"
    scheme = source.pick(("postgresql", "mysql", "mongodb+srv", "redis", "amqp", "postgresql+asyncpg"))
    secret = source.some(_ALNUM, source.random.randint(10, 20))
    key = source.some(_STD64, 86) + "=="
    shared = source.some(_STD64, 43) + "="
    word = "".join(sign for sign in word if sign.isascii()) or "app"
    ways = (
        mark("connection_string", secret, f"{scheme}://{word}:", f"@{host}:{source.random.randint(1000, 9999)}/orders"),
        mark(
            "connection_string",
            secret,
            f"Server=tcp:{host},1433;Initial Catalog=orders;User ID={word};Password=",
            ";Encrypt=True;Connection Timeout=30;",
        ),
        mark(
            "connection_string",
            key,
            f"DefaultEndpointsProtocol=https;AccountName={word};AccountKey=",
            ";EndpointSuffix=core.windows.net",
        ),
        mark(
            "connection_string",
            shared,
            f"Endpoint=sb://{host}/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=",
            ";EntityPath=events",
        ),
    )
    return source.pick(ways)


def named_secret(source: Source) -> tuple[str, str]:
    """A telling name, and a value that no issuer's form explains."""
    if source.often(0.4):
        made = source.pick((password(source), password(source), source.some(_URL64, 32) + "x"))
        return source.pick(("password", "DB_PASSWORD", "admin_password", "smtpPassword")), mark("password", made)
    names = ("api_key", "client_secret", "SECRET_KEY", "auth_token", "webhookSecret", "apiKey", "access_token")
    hexadecimal = source.some("0123456789abcdef", source.pick((32, 40, 64)))
    made = source.pick((hexadecimal, source.some(_URL64, 32) + "x", source.some(_STD64, 43) + "="))
    return source.pick(names), mark("generic_secret", made)
