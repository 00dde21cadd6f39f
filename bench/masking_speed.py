"""How fast masking is: megabytes a second on one core, and whether hostile inputs stay linear.

Whole messages go through `gateway.mask.mask`, parsed beforehand as the gateway has them. Sizes are
those of the message as JSON.
"""

import gc
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from bench.corpus import people
from bench.corpus.marks import plain
from bench.corpus.source import source
from bench.masking_spans import masks, result
from gateway import cold_start, jsontext
from gateway.jsontext import Malformed
from gateway.mask import mask
from gateway.masking.detectors import DETECTORS
from gateway.values import Json, Mask

_ROUNDS = 5
_MEGABYTE = 1_000_000
_PLAIN = ("email", "payment_card", "us_ssn", "iban", "phone")


@dataclass(frozen=True, slots=True)
class Speed:
    name: str
    megabytes: float
    seconds: float
    """The median of several rounds."""
    hidden: int

    @property
    def rate(self) -> float:
        return self.megabytes / self.seconds


@dataclass(frozen=True, slots=True)
class Growth:
    """One hostile input and the same twice as long; linear work takes twice the time."""

    name: str
    megabytes: float
    seconds: float
    doubled: float
    outcome: str

    @property
    def ratio(self) -> float:
        return self.doubled / self.seconds


def pin() -> int | None:
    """The one core that this process runs on from here; None where the system cannot tell.

    It looks for garbage as seldom as the gateway does.
    """
    gc.set_threshold(*cold_start.GARBAGE)
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def _took(message: dict[str, Json], rules: tuple[Mask, ...]) -> tuple[float, int, str]:
    # Processor time: what else runs on the machine is not what is measured.
    begin = time.process_time()
    masked = mask(message, rules)
    seconds = time.process_time() - begin
    hidden = getattr(masked, "hidden", None)
    return (seconds, len(hidden), "answered") if hidden is not None else (seconds, 0, "refused")


def _parsed(message: dict[str, Any]) -> tuple[dict[str, Json], float]:
    wire = json.dumps(message, ensure_ascii=False).encode()
    parsed = jsontext.parse(wire)
    if isinstance(parsed, Malformed) or not isinstance(parsed, dict):
        raise TypeError("a message of the bench is no message")
    return parsed, len(wire) / _MEGABYTE


def _rows(count: int, share: float, seed: int) -> list[dict[str, Json]]:
    """Records as an API returns them, of which a share holds personal data."""
    origin = source(Random(seed), ("en_US",))
    random, fake = origin.random, origin.fake
    names, words = [fake.name() for _ in range(200)], [fake.sentence() for _ in range(200)]
    return [
        {
            "id": f"{random.getrandbits(128):032x}",
            "name": random.choice(names),
            "status": random.choice(("active", "closed", "pending")),
            "amount": round(random.uniform(1, 9999), 2),
            "created": f"2026-{random.randint(1, 12):02}-{random.randint(1, 28):02}T10:{random.randint(10, 59)}:00Z",
            "tags": ["north", "wholesale", str(random.randint(100, 999))],
            "comment": random.choice(words),
            "count": random.randint(1, 10**6),
            "contact": plain(people.email(origin)) if random.random() < share else None,
            "card": plain(people.payment_card(origin)) if random.random() < share / 4 else None,
            "nested": {"a": random.choice(words), "flag": True, "ratio": random.random()},
        }
        for _ in range(count)
    ]


def _structured(rows: list[dict[str, Json]]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "result": {"content": [], "structuredContent": {"rows": rows}}}


def speeds(seed: int, megabytes: float) -> list[Speed]:
    """Records with little, some and much to hide, as structured content, as JSON in a text, and as lines of a log."""
    count = int(megabytes * _MEGABYTE / 420)
    clean, some, much = (_rows(count, share, seed) for share in (0, 0.1, 1))
    lines = "\n".join(" ".join(f"{key}={item}" for key, item in row.items()) for row in some)
    messages: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
        "structured, nothing to hide": (_structured(clean), tuple(DETECTORS)),
        "structured, one record in ten": (_structured(some), tuple(DETECTORS)),
        "structured, one in ten, five detectors": (_structured(some), tuple(n for n in _PLAIN if n in DETECTORS)),
        "structured, every record": (_structured(much), tuple(DETECTORS)),
        "JSON in a text, one in ten": (result(json.dumps(some)), tuple(DETECTORS)),
        "compact JSON in a text, one in ten": (result(json.dumps(some, separators=(",", ":"))), tuple(DETECTORS)),
        "JSON in a text, every record": (result(json.dumps(much)), tuple(DETECTORS)),
        "one text of log lines, one in ten": (result(lines), tuple(DETECTORS)),
    }
    return [_speed(name, message, detectors) for name, (message, detectors) in messages.items()]


def _speed(name: str, message: dict[str, Any], detectors: tuple[str, ...]) -> Speed:
    parsed, size = _parsed(message)
    rules = masks(detectors)
    mask(result("warm up"), rules)
    took = [_took(parsed, rules) for _ in range(_ROUNDS)]
    return Speed(name, size, statistics.median(seconds for seconds, _, _ in took), took[0][1])


def _repeated(text: str) -> Callable[[int], dict[str, Any]]:
    return lambda length: result(text * (length // len(text)))


def _deep(length: int) -> dict[str, Any]:
    # Thirty deep, side by side: what is deeper is refused before it is walked.
    tower = "[" * 30 + '"a@b"' + "]" * 30
    return result("[" + ",".join([tower] * (length // len(tower))) + "]")


def _keys(length: int) -> dict[str, Any]:
    return _structured([{f"key{number}@x.co": number for number in range(length // 24)}])


def _numbers(length: int) -> dict[str, Any]:
    return _structured([{"n": int("4" * 4000)} for _ in range(length // 4000)])


def _surrogates(length: int) -> dict[str, Any]:
    return result("[" + ",".join(['"\\ud800 a@b.co"'] * (length // 16)) + "]")


def _groups(length: int) -> dict[str, Any]:
    """Groups of four digits at random, of which a few add up to a card."""
    random = Random(length)
    return result(" ".join([f"{random.randrange(10_000):04}" for _ in range(length // 5)]))


HOSTILE: dict[str, Callable[[int], dict[str, Any]]] = {
    "a@": _repeated("a@"),
    "a@a.": _repeated("a@a."),
    "1": _repeated("1"),
    "4111 ": _repeated("4111 "),
    "groups of four digits": _groups,
    "4111111111111112 ": _repeated("4111111111111112 "),
    "cards": _repeated("4111 1111 1111 1111 "),
    "addresses": _repeated("a@b.co "),
    "escaped addresses": _repeated("a%40b.co "),
    "+49 ": _repeated("+49 "),
    "001-": _repeated("001-"),
    "1.": _repeated("1."),
    "a:": _repeated("a:"),
    "DE89": _repeated("DE89"),
    "eyJ": _repeated("eyJ"),
    "password=": _repeated("password="),
    "BEGIN PRIVATE KEY, never ended": _repeated("-----BEGIN PRIVATE KEY-----"),
    "one word of base64": _repeated("QUJDREVGR0hJSktMTU5PUA"),
    "postgres://a:": _repeated("postgres://a:"),
    "date of birth:": _repeated("date of birth: "),
    "address:": _repeated("address: 1 "),
    "U+FFFD, as for invalid UTF-8": _repeated("a@\ufffd"),
    "zero-width": _repeated("1\u200b"),
    "nested JSON in a text": _deep,
    "half surrogate pairs in a text": _surrogates,
    "numbers of 4,000 digits": _numbers,
    "telltale keys": _keys,
}


# Refused where the message is read, before any of it is masked.
UNREADABLE: dict[str, Callable[[int], bytes]] = {
    "lists in lists": lambda length: b"[" * (length // 2) + b"]" * (length // 2),
    "objects in objects": lambda length: b'{"a":' * (length // 6) + b"1" + b"}" * (length // 6),
    "invalid UTF-8": lambda length: b'{"a":"' + b"a@\xff" * (length // 3) + b'"}',
    "invalid UTF-8 at the end": lambda length: b'{"a":"' + b"a@b." * (length // 4) + b'\xff"}',
}


def growths(megabytes: float) -> list[Growth]:
    """Each hostile input at half the size and at the size, with all detectors on."""
    rules = masks(tuple(DETECTORS))
    length = int(megabytes * _MEGABYTE)
    return [
        *(_growth(name, length, partial(_masked, make, rules)) for name, make in HOSTILE.items()),
        *(_growth(name, length, partial(_read, make)) for name, make in UNREADABLE.items()),
    ]


def _masked(make: Callable[[int], dict[str, Any]], rules: tuple[Mask, ...], length: int) -> tuple[float, int, str]:
    return _took(make(length), rules)


def _growth(name: str, length: int, took: Callable[[int], tuple[float, int, str]]) -> Growth:
    half = min(took(length // 2)[0] for _ in range(2))
    whole = [took(length) for _ in range(2)]
    return Growth(name, length / _MEGABYTE, half, min(seconds for seconds, _, _ in whole), whole[0][2])


def _read(make: Callable[[int], bytes], length: int) -> tuple[float, int, str]:
    wire = make(length)
    begin = time.process_time()
    parsed = jsontext.parse(wire)
    seconds = time.process_time() - begin
    return seconds, 0, "refused when read" if isinstance(parsed, Malformed) else "read"
