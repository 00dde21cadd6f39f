"""`python -m gateway evidence export ...`: writes the evidence of a period into a new folder.

Takes the words after `export`, puts on record that somebody takes evidence out, and only then reads and writes.
A folder that holds anything is refused. What was begun and not finished has no manifest.
"""

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gateway.cli.arguments import STORES, add_operator, day
from gateway.cli.auditing import noted, opened, unreadable
from gateway.cli.printed import FAILED, Printed, misused
from gateway.evidence.export import Format, KeySet, Made, Order, export
from gateway.evidence.export_files import FolderTakenError
from gateway.evidence.period import Period
from gateway.settings import Proof, SettingsError, read_proof
from gateway.storage.contract import SecretUnavailableError, StoreUnavailableError

PROGRAM = "python -m gateway evidence export"

_EPILOG = f"""\
jsonl and csv have the records of the days: jsonl with short requests and answers, as masked, csv with none. oscal
has assessment results (OSCAL 1.2.1) and the seals. bundle has all that it takes to verify it offline, with all
requests and answers that were kept and the policies; it needs the public keys of the seals from COUNTERSIGN_KEY_VAULT.
{STORES}
example:
  {PROGRAM} --from 2026-11-01 --to 2026-11-30 --out november --format bundle

exit code: 0 done, 1 nothing was written or not all of it, 2 the command line is wrong
"""


def main(arguments: Sequence[str]) -> Printed:
    """What the command prints. Raises SystemExit, as argparse does, after help and wrong words."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.first > chosen.last:
        parser.error("argument --to: must not lie before --from")
    if missing := [str(path) for path in chosen.policy if not path.is_file()]:
        parser.error(f"argument --policy: there is no file {missing[0]}")
    try:
        proof = read_proof()
        if chosen.format is Format.BUNDLE and not proof.key_vault:
            return misused("COUNTERSIGN_KEY_VAULT is not set: a bundle needs the public keys of the seals.")
        return asyncio.run(_run(chosen, proof))
    except SettingsError as error:
        return misused(str(error))
    except FolderTakenError as error:
        return Printed(FAILED, complaint=f"{error}.")
    except SecretUnavailableError as error:
        return Printed(FAILED, complaint=f"The vault gives no public keys, or not to you ({error}).")
    except StoreUnavailableError as error:
        return unreadable(error)


async def _run(chosen: argparse.Namespace, proof: Proof) -> Printed:
    order = Order(
        Period(chosen.first, chosen.last), chosen.format, chosen.out, datetime.now(UTC), policies=chosen.policy
    )
    words = {"first": chosen.first, "last": chosen.last, "format": chosen.format.value}
    unrecorded = await noted(proof, chosen.operator, "export", words)
    if unrecorded is not None:
        return unrecorded

    async def keys() -> KeySet:
        return await _keys(proof)

    async with opened(proof) as evidence:
        return _told(await export(evidence, keys, order), chosen.out)


async def _keys(proof: Proof) -> KeySet:
    from gateway.access.signing_keys import SigningKeys  # noqa: PLC0415 - a bundle alone needs the vault
    from gateway.storage.signing import VaultSigningKey  # noqa: PLC0415

    key = VaultSigningKey(proof.key_vault, proof.seal_key, proof.identity, as_operator=True)
    try:
        return await SigningKeys(key).published()
    finally:
        await key.close()


def _told(made: Made, folder: Path) -> Printed:
    seals = f", {made.seals} seals" if made.seals else ""
    seals += f", {made.payloads} payloads" if made.payloads else ""
    seals += f" ({made.absent} that records name are not there)" if made.absent else ""
    unnamed = "".join(f"\nNo record names {path}; it was left out." for path in made.unnamed)
    return Printed(0, f"{folder}: {made.records} records{seals}, in {made.files} files and a manifest", unnamed.strip())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Write the evidence of a period into a new folder.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--from", dest="first", metavar="DAY", type=day, required=True, help="first day: 2026-11-01")
    parser.add_argument("--to", dest="last", metavar="DAY", type=day, required=True, help="last day, included")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="a folder that is new or empty")
    parser.add_argument("--format", type=Format, choices=list(Format), default=Format.BUNDLE, help="default: bundle")
    parser.add_argument(
        "--policy", metavar="FILE", type=Path, action="append", default=[], help="copy of a policy that was not kept"
    )
    add_operator(parser)
    return parser
