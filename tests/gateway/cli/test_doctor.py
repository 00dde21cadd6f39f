import io

import pytest

from gateway.cli import doctor
from tests.fakes.entra import ENVIRONMENT


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_a_check_that_there_is_not_is_misuse() -> None:
    with pytest.raises(SystemExit) as end:
        doctor.main(["--only", "everything"])
    assert end.value.code == 2


def test_a_setting_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COUNTERSIGN_TENANTS")
    printed = doctor.main([])
    assert (printed.code, "COUNTERSIGN_TENANTS" in printed.complaint) == (2, True)


def test_one_check_is_told_to_people_and_to_programs() -> None:
    printed = doctor.main(["--only", "settings"])
    assert printed.text.startswith("settings  warning")
    assert printed.code == 0
    assert '"check": "settings"' in doctor.main(["--only", "settings", "--json"]).text


def test_a_token_comes_from_standard_input_and_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("not-a-token-but-secret\n"))
    printed = doctor.main(["--only", "token", "--token-stdin"])
    assert (printed.code, "TOKEN_MALFORMED" in printed.text) == (1, True)
    assert "not-a-token-but-secret" not in printed.text
