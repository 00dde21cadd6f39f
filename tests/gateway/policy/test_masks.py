"""The masks section."""

import pytest

from gateway.masking.detectors import DETECTORS, GROUPS
from gateway.values import Action, Mask
from tests.gateway.policy.documents import changed, good, mistakes

HR = "6f1c0000-0000-4000-8000-000000000002"


def with_mask(body: str) -> str:
    return changed("    detect: [email]\n", "".join(f"    {line}\n" for line in body.split("\n")))


def test_a_mask_is_read_whole() -> None:
    body = "detect: [email, iban]\nfields: [salary, $.customer.ssn]\naction: partial\nclear_for: [hr]"
    assert good(with_mask(body)).masks["personal"] == Mask(
        name="personal",
        action=Action.PARTIAL,
        detectors=("email", "iban"),
        fields=("salary", "$.customer.ssn"),
        clear_for=frozenset({HR}),
    )


def test_without_an_action_a_mask_redacts() -> None:
    assert good().masks["personal"].action is Action.REDACT


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            "detect: [emial]",
            ["line 11, column 14: unknown detector 'emial'; did you mean 'email'? (in mask 'personal')"],
        ),
        (
            "action: drop",
            ["line 11, column 5: mask 'personal' hides nothing; add 'detect: [email]' or 'fields: [salary]'"],
        ),
        ("detect: email", ["line 11, column 13: detect of mask 'personal' must be a list, such as [email]"]),
        (
            "detect: [email]\naction: redct",
            ["line 12, column 13: unknown action 'redct'; did you mean 'redact'? (in mask 'personal')"],
        ),
        (
            "fields: [salary]\nclear_for: [HR]",
            [
                "line 12, column 17: unknown group 'HR'; known: engineering, hr "
                "(in clear_for of mask 'personal'; list it under 'groups' first)"
            ],
        ),
        (
            "fields: [salary]\ndetct: [email]",
            ["line 12, column 5: unknown key 'detct' in mask 'personal'; did you mean 'detect'?"],
        ),
    ],
)
def test_a_mistake_in_a_mask_is_told(body: str, errors: list[str]) -> None:
    assert mistakes(with_mask(body)) == errors


@pytest.mark.parametrize("field", ["customer.ssn", "$.customer[", "***"])
def test_a_field_rule_that_masking_cannot_read_is_told(field: str) -> None:
    [error] = mistakes(with_mask(f"fields: ['{field}']"))
    assert error.startswith(f"line 11, column 14: fields of mask 'personal': '{field}' is not a ")


def test_a_mask_name_must_fit_a_record() -> None:
    document = changed("  personal:\n", "  'a,b':\n").replace("mask: [personal]", "mask: ['a,b']")
    assert mistakes(document) == [
        "line 10, column 3: mask 'a,b': a name has up to 64 letters, digits, '-', '_' and '.'"
    ]


def test_a_group_names_its_detectors_each_of_them_once() -> None:
    mask = good(with_mask("detect: [email, personal_data, jwt, credentials]")).masks["personal"]
    assert mask.detectors == ("email", *GROUPS["personal_data"][1:], "jwt", "private_key", *GROUPS["credentials"][2:])
    assert good(with_mask("detect: [all]")).masks["personal"].detectors == tuple(DETECTORS)
