"""A condition where a policy writes it."""

import pytest

from gateway.policy.condition import Condition, Place
from gateway.policy.conditional import read_condition
from gateway.policy.document import PolicyError
from gateway.policy.nodes import Findings, compose


def read(written: str, place: Place) -> tuple[Condition | None, list[str]]:
    """What is read, and what is wrong with it."""
    node = compose(written.encode())
    assert not isinstance(node, PolicyError)
    findings = Findings()
    return read_condition(node, "when of rule 'r'", {}, place, findings), [str(error) for error in findings.errors]


def test_a_condition_is_read_for_the_place_where_it_stands() -> None:
    for written, place in (("args.n > 1", Place.RULE), ("grant.minutes > 1", Place.GRANT)):
        found, errors = read(written, place)
        assert found is not None
        assert (found.text, errors) == (written, [])


@pytest.mark.parametrize(
    ("written", "place", "error"),
    [
        ("args.n > 1", Place.GRANT, "unknown variable 'args'; known: caller, grant, now"),
        ("grant.minutes > 1", Place.RULE, "unknown variable 'grant'; known: caller, call, args, now"),
        ("true", Place.GRANT, "YAML reads true as true or false; write 'true' in quotes"),
    ],
)
def test_one_that_could_not_be_evaluated_there_is_refused(written: str, place: Place, error: str) -> None:
    assert read(written, place) == (None, [f"line 1, column 1: when of rule 'r': {error}"])
