"""What holds of `gateway.mask`, whatever message comes.

An input is one byte that says how the message is masked, and the message as JSON, in which `@@` stands for a value that
every mask here hides. Masking gives a message or blocks it, and never fails; what it gives is JSON with the same shape
and the same types, masked again is the same, and nowhere holds the value. What came in is as it was.
"""

import copy
import json
from typing import Any

from gateway.jsontext import Malformed, Number, parse, write
from gateway.keyed import Keyed
from gateway.mask import FROM_CLIENT, FROM_SERVER, KEPT, KEPT_FROM_CLIENT, SEARCHED, Terms, mask
from gateway.masking.detectors import DETECTORS
from gateway.reasons import Reason
from gateway.values import Action, Json, Mask, Masked
from tests.gateway.masking.messages import MESSAGES, result

VALUE = "canary.of.fuzzing@example.com"
_KEYED = Keyed(b"digests", b"tokens", "session")
_ACTIONS = (Action.REDACT, Action.PARTIAL, Action.TOKEN, Action.DROP, Action.BLOCK)
_TERMS = (FROM_SERVER, KEPT, FROM_CLIENT, KEPT_FROM_CLIENT, SEARCHED, Terms(largest_blob=100))
_MASKS = tuple(
    Mask(
        "m",
        action,
        detectors=tuple(DETECTORS),
        fields=("pay", "$.structuredContent.a[*].b"),
        patterns=(("id", "E-[0-9]{3}"),),
        words=("blue heron",),
    )
    for action in _ACTIONS
)

SEEDS = (
    *(bytes([number]) + write(message).replace(b'"v"', b'" @@ "') for number, message in enumerate(MESSAGES.values())),
    *(
        bytes([number])
        + write(
            result(
                content=[{"type": "text", "text": text}], structuredContent={"a": [{"b": 1.5, "pay": text}], "t": text}
            )
        )
        for number, text in enumerate(
            (
                'so: {"a": [" @@ ", 1.50, {"pay": 7}]} and 4111 1111 1111 1111',
                'id,pay\n1, @@ \n2,"x, y"\n',
                "| id | pay |\n|--|--|\n| 1 | @@ |\n",
                "Basic dG8gYWxpY2VAZXhhbXBsZS5jb20gbm93 %40 &#64; \\u0040 E-123 Blue Heron",
                "[hidden:email] [hidden:pay #0123456789ab] [hidden:pay ...1111]",
                "password=hunter2; AccountKey=YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo=;",
                "data:text/plain;base64,YWxpY2VAZXhhbXBsZS5jb20=",
            )
        )
    ),
    # Found by a search, and mended since.
    b'\x1b{"hqo@@\'@\xc4\xbf@@@0@hhbXBsZStd4d&#6;@@@@99998t":"@%"}',
)


def one_input(data: bytes) -> None:
    message = parse(data[1:].replace(b"@@", VALUE.encode()), duplicates=True)
    if isinstance(message, Malformed) or not isinstance(message, dict):
        return
    how = data[0]
    terms, masks = _TERMS[how % len(_TERMS)], (_MASKS[how // len(_TERMS) % len(_MASKS)],)
    before = copy.deepcopy(message)
    masked = mask(message, masks, _KEYED, terms)
    assert message == before, "the input was changed"
    if not isinstance(masked, Masked):
        assert masked.reason is Reason.BLOCKED, masked
        assert VALUE not in masked.detail
        return
    written = write(masked.message)
    assert parse(written) == masked.message, "masked to what is no JSON"
    assert VALUE not in repr(masked.hidden) + masked.uninspected, "the account of what is hidden tells it"
    again = mask(masked.message, masks, _KEYED, terms)
    assert isinstance(again, Masked), again
    assert again.message == masked.message, "masked twice is not masked once"
    if masks[0].action is not Action.DROP:
        _check_shape(message, masked.message)
    if terms in (KEPT, KEPT_FROM_CLIENT) and f" {VALUE} " in f" {json.dumps(before, default=str)} ":
        assert VALUE.encode() not in written, "the value is still there"


def _check_shape(before: Json, after: Json) -> None:
    """Same types, same lengths; the names of members may be masked as well."""
    assert _kind(before) == _kind(after), (before, after)
    if isinstance(before, dict) and before.keys() == after.keys():
        for key, value in before.items():
            _check_shape(value, after[key])
    elif isinstance(before, list):
        assert len(before) == len(after)
        for one, other in zip(before, after, strict=True):
            _check_shape(one, other)


def _kind(value: Any) -> type:
    return int if isinstance(value, Number) else type(value)
