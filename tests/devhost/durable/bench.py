"""A hub in the test's own process: the SDK runs the orchestrators, and activities are plain functions."""

import warnings
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import azure.durable_functions as df  # type: ignore[import-untyped]  # no py.typed

from devhost.durable.clock import Clock
from devhost.durable.hub import Functions, Hub, Invoke
from devhost.durable.instance import Instance
from devhost.durable.store import Store
from devhost.worker import WorkerError

Orchestrator = Callable[[Any], Generator[Any, Any, Any]]


def by_sdk(orchestrator: Orchestrator) -> Invoke:
    """What the worker does with an orchestrator."""
    handle = df.Orchestrator.create(orchestrator)

    async def invoke(text: str) -> str:
        try:
            # The SDK warns of plain values, and of an event that comes before it is waited for.
            with warnings.catch_warnings(action="ignore"):
                return str(handle(text))
        except Exception as failure:
            raise WorkerError(f"Exception: {failure}\nTraceback") from failure

    return invoke


@asynccontextmanager
async def opened(
    folder: Path, orchestrators: Mapping[str, Orchestrator], activities: Mapping[str, Invoke] | None = None
) -> AsyncIterator[Hub]:
    """A hub that goes on from what the folder holds; it ends without a chance to tidy up."""
    run = {name: by_sdk(orchestrator) for name, orchestrator in orchestrators.items()}
    with Store(folder) as store:
        hub = Hub(Functions(run, activities or {}), store, Clock())
        hub.recover()
        try:
            yield hub
        finally:
            await hub.close()


def shown(hub: Hub, instance: str) -> tuple[str, Any]:
    """The status and the output of an instance."""
    found = hub.find(instance)
    assert found is not None
    return found.shown_status, found.output


def kinds(instance: Instance | None) -> list[int]:
    assert instance is not None
    return [found["EventType"] for found in instance.history]
