import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonpath_rfc9535 import JSONPathError

from gateway.masking.compiled import Rules, compiled
from gateway.masking.detectors import DETECTORS
from gateway.masking.fields import folded
from gateway.masking.hide import Rule
from gateway.masking.search import Search
from gateway.values import Action, Mask
from tests.walk.starts import starts


def rules(*masks: Mask) -> Rules:
    return compiled(masks)


MAIL = Mask("mail", Action.REDACT, detectors=("email",))


def test_the_same_masks_are_compiled_once() -> None:
    assert rules(MAIL) is rules(Mask("mail", Action.REDACT, detectors=("email",)))


def test_an_unknown_detector_is_an_error() -> None:
    with pytest.raises(KeyError):
        rules(Mask("m", Action.REDACT, detectors=("horoscope",)))


def test_a_broken_path_is_an_error() -> None:
    with pytest.raises(JSONPathError):
        rules(Mask("m", Action.REDACT, fields=("$.[",)))


def test_texts_in_which_something_is_found_come_back_hidden_with_the_rules() -> None:
    outcomes = rules(MAIL).outcomes(["a@b.co x", "nothing", "c@d.org"])
    assert {text: outcome.text for text, outcome in outcomes.items()} == {
        "a@b.co x": "[hidden:email] x",
        "c@d.org": "[hidden:email]",
    }
    assert [rule.mask for rule in outcomes["c@d.org"].rules] == ["mail"]


def test_only_a_text_that_is_all_value_is_hidden_whole() -> None:
    # The value has as many bytes as the text has characters.
    assert rules(MAIL).outcomes(["é@b.co!"])["é@b.co!"].text == "[hidden:email]!"
    assert rules(MAIL).outcomes(["é@b.co"])["é@b.co"].text == "[hidden:email]"


def test_every_mask_that_hits_is_named_once_in_the_order_of_the_masks() -> None:
    both = rules(MAIL, Mask("more", Action.PARTIAL, detectors=("us_ssn", "email")))
    [outcome] = both.outcomes(["a@b.co 123-45-6789 c@d.org"]).values()
    assert [(rule.mask, rule.by) for rule in outcome.rules] == [
        ("mail", "email"),
        ("more", "email"),
        ("more", "us_ssn"),
    ]
    assert outcome.text == "[hidden:email] [hidden:us_ssn ...6789] [hidden:email]"


def test_a_value_that_comes_to_light_when_its_neighbour_is_hidden_is_hidden_too() -> None:
    [outcome] = (
        rules(Mask("m", Action.REDACT, detectors=tuple(DETECTORS))).outcomes(["a@b.co4111111111111111"]).values()
    )
    assert outcome.text == "[hidden:email][hidden:payment_card]"
    assert {rule.by for rule in outcome.rules} == {"email", "payment_card"}


def test_a_text_that_does_not_come_to_rest_is_hidden_whole() -> None:
    found_again = Rule("m", "email", Action.REDACT, label="x@y.zz")
    restless = Rules((DETECTORS["email"],), {"email": (found_again,)}, {}, (), frozenset())
    [outcome] = restless.outcomes(["secret a@b.co secret"]).values()
    assert outcome.text == "[hidden:x@y.zz]"


def test_a_key_says_what_its_value_is() -> None:
    found = rules(Mask("m", Action.DROP, detectors=("phone", "email"), fields=("home_address",)))
    assert [rule.by for rule in found.key("HomeAddress").fields] == ["home_address"]
    assert [detector.name for detector in found.key("phone_number").telling] == ["phone"]
    assert not found.key("email").fields
    assert not found.key("email").telling


def test_keys_without_number_do_not_fill_the_memory() -> None:
    found = rules(Mask("bounded", Action.REDACT, fields=("a",)))
    for number in range(10_000):
        found.key(f"key-{number}")
    found.key("k" * 10_000)
    assert len(found._keys) <= 4096
    assert max(map(len, found._keys)) < 1000


def test_what_is_bared_in_a_long_text_is_hidden_too() -> None:
    # The digits are part of a word until the address before them is hidden.
    every = rules(Mask("m", Action.REDACT, detectors=tuple(DETECTORS)))
    line = "see a@b.co4111111111111111 {n}"
    text = "\n".join("plain words and no more" if n % 60 else line.format(n=n) for n in range(4000))
    assert len(text) > every.long_text
    whole = replace(every, long_text=sys.maxsize).outcomes([text])[text]
    assert every.outcomes([text])[text] == whole
    assert "4111" not in whole.text


def test_a_text_of_a_policys_own_pattern_is_always_searched_whole() -> None:
    own = rules(Mask("m", Action.REDACT, detectors=("email",), patterns=(("first", "^word"),)))
    text = "\n".join(["word", *["no more"] * 400, "word", *["no more"] * 2000, "a@b.co"])
    assert own.outcomes([text])[text].text.count("[hidden:first]") == 1


@given(st.text("pPaAyY_- .é\u0130ß1"))
def test_a_key_is_told_by_its_letters_and_digits(key: str) -> None:
    found = rules(Mask("m", Action.REDACT, detectors=("phone",), fields=("pay", "ay1", "i̇")))
    assert found.key(key).fields == found.names.get(folded(key), ())


@given(st.lists(st.sampled_from(["ssn,a", "a,b", "1,a@b.co", "a@b.co,ssn", "123-45-6789,x", ""]), max_size=6))
def test_a_table_is_seen_whatever_was_hidden_in_it_first(lines: list[str]) -> None:
    every = rules(Mask("m", Action.REDACT, detectors=("email", "us_ssn"), fields=("a",)))
    text = "\n".join(lines)
    outcome = every.outcomes([text]).get(text)
    left = outcome.text if outcome else text
    assert every.outcomes([left]) == {}


def test_a_text_of_which_nothing_is_left_is_searched_once() -> None:
    mail = rules(Mask("once", Action.REDACT, detectors=("email",)))
    mail.outcomes(["first@b.co"])
    with starts(Search._hinted) as began:
        assert mail.outcomes(["a@b.co"])["a@b.co"].text == "[hidden:email]"
    assert len(began) == 1


def test_a_word_of_the_policy_that_stands_in_a_marker_is_hidden_each_time() -> None:
    words = rules(MAIL, Mask("words", Action.REDACT, words=("hidden:email",)))
    for _ in range(2):
        assert "email" not in words.outcomes(["a@b.co"])["a@b.co"].text
