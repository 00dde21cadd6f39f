"""The document of a body: how much of it is kept, where it lies, and what its record says."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import jsontext
from gateway.evidence import payload
from gateway.evidence.bodies import fits, read
from gateway.evidence.payload import Kept, Why, left_out, payload_of
from gateway.values import Action, Hidden, Masked

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('abcü"\n'), inner, max_size=4),
    max_leaves=20,
)
MASKED = Masked({"result": {"a": 1}})
HIDDEN = Hidden("personal", "email", Action.REDACT, "$['a']", digest="d" * 32, count=2)


@given(st.dictionaries(st.text("abc"), json_values, max_size=4))
def test_what_is_kept_is_read_again_as_it_was(message: dict[str, Any]) -> None:
    made = payload_of(10, "o" * 32, Masked(message))
    content = str(made.fields["content"]) if "content" in made.fields else made.content
    document = read(content)
    assert document is not None
    assert (document.message, fits(document, str(made.fields["kept"]))) == (message, True)
    if made.content:
        assert made.digest == hashlib.sha256(made.content).hexdigest()


@pytest.mark.parametrize("text", ["ü" * 3_000, "\U0001f600" * 900, '"\\\n' * 900, "x" * 5_000])
def test_nothing_that_stands_in_a_record_is_longer_than_its_limit(text: str) -> None:
    fields = payload_of(1, "o", Masked({"t": text})).fields
    assert ("content" in fields) != ("payload" in fields)
    assert len(str(fields.get("content", ""))) <= payload.MAX_INLINE


def test_a_cut_in_the_middle_of_a_sign_leaves_it_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = jsontext.write({"t": "üü"})
    for limit in range(1, len(whole)):
        monkeypatch.setattr(payload, "MAX_KEPT", limit)
        made = payload_of(len(whole), "o", Masked({"t": "üü"}))
        beginning = json.loads(str(made.fields["content"]))["beginning"]
        assert (made.fields["kept"], made.fields["kept_why"]) == (Kept.CUT, Why.SIZE)
        assert whole.startswith(beginning.encode())
        assert limit - 1 <= len(beginning.encode()) <= limit


@pytest.mark.parametrize("why", Why)
def test_what_is_left_out_says_why_and_still_what_was_hidden(why: Why) -> None:
    made = payload_of(7, "o" * 32, why, [HIDDEN])
    assert (
        made.fields.items() >= {"kept": "left_out", "kept_why": why, "original": "o" * 32, "original_size": 7}.items()
    )
    told = {"path": "$['a']", "mask": "personal", "by": "email", "action": "redact", "count": 2, "digest": "d" * 32}
    assert json.loads(str(made.fields["content"])) == {"v": 1, "hidden": [told]}
    assert payload_of(7, "o", why).fields.keys() == {"kept", "kept_why", "original", "original_size"}


@pytest.mark.parametrize("message", [{"a": 1}, {"a": "x" * 9_000}])
def test_a_document_that_has_no_place_leaves_its_size_and_digest(message: dict[str, Any]) -> None:
    without = left_out(payload_of(7, "o", Masked(message)), Why.STORE)
    assert without.fields == {"kept": "left_out", "kept_why": "store", "original": "o", "original_size": 7}
    assert (without.content, without.digest) == (b"", "")


def test_a_whole_body_needs_no_reason() -> None:
    assert "kept_why" not in payload_of(1, "o", MASKED).fields
