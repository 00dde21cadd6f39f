"""Which modules a start of the gateway loads, and which its first governed call: `python -m bench.cold_start_modules`.

Must run in a process of its own. Prints the names as JSON, by the step that loaded them first: `platform` (what the
worker and any app that streams and uses Durable load), `app` (function_app), `rooms` (opened as a deployment opens
them: tables, a vault, a managed identity), `call` (one governed call of each era). It counts and takes no times.
"""

import asyncio
import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path

STEPS = ("platform", "app", "rooms", "call")
PLATFORM = (
    "azure_functions_runtime.handle_event",
    "azure.functions",
    "azure.durable_functions",
    "azurefunctions.extensions.base",
    "starlette.responses",
    "uvicorn",
)
DEPLOYMENT = {
    "COUNTERSIGN_URL": "https://gateway.invalid",
    "COUNTERSIGN_TENANTS": "7e4a0000-0000-4000-8000-000000000001",
    "COUNTERSIGN_AUDIENCE": "a9900000-0000-4000-8000-000000000001",
    "COUNTERSIGN_EVIDENCE": "https://evidence.invalid",
    "COUNTERSIGN_EVIDENCE_BLOBS": "https://blobs.invalid",
    "COUNTERSIGN_STATE": "https://state.invalid",
    "COUNTERSIGN_KEY_VAULT": "https://vault.invalid",
}


class Steps:
    """What is in `sys.modules` since the step before."""

    def __init__(self) -> None:
        self.loaded: dict[str, list[str]] = {}
        self._seen = set(sys.modules)

    def end(self, step: str) -> None:
        found = set(sys.modules) - self._seen
        self._seen |= found
        self.loaded[step] = sorted(found)


def package_of(module: str) -> str:
    """What a module is counted under: `azure.core` and `azure.data.tables` are packages apart."""
    parts = module.split(".")
    if parts[0] != "azure":
        return parts[0]
    return ".".join(parts[: 3 if parts[1:2] in (["data"], ["storage"], ["keyvault"], ["communication"]) else 2])


async def first_call(steps: Steps) -> None:
    """The rooms are opened and two calls made, each in its own step."""
    composition, settings = import_module("gateway.composition"), import_module("gateway.settings")
    composition.open_rooms(settings.read(DEPLOYMENT))
    steps.end("rooms")
    fakes, walk = import_module("tests.fakes.upstream"), import_module("tests.walk.rooms")
    answer = {"content": [{"type": "text", "text": "mary@shop.example"}], "structuredContent": {"salary": 91000}}
    with tempfile.TemporaryDirectory() as folder:
        async with fakes.serving(fakes.result(answer)) as upstream, walk.gateway(Path(folder), upstream.url) as opened:
            token = opened.tenant.token()
            steps.end("harness")
            statuses = [(await opened.call(modern=modern, token=token)).status for modern in (False, True)]
            if statuses != [200, 200]:
                raise RuntimeError(f"the calls were answered with {statuses}")
    steps.end("call")
    # What the harness loads of the gateway, a call would have loaded.
    steps.loaded["call"] += [module for module in steps.loaded["harness"] if package_of(module) == "gateway"]


def main() -> None:
    # Nothing of the gateway may be loaded before its step, so all is imported by name.
    steps = Steps()
    for module in PLATFORM:
        import_module(module)
    steps.end("platform")
    import_module("function_app")
    steps.end("app")
    asyncio.run(first_call(steps))
    print(json.dumps({step: steps.loaded[step] for step in STEPS}))


if __name__ == "__main__":
    main()
