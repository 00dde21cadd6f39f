import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def printed(script: str) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def test_the_app_does_not_load_the_command_line_of_its_http_client() -> None:
    script = "import function_app, sys; print(sorted({'pygments', 'rich'} & set(sys.modules)))"
    assert printed(script) == "[]"


def test_the_client_is_whole_but_for_that() -> None:
    script = "import gateway.cold_start, httpx; print(all(hasattr(httpx, name) for name in httpx.__all__))"
    assert printed(script) == "True"


def test_a_client_that_is_there_already_is_left_alone() -> None:
    script = "import httpx, gateway.cold_start; print(httpx.main.__module__)"
    assert printed(script) == "httpx"


def test_the_app_looks_for_garbage_seldom() -> None:
    script = "import function_app, gc; from gateway.cold_start import GARBAGE; print(gc.get_threshold() == GARBAGE)"
    assert printed(script) == "True"
