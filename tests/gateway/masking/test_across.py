"""Values that a server breaks over messages of one stream, piece by piece."""

import copy
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.keyed import Keyed
from gateway.mask import mask
from gateway.masking.across import CHANNELS, KEPT, MOST, TEXTS, Across, Tally
from gateway.masking.detectors import CREDENTIALS, DETECTORS
from gateway.reasons import Reason
from gateway.values import Action, Hidden, Json, Mask, Masked, Refusal

KEYED = Keyed(b"digests", b"tokens", "session")
EVERY = Mask("every", Action.REDACT, detectors=tuple(DETECTORS))
MAIL = "alice@example.com"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLW9mLTEyMzQ"
VALUES = {
    MAIL: "email",
    "4111 1111 1111 1111": "payment_card",
    "DE89 3704 0044 0532 0130 00": "iban",
    "123-45-6789": "us_ssn",
    JWT: "jwt",
}


def note(data: Json, method: str = "notifications/message", **fields: Json) -> dict[str, Json]:
    return {"jsonrpc": "2.0", "method": method, "params": {"level": "info", **fields, "data": data}}


def told(stream: Across, message: dict[str, Json], *masks: Mask) -> Masked:
    """The message as it arrives at the client; `hidden` is what only the messages before it showed."""
    found = stream.masked(message, masks or (EVERY,), KEYED)
    assert isinstance(found, Masked), found
    arrived = mask(found.message, masks or (EVERY,), KEYED)
    assert isinstance(arrived, Masked), arrived
    return Masked(arrived.message, found.hidden)


def stream_of(pieces: list[str], *masks: Mask) -> list[str]:
    """What arrives of a text that is sent in these pieces."""
    stream = Across()
    return [told(stream, note(piece), *masks).message["params"]["data"] for piece in pieces]


def refusal_of(pieces: list[str]) -> Refusal | None:
    """That of a strict stream."""
    stream = Across(is_strict=True)
    found = [stream.masked(note(piece), (EVERY,), KEYED) for piece in pieces]
    return next((each for each in found if isinstance(each, Refusal)), None)


@pytest.mark.parametrize("value", VALUES)
def test_what_is_left_of_a_split_value_is_hidden_and_on_record_with_the_digest_of_the_whole(value: str) -> None:
    stream, half = Across(), len(value) // 2
    assert told(stream, note(f"to {value[:half]}")).message == note(f"to {value[:half]}")
    second = told(stream, note(f"{value[half:]}, said he"))
    assert second.message == note(f"[hidden:{VALUES[value]}], said he")
    digest = KEYED.digest(value.encode())
    assert Hidden("every", VALUES[value], Action.REDACT, "$['params']['data']", digest) in second.hidden


@pytest.mark.parametrize(
    ("pieces", "arrives"),
    [
        (list(MAIL + " now"), "alice@example.c[hidden:email][hidden:email] now"),
        (["password: hunt", "er2h", "unte", "r2 ok"], "password: hunt" + "[hidden:password]" * 3 + " ok"),
        (["password: ", "hunter2hunter2"], "password: [hidden:password]"),
        (["the password: hunter2h", "unter2 ok"], "the password: [hidden:password][hidden:password] ok"),
        (['{"a":"alice\\u00', '40example.com"}'], '{"a":"alice\\u00[hidden:email]"}'),
        (["YWxpY2VAZXhhbX", "BsZS5jb20gaXMgaGVyZQ=="], "YWxpY2VAZXhhbX[hidden:email]"),
        (["é alice＠exam", "ple.com é"], "é alice＠exam[hidden:email] é"),
        (
            ["-----BEGIN PRIVATE KEY-----\n", "MIIEabc\n", "MIIE\n-----END PRIVATE KEY-----\n", "done"],
            "[hidden:private_key]" * 3 + "\ndone",
        ),
    ],
)
def test_a_value_is_hidden_to_its_end_in_however_many_pieces_and_spellings(pieces: list[str], arrives: str) -> None:
    assert "".join(stream_of(pieces)) == arrives


@pytest.mark.parametrize(
    ("lines", "arrive"),
    [
        ([f"mail to {MAIL}", "mail to b@example.com"], ["mail to [hidden:email]", "mail to [hidden:email]"]),
        (["log in ok", f"{MAIL} logs in"], ["log in ok", "[hidden:email] logs in"]),
        (["peer 10.1.2.3", "2 tries"], ["peer [hidden:ip_address]", "2 tries"]),
        (["", "ple.com"], ["", "ple.com"]),
    ],
)
def test_whole_lines_of_a_log_are_not_taken_for_pieces(lines: list[str], arrive: list[str]) -> None:
    assert stream_of(lines) == arrive
    assert refusal_of(lines) is None


@pytest.mark.parametrize("value", VALUES)
def test_a_strict_stream_is_refused_when_part_of_a_value_has_left(value: str) -> None:
    refusal = refusal_of([f"to {value[:9]}", value[9:]])
    assert refusal is not None
    assert refusal.reason is Reason.BLOCKED
    assert refusal.detail == "every at $['params']['data'], split over messages"


def test_a_strict_stream_goes_on_where_nothing_left_in_clear() -> None:
    assert refusal_of(["password: ", "hunter2h", "unter2", " ok"]) is None


@pytest.mark.parametrize(
    ("action", "arrives"),
    [
        (Action.REDACT, "[hidden:email] x"),
        (Action.PARTIAL, "[hidden:email] x"),
        (Action.TOKEN, f"[hidden:email #{KEYED.token(MAIL)}] x"),
        (Action.DROP, ""),
    ],
)
def test_a_piece_is_hidden_as_its_mask_says_but_never_in_part(action: Action, arrives: str) -> None:
    assert stream_of(["alice@exam", "ple.com x"], Mask("m", action, detectors=("email",))) == ["alice@exam", arrives]


def test_a_mask_that_blocks_refuses_the_message_that_completes_the_value() -> None:
    stream, masks = Across(), (Mask("poison", Action.BLOCK, detectors=("payment_card",)),)
    assert isinstance(stream.masked(note("4111 1111"), masks, KEYED), Masked)
    refusal = stream.masked(note(" 1111 1111"), masks, KEYED)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.BLOCKED
    assert refusal.detail == "poison at $['params']['data'], split over messages"


def test_patterns_and_words_of_a_policy_are_looked_for_too() -> None:
    own = Mask("own", Action.REDACT, patterns=(("staff", "EMP-[0-9]{4}"),), words=("blue heron",))
    assert stream_of(["EMP-1", "234 saw a blue he", "ron"], own) == [
        "EMP-1",
        "[hidden:staff] saw a blue he",
        "[hidden:words]",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (note("alice@exam", logger="a"), note("ple.com", logger="b")),
        (note("alice@exam"), note("ple.com", "notifications/other")),
        (note({"a": "alice@exam"}), note({"b": "ple.com"})),
        (note("alice@exam", "notifications/progress", progressToken=1), note("ple.com", "notifications/progress")),
    ],
)
def test_texts_that_do_not_belong_together_are_not_joined(one: dict[str, Json], other: dict[str, Json]) -> None:
    stream = Across()
    assert told(stream, one) == Masked(one)
    assert told(stream, other) == Masked(other)


@pytest.mark.parametrize(
    "message",
    [
        note("", "notifications/progress", progressToken="p", message=...),
        note("", "notifications/tasks/status", taskId="t", status="working", statusMessage=...),
        note({"delta": [{"text": ...}]}),
        note(1, "notifications/claude/chunk", content=[{"type": "text", "text": ...}]),
    ],
)
def test_a_text_goes_on_wherever_it_stands_in_the_message_and_whatever_comes_between(message: dict[str, Json]) -> None:
    stream = Across()

    def with_text(text: str) -> dict[str, Json]:
        filled: dict[str, Json] = json.loads(json.dumps(message, default=lambda _: text))
        return filled

    told(stream, with_text("alice@exam"))
    told(stream, note("elsewhere", logger="another"))
    assert told(stream, with_text("ple.com")).message == with_text("[hidden:email]")


def test_what_is_no_notification_and_what_no_detector_reads_comes_back_as_it_is() -> None:
    stream, field = Across(), Mask("m", Action.REDACT, fields=("salary",))
    answer: dict[str, Json] = {"jsonrpc": "2.0", "id": 1, "result": {"content": []}}
    for message, masks in [(answer, (EVERY,)), (note("x") | {"id": 1}, (EVERY,)), (note("x"), (field,))]:
        assert stream.masked(message, masks, KEYED) == Masked(message)
    assert stream.masked(note("x"), (), KEYED) == Masked(note("x"))
    assert stream.masked({"jsonrpc": "2.0", "method": "ping", "params": [MAIL]}, (EVERY,)).message["params"] == [MAIL]  # type: ignore[union-attr]


def test_no_more_is_kept_than_is_said() -> None:
    stream = Across()
    for number in range(CHANNELS):
        told(stream, note("alice@exam", logger=f"l{number}"))
    told(stream, note("x", logger="l0"))  # the least long ago
    told(stream, note("alice@exam", logger="one more"))
    assert told(stream, note("ple.com", logger="l1")).message["params"]["data"] == "ple.com"
    assert told(stream, note("ple.com", logger="one more")).message["params"]["data"] == "[hidden:email]"
    many = [told(Across(), note(["x"] * TEXTS + ["alice@exam"]))]
    assert many[0].hidden == ()
    ends = vars(stream)["_ends"]
    told(stream, note("x" * 3 * KEPT))
    assert len(ends) == CHANNELS
    assert max(len(end.text) for end in ends.values()) == KEPT
    assert "alice" not in repr(ends) + repr(stream)


def test_what_goes_in_is_not_changed() -> None:
    stream, message = Across(), note({"a": ["ple.com", {"b": 1}]})
    told(stream, note({"a": ["alice@exam"]}))
    before = copy.deepcopy(message)
    found = told(stream, message)
    assert found.message["params"]["data"] == {"a": ["[hidden:email]", {"b": 1}]}
    assert message == before


def test_a_tally_counts_equals_together_is_bounded_and_is_taken_once() -> None:
    tally, hidden = Tally(), Hidden("m", "email", Action.REDACT, "$", "d")
    tally.add([hidden, hidden])
    tally.add([Hidden("m", "email", Action.REDACT, "$", "d", count=3)])
    assert tally.take() == (Hidden("m", "email", Action.REDACT, "$", "d", count=5),)
    assert tally.take() == ()
    tally.add([Hidden("m", "email", Action.REDACT, f"$[{number}]") for number in range(MOST + 5)])
    taken = tally.take()
    assert len(taken) == MOST + 1
    assert taken[-1] == Hidden("m", "email", Action.REDACT, "$ and more", count=5)


def test_the_credentials_are_detectors() -> None:
    assert set(DETECTORS) > CREDENTIALS > {"private_key", "password"}


def _cut(text: str, at: list[int]) -> list[str]:
    ends = sorted({0, len(text), *(place % (len(text) + 1) for place in at)})
    return [text[start:end] for start, end in pairwise(ends)]


FILLING = st.text(st.sampled_from("ab é漢 .,\n"), max_size=12)
PLANTED = st.lists(st.tuples(FILLING, st.sampled_from(sorted(VALUES))), min_size=1, max_size=3)
CUTS = st.lists(st.integers(0, 400), min_size=1, max_size=4)


@given(PLANTED, FILLING, CUTS)
def test_no_value_arrives_whole_however_its_text_is_cut(
    planted: list[tuple[str, str]], last: str, cuts: list[int]
) -> None:
    text = "".join(f"{filling} <{value}> " for filling, value in planted) + last
    arrived = "".join(stream_of(_cut(text, cuts)))
    assert [value for _, value in planted if value in arrived] == []


@given(st.text(st.sampled_from("ab é漢\u200b٣%&;\\|,\n\t\"{}[]'"), max_size=60), CUTS)
def test_a_text_without_values_arrives_byte_for_byte_however_it_is_cut(text: str, cuts: list[int]) -> None:
    stream: Any = Across(is_strict=True)
    for piece in _cut(text, cuts):
        message = note(piece)
        found = stream.masked(message, (EVERY,), KEYED)
        assert found == Masked(message)
        assert found.message is message
