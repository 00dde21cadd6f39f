"""How long the import of an app takes, in a fresh Python each time, with and without compiled modules.

Takes apps and states of their compiled modules and gives processor time of the import alone. Python writes nothing
while it is measured: on Azure the package is mounted read-only, so that what is not compiled is compiled at every
start. Where modules lie compiled is moved with PYTHONPYCACHEPREFIX; the checkout's own stay untouched.
"""

import json
import shutil
import statistics
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.relay_targets import ROOT, inherited

_SCRIPT = """
import json, sys, time
wall, processor, before = time.perf_counter(), time.process_time(), len(sys.modules)
import function_app
took = time.perf_counter() - wall, time.process_time() - processor
print(json.dumps({"wall": took[0], "processor": took[1], "modules": len(sys.modules) - before}))
"""

_PLAIN = """
import azure.functions as func

app = func.FunctionApp()


@app.route(route="health", auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("ok")
"""

_SAME_KIND_CODE = """
import azure.durable_functions as durable
import azure.functions as func
from azurefunctions.extensions.http.fastapi import JSONResponse, Request

app = durable.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="health")
async def health(req: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})
"""

LEAST, SAME_KIND = "empty", "empty, streams and Durable"
ALL, CHECKED, NOT_OURS, NONE = "all", "the app's by hash", "not the app's", "the standard library's alone"
"""What is compiled."""


@dataclass(frozen=True, slots=True)
class Import:
    app: str
    compiled: str
    processor: float
    """Seconds; the median of the rounds, as `wall`."""
    wall: float
    least: float
    """Of processor time."""
    modules: int


def empty_apps(folder: Path) -> dict[str, Path]:
    """Two apps with one route: the least there can be, and one that streams and has Durable, as the gateway."""
    apps = {LEAST: _PLAIN, SAME_KIND: _SAME_KIND_CODE}
    found = {}
    for number, (name, code) in enumerate(apps.items()):
        found[name] = folder / f"app{number}"
        found[name].mkdir()
        (found[name] / "function_app.py").write_text(code)
        shutil.copy(ROOT / "host.json", found[name])
    return found


def states(folder: Path, apps: Mapping[str, Path], compiled: Path) -> dict[str, Path]:
    """Folders for PYTHONPYCACHEPREFIX: what each state has compiled, out of what starts of the apps have left."""
    prefixes = {state: folder / f"pyc{number}" for number, state in enumerate((CHECKED, NOT_OURS, NONE))}
    prefixes[ALL] = compiled
    for app in apps.values():
        _run(app, compiled, writes=True)
    for state in (CHECKED, NOT_OURS, NONE):
        shutil.copytree(prefixes[ALL], prefixes[state])
    for state in (CHECKED, NOT_OURS, NONE):
        for app in apps.values():
            _forget(prefixes[state], app / "gateway", app / "function_app.cpython-313.pyc")
    _forget(prefixes[NONE], Path(sysconfig.get_paths()["purelib"]))
    for app in apps.values():
        what = [name for name in ("gateway", "function_app.py") if (app / name).exists()]
        command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", *what]
        subprocess.run(command, cwd=app, env=environment(prefixes[CHECKED], writes=True), check=True, timeout=120)
    return prefixes


def in_turns(wanted: Iterable[tuple[str, Path, str, Path]], rounds: int) -> list[Import]:
    """Every (name, folder, state, prefix), one after the other and all of it again for each round."""
    todo = list(wanted)
    found: list[list[Mapping[str, float]]] = [[] for _ in todo]
    for _ in range(rounds):
        for took, (_, folder, _, prefix) in zip(found, todo, strict=True):
            took.append(_run(folder, prefix))
    return [_import(name, state, took) for (name, _, state, _), took in zip(todo, found, strict=True)]


def environment(prefix: Path, *, writes: bool = False) -> dict[str, str]:
    """That of a process which finds compiled modules there, and writes none unless it should."""
    return inherited() | {"PYTHONPYCACHEPREFIX": str(prefix), "PYTHONDONTWRITEBYTECODE": "" if writes else "1"}


def _import(name: str, state: str, took: list[Mapping[str, float]]) -> Import:
    processor = [each["processor"] for each in took]
    wall = statistics.median(each["wall"] for each in took)
    return Import(name, state, statistics.median(processor), wall, min(processor), int(took[0]["modules"]))


def _run(folder: Path, prefix: Path, *, writes: bool = False) -> Mapping[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        cwd=folder,
        env=environment(prefix, writes=writes),
        capture_output=True,
        check=True,
        timeout=60,
    )
    found: Mapping[str, float] = json.loads(done.stdout)
    return found


def _forget(prefix: Path, *compiled: Path) -> None:
    for each in compiled:
        there = prefix / each.relative_to("/")
        if there.is_dir():
            shutil.rmtree(there)
        else:
            there.unlink(missing_ok=True)
