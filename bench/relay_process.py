"""What Linux says of a process and all that it started: processor time and memory. And which core runs what.

Processes are found by their session, which whoever starts them gives each of them (`devhost.children`).
"""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    seconds: float
    """Of processor time, in user mode and in the kernel's, since the processes began."""
    memory: int
    """Resident bytes."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Where what is measured runs, and everything else. The same set twice on a machine with one core."""

    measured: frozenset[int]
    others: frozenset[int]

    @classmethod
    def here(cls) -> "Cores":
        cores = sorted(os.sched_getaffinity(0))
        return cls(frozenset(cores[:1]), frozenset(cores[1:2] or cores))

    @property
    def are_apart(self) -> bool:
        return not self.measured & self.others


def pin(cores: frozenset[int]) -> None:
    """This process runs there, and so does what it starts from now on."""
    os.sched_setaffinity(0, cores)


def usage(session: int) -> Usage:
    """Of all processes of that session; nothing, where there are none."""
    seconds, memory = 0.0, 0
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and (fields := _stat(path)) and int(fields[3]) == session:
            seconds += (int(fields[11]) + int(fields[12])) / _TICKS
            memory += int(fields[21]) * _PAGE
    return Usage(seconds, memory)


def _stat(path: Path) -> list[str]:
    """The fields of proc_pid_stat(5) from the third on; empty where the process has ended."""
    try:
        return (path / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def busy(cores: frozenset[int]) -> float:
    """Seconds that these cores have spent on anything since the start of the machine; the most of any of them."""
    lines = (line.split() for line in Path("/proc/stat").read_text().splitlines())
    spent = {name: ticks for name, *ticks in lines if name.startswith("cpu")}
    # All but idle and waiting for disks; time of guests is in user time already.
    counted = (0, 1, 2, 5, 6, 7)
    return max(sum(int(spent[f"cpu{core}"][field]) for field in counted) / _TICKS for core in cores)
