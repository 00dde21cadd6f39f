"""Checked policies are values."""

from gateway.policy.document import PolicyError, Who
from tests.gateway.policy.documents import good


def test_an_error_says_where_and_what() -> None:
    assert str(PolicyError(12, 3, "unknown key")) == "line 12, column 3: unknown key"


def test_the_same_document_gives_the_same_policy() -> None:
    assert good() == good()


def test_a_who_that_names_nothing_constrains_nothing() -> None:
    assert Who() == Who(groups=frozenset(), roles=frozenset(), kinds=frozenset())
