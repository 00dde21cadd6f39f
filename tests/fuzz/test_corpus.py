"""What the fuzzer has reached stays reached: kept inputs, and others near to them, hold what the targets promise."""

import importlib
import random
import time
from typing import Any

import pytest

from fuzz import TARGETS
from fuzz.inputs import CORPUS, MAX_FILES, MAX_SIZE, inputs

RANDOM = 200
"""Changed inputs of each target."""
SECONDS = 1.0
"""Of processor time for those; the rest of them is left out."""


@pytest.mark.parametrize("target", TARGETS)
def test_every_kept_input_holds_what_the_target_promises(target: str) -> None:
    room = importlib.import_module(f"fuzz.{target}")
    kept = inputs(CORPUS / target)
    assert kept, "run: python -m fuzz TARGET, and then: python -m fuzz TARGET --keep"
    for data in (*room.SEEDS, *kept):
        hold(room, data)


@pytest.mark.parametrize("target", TARGETS)
def test_inputs_near_to_the_kept_ones_hold_it_too(target: str) -> None:
    room, chance = importlib.import_module(f"fuzz.{target}"), random.Random(target)
    known = [*room.SEEDS, *inputs(CORPUS / target)]
    until = time.process_time() + SECONDS
    for _ in range(RANDOM):
        if time.process_time() > until:
            return
        hold(room, changed(chance.choice(known), chance.choice(known), chance))


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_stays_small_enough_to_be_kept(target: str) -> None:
    kept = inputs(CORPUS / target)
    assert len(kept) <= MAX_FILES
    assert all(len(data) <= MAX_SIZE for data in kept)


def hold(room: Any, data: bytes) -> None:
    try:
        room.one_input(data)
    except Exception as error:
        error.add_note(f"the input: {data!r}")
        raise


def changed(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Bits flipped, stretches cut out or doubled, or the end of another input behind the beginning of this one."""
    text = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.randint(1, 8))
        match chance.randrange(4):
            case 0 if start < len(text):
                text[start] ^= 1 << chance.randrange(8)
            case 1:
                del text[start:end]
            case 2:
                text[end:end] = text[start:end]
            case _:
                text[start:] = other[chance.randrange(len(other) + 1) :]
    return bytes(text[:MAX_SIZE])
