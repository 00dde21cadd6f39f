"""The official conformance suite, the fixtures that it expects, and a gateway before them."""

import asyncio
import json
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from devhost import parts
from devhost.children import Part
from devhost.parts import ROOT, Place
from devhost.stack import Stack, stack
from tests.conftest import free_row

HERE = Path(__file__).parent
NODE = ROOT / "node_modules/.bin/node"
"""Node 22, which the suite needs, from npm: the machine's own may be older."""
PROGRAM = ROOT / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
_FOLDER = re.compile(r"server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z")
WITHIN = 60  # seconds for one run of the suite

type Tally = Mapping[str, Counter[tuple[str, str]]]
"""By scenario, how often each check ended in each status."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one run of the suite."""

    exit_code: int
    tally: Tally
    said: str

    def count(self, status: str) -> int:
        return sum(many for checks in self.tally.values() for (_, ended), many in checks.items() if ended == status)


@dataclass(frozen=True, slots=True)
class Suite:
    """The suite against the running parts."""

    parts: Stack
    results: Path

    async def direct(self, revision: str) -> Run:
        return await self._run(f"http://localhost:{self.parts.ports.records}/mcp", revision, {})

    async def through(self, revision: str) -> Run:
        """Through the gateway, as `engineer`."""
        port = self.parts.ports.gateway
        signed = {
            "NODE_OPTIONS": f"--import {(HERE / 'bearer.mjs').as_uri()}",
            "BEARER_TOKEN": await self._token(),
            "BEARER_PORT": str(port),
        }
        return await self._run(f"http://localhost:{port}/mcp/fixtures", revision, signed)

    async def _run(self, url: str, revision: str, environment: Mapping[str, str]) -> Run:
        results = self.results / f"{revision}-{len(list(self.results.iterdir()))}"
        process = await asyncio.create_subprocess_exec(
            *(NODE, PROGRAM, "server", "--url", url, "--requirements", revision, "-o", results),
            env={"PATH": os.environ.get("PATH", os.defpath), **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(WITHIN):
                said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        return Run(process.returncode or 0, _tally(results), said.decode())

    async def _token(self) -> str:
        async with httpx.AsyncClient(timeout=20) as http:
            url = f"http://localhost:{self.parts.ports.identity}/devhost/token"
            response = await http.post(url, json={"account": "engineer"})
        token: str = response.raise_for_status().json()["access_token"]
        return token


def _tally(results: Path) -> Tally:
    tally = {}
    for file in results.glob("*/checks.json"):
        named = _FOLDER.fullmatch(file.parent.name)
        assert named, file.parent.name
        checks = json.loads(file.read_text())
        # INFO is a note of what went over the wire; how many there are depends on time.
        tally[named[1]] = Counter((each["id"], each["status"]) for each in checks if each["status"] != "INFO")
    return tally


@pytest.fixture(scope="session")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    state = tmp_path_factory.mktemp("conformance")
    results = tmp_path_factory.mktemp("results")
    place = Place(free_row(), state, HERE / "policy.yaml")
    async with stack(place.ports, state, names=("identity", "vault", "azurite"), policy=place.policy) as running:
        running.parts = {**running.parts, "fixtures": _fixtures(place), "gateway": _gateway(place)}
        await running.start("fixtures")
        await running.start("gateway")
        yield Suite(running, results)


def _fixtures(place: Place) -> Part:
    port = str(place.ports.records)
    command = (sys.executable, "-m", "devhost.demo.fixtures", "--port", port, "--state", str(place.state))
    return Part("fixtures", command, f"http://localhost:{port}/healthz", dict(os.environ))


def _gateway(place: Place) -> Part:
    made = parts.part("gateway", place)
    # One scenario calls as a page of this machine would.
    origins = {"COUNTERSIGN_ORIGINS": f"http://localhost:{place.ports.gateway}"}
    return replace(made, environment={**made.environment, **origins})
