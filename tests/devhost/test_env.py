import ssl
import subprocess
from pathlib import Path

import pytest

from devhost import env
from devhost.ports import Ports


def test_a_shell_reads_the_settings_of_the_stack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert env.main(["--state", str(tmp_path), "--first-port", "20000"]) == 0
    lines = capsys.readouterr().out
    script = f'{lines}\nprintf %s "$COUNTERSIGN_STATE"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=10, check=True)
    assert f"127.0.0.1:{Ports.starting_at(20000).table}/" in done.stdout
    assert all(line.startswith("export ") for line in lines.splitlines())
    assert {"IDENTITY_HEADER", "SSL_CERT_FILE", "NO_PROXY"} <= {line.split("=")[0][7:] for line in lines.splitlines()}


def test_a_shell_goes_on_trusting_other_authorities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "ca.pem").write_text("ours\n")
    for _ in range(2):
        assert env.main(["--state", str(tmp_path)]) == 0
    capsys.readouterr()
    text = (tmp_path / "ca-bundle.pem").read_text()
    assert text.count("ours") == 1
    theirs = Path(ssl.get_default_verify_paths().openssl_cafile)
    assert not theirs.is_file() or theirs.read_text() in text


def test_without_a_stack_there_is_a_line_that_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert env.main(["--state", str(tmp_path / "none")]) == 1
    assert "make run" in capsys.readouterr().err


def test_a_port_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert env.main(["--state", str(tmp_path), "--first-port", "x"]) == 2
    assert capsys.readouterr().err
