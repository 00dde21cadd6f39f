"""The doctor on the whole stack: all is well, and of thirteen things that are broken each is found and named."""

import asyncio
import json
import shlex
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from devhost import azurite
from devhost.accounts import AUDIENCE
from devhost.stack import ROOT
from gateway.doctor.finding import Finding, State
from gateway.doctor.run import bench_for, examine
from gateway.proposals.version import name_of
from gateway.proposals.versions import CONTAINER
from gateway.settings import read
from gateway.storage.blobs import open_blobs
from tests.live.conftest import Live
from tests.live.test_seals import SEAL, VERIFY, python
from tests.live.test_stack import ARGUMENTS, TOOL

# Of the tables' SDK, where a refusal is in XML.
pytestmark = pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")


@pytest.fixture
def environment(live: Live, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The gateway's own, for this process too."""
    found = dict(live.stack.parts["gateway"].environment)
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE", "NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, found[name])
    # A new process reads that file as it begins; in this one aiohttp has its authorities already.
    trusting = ssl.create_default_context(cafile=found["SSL_CERT_FILE"])
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)
    return found


async def examined(environment: dict[str, str], *only: str) -> list[Finding]:
    async with bench_for(read(environment), as_app=False) as bench:
        return await examine(bench, only)


async def prepared(live: Live) -> None:
    """There is a payload and a seal."""
    assert (await live.call_tool("engineer", TOOL, ARGUMENTS)).status_code == 200
    code, told = await python(live, "-c", SEAL)
    assert code == 0, told


async def test_all_is_well_and_the_probes_disturb_no_verification(live: Live, environment: dict[str, str]) -> None:
    await prepared(live)
    for _ in range(2):
        found = await examined(environment)
        assert [finding for finding in found if finding.state is not State.OK] == []
    denied = [finding.seen for finding in found if finding.check == "denial"]
    assert [part in " ".join(denied) for part in ("table evidence", "container seals", "can be deleted")] == [True] * 3
    code, told = await python(live, *VERIFY, "--json")
    # Other tests of this stack plant faults; none of what is told may be a probe.
    assert code in (0, 1), told
    assert "~probe" not in told


@dataclass(frozen=True, slots=True)
class Broken:
    """One setting that is not as it should be, and what the doctor has to say."""

    name: str
    value: str
    check: str
    seen: str


def breakages(live: Live, folder: Path) -> list[Broken]:
    ports = live.stack.ports
    full = azurite.connection_string(ports)
    policy = folder / "policy.yaml"
    text = live.stack.parts["gateway"].environment["COUNTERSIGN_POLICY"]
    policy.write_text(Path(text).read_text().replace("teams-approvers", "teams-nobody"))
    typo = folder / "typo.yaml"
    typo.write_text(Path(text).read_text().replace("\n    effect: allow", "\n    effect: permit", 1))
    nobody = "http://127.0.0.1:9"
    return [
        Broken("COUNTERSIGN_SESSION_KEY", "no-such-secret", "vault", "secret no-such-secret"),
        Broken("COUNTERSIGN_SEAL_KEY", "no-such-key", "vault", "key no-such-key, which signs seals, is not there"),
        Broken("COUNTERSIGN_EVIDENCE", full, "denial", "table evidence: the probe was deleted"),
        Broken("COUNTERSIGN_EVIDENCE_BLOBS", full, "denial", "container seals: the probe was changed"),
        Broken("COUNTERSIGN_EVIDENCE_TABLE", "other", "stores", "table other cannot be read"),
        Broken("COUNTERSIGN_AUTHORITY", nobody, "tokens", "does not answer"),
        Broken("COUNTERSIGN_AUDIENCE", f"{AUDIENCE},https://mcp.example/", "tokens", "ends with a slash"),
        Broken("COUNTERSIGN_SCOPE", "other", "documents", "has another `scopes_supported`"),
        Broken("COUNTERSIGN_POLICY", str(typo), "policy", "typo.yaml: line"),
        Broken("COUNTERSIGN_POLICY", str(policy), "notifiers", "secret teams-nobody"),
        Broken("IDENTITY_HEADER", "guessed", "identity", "no token for Key Vault"),
        Broken("COUNTERSIGN_URL", nobody, "documents", "does not answer"),
    ]


async def test_each_of_twelve_things_that_are_broken_is_found_and_named(
    live: Live, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prepared(live)
    found_it: dict[tuple[str, str], list[Finding]] = {}
    for broken in breakages(live, tmp_path):
        with monkeypatch.context() as changed:
            changed.setenv(broken.name, broken.value)
            found = await examined(environment | {broken.name: broken.value}, broken.check)
        faults = [finding for finding in found if finding.state is State.FAULT]
        found_it[broken.name, broken.value] = [finding for finding in faults if broken.seen in finding.seen]
        assert all(finding.do for finding in faults)
    assert [broken for broken, named in found_it.items() if not named] == []


async def test_a_version_of_the_policy_that_nobody_signed_is_found(live: Live, environment: dict[str, str]) -> None:
    ports = live.stack.ports
    forged = open_blobs(azurite.copies_connection_string(ports), CONTAINER, "")
    try:
        await forged.create(name_of(1), b"forged\nversion: 1\n")
    finally:
        await forged.close()
    blobs = {"COUNTERSIGN_EVIDENCE_BLOBS": azurite.copies_connection_string(ports)}
    copies = {"COUNTERSIGN_SEAL_COPY": azurite.blobs_connection_string(ports)}
    found = await examined(environment | blobs | copies, "policy")
    faults = [finding.seen for finding in found if finding.state is State.FAULT]
    assert faults == ["version 1 of the policy cannot be read (MalformedError)"]


async def test_a_shell_with_the_settings_of_the_stack_runs_the_command(live: Live) -> None:
    first = str(live.stack.ports.gateway)
    env = f"{sys.executable} -m devhost env --first-port {first} --state {shlex.quote(str(live.stack.state))}"
    script = f'eval "$({env})" && {sys.executable} -W ignore -m gateway doctor --json --only vault --only documents'
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", script), cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        out, errors = await process.communicate()
    assert process.returncode == 0, (out, errors)
    assert {finding["check"] for finding in json.loads(out)["findings"]} == {"vault", "documents"}


async def test_operators_ask_the_app_itself(live: Live) -> None:
    await prepared(live)
    headers = {"authorization": f"Bearer {await live.token('operator')}"}
    answer = await live.http.post(f"{live.gateway}/api/health", headers=headers)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [each for each in found["findings"] if each["state"] != "ok"] == []
    answer = await live.http.get(f"{live.gateway}/api/health?look=upstreams", headers=headers)
    facts = answer.json()
    assert facts["last_seal"]["number"] > 0
    assert {name for name, each in facts["upstreams"].items() if each["answers"]} == {"records", "everything"}
