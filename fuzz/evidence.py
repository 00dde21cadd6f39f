"""What holds of verification, whatever an export holds.

An input is one letter, which names a file of a small export that is recorded and sealed as in production, and a text:
`R`, `I`, `S`, `K`, `M` put the text in place of records, index, last seal, keys or manifest; `r`, `i`, `s`, `k`, `m`
replace a stretch of the file by the text: two bytes for its beginning, one for its length. Verification ends with a
report or says that it cannot read; and a record that says anything else than it did is never called whole.
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from gateway.evidence.checking import check
from gateway.evidence.folder import Folder
from gateway.evidence.jws import keys_of
from gateway.evidence.verdict import Report, as_text, as_value, with_findings
from gateway.evidence.verify import Scope
from gateway.storage.contract import StoreUnavailableError
from tests.gateway.evidence.archive import Archive
from tests.gateway.evidence.export import exported

_RUNNER = asyncio.Runner()
_SCOPE = Scope(whole=False, has_columns=False)


async def _export(folder: Path) -> None:
    archive = Archive()
    for number in range(3):
        await archive.record("20261123-one", target=f"tool-{number}", message="request")
        await archive.record("20261123-two", detail="a control character\x07 and an umlaut ü")
    await archive.seal()
    await archive.record("20261123-one", archive.another_writer(), subject="somebody")
    await archive.seal()
    await exported(archive, folder)


_PLACE = tempfile.TemporaryDirectory()
_FOLDER = Path(_PLACE.name)
_RUNNER.run(_export(_FOLDER))
_FILES = {
    "r": _FOLDER / "records.jsonl",
    "i": _FOLDER / "index.jsonl",
    "s": max((_FOLDER / "seals").iterdir()),
    "k": _FOLDER / "keys.json",
    "m": _FOLDER / "manifest.json",
}
_ORIGINAL = {letter: path.read_bytes() for letter, path in _FILES.items()}

SEEDS = (
    b"r\x00\x00\x00",
    b"r\x00\x00\x01[",
    b"r\x00\x20\x04null",
    b"r\x00\x60\x01\\u0041",
    b'r\x00\x60\x00","previous":"0',
    b"r\x00\x00\xff",
    b"s\x00\x20\x04aaaa",
    b"k\x00\x20\x01A",
    b"m\x00\x20\x01A",
    b"i\x00\x10\x05~day-",
    b"R",
    b'R{"PartitionKey":"a","RowKey":"b-1","body":"{}","hash":5}\n[]\n1e999\n',
    b'R{"PartitionKey":"20261123-one","RowKey":"000000000000.1-0000000000","body":"{\\"v\\":1}","hash":""}',
    b"SeyJhbGciOiJFUzI1NiJ9.e30.AAAA",
    b'S{"a":1}',
    b'K{"keys":[{"kty":"EC","crv":"P-256","kid":"version-1","x":"AA","y":5}]}',
    b'K{"keys":{}}',
    b'M{"files":{"../../x":{"sha256":5},"records.jsonl":null}}',
    b"M[" * 9,
)


def one_input(data: bytes) -> None:
    letter = data[:1].decode("latin-1")
    if letter.lower() not in _FILES:
        return
    path, original, rest = _FILES[letter.lower()], _ORIGINAL[letter.lower()], data[1:]
    changed = rest if letter.isupper() else _replaced(original, rest)
    path.write_bytes(changed)
    try:
        report = _verified()
    finally:
        path.write_bytes(original)
    if report is None:
        return
    json.dumps(as_value(report))
    assert as_text(report)
    assert report.is_whole == (not report.findings)
    if changed == original:
        assert report.is_whole, report.findings
    elif letter in "rR" and _said(changed) != _said(original):
        # The manifest's hash of the file is no more than a hint: whoever changes one may change the other.
        named = [each for each in report.findings if each.place != path.name]
        assert named, "a changed record is called whole"


def _verified() -> Report | None:
    try:
        folder = Folder(_FOLDER)
        report = _RUNNER.run(check(folder, keys_of(folder.keys()), _SCOPE))
        return with_findings(report, folder.altered())
    except (StoreUnavailableError, ValueError):
        # The command says so, and ends with another status than 0.
        return None


def _replaced(original: bytes, change: bytes) -> bytes:
    start = int.from_bytes(change[:2]) % (len(original) + 1)
    return original[:start] + change[3:] + original[start + int.from_bytes(change[2:3]) :]


def _said(lines: bytes) -> list[Any]:
    """What the lines say that an auditor goes by, however they are spelled, in the order of their names."""
    found = []
    for line in lines.splitlines():
        try:
            row = json.loads(line)
            found.append([str(row[name]) for name in ("PartitionKey", "RowKey", "body", "hash")])
        except (ValueError, KeyError, TypeError, RecursionError):
            found.append([line.decode("latin-1")])
    return sorted(found)
