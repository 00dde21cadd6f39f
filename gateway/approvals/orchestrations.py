"""The Durable orchestrations of approvals, as the rest of the gateway sees them: started and woken by id.

An orchestration tells people, reminds, escalates and closes; nothing that decides depends on it, so
that one that is late or dead makes nobody's approval valid and keeps nobody's decision from counting.
It gets an approval's id and nothing else, since Durable history is stored in clear.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Protocol

NAME = "approval"
"""Of the orchestrator function; an instance's id is that of its approval."""
SETTLED = "settled"
"""The event that wakes one: its approval is settled, or over."""
PATIENCE = 10.0
"""Seconds for one request to the Durable extension; a caller waits for this."""

_log = logging.getLogger("countersign")


class Orchestrations(Protocol):
    """The orchestrations of this app. Nothing raises; False: the extension did not confirm."""

    async def start(self, approval: str) -> bool:
        """The orchestration of the approval runs. To start it again changes nothing."""

    async def wake(self, approval: str, event: str = SETTLED) -> bool:
        """It has been told to look again. Without one that runs nothing happens."""


class Durable:
    """The orchestrations behind the SDK's client of one invocation."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def start(self, approval: str) -> bool:
        if await self._confirmed(self._client.start_new(NAME, instance_id=approval, client_input=approval)):
            return True
        # The extension refuses to start an id that runs already.
        return await self._confirmed(self._runs(approval))

    async def wake(self, approval: str, event: str = SETTLED) -> bool:
        return await self._confirmed(self._client.raise_event(approval, event, approval))

    async def _runs(self, approval: str) -> None:
        status = await self._client.get_status(approval)
        if not status or status.runtime_status is None or status.runtime_status.name == "Failed":
            raise LookupError("no such orchestration")

    async def _confirmed(self, request: Coroutine[Any, Any, Any]) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                await request
        except Exception as error:  # noqa: BLE001 - the SDK raises bare Exception for every status it does not expect
            _log.warning("countersign.durable %s", type(error).__name__)
            return False
        return True
