"""Groups by id and by display name: ids decide, and a name that is not one group's is a mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.document import Policy, PolicyError
from gateway.policy.groups import MAX_NAMES
from gateway.policy.parse import Draft, parse, read, resolve
from tests.gateway.policy.documents import GOOD, changed, mistakes

ID, OTHER = "6f1c0000-0000-4000-8000-000000000001", "6f1c0000-0000-4000-8000-000000000002"
NAMED = changed(ID, "{name: SG-Engineering}")


def draft(document: str = NAMED) -> Draft:
    found = read(document)
    assert isinstance(found, Draft), found
    return found


def told(outcome: Policy | Draft | tuple[PolicyError, ...]) -> list[str]:
    assert isinstance(outcome, tuple)
    return [str(error) for error in outcome]


def test_a_document_without_names_is_a_policy_at_once() -> None:
    assert read(GOOD) == parse(GOOD)
    assert isinstance(read(GOOD), Policy)


def test_a_document_with_names_decides_nothing_before_they_have_ids() -> None:
    assert draft().names == {"engineering": "SG-Engineering"}
    assert not hasattr(draft(), "rules")


def test_the_id_of_a_name_is_what_counts_wherever_its_label_stands() -> None:
    document = NAMED.replace("detect: [email]", "detect: [email]\n    clear_for: [engineering]")
    policy = resolve(draft(document), {"SG-Engineering": (ID.upper(),)})
    assert isinstance(policy, Policy)
    assert policy.groups == {"engineering": ID, "hr": OTHER}
    assert policy.rules[0].who.groups == {ID}
    assert policy.masks["personal"].clear_for == {ID}
    assert policy.digest == draft(document).digest


def test_by_name_or_by_id_the_policy_is_the_same_but_for_its_digest() -> None:
    by_name, by_id = parse(NAMED, {"SG-Engineering": (ID,)}), parse(GOOD)
    assert isinstance(by_name, Policy)
    assert isinstance(by_id, Policy)
    assert (by_name.groups, by_name.rules, by_name.masks) == (by_id.groups, by_id.rules, by_id.masks)


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ((), "no group has the name 'SG-Engineering'; correct it, or write an object id"),
        (
            (ID, OTHER),
            "more than one group has the name 'SG-Engineering'; write the object id of the one that is meant",
        ),
    ],
)
def test_a_name_that_is_not_one_groups_is_told_with_its_line(ids: tuple[str, ...], sentence: str) -> None:
    expected = [f"line 3, column 23: group 'engineering': {sentence} (names are looked up when this document changes)"]
    assert told(resolve(draft(), {"SG-Engineering": ids})) == expected


def test_a_name_that_nobody_looked_up_is_a_mistake() -> None:
    assert mistakes(NAMED) == [
        "line 3, column 23: group 'engineering' is written by name, "
        "and the directory was not asked for 'SG-Engineering'"
    ]


def test_a_name_of_a_group_that_is_written_by_id_too_is_told() -> None:
    assert told(resolve(draft(), {"SG-Engineering": (OTHER,)})) == [
        "line 4, column 7: group 'hr' has the object id of group 'engineering'; keep one label for it"
    ]


def test_what_is_no_id_is_not_taken_for_one() -> None:
    assert told(resolve(draft(), {"SG-Engineering": ("name:sg-engineering",)}))[0].startswith("line 3, column 23")


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("{nmae: x}", "unknown key 'nmae' in group 'engineering'; did you mean 'name'?"),
        ("{}", "group 'engineering' lacks 'name'"),
        ("{name: x, id: y}", "unknown key 'id' in group 'engineering'"),
        ("{name: [x]}", "name of group 'engineering' must be text, not a list"),
        ("{name: ''}", "name of group 'engineering' is empty"),
        ("{name: ' x'}", "name of group 'engineering': a name has up to 256 characters, all visible, no blanks around"),
        ('{name: "a\\u0000b"}', "name of group 'engineering': a name has up to 256 characters"),
        (f"{{name: {'x' * 257}}}", "name of group 'engineering': a name has up to 256 characters"),
        ("[x]", "group 'engineering' must be text, not a list"),
    ],
)
def test_a_badly_written_name_is_told_without_the_directory(value: str, error: str) -> None:
    found = told(read(changed(ID, value)))
    assert any(error in line for line in found), found


def test_two_labels_for_one_name_are_told_whatever_its_case() -> None:
    document = NAMED.replace(OTHER, "{name: sg-engineering}")
    assert told(read(document)) == [
        "line 4, column 7: group 'hr' has the name of group 'engineering'; keep one label for it"
    ]


def test_only_so_many_groups_are_written_by_name() -> None:
    def many(count: int) -> str:
        return GOOD.replace("groups:\n", "groups:\n" + "".join(f"  g{n}: {{name: n{n}}}\n" for n in range(count)))

    assert isinstance(read(many(MAX_NAMES)), Draft)
    [error] = told(read(many(MAX_NAMES + 9)))
    assert f"at most {MAX_NAMES} groups are written by name" in error


def test_other_mistakes_are_told_before_the_directory_is_asked() -> None:
    assert told(read(NAMED.replace("tools:", "tool:")))[-1].startswith("line 17, column 5: unknown key 'tool'")


@given(st.text(max_size=30), st.lists(st.sampled_from([ID, OTHER, "x", ""]), max_size=3))
def test_no_name_and_no_answer_makes_it_raise(name: str, ids: list[str]) -> None:
    document = changed(ID, "{name: " + repr(name) + "}")
    outcome = read(document)
    if isinstance(outcome, Draft):
        resolved = resolve(outcome, dict.fromkeys(outcome.names.values(), tuple(ids)))
        assert isinstance(resolved, tuple) is (ids != [ID])
