"""That the worker forgets an invocation once it is answered.

Azure's worker keeps an entry for every HTTP invocation for as long as the process lives (`azure_functions_runtime`
1.3.0, `http_v2.HttpCoordinator`): about 1 KB for each call. Microsoft's next runtime takes the entry out as it hands
the answer over, and so does this, at the same place. It does nothing where the worker is not loaded or is made
differently, and decides nothing about any answer.
"""

import sys
from typing import Any

_WORKER = "azure_functions_runtime.http_v2"


def forget_answered() -> bool:
    """Whether the worker of this process forgets what it has answered, from now on. May be called again."""
    # Not imported: only the worker itself may decide which of its copies runs.
    coordinator = getattr(sys.modules.get(_WORKER), "http_coordinator", None)
    held, take = (getattr(coordinator, name, None) for name in ("_context_references", "_pop_http_response"))
    if not isinstance(held, dict) or not callable(take):
        return False
    if "_pop_http_response" in vars(coordinator):
        return True

    def taken(invocation: str) -> Any:
        try:
            return take(invocation)
        finally:
            held.pop(invocation, None)

    coordinator._pop_http_response = taken  # type: ignore[union-attr]  # it is the worker's, by the checks above
    return True
