from gateway.doctor.finding import cannot_tell, fault, ok, warning
from gateway.doctor.report import WIDTH, as_text, as_value

FINDINGS = [
    ok("identity", "a token"),
    fault("policy", "it is not there " * 20, "Put it there."),
    warning("seals", "none yet", "Wait."),
    cannot_tell("retention", "refused", "Ask an owner."),
]


def test_findings_stand_in_columns_with_what_to_do_below() -> None:
    lines = as_text(FINDINGS).splitlines()
    assert lines[0] == "identity   ok           a token"
    assert lines[1].startswith("policy     FAULT        it is not there")
    assert "                        -> Put it there." in lines
    assert lines[-1] == "faults: 1, not seen: 1, warnings: 1, ok: 1"
    assert max(map(len, lines)) <= WIDTH


def test_nothing_is_told_of_nothing() -> None:
    assert as_text([]).strip() == "nothing was looked at"


def test_programs_get_the_code_the_counts_and_each_finding() -> None:
    value = as_value(FINDINGS)
    assert (value["code"], value["counts"]) == (1, {"ok": 1, "warning": 1, "fault": 1, "cannot_tell": 1})
    assert value["findings"][2] == {"check": "seals", "state": "warning", "seen": "none yet", "do": "Wait."}
