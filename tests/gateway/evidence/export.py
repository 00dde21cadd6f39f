"""An export of an archive, as a folder."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.evidence.folder import place_of
from gateway.evidence.index import is_index
from tests.gateway.evidence.archive import Archive


async def exported(archive: Archive, folder: Path, payloads: Mapping[str, bytes] | None = None) -> Path:
    rows = [row async for row in archive.rows.between("", "\x7f")]
    records = [row for row in rows if not is_index(str(row["PartitionKey"]))]
    bare = ("PartitionKey", "RowKey", "body", "hash")
    write_lines(folder / "records.jsonl", [{name: row[name] for name in bare} for row in records])
    write_lines(folder / "index.jsonl", [row for row in rows if is_index(str(row["PartitionKey"]))])
    (folder / "seals").mkdir()
    for name, content in archive.seals.blobs.items():
        (folder / "seals" / name).write_bytes(content)
    (folder / "payloads").mkdir()
    for name, content in (payloads or {}).items():
        (folder / place_of(name)).write_bytes(content)
    (folder / "keys.json").write_text(json.dumps({"keys": await archive.signing.published()}))
    (folder / "manifest.json").write_text(json.dumps({"files": _digests(folder)}))
    return folder


def _digests(folder: Path) -> dict[str, str]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def lines(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]


def write_lines(path: Path, rows: list[Any]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
