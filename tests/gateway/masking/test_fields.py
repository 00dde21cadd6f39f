import pytest
from jsonpath_rfc9535 import JSONPathError

from gateway.jsontext import parse
from gateway.masking.fields import Branch, branches, check_field, folded, path
from gateway.masking.hide import Rule
from gateway.values import Action

RULE = Rule("m", "$", Action.REDACT, "field")


@pytest.mark.parametrize(
    "name",
    ["home_address", "homeAddress", "home-address", "HomeAddress", "HOME_ADDRESS", "home address", "home.address"],
)
def test_a_name_is_the_same_in_every_case_style(name: str) -> None:
    assert folded(name) == "homeaddress"


def test_other_letters_fold_too() -> None:
    assert folded("Straße_Nr") == folded("STRASSE-nr")


@pytest.mark.parametrize(
    "rule", ["salary", "home_address", "Größe", "$.a", "$..ssn", "$['a b'][*]", "$[?@.x > 1].y", "$"]
)
def test_a_good_rule_has_nothing_wrong(rule: str) -> None:
    assert check_field(rule) is None


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("", "no letter"),
        ("--", "no letter"),
        ("customer.ssn", "'$.customer.ssn'"),
        ("a*", "write letters"),
        ("x" * 65, "at most 64"),
        ("$.a[", "not a JSON path"),
        ("$[?match(@.a, '(a+)+b')]", "match"),
        ("$[?search(@.a, 'b')]", "search"),
    ],
)
def test_a_bad_rule_is_answered_with_what_to_write(rule: str, says: str) -> None:
    error = check_field(rule)
    assert error is not None
    assert says in error
    assert "\n" not in error


def test_a_bad_path_does_not_compile() -> None:
    with pytest.raises(JSONPathError):
        path("$.a[")


def test_paths_lead_to_branches() -> None:
    document = {"a": [{"ssn": 1}, {"ssn": 2}], "b": 3}
    assert branches(document, [(path("$.a[*].ssn"), RULE)]) == Branch(
        below={
            "a": Branch(below={0: Branch(below={"ssn": Branch((RULE,))}), 1: Branch(below={"ssn": Branch((RULE,))})})
        }
    )


def test_paths_that_lead_nowhere_are_none() -> None:
    assert branches({"a": 1}, [(path("$.b"), RULE)]) is None


def test_a_place_that_a_path_reaches_twice_has_the_rule_once() -> None:
    assert branches([1], [(path("$[0, 0]"), RULE)]) == Branch(below={0: Branch((RULE,))})


def test_a_filter_compares_numbers_by_value_whatever_their_spelling() -> None:
    document = parse('[{"n":1.50},{"n":2e0},{"n":123456789012345678901}]')
    assert branches(document, [(path("$[?@.n > 1.9]"), RULE)]) == Branch(below={1: Branch((RULE,)), 2: Branch((RULE,))})
