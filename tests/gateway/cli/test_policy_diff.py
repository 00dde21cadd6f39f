"""`policy diff`."""

import json
from pathlib import Path

from gateway.cli.policy import main
from tests.gateway.cli.test_files import written
from tests.gateway.policy.documents import GOOD, changed, good


def test_what_changes_is_told_in_words(tmp_path: Path) -> None:
    old = written(tmp_path, GOOD)
    new = written(tmp_path, changed('["get_*"]', '["get_*", delete_all]'), "new.yaml")
    printed = main(["diff", str(old), str(new)])
    assert (printed.code, printed.text) == (
        1,
        "loosens:               Rule engineers-read: for tools: now also delete_all.",
    )


def test_nothing_is_told_as_nothing(tmp_path: Path) -> None:
    old, new = written(tmp_path, GOOD), written(tmp_path, f"# the same\n{GOOD}", "new.yaml")
    printed = main(["diff", str(old), str(new)])
    assert (printed.code, printed.text) == (0, "Nothing that decides has changed.")


def test_the_changes_are_there_for_programs(tmp_path: Path) -> None:
    old = written(tmp_path, GOOD)
    new = written(tmp_path, changed("detect: [email]", "detect: [email, iban]"), "new.yaml")
    printed = main(["diff", str(old), str(new), "--json"])
    found = json.loads(printed.text)
    assert (printed.code, found["before"]) == (1, good().digest)
    assert found["changes"] == [
        {
            "where": "mask personal",
            "kind": "changed",
            "bearing": "tightens",
            "sentence": "Mask personal: what it finds by its look: now also iban",
        }
    ]


def test_a_group_that_both_write_by_one_name_is_the_same(tmp_path: Path) -> None:
    by_name = changed("engineering: 6f1c0000-0000-4000-8000-000000000001", "engineering: {name: SG-Eng}")
    old, new = written(tmp_path, by_name), written(tmp_path, by_name.replace("SG-Eng", "sg-eng"), "new.yaml")
    assert main(["diff", str(old), str(new)]).code == 0


def test_a_file_that_is_wrong_is_no_change(tmp_path: Path) -> None:
    old, new = written(tmp_path, GOOD), written(tmp_path, changed("effect: allow", "effect: alow"), "new.yaml")
    printed = main(["diff", str(old), str(new)])
    assert (printed.code, "unknown effect 'alow'" in printed.text) == (2, True)
    assert json.loads(main(["diff", str(new), str(old), "--json"]).text)["valid"] is False
