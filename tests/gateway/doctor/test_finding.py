from hypothesis import given
from hypothesis import strategies as st

from gateway.doctor.finding import Finding, State, cannot_tell, code_of, fault, ok, warning

FINDINGS = st.lists(
    st.sampled_from([ok("a", "b"), warning("a", "b", "c"), fault("a", "b", "c"), cannot_tell("a", "b", "c")])
)


@given(FINDINGS)
def test_a_fault_outweighs_what_was_not_seen_and_a_warning_weighs_nothing(findings: list[Finding]) -> None:
    states = {finding.state for finding in findings}
    expected = 1 if State.FAULT in states else 3 if State.CANNOT_TELL in states else 0
    assert code_of(findings) == expected


def test_only_what_is_well_needs_nothing_to_be_done() -> None:
    assert ok("a", "b").do == ""
    assert all(made("a", "b", "c").do == "c" for made in (warning, fault, cannot_tell))
