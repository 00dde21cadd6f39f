"""The life of the local stack: its parts started together, and ended together.

Takes the ports and the state folder; `stack` starts the parts in the order that they need and ends
them all, whatever happens inside. A test stops, kills and starts single parts with it; it checks
nothing of the machine, which is the supervisor's business, and takes no signals.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from devhost import certificates, children, parts
from devhost.children import Child, Part, PartError
from devhost.parts import NAMES, POLICY, ROOT, Place
from devhost.ports import Ports


def silent(_line: str) -> None: ...


@dataclass(slots=True)
class Stack:
    """The running parts by name."""

    ports: Ports
    state: Path
    parts: Mapping[str, Part]
    say: Callable[[str], None] = silent
    _children: dict[str, Child] = field(default_factory=dict)
    _died: asyncio.Queue[Child] = field(default_factory=asyncio.Queue)

    def log(self, name: str) -> Path:
        """What the part has written; kept from one start of it to the next."""
        return self.state / "logs" / f"{name}.log"

    def empty_logs(self) -> None:
        for name in self.parts:
            self.log(name).unlink(missing_ok=True)

    async def start(self, name: str) -> None:
        """The part answers. Raises PartError with the end of its log."""
        child = await children.start(self.parts[name], self.log(name), folder=ROOT)
        self._children[name] = child
        if (furnish := self.parts[name].furnish) is not None:
            async with asyncio.timeout(children.READY_WITHIN):
                await furnish()
        child.ended.add_done_callback(lambda _: self._notice(child))
        self.say(f"  {name:<10} {self.parts[name].probe}")

    async def stop(self, name: str) -> int:
        """The part has ended, asked politely first; gives its exit code. The others go on."""
        return await children.stop(self._children.pop(name))

    async def kill(self, name: str) -> int:
        """The part has ended by SIGKILL, in the middle of whatever it did. The others go on."""
        return await children.kill(self._children.pop(name))

    async def start_all(self) -> None:
        """Every part answers, each started as soon as those before it do. Raises the first PartError."""
        ready = {name: asyncio.Event() for name in self.parts}
        try:
            async with asyncio.TaskGroup() as group:
                for name in self.parts:
                    group.create_task(self._start_in_turn(name, ready))
        except* PartError as failures:
            first = failures.exceptions[0]
        else:
            return
        raise first

    async def stop_all(self) -> None:
        """No part runs. The gateway ends first, so that what it does until then finds all others."""
        if "gateway" in self._children:
            await self.stop("gateway")
        await asyncio.gather(*(self.stop(name) for name in list(self._children)))

    async def death(self) -> str:
        """Waits until a part ends without being asked to; says which and how."""
        return children.describe_end(await self._died.get())

    async def _start_in_turn(self, name: str, ready: Mapping[str, asyncio.Event]) -> None:
        for earlier in self.parts[name].after:
            await ready[earlier].wait()
        await self.start(name)
        ready[name].set()

    def _notice(self, child: Child) -> None:
        # Those that were asked to end have been taken out of the table before.
        if self._children.get(child.part.name) is child:
            self._died.put_nowait(child)


@contextlib.asynccontextmanager
async def stack(
    ports: Ports,
    state: Path,
    *,
    names: Collection[str] = NAMES,
    policy: Path = POLICY,
    say: Callable[[str], None] = silent,
) -> AsyncIterator[Stack]:
    """The named parts run inside the block, on these ports and with their data below `state`.

    Raises PartError when one does not start. In the policy's loopback URLs the default ports stand
    for those of this stack.
    """
    async with running(_prepared(ports, state, names, policy, say)) as started:
        yield started


@contextlib.asynccontextmanager
async def running(together: Stack) -> AsyncIterator[Stack]:
    """All parts of the stack run inside the block and none after it; logs begin empty."""
    together.empty_logs()
    try:
        await together.start_all()
        yield together
    finally:
        await together.stop_all()


def _prepared(ports: Ports, state: Path, names: Collection[str], policy: Path, say: Callable[[str], None]) -> Stack:
    place = Place(ports=ports, state=state.absolute(), policy=policy)
    certificates.ensure(place.state)
    (place.state / "azurite").mkdir(exist_ok=True)
    chosen: dict[str, Part] = {}
    for name in NAMES:
        if name in names:
            made = parts.part(name, place)
            chosen[name] = replace(made, after=tuple(earlier for earlier in made.after if earlier in names))
    return Stack(ports=ports, state=place.state, parts=chosen, say=say)


__all__ = ["NAMES", "ROOT", "PartError", "Stack", "running", "stack"]
