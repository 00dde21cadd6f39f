"""`python -m gateway policy propose|proposals|withdraw`: changes the policy by the gateway's own API, as a person.

Takes the words after `policy`, asks the gateway at COUNTERSIGN_URL with the access token of whoever is signed in with
`az login` (or one on standard input), and returns what it answered. It writes to no store; the gateway decides.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

from gateway import jsontext
from gateway.cli.arguments import add_command, reason
from gateway.cli.printed import FAILED, REFUSED, Printed, aligned, as_json, misused
from gateway.policy.nodes import MAX_BYTES
from gateway.settings import Settings, SettingsError, read
from gateway.storage.contract import SecretUnavailableError

PROGRAM = "python -m gateway policy"
PATIENCE = 30.0
"""Seconds for one answer."""

_WHO = """\
The gateway is that of COUNTERSIGN_URL. In Azure sign in with `az login` first, as somebody whom the policy's section
`changes` names; or give an access token for the gateway with --token-stdin.
"""
_CODES = "exit code: 0 done, 3 the gateway refuses, 1 it does not answer or the policy has mistakes, 2 misuse"
_PROPOSE = f"""\
The policy is checked, people are told, and it takes effect once as many have approved as the policy in force asks
for. Compare it first with what is in force, and replay recorded calls: `policy diff`, `policy replay`.
{_WHO}
example:
  {PROGRAM} propose policy.yaml --reason "analysts may read invoices, ticket 4711"

{_CODES}
"""
_LIST = f"""\
{_WHO}
example:
  {PROGRAM} proposals --json

{_CODES}
"""
_WITHDRAW = f"""\
Whoever proposed it takes it back; an operator revokes it.
{_WHO}
example:
  {PROGRAM} withdraw 4f2a9c31d5b84e6f9a0b1c2d3e4f5a6b --reason "wrong ticket"

{_CODES}
"""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands that change a policy, beside those that only ask one."""
    proposing = add_command(commands, "propose", "propose a policy in place of the one in force", _PROPOSE)
    proposing.add_argument("file", metavar="FILE", type=Path)
    proposing.add_argument("--reason", metavar="TEXT", type=reason, required=True, help="why; people read it")
    listing = add_command(commands, "proposals", "list what was proposed, and what came of it", _LIST)
    withdrawing = add_command(commands, "withdraw", "take a proposal back", _WITHDRAW)
    withdrawing.add_argument("proposal", metavar="ID", type=_identifier)
    withdrawing.add_argument("--reason", metavar="TEXT", type=reason, required=True, help="why; it goes on record")
    for command, run in ((proposing, _propose), (listing, _list), (withdrawing, _withdraw)):
        command.add_argument("--token-stdin", action="store_true", help="read an access token from standard input")
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(run=run)


def _propose(chosen: argparse.Namespace) -> Printed:
    try:
        with chosen.file.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode()
    except (OSError, UnicodeError) as error:
        return Printed(FAILED, complaint=f"{chosen.file} cannot be read ({type(error).__name__})")
    answer = _asked("POST", "/api/policies", chosen, {"policy": text, "reason": chosen.reason})
    return answer if isinstance(answer, Printed) else _one(answer, chosen, "Proposed. People are being told: {page}")


def _withdraw(chosen: argparse.Namespace) -> Printed:
    answer = _asked("POST", f"/api/policies/{chosen.proposal}/withdraw", chosen, {"reason": chosen.reason})
    return answer if isinstance(answer, Printed) else _one(answer, chosen, "It is over: {state}")


def _list(chosen: argparse.Namespace) -> Printed:
    answer = _asked("GET", "/api/policies", chosen)
    if isinstance(answer, Printed):
        return answer
    if chosen.json:
        return as_json(answer, 0)
    in_force = answer["in_force"]
    source = f"version {in_force['number']}" if in_force["number"] else "the file that was deployed"
    rows = [("ID", "AT", "STATE", "BY", "REASON")]
    rows += [(each["id"], each["at"][:16], each["state"], _name(each), each["reason"]) for each in answer["proposals"]]
    more = [f"{answer['left_out']} older ones are left out."] if answer["left_out"] else []
    return Printed(0, "\n".join([f"In force: {source}, SHA-256 {in_force['digest']}", "", *aligned(rows), *more]))


def _one(answer: dict[str, Any], chosen: argparse.Namespace, sentence: str) -> Printed:
    return as_json(answer, 0) if chosen.json else Printed(0, sentence.format_map(answer))


def _name(proposal: dict[str, Any]) -> str:
    return str(proposal["by"]["name"] or proposal["by"]["subject"])


def _asked(method: str, path: str, chosen: argparse.Namespace, body: object = None) -> dict[str, Any] | Printed:
    """What the gateway answered, or how it refused."""
    # The commands that only ask a policy share this parser, and need neither.
    import httpx  # noqa: PLC0415

    from gateway.token_text import MAX_TOKEN  # noqa: PLC0415

    given = sys.stdin.read(MAX_TOKEN + 2).strip() if chosen.token_stdin else ""
    try:
        settings = read()
        return asyncio.run(_ask(settings, method, path, given, body))
    except SettingsError as error:
        return misused(str(error))
    except SecretUnavailableError as error:
        return Printed(FAILED, complaint=f"There is no access token ({error}): sign in with `az login`.")
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return Printed(FAILED, complaint=f"The gateway does not answer at {settings.url} ({type(error).__name__}).")


async def _ask(settings: Settings, method: str, path: str, given: str, body: object) -> dict[str, Any] | Printed:
    import httpx  # noqa: PLC0415

    token = given or await _own_token(settings)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    content = None if body is None else jsontext.write(body)
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient(timeout=PATIENCE) as client:
        answer = await client.request(method, settings.url + path, headers=headers, content=content)
    found = jsontext.parse(answer.content)
    if not isinstance(found, dict):
        return Printed(FAILED, complaint=f"The gateway answered with {answer.status_code} and no JSON.")
    if "mistakes" in found:
        return Printed(FAILED, "\n".join(map(str, found["mistakes"])))
    if "error" in found:
        return Printed(REFUSED, complaint=f"The gateway refuses: {found['error']['message']}")
    return found


async def _own_token(settings: Settings) -> str:
    """Of whoever is signed in to the Azure CLI. Raises SecretUnavailableError."""
    # Nobody who gives a token needs the package.
    from gateway.storage.identity import Identity  # noqa: PLC0415

    uris = sorted(audience for audience in settings.audiences if "://" in audience)
    identity = Identity("", as_operator=True)
    try:
        found = await identity.token(uris[0] if uris else f"api://{min(settings.audiences)}")
    finally:
        await identity.close()
    return found.value.reveal()


def _identifier(text: str) -> str:
    if len(text) != 32 or set(text) - set("0123456789abcdef"):
        raise argparse.ArgumentTypeError("must be the id that `proposals` shows, 32 digits")
    return text
