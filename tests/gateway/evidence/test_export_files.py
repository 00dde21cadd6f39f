import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.export_files import COLUMNS, csv_head, csv_line, guarded
from gateway.evidence.told import told
from tests.gateway.evidence.rows import intent, rows


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|cmd", "  =1"])
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "get_customer", "a=b", "2026-11-23", "1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


@given(st.text())
def test_any_text_comes_back_out_of_the_csv(text: str) -> None:
    row = rows([intent(0, justification=text)])[0]
    line = csv_head() + csv_line(told(row), str(row["hash"]))
    found = list(csv.DictReader(io.StringIO(line, newline="")))
    assert found[0].keys() == set(COLUMNS)
    assert found[0]["justification"] in (told(row)["justification"], f"'{told(row)['justification']}")
