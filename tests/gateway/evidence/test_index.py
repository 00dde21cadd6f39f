import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.index import chain_of, day_partition, day_row, is_index, person_partition, rows_before

FIELDS = {"time": "2026-11-23T10:00:00.000000Z", "tenant": "t-1", "subject": "mary"}


def keys(**changes: str | int) -> set[tuple[str, str]]:
    found = rows_before(FIELDS | changes, session="20261123-a~b", writer="w.1", today="20261123")
    return {(partition, row) for partition, row, _ in found}


def test_a_record_is_found_by_its_day_and_by_its_person() -> None:
    assert keys() == {("~day-20261123", "20261123-a~b~w.1"), ("~person-t-1.mary", "20261123-a~b")}
    assert all(is_index(partition) for partition, _ in keys())
    assert not is_index("20261123-a")


def test_who_acted_on_it_is_found_as_well() -> None:
    assert ("~person-t-2.lee", "20261123-a~b") in keys(approver="lee", approver_tenant="t-2")
    assert keys(approver="lee,mary") == keys()


def test_a_record_that_is_written_on_another_day_is_found_under_both() -> None:
    days = {partition for partition, _ in keys(time="2026-11-20T23:59:59.999999Z") if partition.startswith("~day-")}
    assert days == {"~day-20261120", "~day-20261123"}


def test_a_record_without_a_time_or_a_person_is_found_by_the_day_of_writing() -> None:
    assert keys(time="", subject="") == {("~day-20261123", "20261123-a~b~w.1")}


def test_a_row_of_a_day_names_its_chain() -> None:
    assert chain_of(day_row("20261123-a~b", "w.1")) == ("20261123-a~b", "w.1")
    assert day_partition("20261123") == "~day-20261123"


@given(st.text(), st.text())
def test_every_name_fits_into_a_key(tenant: str, subject: str) -> None:
    assert re.fullmatch(r"~person-[A-Za-z0-9.@_-]*", person_partition(tenant, subject))
    assert len(person_partition(tenant, subject)) < 512
