"""`python -m gateway evidence verify`: whether the evidence is what was written, live or in an export.

Takes the words after `verify`, opens the folder or the stores that the environment names, and returns the report as
text or JSON. An export is verified offline: neither a network nor a package of Azure is touched. In Azure whoever
verifies live is signed in with `az login`, and needs to read the table, the seals and the key's public half.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from gateway.cli.auditing import opened
from gateway.cli.printed import FAILED, Printed, as_json, misused
from gateway.evidence.body_check import ALL, Choice
from gateway.evidence.checking import check
from gateway.evidence.copies import CopiesUnavailableError
from gateway.evidence.folder import Folder, read_json
from gateway.evidence.jws import Keys, keys_of
from gateway.evidence.reading import SEALS
from gateway.evidence.verdict import Report, as_text, as_value, with_findings
from gateway.evidence.verify import Scope
from gateway.settings import Proof, SettingsError, read_proof
from gateway.storage.contract import BlobStore, SecretUnavailableError, StoreUnavailableError

PROGRAM = "python -m gateway evidence verify"
UNREADABLE = 3
"""Exit code where evidence, seals or keys cannot be read."""

_EPILOG = f"""\
Every hash, chain, Merkle root and signature is computed again. Without --export the stores are those of the
environment (COUNTERSIGN_EVIDENCE, COUNTERSIGN_EVIDENCE_BLOBS), and the keys those of COUNTERSIGN_KEY_VAULT; in
Azure sign in with `az login` first. Where COUNTERSIGN_SEAL_COPY is set, each seal is compared with its copy. An
export brings its own keys.json: for proof against whoever made the export, give the key set that the vault's owner
gave you.

Every payload that a record names is read and compared with its SHA-256: about a thousand a second live, which is
much slower than the records alone. --payloads none leaves them out, and the report says so; with a day, those of
older records are left out, which may have been deleted at the end of their retention.
examples:
  {PROGRAM}
  {PROGRAM} --from 2026-11-01 --to 2026-11-30 --json
  {PROGRAM} --payloads 2026-10-01
  {PROGRAM} --export bundle --keys keys-from-the-vault.json

exit code: 0 no fault, 1 faults were found, 2 the command line is wrong, 3 something cannot be read
"""


def main(arguments: Sequence[str]) -> Printed:
    """What the command prints. Raises SystemExit, as argparse does, after help and wrong words."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.first and chosen.last and chosen.first > chosen.last:
        parser.error("argument --to: must not lie before --from")
    try:
        report = asyncio.run(_run(chosen))
        (_progress if chosen.progress else _silence)(report.records, "\n")
    except SettingsError as error:
        return misused(str(error))
    except CopiesUnavailableError as error:
        without = "unset COUNTERSIGN_SEAL_COPY to verify without them"
        return Printed(UNREADABLE, complaint=f"The evidence cannot be verified: {error}; {without}")
    except (StoreUnavailableError, SecretUnavailableError, ValueError) as error:
        return Printed(UNREADABLE, complaint=f"The evidence cannot be verified: {error}")
    code = 0 if report.is_whole else FAILED
    return as_json(as_value(report), code) if chosen.json else Printed(code, as_text(report))


async def _run(chosen: argparse.Namespace) -> Report:
    tell = _progress if chosen.progress else _silence
    given = keys_of(read_json(chosen.keys)) if chosen.keys else None
    if chosen.export is None:
        proof = read_proof()
        async with opened(proof) as evidence, _copies(proof) as copies:
            keys = await _vault_keys(proof) if given is None else given
            scope, now = _scope(chosen, whole=True), datetime.now(UTC)
            return await check(evidence, keys, scope, now=now, tell=tell, copies=copies, payloads=_choice(chosen))
    folder = Folder(chosen.export)
    keys = keys_of(folder.keys()) if given is None else given
    report = await check(folder, keys, _scope(chosen, whole=False), tell=tell, payloads=_choice(chosen))
    return with_findings(report, folder.altered())


def _scope(chosen: argparse.Namespace, *, whole: bool) -> Scope:
    """An export of a period has the seals of that period alone."""
    return Scope(chosen.first or "", chosen.last or "", whole=whole, has_columns=whole)


def _choice(chosen: argparse.Namespace) -> Choice:
    which: Choice = chosen.payloads
    return replace(which, strays=not chosen.first and not chosen.last)


@asynccontextmanager
async def _copies(proof: Proof) -> AsyncIterator[BlobStore | None]:
    if not proof.seal_copy:
        yield None
        return
    from gateway.storage.blobs import open_blobs  # noqa: PLC0415 - see auditing.opened

    copies = open_blobs(proof.seal_copy, SEALS, "", as_operator=True)
    try:
        yield copies
    finally:
        await copies.close()


async def _vault_keys(proof: Proof) -> Keys:
    if not proof.key_vault:
        raise SettingsError("COUNTERSIGN_KEY_VAULT is not set: set it, or give the public keys with --keys")
    from gateway.access.signing_keys import SigningKeys  # noqa: PLC0415 - see auditing.opened
    from gateway.evidence.sealing import public_keys  # noqa: PLC0415 - see auditing.opened
    from gateway.storage.signing import VaultSigningKey  # noqa: PLC0415 - see auditing.opened

    key = VaultSigningKey(proof.key_vault, proof.seal_key, proof.identity, as_operator=True)
    try:
        return await public_keys(SigningKeys(key))
    except SecretUnavailableError as error:
        raise SecretUnavailableError(f"the vault gave no public keys ({error}); give them with --keys") from None
    finally:
        await key.close()


def _progress(records: int, end: str = "") -> None:
    # Of how many, nobody knows before the last one.
    sys.stderr.write(f"\r{records:,} records{end}")
    sys.stderr.flush()


def _silence(_records: int, _end: str = "") -> None:
    return


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Check that nothing in the evidence was changed, taken out, added or moved.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--export", metavar="DIR", type=Path, help="the folder of an export; default: live")
    parser.add_argument("--from", dest="first", metavar="DAY", type=_day, help="first day of sessions, UTC")
    parser.add_argument("--to", dest="last", metavar="DAY", type=_day, help="last day, included")
    parser.add_argument("--keys", metavar="FILE", type=Path, help="public keys (JWKS) of the seals")
    parser.add_argument(
        "--payloads", metavar="WHICH", type=_payloads, default=ALL, help="all (default), none, or since a day"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--progress", action="store_true", help="count records on standard error while they are read")
    return parser


def _payloads(text: str) -> Choice:
    if text in ("all", "none"):
        return Choice(is_any=text == "all")
    day = _day(text)
    return Choice(since=f"{day[:4]}-{day[4:6]}-{day[6:]}")


def _day(text: str) -> str:
    try:
        return f"{datetime.strptime(text, '%Y-%m-%d').replace(tzinfo=UTC):%Y%m%d}"
    except ValueError:
        raise argparse.ArgumentTypeError("must be a day, such as 2026-11-23") from None
