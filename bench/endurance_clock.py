"""The wall clock of one process, set wrong and right again while it runs.

Takes a folder and gives what a process needs in its environment; a C compiler makes the library, and where there is
none nothing can be stepped. It touches no other process and no clock of the machine.
"""

import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("endurance_clock.c")


@dataclass(frozen=True, slots=True)
class SteppedClock:
    library: Path
    offset: Path
    """Holds the seconds by which the clock is wrong; the process has it in its memory."""

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "ENDURANCE_CLOCK": str(self.offset)}

    def step(self, seconds: int) -> None:
        """The clock is wrong by so much from now on; 0: right."""
        with self.offset.open("r+b") as file:
            file.write(struct.pack("=q", seconds))


def stepped_clock(folder: Path) -> SteppedClock | None:
    """A clock that is right so far; None where it cannot be made here."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    made = SteppedClock(folder / "clock.so", folder / "clock")
    made.offset.write_bytes(struct.pack("=q", 0))
    command = (compiler, "-shared", "-fPIC", "-O2", "-o", str(made.library), str(SOURCE), "-ldl")
    if subprocess.run(command, check=False, capture_output=True, timeout=60).returncode:
        return None
    return made
