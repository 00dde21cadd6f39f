import csv
from io import StringIO
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.fields import folded
from gateway.masking.tables import cells, named

NAMES = ("homeaddress", "pay")


def found(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The cells of the columns `pay` and `home_address`, and what is said of each."""
    names = named(NAMES)
    assert names is not None
    said = {name: name for name in NAMES}
    encoded = text.encode()
    spans = list(cells(encoded, names, lambda name: said.get(folded(name))))
    assert all(first.end <= second.start for first, second in pairwise(spans))
    return [(encoded[cell.start : cell.end].decode(), cell.said) for cell in spans]


def pay(*contents: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(content, ("pay",)) for content in contents]


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        ("name,pay,x\nAnn,1,a\nBob,2,b", ["1", "2"]),
        ("name,pay\r\nAnn,1\r\nBob,2\r\n", ["1", "2"]),
        ("name;pay\nAnn;1,5\n", ["1,5"]),
        ("name\tpay\nAnn\t1\n", ["1"]),
        ("name|pay\nAnn|1\n", ["1"]),
        ('"name","Pay"\n"An,n","1"\n', ["1"]),
        ('name,pay\n"a\nb",1\nc,2\n', ["1", "2"]),
        ('name,pay\na,"say ""x"", 1"\n', ['say ""x"", 1']),
        ("name, pay \na,  1 \n", ["1"]),
        ("pay,pay\n1,2\n", ["1", "2"]),
        ("\ufeffpay,name\n1,é\n", ["1"]),
        ("pay\n1\n2\n", ["1", "2"]),
        ('pay\n"a\nb"\n', ["a\nb"]),
        ('pay\n"a', ["a"]),
        ("name,pay\nAnn,\n", [""]),
    ],
)
def test_the_cells_of_a_named_column_are_found(text: str, contents: list[str]) -> None:
    assert found(text) == pay(*contents)


@pytest.mark.parametrize("head", ["home_address", "homeAddress", "Home Address", "HOME-ADDRESS", '"Home Address"'])
def test_a_column_is_named_in_every_case_style(head: str) -> None:
    assert found(f"id,{head}\n1,x\n") == [("x", ("homeaddress",))]


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        ("| name | pay |\n|------|----:|\n| Ann | 1 |\n| Bob | 2 |\n", ["1", "2"]),
        ("name | pay\n--- | ---\nAnn | 1\n", ["1"]),
        ("| name | **Pay** |\n|:--|:-:|\n| a \\| b | 1 |\n", ["1"]),
        ("| pay | name |\n|--|--|\n|  | a |\n", [""]),
        (" name | pay \n------+-----\n Ann  |   1\n", ["1"]),
        ("| name | pay |\n|--|--|\n| short |\n", []),
        ("So:\n\n| name | pay |\n|--|--|\n| a | 1 |\n\nand 2 | 3 | 4", ["1"]),
    ],
)
def test_the_cells_of_a_drawn_table_are_found(text: str, contents: list[str]) -> None:
    assert found(text) == pay(*contents)


def test_a_table_below_other_words_ends_at_an_empty_line() -> None:
    assert found("The list:\n\nname,pay\nAnn,1\n\nBob,2\n\npay;id\n3;4\n") == pay("1", "3")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("name,pay\nAnn,1,000\nBob,2\n", ["Ann,1,000", "2"]),
        ("name,pay\nAnn\n", ["Ann"]),
        ('name,pay\n"Ann,1\nBob,2\n', ['"Ann,1\nBob,2\n']),
        ("| name | pay |\n|--|--|\n| a | b | 1 |\n", ["| a | b | 1 |"]),
        ("Pay, and what else\nDear all,\nhello\n", ["Dear all", "hello"]),
    ],
)
def test_a_row_that_does_not_fit_is_taken_whole(text: str, rows: list[str]) -> None:
    assert found(text) == pay(*rows)


def test_a_row_that_does_not_fit_is_named_once_however_often_a_column_is() -> None:
    assert found("pay,pay,home_address\n1\n") == [("1", ("pay", "homeaddress"))]


@pytest.mark.parametrize(
    "text",
    [
        "the pay, and the rest\nDear all, hello\n",
        "Hello.\nWe talked of pay, and of other things, too.\nBest regards, Ann\n",
        "Hello.\npay, and other things\nBest regards\n",
        "name,payment\nAnn,1\n",
        "name,id\nAnn,1\n",
        "pay",
        "pay,name",
        "",
    ],
)
def test_other_lines_are_no_table(text: str) -> None:
    assert found(text) == []


def test_without_names_nothing_is_looked_for() -> None:
    assert named(()) is None
    assert named([""]) is None


CELLS = st.text(st.sampled_from('ab1 ,;|"\n\té'), max_size=6)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=4), st.sampled_from(",;\t"))
def test_every_cell_that_a_reader_of_csv_sees_in_the_column_is_found(rows: list[tuple[str, ...]], sign: str) -> None:
    written = StringIO()
    writer = csv.writer(written, delimiter=sign, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "pay", "x"), *rows])
    contents = [content.replace('""', '"') for content, _ in found(written.getvalue())]
    assert contents == [row[1] for row in rows]


@given(st.text(st.sampled_from('pay,;|-"\n\t\\ é\r')))
def test_whatever_the_text_the_spans_lie_in_it_in_order(text: str) -> None:
    assert all(said == ("pay",) for _, said in found(text))
