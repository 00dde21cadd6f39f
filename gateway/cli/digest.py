"""`python -m gateway evidence digest`: the keyed digest of a value, so that the evidence can be searched for it.

Takes a value from standard input, never from the command line, which others can read and shells remember; puts on
record who asked for which digest, and only then prints it. The value itself is written nowhere.
"""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Sequence

from gateway import jsontext
from gateway.cli.arguments import add_operator
from gateway.cli.auditing import noted
from gateway.cli.printed import FAILED, Printed, as_json, misused
from gateway.evidence.payload import MAX_READ
from gateway.keyed import digests
from gateway.settings import Proof, SettingsError, read_proof
from gateway.storage.contract import SecretUnavailableError

PROGRAM = "python -m gateway evidence digest"

_EPILOG = f"""\
Records and their bodies hold a keyed digest of each value that was hidden (`digest`), and of each body as it was
(`original`). Whoever may read the secret COUNTERSIGN_SESSION_KEY in the vault can have a value tested that they
suspect there: as text, or, with --message, a whole JSON-RPC message. In Azure sign in with `az login` first. One
digest is printed for each key of the secret, the current one first. That you ask is on record, with the digests and
without the value. One line end after the value does not count.
examples:
  {PROGRAM} < suspected.txt
  grep -rl "$({PROGRAM} < suspected.txt)" november      # the folder of a bundle
  {PROGRAM} --message < answer.json

exit code: 0 done, 1 the vault or the evidence does not answer, 2 the command line or the value cannot be read
"""


def main(arguments: Sequence[str]) -> Printed:
    """What the command prints. Raises SystemExit, as argparse does, after help and wrong words."""
    chosen = _parser().parse_args(arguments)
    try:
        proof = read_proof()
    except SettingsError as error:
        return misused(str(error))
    if not proof.key_vault:
        return misused("COUNTERSIGN_KEY_VAULT is not set: the key of the digests is in the vault.")
    value = _value(is_message=chosen.message)
    if isinstance(value, str):
        return misused(value)
    try:
        return asyncio.run(_run(chosen, proof, value))
    except SecretUnavailableError as error:
        return Printed(FAILED, complaint=f"The vault does not give the key of the digests, or not to you ({error}).")
    except ValueError:
        return Printed(FAILED, complaint=f"The secret {proof.session_key} is not base64 of 32 bytes.")


async def _run(chosen: argparse.Namespace, proof: Proof, value: bytes) -> Printed:
    from gateway.storage.vault import Vault  # noqa: PLC0415 - its packages take 0.3 s that help need not wait for

    vault = Vault(proof.key_vault, proof.identity, as_operator=True)
    try:
        found = digests(value, await vault.read(proof.session_key))
    finally:
        await vault.close()
    unrecorded = await noted(proof, chosen.operator, "digest", {"digest": ",".join(found)})
    if unrecorded is not None:
        return unrecorded
    return as_json({"digests": list(found)}, 0) if chosen.json else Printed(0, "\n".join(found))


def _value(*, is_message: bool) -> bytes | str:
    """The value, or a sentence on what is wrong with it."""
    if sys.stdin.isatty():
        value = getpass.getpass("Value (not shown): ").encode()
    else:
        value = sys.stdin.buffer.read(MAX_READ + 3)
    value = value.removesuffix(b"\n").removesuffix(b"\r")
    if not value:
        return "There is no value on standard input."
    if len(value) > MAX_READ:
        return f"The value is longer than {MAX_READ:,} bytes."
    if not is_message:
        return value
    message = jsontext.parse(value)
    if isinstance(message, jsontext.Malformed):
        return f"The message {message.why}."
    return jsontext.write(message)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Give the keyed digest of a value that is read from standard input.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--message", action="store_true", help="the value is a JSON-RPC message, spaced in any way")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_operator(parser)
    return parser
