# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""YAML text to nodes to values."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.document import PolicyError
from gateway.policy.nodes import MAX_BYTES, MAX_ERRORS, Findings, compose, entries, mapping, sequence, text, texts


def node(document: str) -> yaml.Node:
    composed = compose(document.encode())
    assert isinstance(composed, yaml.Node)
    return composed


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (b"", "line 1, column 1: the policy is empty; begin with 'version: 1'"),
        (b"# only a comment", "line 1, column 1: the policy is empty; begin with 'version: 1'"),
        (b"a: 1\nb: \xff", "line 2, column 1: this line is not UTF-8; save the file as UTF-8"),
        (
            b"a: [1,\nb: 2",
            "line 3, column 1: not YAML: while parsing a flow sequence, did not find expected ',' or ']'",
        ),
        (
            b"a: 1\n---\nb: 2",
            "line 2, column 1: not YAML: expected a single document in the stream, but found another document",
        ),
        (b"a: \x01", "line 1, column 1: not YAML: control characters are not allowed"),
        (
            b"a: 1\nb: &x 2",
            "line 2, column 4: anchors (&) and aliases (*) are not read; write the value out, and put a glob in quotes",
        ),
        (
            b"a: *x",
            "line 1, column 4: anchors (&) and aliases (*) are not read; write the value out, and put a glob in quotes",
        ),
        (
            b"tools: [*]",
            "line 1, column 10: anchors (&) and aliases (*) are not read; write the value out, and put a glob in quotes",
        ),
        (b"[" * 100_000, "line 1, column 13: nested more than 12 deep, which no policy is"),
        (b"- " * 100_000, "line 1, column 25: nested more than 12 deep, which no policy is"),
        (b"a" * (MAX_BYTES + 1), "line 1, column 1: the policy has 1048577 bytes; at most 1048576 are read"),
    ],
)
def test_a_text_that_is_no_document_is_refused_with_its_place(document: bytes, error: str) -> None:
    found = compose(document)
    assert isinstance(found, PolicyError)
    assert str(found) == error


def test_an_alias_bomb_is_refused_before_it_unfolds() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert isinstance(compose(bomb.encode()), PolicyError)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_it_raise(document: bytes) -> None:
    assert isinstance(compose(document), yaml.Node | PolicyError)


def test_a_mark_at_the_beginning_is_no_part_of_the_document() -> None:
    assert list(mapping(node("\ufeffa: b"), "it", Findings())) == ["a"]


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ("[a]", "line 1, column 1: it must be a mapping, such as 'name: ...'"),
        ("name: 1\nnme: 2", "line 2, column 1: unknown key 'nme' in it; did you mean 'name'?"),
        ("name: 1\nurl: 3\nname: 2", "line 3, column 1: key 'name' is given twice in it, first in line 1; keep one"),
        ("url: 1", "line 1, column 1: it lacks 'name'"),
        ("name: 1\nyes: 2", "line 2, column 1: a key of it: YAML reads yes as true or false; write 'yes' in quotes"),
        ("name: 1\n? [a]\n: 2", "line 2, column 3: a key of it must be text, not a list"),
        ("name: 1\n<<: {url: 2}", "line 2, column 1: a key of it must be text; write '<<' in quotes"),
    ],
)
def test_a_mapping_with_a_mistake_is_told_with_its_place(document: str, error: str) -> None:
    findings = Findings()
    mapping(node(document), "it", findings, ("name", "url"), required=("name",))
    assert [str(found) for found in findings.errors] == [error]


def test_without_known_keys_every_key_is_taken_in_order() -> None:
    assert [item.text for item, _ in entries(node("b: 1\na: 2"), "it", Findings())] == ["b", "a"]


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ("a", "line 1, column 1: it must be a list, such as [a]"),
        ("{a: b}", "line 1, column 1: it must be a list, such as [...]"),
        ("[]", "line 1, column 1: it is empty; name at least one"),
        ("[a, b, a]", "line 1, column 8: 'a' is listed twice in it; keep one"),
        ("[a, 1]", "line 1, column 5: an item of it must be text; write '1' in quotes"),
    ],
)
def test_a_list_with_a_mistake_is_told_with_its_place(document: str, error: str) -> None:
    findings = Findings()
    texts(node(document), "it", findings)
    assert [str(found) for found in findings.errors] == [error]


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ("{a: b}", "it must be text, not a mapping"),
        ("~", "it is empty"),
        ("''", "it is empty"),
        ("off", "it: YAML reads off as true or false; write 'off' in quotes"),
        ("1:30", "it must be text; write '1:30' in quotes"),
        ("2026-11-23", "it must be text; write '2026-11-23' in quotes"),
        ("!!python/object:os.system x", "it must be text; write 'x' in quotes"),
        ("x" * 2001, "it has 2001 characters; at most 2000 are read"),
    ],
)
def test_what_is_not_text_is_told_with_what_to_write(document: str, error: str) -> None:
    findings = Findings()
    assert text(node(document), "it", findings) is None
    assert [found.message for found in findings.errors] == [error]


def test_quoted_words_are_text() -> None:
    assert text(node("'off'"), "it", Findings()) == "off"


def test_no_more_mistakes_are_kept_than_anyone_reads() -> None:
    findings = Findings()
    for item in sequence(node("- x\n" * 500), "it", findings):
        findings.add(item, "wrong")
    assert len(findings.errors) == MAX_ERRORS
    assert str(findings.errors[-1]) == "line 100, column 3: and more from here on; mend the ones above first"
