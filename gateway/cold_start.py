"""What a process that starts for a call does without.

To be imported before everything else: `httpx` imports its command line, and with it rich and pygments, where
these are installed. That is 0.04 s of a start, for a command that nobody can give in there.
"""

import sys
from types import ModuleType


def _without_command_line() -> ModuleType:
    module = ModuleType("httpx._main")
    module.__dict__["main"] = lambda: None
    return module


if "httpx" not in sys.modules:
    sys.modules.setdefault("httpx._main", _without_command_line())
