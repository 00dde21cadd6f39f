"""The alerts look for lines that the gateway really writes, and none that it writes for an alert has none."""

import re

from tests.infra.bicep import INFRA, ROOT, parsed
from tests.infra.page import IN_CODE, table

ID = re.compile(r"countersign\.[a-z_]+")
LOGGED = re.compile(r'_log\.\w+\(\s*"(countersign\.[a-z_]+)')

QUIET = {
    "countersign.approval_unreadable",  # one row of a list; the page shows the others
    "countersign.durable",  # an approval goes on by its timer all the same
    "countersign.spill_empty",  # the end of what `spill` told
}
"""Ids that wake nobody."""


def rules() -> dict[str, str]:
    """Queries by name."""
    found = parsed(INFRA / "modules" / "alerts.bicep")["variables"]["rules"]["value"]
    return {rule["name"]: rule["query"] for rule in found}


def watched() -> set[str]:
    return set(ID.findall(" ".join(rules().values())))


def logged() -> set[str]:
    return {each for file in (ROOT / "gateway").rglob("*.py") for each in LOGGED.findall(file.read_text())}


def test_an_alert_looks_for_ids_that_the_gateway_logs() -> None:
    assert watched() <= logged()


def test_an_id_is_watched_or_wakes_nobody_for_a_reason() -> None:
    assert logged() - watched() == QUIET


def test_the_absence_of_a_line_is_an_alert_too() -> None:
    for name, line in (("no-seal", "countersign.seal_written"), ("no-verification", "countersign.verified")):
        assert f'startswith "{line}" | summarize' in rules()[name]
        assert rules()[name].endswith("== 0")


def test_a_refused_and_a_done_change_of_evidence_are_told_apart() -> None:
    assert "toint(StatusCode) == 403" in rules()["evidence-attempt"]
    assert "toint(StatusCode) < 300" in rules()["evidence-changed"]
    for operation in ("DeleteEntity", "UpdateEntity", "MergeEntity", "InsertOrReplaceEntity", "InsertOrMergeEntity"):
        assert f'"{operation}"' in rules()["evidence-changed"]


def test_the_page_has_every_alert_and_every_id() -> None:
    rows = {IN_CODE.findall(name)[0]: looks for name, looks in table("Alert", "What it looks for")}
    assert rows.keys() == rules().keys()
    for name, looks in rows.items():
        assert set(ID.findall(looks)) == set(ID.findall(rules()[name])), name
