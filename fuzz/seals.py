"""What holds of `gateway.seal` and the sealed session ids, whatever text comes as one.

An input is one letter and a text: `r`, the text itself; `m`, a sealed id changed at the places that it names; `c`, what
is sealed. An id opens for its caller and server, in the one spelling that it was given, and in no other.
"""

import base64
from dataclasses import replace
from datetime import UTC, datetime

from gateway.mcp_session import MAX_ID, McpSession, SessionSeal
from gateway.seal import Seal
from gateway.values import Secret
from tests.fakes.values import CALLER

NOW = datetime(2026, 11, 23, tzinfo=UTC)
_SEAL = SessionSeal(Secret(",".join(base64.b64encode(bytes([key]) * 32).decode() for key in (1, 2))))
_RAW = Seal([b"\1" * 32])
_VALID = _SEAL.seal("upstream-1", CALLER, "records", NOW, can_open_pages=True)
_OPENED = McpSession("upstream-1", "20261123", can_open_pages=True)
_ELSEWHERE = ((replace(CALLER, object_id="other"), "records"), (replace(CALLER, client="o"), "records"), (CALLER, "o"))

SEEDS = (
    b"r",
    b"rMdK3RKH0U8jrSQQ5hHwekFYiPBWSvT5AFDYaLOMXs7AFqyVhL8KzIUMUSl7HuT9fhIaKaRK-dA",
    b"rMQ==",
    b"m\x00\x00A",
    b"m\xff\xff=",
    b"m\x00\x50_",
    b"cupstream",
    b"c\xc3\xa9\x00\n",
)


def one_input(data: bytes) -> None:
    letter, rest = data[:1], data[1:]
    if letter == b"c":
        _check_content(rest)
        return
    text = _changed(rest) if letter == b"m" else rest.decode("latin-1")
    expected = _OPENED if text == _VALID else None
    assert _SEAL.open(text, CALLER, "records") == expected
    for caller, server in _ELSEWHERE:
        assert _SEAL.open(text, caller, server) is None
    assert _RAW.open(text.encode(), b"") is None


def _check_content(content: bytes) -> None:
    sealed = _RAW.seal_text(content, b"one")
    assert sealed.isascii()
    assert _RAW.open_text(sealed, b"one") == content
    assert _RAW.open_text(sealed, b"another") is None
    assert len(content) < 4 or content not in base64.urlsafe_b64decode(sealed + "==")
    upstream = content.decode("latin-1")
    sealed = _SEAL.seal(upstream, CALLER, "records", NOW)
    assert _SEAL.open(sealed, CALLER, "records") == (
        McpSession(upstream, "20261123") if len(sealed) <= MAX_ID else None
    )


def _changed(changes: bytes) -> str:
    text = list(_VALID)
    for start in range(0, len(changes) - 2, 3):
        place = int.from_bytes(changes[start : start + 2]) % (len(text) + 1)
        text[place : place + 1] = chr(changes[start + 2])
    return "".join(text)
