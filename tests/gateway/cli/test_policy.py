"""The words of `python -m gateway policy`."""

import pytest

from gateway.cli.policy import main


@pytest.mark.parametrize("command", ["check", "explain", "test"])
def test_each_command_explains_itself_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert f"  python -m gateway policy {command} " in shown
    assert "exit code: 0 " in shown


def test_the_commands_are_listed_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(f"    {command} " in shown for command in ("check", "explain", "test"))
    assert "example: python -m gateway policy check policy.yaml" in shown


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "required: COMMAND"),
        (["chek"], "invalid choice: 'chek'"),
        (["check"], "required: FILE"),
        (["test"], "required: CASES.yaml"),
        (["explain", "--as", "a", "--tool", "b"], "required: --server"),
        (["explain", "--ser", "a"], "required: --server"),
        (["explain", "--server", "a", "--args", "{"], "argument --args: the text is not JSON"),
        (["explain", "--server", "a", "--args", "[]"], "argument --args: must be a JSON object"),
        (["explain", "--server", "a", "--args", '{"a": 1, "a": 2}'], "argument --args: the text has a key twice"),
        (["explain", "--server", "a", "--at", "noon"], "argument --at: 'noon' is no time"),
        (["explain", "--server", "a", "--kind", "robot"], "argument --kind: invalid choice: 'robot'"),
    ],
)
def test_wrong_words_end_with_the_usage_and_exit_code_2(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    captured = capsys.readouterr()
    assert (ended.value.code, captured.out) == (2, "")
    assert captured.err.startswith("usage: python -m gateway policy")
    assert sentence in captured.err
