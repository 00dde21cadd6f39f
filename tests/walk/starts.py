"""How often functions of the gateway begin, and in which thread, as Python itself counts it."""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

_TOOL = 4
"""One of the numbers that are free for whoever monitors; a debugger, coverage and profilers have others."""


@contextlib.contextmanager
def starts(
    *functions: Callable[..., Any], then: Callable[[str], object] = lambda _name: None
) -> Iterator[list[tuple[str, int]]]:
    """Names and threads, in order, for as long as this lasts; `then` is told each name, in that thread."""
    began: list[tuple[str, int]] = []

    def note(code: CodeType, _offset: int) -> None:
        began.append((code.co_name, threading.get_ident()))
        then(code.co_name)

    start = sys.monitoring.events.PY_START
    sys.monitoring.use_tool_id(_TOOL, "starts")
    sys.monitoring.register_callback(_TOOL, start, note)
    try:
        for function in functions:
            sys.monitoring.set_local_events(_TOOL, function.__code__, start)
        yield began
    finally:
        for function in functions:
            sys.monitoring.set_local_events(_TOOL, function.__code__, 0)
        sys.monitoring.register_callback(_TOOL, start, None)
        sys.monitoring.free_tool_id(_TOOL)
