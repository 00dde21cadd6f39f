"""`policy check`."""

import json
from pathlib import Path

from gateway.cli.policy import main
from tests.gateway.cli.test_files import written
from tests.gateway.policy.documents import GOOD, changed, good


def test_a_good_policy_is_summed_up(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    printed = main(["check", str(path)])
    assert printed.code == 0
    assert printed.text.splitlines() == [
        f"{path}: OK",
        "  servers    1: records",
        "  rules      1",
        "  masks      1: personal",
        "  approvals  none",
        "  grants     none",
        "  limits     none",
        f"  SHA-256    {good().digest}",
    ]


def test_a_good_policy_is_summed_up_for_programs(tmp_path: Path) -> None:
    printed = main(["check", str(written(tmp_path, GOOD)), "--json"])
    found = json.loads(printed.text)
    assert (printed.code, found["valid"], found["policy"]) == (0, True, good().digest)
    assert (found["servers"], found["rules"], found["masks"]) == (["records"], ["engineers-read"], ["personal"])
    assert (found["approvals"], found["grants"], found["limits"]) == ([], [], [])


def test_a_limit_is_named_once_however_many_servers_it_is_on(tmp_path: Path) -> None:
    servers = "servers:\n  open: {url: https://open.example.com/mcp}\n"
    document = changed("servers:\n", servers) + "limits: {gentle: {who: anyone, servers: ['*'], concurrent: 1}}\n"
    assert "  limits     1: gentle" in main(["check", str(written(tmp_path, document))]).text.splitlines()


def test_each_mistake_has_a_line(tmp_path: Path) -> None:
    path = written(tmp_path, changed("effect: allow", "effect: alow").replace("[personal]", "[person]"))
    printed = main(["check", str(path)])
    assert printed.code == 1
    assert [line.partition(": ")[0] for line in printed.text.splitlines()] == [f"{path}:8:12", f"{path}:14:13"]


def test_groups_that_only_the_directory_knows_are_named(tmp_path: Path) -> None:
    by_name = changed("engineering: 6f1c0000-0000-4000-8000-000000000001", "engineering: {name: SG-Eng}")
    printed = main(["check", str(written(tmp_path, by_name))])
    assert printed.code == 0
    assert printed.text.endswith("note       groups written by name are not looked up here: engineering")
