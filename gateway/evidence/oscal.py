"""The evidence in OSCAL 1.2.1 (NIST's language for assessments): a definition of the gateway, and results. Pure.

Takes the table of controls, and for a period the counts and seals, and gives documents as plain values. They
hold observations and no findings: whether a control is satisfied is for an assessor to decide.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.evidence.control import Control
from gateway.evidence.control_table import TABLE
from gateway.evidence.controls import Count

VERSION = "1.2.1"
CATALOG = (
    "https://raw.githubusercontent.com/usnistgov/oscal-content/main/"
    "nist.gov/SP800-53/rev5/json/NIST_SP-800-53_rev5_catalog.json"
)
NAMESPACE = "urn:countersign:oscal"
UPDATED = "2026-11-23T00:00:00Z"
"""When the table was last written; in the definition, so that it is the same however often it is made."""

_SPACE = uuid.UUID("0b8f0d0e-6a52-4d53-9a0b-7f1c0c6f5a10")


@dataclass(frozen=True, slots=True)
class SealNote:
    """One seal that covers records of the period."""

    name: str
    """Of its file or blob."""
    digest: str
    """SHA-256 of its text."""


@dataclass(frozen=True, slots=True)
class Period:
    """What the results are about. Times are RFC 3339, in UTC."""

    start: str
    end: str
    collected: str
    """When the records were read."""
    seals: Sequence[SealNote] = ()


def component_definition() -> dict[str, Any]:
    """Which controls the gateway's evidence serves; the same every time."""
    requirements = [
        {
            "uuid": _id("requirement", control.id),
            "control-id": control.oscal,
            "description": f"{_says(control)} Shown by {', '.join(f'tests/{test}' for test in control.tests)}.",
            "props": [_prop("role", control.role.value)],
        }
        for control in TABLE
    ]
    implementation = {
        "uuid": _id("implementation", "sp800-53"),
        "source": CATALOG,
        "description": "What the evidence of the gateway shows, of a gateway that is configured so.",
        "implemented-requirements": requirements,
    }
    component = {
        "uuid": _id("component", "gateway"),
        "type": "software",
        "title": "Countersign",
        "description": "A gateway for MCP servers on Azure Functions that records each call and decision.",
        "control-implementations": [implementation],
    }
    definition = {
        "uuid": _id("definition", VERSION),
        "metadata": _metadata("Countersign: what its evidence serves", UPDATED),
        "components": [component],
    }
    return {"component-definition": definition}


def assessment_results(count: Count, period: Period) -> dict[str, Any]:
    """One observation for each control, with how many records of the period are behind it."""
    key = f"{period.start} {period.end} {period.collected}"
    plan = _id("plan", key)
    result = {
        "uuid": _id("result", key),
        "title": f"Records from {period.start} to {period.end}",
        "description": f"{count.records} records, counted for each control that they serve. No finding is made.",
        "start": period.start,
        "end": period.end,
        "props": [_prop("records", str(count.records))],
        "reviewed-controls": {
            "control-selections": [{"include-controls": [{"control-id": control.oscal} for control in TABLE]}]
        },
        "observations": [_observation(control, count, period, key) for control in TABLE],
    }
    document = {
        "uuid": _id("results", key),
        "metadata": _metadata("Countersign: evidence of a period", period.collected),
        "import-ap": {"href": f"#{plan}"},
        "results": [result],
        "back-matter": {"resources": [_plan(plan), *(_seal(seal) for seal in period.seals)]},
    }
    return {"assessment-results": document}


def _observation(control: Control, count: Count, period: Period, key: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "uuid": _id("observation", f"{key} {control.id}"),
        "title": f"{control.id} {control.title}",
        "description": _says(control),
        "props": [_prop("records", str(count.of(control))), _prop("role", control.role.value)],
        "methods": ["EXAMINE"],
        "types": ["control-objective"],
        "collected": period.collected,
    }
    if period.seals:
        seals = [{"href": f"#{_id('seal', seal.digest)}", "description": f"Seal {seal.name}"} for seal in _ends(period)]
        found["relevant-evidence"] = seals
    return found


def _ends(period: Period) -> Sequence[SealNote]:
    """The first seal and the last: those between are chained to them."""
    return [period.seals[0], *period.seals[1:][-1:]]


def _seal(seal: SealNote) -> dict[str, Any]:
    hashes = [{"algorithm": "SHA-256", "value": seal.digest}]
    return {
        "uuid": _id("seal", seal.digest),
        "title": f"Seal {seal.name}",
        "rlinks": [{"href": f"seals/{seal.name}", "media-type": "application/jose", "hashes": hashes}],
    }


def _plan(identifier: str) -> dict[str, Any]:
    return {
        "uuid": identifier,
        "title": "How the records were assessed",
        "description": "The table of controls of the gateway was matched with every record of the period.",
    }


def _says(control: Control) -> str:
    return f"{control.role.value.capitalize()} {control.id}. {control.shows}"


def _metadata(title: str, modified: str) -> Mapping[str, str]:
    return {"title": title, "last-modified": modified, "version": "1", "oscal-version": VERSION}


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": NAMESPACE, "value": value}


def _id(kind: str, name: str) -> str:
    return str(uuid.uuid5(_SPACE, f"{kind} {name}"))
