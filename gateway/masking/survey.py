"""The survey: one search over all strings, numbers and keys of a value, and of the documents in its strings.

A value goes in and a table comes out that says of each string what was found in it, so that the walk costs a look
into that table. Documents are read down to a limit; what lies deeper, and what is nested too deep to be read, is named
as unreadable. What no rule can mean is absent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from gateway.jsontext import MAX_DEPTH, Number
from gateway.keyed import Keyed
from gateway.masking.compiled import KeyRules, Outcome, Rules
from gateway.masking.documents import OPENERS, Document, Unreadable, read
from gateway.masking.embedded import Pieces, pieces
from gateway.values import Json

MOST_NESTED = 4
"""How many documents may lie one inside the string of the other."""

type Known = Outcome | Document | Pieces | Unreadable


class TooDeepError(ValueError):
    """A value is nested deeper than any that `jsontext.parse` returns."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What one search says of a document's strings, numbers and keys. What is absent is left alone."""

    strings: dict[str, Known]
    numbers: dict[str, Outcome]
    """By the text of each: unlike that of text, the hash of a whole number is no secret, so that many may collide."""
    keys: dict[str, Outcome]
    named: dict[str, KeyRules]


@dataclass(slots=True)
class _Leaves:
    strings: dict[str, None]
    numbers: dict[str, None]
    keys: dict[str, None]


def survey(value: Json, rules: Rules, keyed: Keyed | None = None, nested: int = 0) -> Survey:
    """The survey of all that lies in a value, which itself lies in so many documents. Raises TooDeepError."""
    documents: dict[str, Known] = {}
    leaves = _Leaves({}, {}, {})
    values = [value]
    while values:
        strings = _gather(values, leaves, rules.least_number)
        new = _documents((text for text in strings if text not in leaves.strings), rules)
        leaves.strings |= strings
        if nested >= MOST_NESTED:
            documents |= {text: Unreadable() for text in new if text not in documents}
            break
        nested += 1
        documents |= new
        values, parts = _inside(new.values())
        leaves.strings |= dict.fromkeys(parts)
    return _searched(leaves, documents, rules, keyed)


def _documents(texts: Iterable[str], rules: Rules) -> dict[str, Known]:
    found: dict[str, Known] = {}
    for text in texts:
        known: Known | None = read(text) if text[:1] in OPENERS else None
        if known is None and rules.may_name(text):
            known = pieces(text)
        if known is not None:
            found[text] = known
    return found


def _inside(documents: Iterable[Known]) -> tuple[list[Json], list[str]]:
    """The values of documents, and the texts between them."""
    values: list[Json] = []
    parts: list[str] = []
    for known in documents:
        for part in known.parts if isinstance(known, Pieces) else (known,):
            if isinstance(part, Document):
                values.append(part.value)
            elif isinstance(part, str):
                parts.append(part)
    return values, parts


def _searched(leaves: _Leaves, documents: dict[str, Known], rules: Rules, keyed: Keyed | None) -> Survey:
    shortest = rules.shortest_text
    keys = leaves.keys
    texts = [text for text in chain(keys, leaves.strings) if len(text) >= shortest and text not in documents]
    texts += [key for key in keys if key in documents]
    spelled = {number: digits for number in leaves.numbers if (digits := _digits(number, rules.shortest_number))}
    outcomes = rules.outcomes([*texts, *spelled.values()], keyed)
    return Survey(
        strings={**outcomes, **documents},
        numbers={number: outcomes[text] for number, text in spelled.items() if text in outcomes},
        keys={key: outcomes[key] for key in keys if key in outcomes} if outcomes else {},
        named={key: said for key in keys if (said := rules.key(key)).fields or said.telling},
    )


def _gather(values: list[Json], into: _Leaves, least_number: int) -> dict[str, None]:
    """The strings of the values; their keys and long numbers go into the leaves."""
    strings: list[str] = []
    numbers: list[str] = []
    level: list[Any] = [values]
    for _ in range(MAX_DEPTH + 3):
        if not level:
            into.numbers |= dict.fromkeys(numbers)
            return dict.fromkeys(strings)
        into.keys |= dict.fromkeys(chain.from_iterable([holder for holder in level if type(holder) is dict]))
        items = chain.from_iterable([holder.values() if type(holder) is dict else holder for holder in level])
        level = _sorted(items, strings, numbers, least_number)
    raise TooDeepError


def _sorted(items: Iterable[Any], strings: list[str], numbers: list[str], least_number: int) -> list[Any]:
    """The items that hold others."""
    holders: list[Any] = []
    found = strings.append
    shortest = len(str(least_number))
    for item in items:
        kind = type(item)
        if kind is str:
            found(item)
        elif kind is dict or kind is list:
            holders.append(item)
        elif kind is int or kind is float:
            if item >= least_number:
                numbers.append(str(item))
        # To put a fraction into a table costs more than to see that it is one.
        elif kind is Number and len(item.text) >= shortest and _may_be_whole(item.text):
            numbers.append(item.text)
    return holders


def _may_be_whole(number: str) -> bool:
    return number.isdecimal() or number.rstrip("0")[-1:] == "."


def _digits(number: str, shortest: int) -> str | None:
    """The digits of a whole number; None for one with a fraction, an exponent or a sign."""
    whole, _, fraction = number.partition(".")
    return whole if len(whole) >= shortest and whole.isdecimal() and not fraction.strip("0") else None
