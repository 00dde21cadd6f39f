"""What is taken out: complete, listed with its hashes, and verifiable where there is nothing but Python."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.evidence.bodies import policy_name
from gateway.evidence.export import Format, KeySet, Made, Order, export
from gateway.evidence.export_files import FolderTakenError
from gateway.evidence.period import Period
from tests.gateway.evidence.archive import Archive, Kept

DAY = Period("2026-11-23", "2026-11-23")
MADE = datetime(2026, 11, 24, 8, tzinfo=UTC)
POLICY = b"version: 1\n"
DIGEST = hashlib.sha256(POLICY).hexdigest()
PERSON = {"tenant": "t", "subject": "eve", "policy": DIGEST}


async def archive() -> Archive:
    kept = Archive()
    await kept.record("20261123-one", target="=cmd|' /C calc'!A0", **PERSON)
    await kept.record("20261123-one", event="outcome", outcome="succeeded", masks="personal/email:redact=1", **PERSON)
    await kept.record("20261123-two", detail='a "quoted", text\nof two lines', **PERSON)
    await kept.seal()
    await kept.record("20261123-one", event="refused", outcome="refused", **PERSON)
    await kept.seal()
    return kept


async def bodied() -> Kept:
    """With a body in a blob, and a policy whose text was kept."""
    kept = Kept()
    kept.payloads.blobs[policy_name(DIGEST)] = POLICY
    loaded = {"event": "policy", "outcome": "loaded", "kept": "whole", "policy": DIGEST}
    await kept.record("20261123-policy", **loaded)
    await kept.body("a body", **PERSON)
    await kept.seal()
    return kept


async def taken(folder: Path, form: Format, kept: Archive | None = None, policies: Sequence[Path] = ()) -> Made:
    source = kept or await archive()

    async def keys() -> KeySet:
        return await source.signing.published()

    return await export(source.evidence, keys, Order(DAY, form, folder, MADE, policies))


def read(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.mark.parametrize("form", Format)
async def test_the_manifest_lists_every_file_with_its_hash(tmp_path: Path, form: Format) -> None:
    made = await taken(tmp_path / "out", form)
    manifest = read(tmp_path / "out" / "manifest.json")
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert manifest["files"].keys() == found - {"manifest.json"}
    assert made.files == len(manifest["files"])
    for name, file in manifest["files"].items():
        content = (tmp_path / "out" / name).read_bytes()
        assert (file["sha256"], file["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (manifest["period"], manifest["records"], manifest["made"]) == (
        {"first": "2026-11-23", "last": "2026-11-23"},
        4,
        "2026-11-24T08:00:00Z",
    )


async def test_json_lines_have_every_field_of_every_record(tmp_path: Path) -> None:
    await taken(tmp_path / "out", Format.JSONL)
    lines = [json.loads(line) for line in (tmp_path / "out/records.jsonl").read_text().splitlines()]
    assert [(line["session"], line["event"]) for line in lines] == [
        ("20261123-one", "intent"),
        ("20261123-one", "outcome"),
        ("20261123-one", "refused"),
        ("20261123-two", "intent"),
    ]
    assert {"row", "hash", "v", "writer", "sequence", "previous"} <= lines[0].keys()


async def test_a_spreadsheet_finds_text_and_no_formula(tmp_path: Path) -> None:
    await taken(tmp_path / "out", Format.CSV)
    text = (tmp_path / "out/records.csv").read_bytes().decode()
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(found) == 4
    assert found[0]["target"] == "'=cmd|' /C calc'!A0"
    assert found[3]["detail"] == 'a "quoted", text\nof two lines'
    assert not [cell for row in found for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


async def test_oscal_has_the_counts_and_the_seals(tmp_path: Path) -> None:
    made = await taken(tmp_path / "out", Format.OSCAL)
    document = read(tmp_path / "out/assessment-results.json")["assessment-results"]
    assert document["results"][0]["props"][0]["value"] == "4"
    linked = [each["rlinks"][0] for each in document["back-matter"]["resources"] if "rlinks" in each]
    assert made.seals == len(linked) == 2
    for link in linked:
        content = (tmp_path / "out" / link["href"]).read_bytes()
        assert link["hashes"][0]["value"] == hashlib.sha256(content).hexdigest()


async def test_a_bundle_has_records_seals_keys_index_policies_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_bytes(POLICY)
    (tmp_path / "other.yaml").write_text("version: 2\n")
    policies = [tmp_path / "policy.yaml", tmp_path / "other.yaml"]
    made = await taken(tmp_path / "out", Format.BUNDLE, policies=policies)
    assert (made.records, made.seals, made.unnamed) == (4, 2, [tmp_path / "other.yaml"])
    manifest = read(tmp_path / "out/manifest.json")
    assert (manifest["seals"], manifest["policies"]) == ([1, 2], {DIGEST: f"policies/{DIGEST}.yaml"})
    assert (tmp_path / f"out/policies/{DIGEST}.yaml").read_bytes() == POLICY
    index = (tmp_path / "out/index.jsonl").read_text()
    assert '{"PartitionKey":"~person-t.eve","RowKey":"20261123-one"}' in index
    readme = (tmp_path / "out/README.txt").read_text()
    assert "python -m gateway evidence verify --export FOLDER" in readme
    assert "cryptography" in readme
    assert "rfc8785" in readme


async def test_a_bundle_has_the_bodies_and_the_policies_that_the_evidence_holds(tmp_path: Path) -> None:
    kept = await bodied()
    made = await taken(tmp_path / "out", Format.BUNDLE, kept)
    [name] = [name for name in kept.payloads.blobs if name.startswith("2026")]
    assert (made.payloads, made.absent) == (1, 0)
    assert (tmp_path / "out/payloads" / name[9:]).read_bytes() == kept.payloads.blobs[name]
    assert (tmp_path / f"out/policies/{DIGEST}.yaml").read_bytes() == POLICY
    manifest = read(tmp_path / "out/manifest.json")
    assert (manifest["payloads"], manifest["policies"]) == (1, {DIGEST: f"policies/{DIGEST}.yaml"})
    done = verify(tmp_path / "out", "--json")
    assert (done.returncode, json.loads(done.stdout)["payloads"]) == (0, 2)


async def test_a_bundle_of_which_a_body_was_changed_or_taken_out_names_it(tmp_path: Path) -> None:
    await taken(tmp_path / "out", Format.BUNDLE, await bodied())
    [path] = (tmp_path / "out/payloads").iterdir()
    path.write_bytes(path.read_bytes().replace(b"body", b"bodY"))
    changed = verify(tmp_path / "out")
    assert (changed.returncode, "payload_changed" in changed.stdout, path.name in changed.stdout) == (1, True, True)
    path.unlink()
    assert "payload_missing" in verify(tmp_path / "out").stdout


async def test_bodies_are_taken_out_as_they_lie_there_and_what_is_not_there_is_counted(tmp_path: Path) -> None:
    kept = await bodied()
    [name] = [name for name in kept.payloads.blobs if name.startswith("2026")]
    kept.payloads.blobs[name] = b"forged"
    assert (await taken(tmp_path / "forged", Format.BUNDLE, kept)).payloads == 1
    assert "payload_changed" in verify(tmp_path / "forged").stdout
    del kept.payloads.blobs[name]
    made = await taken(tmp_path / "gone", Format.BUNDLE, kept)
    assert (made.payloads, made.absent) == (0, 1)
    assert "payload_missing" in verify(tmp_path / "gone").stdout


async def test_a_policy_of_which_a_record_has_no_digest_is_no_file(tmp_path: Path) -> None:
    kept = await bodied()
    await kept.record("20261123-one", policy="../../outside")
    await taken(tmp_path / "out", Format.BUNDLE, kept)
    assert [path.name for path in (tmp_path / "out/policies").iterdir()] == [f"{DIGEST}.yaml"]


async def test_formats_without_bodies_say_so(tmp_path: Path) -> None:
    await taken(tmp_path / "jsonl", Format.JSONL)
    await taken(tmp_path / "csv", Format.CSV)
    assert read(tmp_path / "csv/manifest.json")["bodies"] == "none"
    assert read(tmp_path / "jsonl/manifest.json")["bodies"].startswith("small ones")


async def test_a_folder_that_holds_anything_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderTakenError, match="not empty"):
        await taken(tmp_path, Format.JSONL)
    with pytest.raises(FolderTakenError, match="cannot be made"):
        await taken(tmp_path / "file" / "out", Format.JSONL)


BARE = """
import importlib.abc, socket, sys
ALLOWED = {"gateway", "cryptography", "rfc8785", "_cffi_backend", "cffi", *sys.stdlib_module_names}
class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in ALLOWED:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nothing())
def refuse(*_, **__): raise OSError("no network here")
socket.socket.connect = socket.getaddrinfo = refuse
from gateway.__main__ import main
code = main(sys.argv[1:])
print("azure" in {name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
sys.exit(code)
"""
"""A Python that has the gateway, the two packages that the README of a bundle names, and no network."""


def verify(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # The working directory is empty, and of the environment only what Python needs is there.
    empty = folder.parent / "empty"
    empty.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", BARE, "evidence", "verify", "--export", str(folder), *words],
        cwd=empty,
        env={"PYTHONPATH": os.getcwd(), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_bundle_is_verified_with_two_packages_and_no_network(tmp_path: Path) -> None:
    await taken(tmp_path / "out", Format.BUNDLE)
    done = verify(tmp_path / "out", "--json")
    assert (done.returncode, done.stderr) == (0, "False\n")
    report = json.loads(done.stdout)
    assert (report["whole"], report["records"], report["sealed"]) == (True, 4, 4)


@pytest.mark.parametrize("name", ["records.jsonl", "seals/0000000002.jws", "README.txt", "index.jsonl"])
async def test_a_bundle_of_which_a_file_was_changed_is_not_whole(tmp_path: Path, name: str) -> None:
    await taken(tmp_path / "out", Format.BUNDLE)
    path = tmp_path / "out" / name
    text = path.read_text()
    path.write_text(text.replace("20261123-two", "20261123-tow") if "20261123-two" in text else text[:-9] + text[-8:])
    done = verify(tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert name in done.stdout
