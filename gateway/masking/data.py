"""The walk below a place where anything may stand: structured content, JSON in a text, error data.

A value goes in and comes out as the rules leave it; what they do not touch is the same object, and
what goes in is never changed. It first surveys all strings of a document in one search, then visits
them, so that a string in which nothing was found costs a look into a table. A document nested too
deep to survey is hidden whole.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

from gateway.jsontext import MAX_DEPTH, Number
from gateway.keyed import Keyed
from gateway.masking.compiled import KeyRules, Outcome, Rules
from gateway.masking.documents import OPENERS, Document, Unreadable, read, write
from gateway.masking.fields import Branch, branches
from gateway.masking.hide import GONE, Gone, Rule, hidden_text, hidden_value, strictest
from gateway.masking.ledger import At, Inside, Ledger
from gateway.values import Action, Json

MOST_NESTED = 4
"""How many documents may lie one inside the string of the other."""

_UNREADABLE = (Rule("*", "unreadable", Action.REDACT, "unreadable"),)
_SHORTEST_NUMBER = 13
"""Digits of the shortest number that a detector takes for a value: a payment card."""
_LEAST_NUMBER = 10 ** (_SHORTEST_NUMBER - 1)
_SHORTEST_TEXT = 6
"""Characters of the shortest text in which a detector finds anything: `a@b.co`."""

_NUMBERS = frozenset({int, Number})
_SPELLED = _NUMBERS | {str}
_CONSTANTS = frozenset({bool, type(None)})


class TooDeepError(ValueError):
    """A value is nested deeper than any that `jsontext.parse` returns."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What one search says of a document's strings, numbers and keys. What is absent is left alone."""

    strings: dict[str, Outcome | Document | Unreadable]
    numbers: dict[int | Number, Outcome]
    keys: dict[str, Outcome]
    named: dict[str, KeyRules]


def survey(value: Json, rules: Rules, keyed: Keyed | None = None) -> Survey:
    """The survey of all that lies in a value. Raises TooDeepError."""
    strings, numbers, keys = _leaves(value)
    documents: dict[str, Outcome | Document | Unreadable] = {}
    texts = [key for key in keys if len(key) >= _SHORTEST_TEXT]
    for text in strings:
        document = read(text) if text[:1] in OPENERS else None
        if document is not None:
            documents[text] = document
        elif len(text) >= _SHORTEST_TEXT:
            texts.append(text)
    spelled = {number: digits for number in numbers if (digits := _digits(number))}
    outcomes = rules.outcomes([*texts, *spelled.values()], keyed)
    return Survey(
        strings={**outcomes, **documents},
        numbers={number: outcomes[text] for number, text in spelled.items() if text in outcomes},
        keys={key: outcomes[key] for key in keys if key in outcomes},
        named={key: said for key in keys if (said := rules.key(key)).fields or said.telling},
    )


def _leaves(value: Json) -> tuple[list[str], list[int | Number], set[str]]:
    strings: list[str] = []
    numbers: list[int | Number] = []
    keys: set[str] = set()
    level: list[Any] = [[value]]
    for _ in range(MAX_DEPTH + 3):
        if not level:
            return strings, numbers, keys
        below: list[Any] = []
        for holder in level:
            _sort(holder, (strings, numbers, keys, below))
        level = below
    raise TooDeepError


def _sort(holder: Any, into: tuple[list[str], list[int | Number], set[str], list[Any]]) -> None:
    strings, numbers, keys, below = into
    if type(holder) is dict:
        keys.update(holder)
        holder = holder.values()
    for item in holder:
        kind = type(item)
        if kind is str:
            strings.append(item)
        elif kind is dict or kind is list:
            below.append(item)
        elif (kind is int and item >= _LEAST_NUMBER) or (kind is Number and len(item.text) >= _SHORTEST_NUMBER):
            numbers.append(item)


def _digits(number: int | Number) -> str | None:
    """The digits of a whole number; None for one with a fraction, an exponent or a sign."""
    whole, _, fraction = str(number).partition(".")
    return whole if whole.isdecimal() and not fraction.strip("0") else None


class DataWalk:
    """The walk over one document, and over those in its strings."""

    def __init__(self, rules: Rules, ledger: Ledger, value: Json, nested: int = 0) -> None:
        """Surveys the value. Raises TooDeepError."""
        self.rules = rules
        self.ledger = ledger
        self._nested = nested
        self._survey = survey(value, rules, ledger.keyed)
        self._special: Collection[str] = self._survey.named.keys() | self._survey.keys.keys()
        self._strings = self._survey.strings
        self._passed = _CONSTANTS if self._survey.numbers else _CONSTANTS | _NUMBERS
        self._idle = not (self._survey.strings or self._survey.numbers or self._special)

    def document(self, value: Json, at: At) -> Json | Gone:
        """The value, which is the root of a document, with the JSON paths applied."""
        branch = branches(value, self.rules.paths) if self.rules.paths else None
        if branch is None:
            return self.value(value, at)
        self.ledger.enter(branch.rules, at, value)
        new = self.value(value, at, branch.rules, branch)
        return GONE if _drops(branch.rules) else new

    def value(self, value: Json, at: At, under: tuple[Rule, ...] = (), branch: Branch | None = None) -> Json | Gone:
        """The value as all rules leave it; `under` are the rules that hit it as a whole."""
        if self._idle and not under and branch is None:
            return value
        if type(value) is dict:
            return self.rebuilt(value, self.members(value, at, under, branch))
        if type(value) is list:
            return self._items(value, at, under, branch)
        return self._leaf(value, at, under)

    def members(
        self, holder: dict[str, Json], at: At, under: tuple[Rule, ...] = (), branch: Branch | None = None
    ) -> dict[str, Json | Gone]:
        """The members that change, by their old keys."""
        changes: dict[str, Json | Gone] = {}
        all_special = bool(under) or branch is not None
        for key, item in holder.items():
            if all_special or key in self._special:
                new = self._member(key, item, at, under, branch)
            else:
                kind = type(item)
                if kind in self._passed or (kind is str and item not in self._strings):
                    continue
                new = self.value(item, (at, key))
            if new is not item:
                changes[key] = new
        return changes

    def rebuilt(
        self, holder: dict[str, Json], changes: Mapping[str, Json | Gone], known: Collection[str] = ()
    ) -> dict[str, Json]:
        """The object with its changes, and without its telltale keys, save those known to be the protocol's."""
        is_telltale = not self._survey.keys.keys().isdisjoint(holder)
        if not changes and not is_telltale:
            return holder
        if not is_telltale and not any(new is GONE for new in changes.values()):
            return {**holder, **changes}
        result: dict[str, Json] = {}
        counts: dict[str, int] = {}
        for key, item in holder.items():
            new = changes.get(key, item)
            if new is GONE:
                continue
            outcome = None if key in known else self._survey.keys.get(key)
            result[key if outcome is None else _free(outcome.text, holder, result, counts)] = new
        return result

    def drops_key(self, key: str, at: At) -> bool:
        """What was found in the key itself is in the ledger; true if it takes the member with it."""
        outcome = self._survey.keys.get(key)
        if outcome is None:
            return False
        self._enter(outcome, at)
        return _drops(outcome.rules)

    def named(self, key: str) -> tuple[Rule, ...]:
        """The field rules that a key meets."""
        said = self._survey.named.get(key)
        return said.fields if said else ()

    def text(self, text: str, at: At) -> str | Gone:
        """A text that was not part of the survey, such as one that lay in base64."""
        walk = DataWalk(self.rules, self.ledger, text, self._nested + 1)
        return cast("str | Gone", walk.value(text, at))

    def _unreadable(self, at: At) -> str:
        # fail-closed: a field rule or an escaped value may wait where the walk does not go.
        self.ledger.enter(_UNREADABLE, at)
        return hidden_text("", "unreadable", Action.REDACT)

    def _member(self, key: str, item: Json, at: At, under: tuple[Rule, ...], branch: Branch | None) -> Json | Gone:
        here = (at, key)
        branch = branch.below.get(key) if branch else None
        rules = self._rules_of(key, item) + (branch.rules if branch else ())
        self.ledger.enter(rules, here, item)
        is_dropped = self.drops_key(key, here) or _drops(rules)
        new = self.value(item, here, under + rules, branch)
        return GONE if is_dropped else new

    def _rules_of(self, key: str, item: Json) -> tuple[Rule, ...]:
        said = self._survey.named.get(key)
        if said is None:
            return ()
        rules = said.fields
        if said.telling and type(item) in _SPELLED and self._known(item) is None:
            spelled = str(item).encode()
            for detector in said.telling:
                if detector.bare and detector.bare.fullmatch(spelled):
                    rules += self.rules.by_detector[detector.name]
        return rules

    def _items(self, holder: list[Json], at: At, under: tuple[Rule, ...], branch: Branch | None) -> list[Json]:
        result: list[Json] = []
        is_changed = False
        all_special = bool(under) or branch is not None
        for index, item in enumerate(holder):
            kind = type(item)
            if not all_special and (kind in self._passed or (kind is str and item not in self._strings)):
                result.append(item)
                continue
            new = self._item(index, item, at, under, branch)
            is_changed = is_changed or new is not item
            if new is not GONE:
                result.append(new)
        return result if is_changed else holder

    def _item(self, index: int, item: Json, at: At, under: tuple[Rule, ...], branch: Branch | None) -> Json | Gone:
        branch = branch.below.get(index) if branch else None
        rules = branch.rules if branch else ()
        self.ledger.enter(rules, (at, index), item)
        new = self.value(item, (at, index), under + rules, branch)
        return GONE if _drops(rules) else new

    def _leaf(self, value: Json, at: At, under: tuple[Rule, ...]) -> Json | Gone:
        known = self._known(value)
        if isinstance(known, Outcome):
            return self._found(value, known, at, under)
        if isinstance(known, Document | Unreadable):
            new = self._document(value, known, at)
            return new if not under else hidden_value(value, under, self.rules.labels, self.ledger.keyed)
        return hidden_value(value, under, self.rules.labels, self.ledger.keyed) if under else value

    def _known(self, value: Json) -> Outcome | Document | Unreadable | None:
        if type(value) is str:
            return self._strings.get(value)
        return self._survey.numbers.get(value) if type(value) in _NUMBERS else None

    def _enter(self, outcome: Outcome, at: At) -> None:
        for rule, value in outcome.hits:
            self.ledger.enter((rule,), at, value)

    def _found(self, value: Json, outcome: Outcome, at: At, under: tuple[Rule, ...]) -> Json | Gone:
        self._enter(outcome, at)
        rules = under + outcome.rules
        in_spans = not under and type(value) is str and not _drops(rules)
        return outcome.text if in_spans else hidden_value(value, rules, self.rules.labels, self.ledger.keyed)

    def _document(self, text: str, document: Document | Unreadable, at: At) -> Json | Gone:
        if isinstance(document, Unreadable) or self._nested >= MOST_NESTED:
            return self._unreadable(at)
        try:
            walk = DataWalk(self.rules, self.ledger, document.value, self._nested + 1)
        except TooDeepError:
            return self._unreadable(at)
        new = walk.document(document.value, (at, Inside.TEXT))
        if new is GONE:
            return GONE
        return text if new is document.value and not document.is_ambiguous else write(new, document)


def _drops(rules: tuple[Rule, ...]) -> bool:
    return bool(rules) and strictest(rules).action is Action.DROP


def _free(name: str, holder: Mapping[str, Json], taken: Mapping[str, Json], counts: dict[str, int]) -> str:
    """The name, or if it is taken the name with a number, the same for the same object."""
    count = counts.get(name, 1)
    free = name if count == 1 else f"{name}#{count}"
    while free in holder or free in taken:
        count += 1
        free = f"{name}#{count}"
    counts[name] = count
    return free
