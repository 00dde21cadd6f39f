"""What looks like data to hide and is none: identifiers, versions, hashes, times, places in code and on disks.

Nothing here carries a label, so whatever a detector finds in it counts against it. By chance a few
numbers pass a checksum; they stay in, as they would in a real answer.
"""

from datetime import UTC, datetime

from bench.corpus.marks import either
from bench.corpus.source import Source

_HEX = "0123456789abcdef"
_SINCE = 1_700_000_000  # seconds: November 2023
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ALNUM = _LETTERS + _LETTERS.upper() + "0123456789"


def _uuid(source: Source) -> str:
    return str(source.fake.uuid4())


def _number(source: Source) -> str:
    d = source.digits
    forms = (
        *(f"ORD-{d(10)}", f"INV-2026-{d(6)}", f"PO{d(8)}", f"SKU {d(4)}-{d(5)}", f"{d(3)}-{d(7)}-{d(7)}", f"#{d(6)}"),
        *(f"17{d(17)}", f"1{d(18)}", f"tracking 1Z{d(3)}AA1{d(10)}", f"SO/{d(4)}/{d(5)}", f"ticket {d(5)}-{d(3)}"),
        *(
            f"978-{d(1)}-{d(3)}-{d(5)}-{d(1)}",
            f"EAN 40{d(11)}",
            f"IMEI 35{d(13)}",
            f"build {d(9)}",
            f"ECO-{d(4)}.{d(2)}",
        ),
    )
    return source.pick(forms)


def _time(source: Source) -> str:
    moment = datetime.fromtimestamp(_SINCE + source.random.randrange(90_000_000), UTC)
    forms = (
        "%Y-%m-%dT%H:%M:%S.%fZ",
        "%Y-%m-%d %H:%M:%S,123",
        "%d/%b/%Y:%H:%M:%S +0000",
        "%Y%m%d%H%M%S",
        "%a, %d %b %Y %H:%M:%S +0200",
    )
    seconds = str(int(moment.timestamp()))
    return source.pick(
        (moment.strftime(source.pick(forms)), seconds, f"{seconds}{source.digits(3)}", f"{seconds}{source.digits(6)}")
    )


def _version(source: Source) -> str:
    a, b, c = (str(source.random.randint(0, 40)) for _ in range(3))
    forms = (
        f"v{a}.{b}.{c}",
        f"{a}.{b}.{c}-rc.{b}",
        f"numpy=={a}.{b}.{c}",
        f"^{a}.{b}.{c}",
        f"Chrome/1{a}.0.{source.digits(4)}.{source.digits(2)}",
    )
    return source.pick(
        (
            *forms,
            f"go1.{a}.{b}",
            f"{a}.{b}.{source.digits(5)}.{c} (file version)",
            f"OID 1.3.6.1.4.1.{source.digits(4)}.{b}",
        )
    )


def _hash(source: Source) -> str:
    h = source.some
    forms = (
        h(_HEX, 40),
        h(_HEX, 7),
        f"sha256:{h(_HEX, 64)}",
        f"md5 {h(_HEX, 32)}",
        f'etag "0x8DC{h(_HEX.upper(), 12)}"',
    )
    return source.pick((*forms, f"sha512-{h(_ALNUM + '+/', 86)}==", f"index {h(_HEX, 7)}..{h(_HEX, 7)} 100644"))


def _at(source: Source) -> str:
    word = source.some(_LETTERS, 6)
    forms = (
        *(
            "@types/node@18.11.9",
            f"{word}@5.{source.digits(2)}.0",
            "actions/checkout@v4.1.1",
            f"git@github.com:{word}/api.git",
        ),
        *(
            "getty@tty1.service",
            "user@1000.service",
            f"{word}@sha256:{source.some(_HEX, 64)}",
            "@app.route('/')",
            f"{word}@localhost",
        ),
        *(
            "icon@2x.png",
            f"ssh deploy@{word}-7",
            f"golang.org/x/{word}@v0.17.0",
            "@pytest.fixture",
            f"@{word} please look",
            f"{word} @ 12.50",
        ),
        *(
            f"file.txt@rev{source.digits(3)}",
            "logo@3x.webp",
            f"https://medium.com/@{word}/notes",
            f"mongo@{word}:27017",
        ),
    )
    return source.pick(forms)


def _amount(source: Source) -> str:
    d = source.digits
    forms = (
        *(
            f"52.{d(6)}, 13.{d(6)}",
            f"+1,{d(3)},{d(3)}.{d(2)}",
            f"-0.{d(15)}",
            f"1.{d(16)}e-{d(2)}",
            f"{d(2)} - {d(2)} - {d(2)} %",
        ),
        *(
            f"0.{d(19)}",
            f"+{d(2)}.{d(1)} %",
            f"{d(1)},{d(3)},{d(3)},{d(3)} rows",
            "range 100-200 300-400 500-600",
            f"+{d(3)}/-{d(3)}",
        ),
        *(
            f"{d(3)} {d(3)} {d(3)} kWh",
            f"1920x1080+{d(3)}+{d(3)}",
            f"lot {d(3)}.{d(3)}.{d(4)}.{d(1)}",
            f"{d(3)}-{d(2)} {d(4)} units",
        ),
    )
    return source.pick(forms)


def _code(source: Source) -> str:
    word = source.some(_LETTERS, 8)
    forms = (
        *(
            f"0x{source.some(_HEX, 16)}",
            f"std::{word}::at",
            f"::{word}",
            f"{word}::new()",
            "a::b::c",
            f"arn:aws:iam::{source.digits(12)}:role/{word}",
        ),
        *(
            f"AKS{word}",
            f"sk-{word}",
            "password = getpass()",
            "api_key=os.environ['API_KEY']",
            "token: ${{ secrets.GITHUB_TOKEN }}",
        ),
        *(
            "password: ********",
            "Authorization: Bearer <token>",
            "postgresql://localhost/test",
            "SECRET_KEY_BASE_LENGTH = 64",
            "ghp_xxxx",
        ),
        *(
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN CERTIFICATE-----",
            "key = 'customer_primary_key_index'",
            "AccountKey=<your-key>",
        ),
        *(
            "eyJust a word",
            "password must have 12 characters",
            "AIza is the prefix",
            f"/subscriptions/{_uuid(source)}/resourceGroups/{word}",
        ),
        *(
            "GB29 is a road",
            "DE89 370 units",
            f"K8S{source.digits(3)}AB",
            "12:34:56",
            f"10:20:{source.digits(2)}:30",
            "ab:cd",
            "fe::",
        ),
    )
    return source.pick(forms)


def _borderline(source: Source) -> str:
    return either(source.pick(("127.0.0.1", "0.0.0.0", "255.255.255.0", "::1", "10.0.0.0/8", "noreply@example.com")))


_FAMILIES = (_uuid, _number, _time, _version, _hash, _at, _amount, _code)


def lookalike(source: Source) -> str:
    return _borderline(source) if source.often(0.03) else source.pick(_FAMILIES)(source)


def identifier(source: Source) -> str:
    """Something that a record is known by."""
    return source.pick((_uuid, _number, _hash))(source)


def moment(source: Source) -> str:
    return _time(source)


def digest(source: Source) -> str:
    return source.some(_HEX, 40)
