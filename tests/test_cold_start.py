"""What a start of the gateway may load: a count of modules, and a reason for each package.

Modules are counted and not seconds, so that the test says the same on any machine; `bench/cold_start.py` has the
seconds. Whoever goes over a ceiling is named, with how many modules each package has.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable

import pytest

from bench.cold_start_modules import STEPS, package_of
from devhost.stack import ROOT

type Loaded = dict[str, list[str]]

CEILING = {"app": 440, "rooms": 265, "call": 21}
"""Modules beyond those of the step before; `platform` is not ours to lower."""

REASONS = {
    "gateway": "the gateway itself",
    "function_app": "the doors",
    "azure.core": "under azure.data.tables",
    "azure.data": "the namespace of azure.data.tables",
    "azure.data.tables": "no call is forwarded before its intent lies in the table",
    "bcrypt": "cryptography tries it, where something else has installed it",
    "cryptography": "sealed session ids, signatures of tokens",
    "_cffi_backend": "under cryptography",
    "_openssl": "under cryptography",
    "httpx": "the client of upstreams and of the tenant's keys",
    "isodate": "under azure.data.tables",
    "jwt": "tokens are verified with it",
    "re2": "patterns of the policy are compiled as it is parsed",
    "rfc8785": "the canonical form of what is hashed",
    "yaml": "the policy is YAML",
}
"""Every package that loading the app may add to the platform's, and why."""

REASONS_OF_A_CALL = REASONS | {
    "anyio": "its backend for asyncio, under httpx",
    "azure.identity": "the managed identity, without which Azure gives neither table nor vault",
    "certifi": "under requests and httpcore",
    "charset_normalizer": "under requests",
    "h11": "under httpcore",
    "httpcore": "under httpx",
    "idna": "under requests",
    "msal": "under azure.identity",
    "requests": "under msal",
    "urllib3": "under requests",
}
"""The same for what the first governed call adds to that."""

NEVER = frozenset(
    {
        *("mcp", "mcp_types", "devhost", "tests", "bench", "pytest", "hypothesis"),
        *("azure.storage.blob", "azure.keyvault.secrets", "azure.keyvault.keys", "azure.communication.email"),
        *("fastapi", "pydantic"),
        *("rich", "pygments", "jinja2", "cel", "typer", "prompt_toolkit", "jsonpath_rfc9535", "stdnum"),
    }
)
"""What neither a start nor a plain call may load. It is checked where nobody has given a reason, too."""


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    command = [sys.executable, "-m", "bench.cold_start_modules"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    steps: Loaded = json.loads(done.stdout)
    assert tuple(steps) == STEPS
    assert "gateway.call" in steps["app"], "the gateway was loaded before its step, so nothing would be counted"
    return steps


def packages(modules: Iterable[str]) -> Counter[str]:
    return Counter(package_of(module) for module in modules)


def from_elsewhere(modules: Iterable[str]) -> set[str]:
    """Packages that neither come with Python nor are its own names for a build."""
    found = packages(modules)
    return {name for name in found if name not in sys.stdlib_module_names and not name.startswith("_sysconfigdata")}


@pytest.mark.parametrize("step", CEILING)
def test_a_step_loads_no_more_modules_than_its_ceiling(loaded: Loaded, step: str) -> None:
    found = loaded[step]
    assert len(found) <= CEILING[step], f"{len(found)} modules: {packages(found).most_common()}"


def test_every_package_that_the_app_adds_has_a_reason(loaded: Loaded) -> None:
    added = from_elsewhere(loaded["app"]) - from_elsewhere(loaded["platform"])
    assert added - REASONS.keys() == set()


@pytest.mark.parametrize("step", ["rooms", "call"])
def test_every_package_that_the_first_call_adds_has_a_reason(loaded: Loaded, step: str) -> None:
    before = from_elsewhere(loaded["platform"]) | from_elsewhere(loaded["app"])
    assert from_elsewhere(loaded[step]) - before - REASONS_OF_A_CALL.keys() == set()


@pytest.mark.parametrize("step", STEPS)
def test_what_no_plain_call_needs_is_loaded_by_no_step(loaded: Loaded, step: str) -> None:
    assert set(packages(loaded[step])) & NEVER == set()


def test_telemetry_is_loaded_by_a_collector_alone(loaded: Loaded) -> None:
    """The platform loads OpenTelemetry's interfaces; its SDK and exporters are ours, and lazy."""
    everything = [module for step in STEPS for module in loaded[step]]
    heavy = ("opentelemetry.sdk", "opentelemetry.exporter")
    assert [module for module in everything if module.startswith(heavy)] == []


def test_no_package_is_both_explained_and_forbidden() -> None:
    assert NEVER & REASONS_OF_A_CALL.keys() == set()
