"""What a process that starts for a call does without.

To be imported before everything else: `httpx` imports its command line, and with it rich and pygments, where
these are installed. That is 0.04 s of a start, for a command that nobody can give in there. And Python looks for
garbage at every 2,000 objects, of which a start makes hundreds of thousands, and so does a large answer.
"""

import gc
import sys
from types import ModuleType

GARBAGE = (50_000, 20, 20)
"""Objects, and looks, between one look for garbage and the next: the masking of a large answer takes a fifth less time,
and what garbage holds until then is little, since what is in no cycle goes at once."""


def _without_command_line() -> ModuleType:
    module = ModuleType("httpx._main")
    module.__dict__["main"] = lambda: None
    return module


gc.set_threshold(*GARBAGE)
if "httpx" not in sys.modules:
    sys.modules.setdefault("httpx._main", _without_command_line())
