"""How many records a second are verified: `python bench/verify.py [RECORDS]`.

Writes and seals an export of that many records in a temporary folder and verifies it as the command does.
"""

import asyncio
import base64
import json
import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

sys.path.insert(0, str(Path(__file__).parents[1]))

from gateway.evidence.checking import check
from gateway.evidence.folder import Folder
from gateway.evidence.form import FILTERS, FIRST, chained, row_key
from gateway.evidence.jws import keys_of, text_of
from gateway.evidence.merkle import Tree, leaf_of
from gateway.evidence.statement import Covered, Statement, message_of
from gateway.evidence.verify import Scope

OF_A_SESSION = 100
TIME = "2026-11-23T09:00:00.000000Z"
FIELDS = {name: f"{name}-0b1ec700-0000-4000-8000-000000000001" for name in FILTERS} | {"time": TIME, "event": "intent"}


def write(folder: Path, records: int) -> None:
    """An export with one seal over all records."""
    tree, covered = Tree(), []
    with (folder / "records.jsonl").open("w") as lines:
        for number in range(records // OF_A_SESSION):
            session, previous = f"20261123-{number:032x}", FIRST
            for sequence in range(OF_A_SESSION):
                row = chained(FIELDS, session=session, writer="w.1", sequence=sequence, previous=previous)
                key, previous = row_key("w.1", sequence), str(row["hash"])
                tree.add(leaf_of(session, key, previous))
                lines.write(json.dumps({"PartitionKey": session, "RowKey": key, **row}) + "\n")
            covered.append(Covered(session, "w.1", 0, OF_A_SESSION - 1, previous))
    events = {"intent": tree.size}
    seal(folder, Statement(1, FIRST, TIME, TIME, tree.size, tree.root(), tuple(covered), events))


def seal(folder: Path, statement: Statement) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    message = message_of(statement, "k")
    r, s = decode_dss_signature(private.sign(message, ec.ECDSA(SHA256())))
    (folder / "seals").mkdir()
    (folder / "seals" / "0000000001.jws").write_text(text_of(message, r.to_bytes(32) + s.to_bytes(32)))
    point = private.public_key().public_numbers()
    x, y = (base64.urlsafe_b64encode(number.to_bytes(32)).decode().rstrip("=") for number in (point.x, point.y))
    keys = {"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y}]}
    (folder / "keys.json").write_text(json.dumps(keys))


async def main(records: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), records)
        export = Folder(Path(name))
        begin = time.perf_counter()
        report = await check(export, keys_of(export.keys()), Scope(whole=False, has_columns=True))
        took = time.perf_counter() - begin
    print(f"{report.records:,} records in {took:.2f} s: {report.records / took:,.0f} a second, {report.faults} faults")
    return 0 if report.is_whole else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)))
