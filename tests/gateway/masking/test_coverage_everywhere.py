"""A personal value in every place of every message of the official types: it is gone, and the message still valid."""

import base64
import json
from collections.abc import Iterator

import pytest

from gateway.masking.compiled import compiled
from gateway.masking.ledger import Ledger
from gateway.masking.places import BLOCK_SHAPES, FROM_CLIENT, FROM_SERVER, Each, Items, Opaque, Part, Shape, Told
from gateway.masking.places import Place as Masking
from gateway.masking.walk import Way, walk
from gateway.values import Action, Json, Mask
from tests.gateway.masking.official_messages import ENTRY, FOREIGN, Kind, Place, Step, places

MAIL, CARD, SALARY = "alice@example.com", 4111111111111111, 9125077
VALUES = (MAIL, str(CARD), str(SALARY))
DATA = {ENTRY: SALARY, "note": f"to {MAIL}", "deep": [{"card": str(CARD)}, CARD, {ENTRY: SALARY}]}
SCHEMA = {
    "type": "object",
    "description": f"such as {MAIL}",
    "properties": {ENTRY: {"type": "integer", "default": SALARY}, "p": {"examples": [CARD]}},
    "x-note": [f"{CARD}"],
}
SIDES = {"server": FROM_SERVER, "client": FROM_CLIENT}
PLACES = list(places())


def masked(message: dict[str, Json], side: str, action: Action = Action.REDACT) -> dict[str, Json]:
    rules = compiled((Mask("all", action, detectors=("email", "payment_card"), fields=(ENTRY,)),))
    return walk(message, rules, Ledger(), Way(SIDES[side]))


def place_in(shape: Shape, message: Json, steps: tuple[Step, ...]) -> Masking | None:
    """What the table has for a place of this message; None where it does not know it."""
    place: Masking | None = shape
    for step in steps:
        if place is Part.BLOCKS and isinstance(message, dict):
            place = BLOCK_SHAPES.get(message["type"])
        if isinstance(place, Each | Items):
            place = place.place
        elif isinstance(place, dict) and type(step) is str:
            place = place.get(step)
        while isinstance(place, Told):
            place = place.places.get(str(message.get(place.by)), place.otherwise)
        if place is None or (isinstance(place, Part) and place is not Part.BLOCKS):
            return place
        message = message[step]
    return place


def last_of(place: Place) -> Masking | None:
    return place_in(SIDES[place.side], place.message(MAIL), place.steps)


def test_the_table_knows_every_place_of_the_official_types() -> None:
    assert [place.name for place in PLACES if FOREIGN not in place.steps and last_of(place) is None] == []


def planted(place: Place, masking: Masking | None) -> list[Json]:
    """Values that fit into a place, each with as much to hide as it can hold."""
    texts: list[Json] = [f"see {MAIL} or {CARD}!", json.dumps(DATA)]
    if masking is Part.BLOB:
        return [base64.b64encode(str(text).encode()).decode() for text in texts]
    objects: list[Json] = [SCHEMA if masking in (Part.SCHEMA, Part.RESULT_SCHEMA) else DATA]
    return {
        Kind.TEXT: texts,
        Kind.NUMBER: [CARD],
        Kind.OBJECT: objects,
        Kind.ANYTHING: [*objects, [*texts], CARD],
        Kind.WORD: [],
    }[place.kind]


def strings(value: Json) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def leaks(message: dict[str, Json]) -> list[str]:
    """The values that can be read in a message, also in base64."""
    coded = (text for text in strings(message) if len(text) % 4 == 0 and text.replace("=", "").isalnum())
    read = [json.dumps(message), *(base64.b64decode(text).decode("latin-1") for text in coded)]
    return [value for value in VALUES if any(value in each for each in read)]


ROOMY = [place for place in PLACES if place.kind is not Kind.WORD]


@pytest.mark.parametrize("place", ROOMY, ids=lambda place: place.name)
def test_what_is_planted_in_a_place_is_gone_and_the_message_is_still_valid(place: Place) -> None:
    masking = last_of(place)
    for value in planted(place, masking):
        message = place.message(value)
        place.check(message)
        assert leaks(message)
        for action in (Action.REDACT, Action.DROP):
            seen = masked(message, place.side, action)
            place.check(seen)
            assert seen == message if isinstance(masking, Opaque) else leaks(seen) == []
