"""Each recipe of the cookbook is a good policy, and says what its cases say, alone and beside all the others."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from gateway.authorize import authorize
from gateway.policy.cases import CaseFile, Difference, differences, open_cases, read_cases
from gateway.policy.document import Policy
from gateway.policy.parse import parse
from tests.docs.pages import PAGES, blocks

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECTIONS = re.split(r"^## ", PAGES["cookbook"].read_text(), flags=re.MULTILINE)[1:]
BEGINNING: dict[str, Any] = yaml.safe_load(blocks(SECTIONS[0], "yaml")[0])
RECIPES = {section.partition("\n")[0]: blocks(section, "yaml") for section in SECTIONS[1:]}


def together(*recipes: str) -> Policy:
    """The beginning and these recipes as one document."""
    document: dict[str, Any] = {
        key: value.copy() if isinstance(value, dict) else value for key, value in BEGINNING.items()
    }
    document["rules"] = []
    for recipe in recipes:
        for key, value in yaml.safe_load(recipe).items():
            if key == "rules":
                document["rules"].extend(value)
            else:
                section = document.setdefault(key, {})
                assert not section.keys() & value.keys(), f"two recipes have the same {key}"
                section.update(value)
    policy = parse(yaml.safe_dump(document, sort_keys=False))
    assert isinstance(policy, Policy), policy
    return policy


def failing(policy: Policy, cases: str) -> Iterator[tuple[str, Difference]]:
    file = open_cases(f"policy: policy.yaml\ncases:\n{cases}".encode())
    assert isinstance(file, CaseFile), file
    read = read_cases(file, policy, {})
    assert isinstance(read, list), read
    assert read
    for case in read:
        for difference in differences(case, authorize(policy, case.caller, case.call, case.at or NOW)):
            yield case.name, difference


def test_there_are_twelve_recipes_with_cases() -> None:
    assert len(RECIPES) == 12
    assert [head for head, found in RECIPES.items() if len(found) != 2] == []


@pytest.mark.parametrize("head", RECIPES)
def test_a_recipe_alone_says_what_its_cases_say(head: str) -> None:
    recipe, cases = RECIPES[head]
    assert list(failing(together(recipe), cases)) == []


def test_an_account_that_is_shut_out_gets_nothing_of_all_the_recipes_together() -> None:
    everything = together(*(recipe for recipe, _ in RECIPES.values()))
    cases = RECIPES["10. One account is shut out, now"][1]
    by_that_rule = cases.replace("expect: refuse", "expect: refuse, rules: [incident-4711]")
    assert by_that_rule != cases
    assert list(failing(everything, by_that_rule)) == []


@pytest.mark.parametrize("head", RECIPES)
def test_a_recipe_beside_all_the_others_refuses_what_it_refuses_alone(head: str) -> None:
    everything = together(*(recipe for recipe, _ in RECIPES.values()))
    allowed = [name for name, found in failing(everything, RECIPES[head][1]) if found.found.startswith("allow by")]
    assert allowed == [], "a case that is refused by the recipe alone is allowed by another"


def test_without_its_deny_rule_a_recipe_fails_its_cases() -> None:
    recipe, cases = RECIPES["4. Refunds need a second person, and large ones are not made here"]
    weakened = recipe.replace("effect: deny", "effect: allow")
    assert len(list(failing(together(weakened), cases))) >= 1
