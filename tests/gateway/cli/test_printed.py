"""What commands print."""

import json

from gateway.cli.printed import Mistake, Printed, aligned, as_json, mistaken, misused

MISTAKES = [Mistake("policy.yaml", 3, 5, "unknown key 'tool'"), Mistake("people.yaml", 0, 0, "cannot be read")]


def test_mistakes_stand_one_a_line_with_the_place_in_front() -> None:
    printed = mistaken(MISTAKES, is_json=False)
    assert printed == Printed(1, "policy.yaml:3:5: unknown key 'tool'\npeople.yaml: cannot be read")


def test_mistakes_are_told_to_programs_too() -> None:
    printed = mistaken(MISTAKES, is_json=True)
    found = json.loads(printed.text)
    assert (printed.code, found["valid"]) == (1, False)
    assert found["mistakes"][0] == {
        "file": "policy.yaml",
        "line": 3,
        "column": 5,
        "message": "unknown key 'tool'",
    }


def test_a_wrong_command_line_prints_nothing_that_a_program_could_take_for_an_answer() -> None:
    assert misused("say who calls") == Printed(2, complaint="say who calls")


def test_json_is_readable_for_people_too() -> None:
    assert as_json({"name": "Zoë"}, 0).text == '{\n  "name": "Zoë"\n}'


def test_the_columns_of_a_table_are_as_wide_as_their_longest_text() -> None:
    assert aligned([("A", "LONG", "B"), ("aaa", "b", "")]) == ["A    LONG  B", "aaa  b"]
