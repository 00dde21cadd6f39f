"""The survey: one search over all strings, numbers and keys of a value, and of the documents in its strings.

A value goes in and a table comes out that says of each string what was found in it, so that the walk costs a look
into that table. Documents are read down to a limit; what lies deeper, and what is nested too deep to be read, is named
as unreadable. What no rule can mean is absent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from gateway.jsontext import is_shallow
from gateway.keyed import Keyed
from gateway.masking.columns import Leaves, TooDeepError
from gateway.masking.compiled import KeyRules, Outcome, Rules
from gateway.masking.documents import OPENERS, Document, Unreadable, read
from gateway.masking.embedded import Pieces, pieces
from gateway.masking.visits import Hits, Steps, visits
from gateway.values import Json

MOST_NESTED = 4
"""How many documents may lie one inside the string of the other."""

type Known = Outcome | Document | Pieces | Unreadable


@dataclass(frozen=True, slots=True)
class Survey:
    """What one search says of a document's strings, numbers and keys. What is absent is left alone."""

    strings: dict[str, Known]
    numbers: dict[str, Outcome]
    """By the text of each: unlike that of text, the hash of a whole number is no secret, so that many may collide."""
    keys: dict[str, Outcome]
    named: dict[str, KeyRules]
    visits: dict[int, Steps] = field(default_factory=dict, compare=False)
    """Where in objects and lists there is something of all this. They hold for as long as the value and this do."""
    roots: list[list[Json]] = field(default_factory=list, compare=False)
    """Kept, as `Leaves.roots`."""


def survey(value: Json, rules: Rules, keyed: Keyed | None = None, nested: int = 0) -> Survey:
    """The survey of all that lies in a value, which itself lies in so many documents. Raises TooDeepError."""
    documents: dict[str, Known] = {}
    leaves = Leaves(rules.least_number)
    leaves.gather([value])
    seen: dict[str, None] = {}
    unnamed: set[str] = set()
    while new := _documents((text for text in leaves.strings if text not in seen), rules, unnamed):
        seen |= leaves.strings
        if nested >= MOST_NESTED:
            documents |= {text: Unreadable() for text in new if text not in documents}
            break
        nested += 1
        documents |= new | _gathered(new, leaves)
        between: dict[str, None] = dict.fromkeys(
            part for known in new.values() for part in _parts(known) if isinstance(part, str)
        )
        leaves.strings |= between
        seen |= between
    return _searched(leaves, documents, rules, keyed, unnamed)


def _gathered(documents: dict[str, Known], leaves: Leaves) -> dict[str, Unreadable]:
    """What lies in the documents is in the leaves; returned are those that are nested too deep for that."""
    inside = {text: [part for part in _parts(known) if isinstance(part, Document)] for text, known in documents.items()}
    try:
        for has_exponents in (False, True):
            parts = chain.from_iterable(inside.values())
            leaves.gather([part.value for part in parts if part.has_exponents is has_exponents], has_exponents)
    except TooDeepError:
        deep = {
            text: Unreadable() for text, parts in inside.items() if not all(is_shallow(part.value) for part in parts)
        }
        rest = {text: known for text, known in documents.items() if text not in deep}
        return deep | _gathered(rest, leaves)
    return {}


def _documents(texts: Iterable[str], rules: Rules, unnamed: set[str]) -> dict[str, Known]:
    """Those among the texts; into the unnamed goes of which it was seen that no name stands in it."""
    found: dict[str, Known] = {}
    for text in [text for text in texts if text and (text[0] in OPENERS or "{" in text)]:
        known: Known | None = read(text) if text[0] in OPENERS else None
        if known is None and "{" in text:
            if not rules.names_in(text):
                unnamed.add(text)
            if rules.paths or text not in unnamed:
                known = pieces(text)
        if known is not None:
            found[text] = known
    return found


def _parts(known: Known) -> tuple[str | Document, ...]:
    if isinstance(known, Pieces):
        return known.parts
    return (known,) if isinstance(known, Document) else ()


def _searched(
    leaves: Leaves, documents: dict[str, Known], rules: Rules, keyed: Keyed | None, unnamed: set[str]
) -> Survey:
    keys, texts = leaves.keys, leaves.strings
    for text in documents:
        texts.pop(text, None)
    spelled = {number: digits for number in leaves.numbers if (digits := _digits(number, rules.shortest_number))}
    texts |= keys | dict.fromkeys(spelled.values())
    outcomes = rules.outcomes(texts, keyed, unnamed)
    strings: dict[str, Known] = {**outcomes, **documents}
    numbers = {number: outcomes[text].of(text) for number, text in spelled.items() if text in outcomes}
    told = {key: outcomes[key] for key in keys if key in outcomes} if outcomes else {}
    named = {key: said for key in keys if (said := rules.key(key)).fields or said.telling}
    where = visits(leaves.levels, Hits(strings, numbers, told.keys() | named.keys()))
    return Survey(strings, numbers, told, named, where, leaves.roots)


def _digits(number: str, shortest: int) -> str | None:
    """The digits of a whole number; None for one with a fraction, an exponent or a sign."""
    whole, _, fraction = number.partition(".")
    return whole if len(whole) >= shortest and whole.isdecimal() and not fraction.strip("0") else None
