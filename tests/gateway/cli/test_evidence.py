import importlib

import pytest

from gateway.cli.evidence import COMMANDS, main
from gateway.cli.printed import MISUSED


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_module_and_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(importlib.import_module(COMMANDS[name][0]).main)
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"python -m gateway evidence {name}" in capsys.readouterr().out


def test_help_names_the_commands_and_an_unknown_one_is_misuse() -> None:
    assert (main(["--help"]).code, "verify" in main(["--help"]).text) == (0, True)
    assert {main(words).code for words in ([], ["nonsense"])} == {MISUSED}
