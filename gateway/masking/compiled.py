"""Masks, compiled: what the walk asks of every key and every text, answered fast.

The masks that apply to one caller go in and come out as one set of rules, kept for the next call
with the same masks. A mask that names an unknown detector or a broken path raises, and what cannot
be compiled is never half applied.
"""

import string
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from gateway.keyed import Keyed
from gateway.masking.candidates import Detector, Pattern
from gateway.masking.custom import of_pattern, of_words
from gateway.masking.detectors import DETECTORS
from gateway.masking.fields import folded, is_path, path
from gateway.masking.folding import folded_text
from gateway.masking.hide import (
    Manner,
    Rule,
    around_markers,
    cutting,
    hidden_spans,
    hidden_text,
    is_bare_marker,
    is_marker,
    manner,
    strictest,
)
from gateway.masking.search import Found, Search, search_for
from gateway.masking.tables import cells, named
from gateway.values import Action, Mask

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathQuery

_SHORTEST_NUMBER = 11
"""Digits of the shortest number that a detector takes for a value without a label: an identity number."""
_LONG_TEXT = 1 << 14
_COLUMN = "column "
_SIGNS = str.maketrans("", "", string.punctuation + string.whitespace)
_ROUNDS = 4
_KEYS_KEPT = 4096
_KEY_KEPT_LENGTH = 128


class Outcome(NamedTuple):
    """A text in which detectors found something, after hiding it."""

    text: str
    rules: tuple[Rule, ...]
    hits: tuple[tuple[Rule, str | None], ...]
    """Each rule with each value that it hit, in the order of the text; None where that is all of it."""
    drops: bool = False
    """One of the rules does, so that the text goes with what holds it."""

    def of(self, text: str) -> "Outcome":
        """The same, with the text where its hits are all of it."""
        return self._replace(hits=tuple([(rule, text if value is None else value) for rule, value in self.hits]))


@dataclass(frozen=True, slots=True)
class KeyRules:
    """What a key says of the value under it."""

    fields: tuple[Rule, ...]
    telling: tuple[Detector, ...]
    """Detectors that take a value under this key at its word."""


_NOTHING = KeyRules((), ())


@dataclass(slots=True)
class Rules:
    detectors: tuple[Detector, ...]
    by_detector: dict[str, tuple[Rule, ...]]
    names: dict[str, tuple[Rule, ...]]
    """By folded field name."""
    paths: tuple[tuple["JSONPathQuery", Rule], ...]
    labels: frozenset[str]
    shortest_number: int = _SHORTEST_NUMBER
    long_text: int = _LONG_TEXT
    """Characters from which on a text is searched again only around what was hidden in it."""
    least_number: int = field(init=False)
    """The least whole number that is searched."""
    _rules_of: dict[str, tuple[Rule, ...]] = field(init=False)
    """By detector, and by the name of a column."""
    _manners: dict[str, Manner] = field(init=False)
    _wholes: dict[str, Outcome] = field(init=False)
    """What is left of a text that is nothing but a value, by detector, where it is the same of all."""
    _telling: dict[str, tuple[Detector, ...]] = field(init=False)
    _named: Pattern | None = field(init=False)
    _search: Search | None = field(init=False)
    _keys: dict[str, KeyRules] = field(init=False, default_factory=dict)
    _at_rest: set[str] = field(init=False, default_factory=set)
    """Markers in which nothing was found: most values are hidden whole, so that nothing else is left of their text."""

    def __post_init__(self) -> None:
        self._search = search_for(self.detectors) if self.detectors else None
        self.least_number = 10 ** (self.shortest_number - 1) if self.shortest_number > 1 else 0
        self._rules_of = self.by_detector | {
            _COLUMN + name: tuple(_in_a_table(rule) for rule in rules) for name, rules in self.names.items()
        }
        self._manners = {name: manner(rules) for name, rules in self._rules_of.items() if rules}
        self._wholes = {
            name: Outcome(way.marker, rules, tuple([(rule, None) for rule in rules]), way.action is Action.DROP)
            for name, rules in self._rules_of.items()
            if rules and (way := self._manners[name]).marker is not None
        }
        self._telling = {}
        for detector in self.detectors:
            for name in detector.names:
                self._telling[name] = (*self._telling.get(name, ()), detector)
        self._named = named({*self.names, *self._telling})

    def names_in(self, text: str) -> bool:
        """Whether the name of a field rule, or a key that tells what its value is, may stand in the text."""
        return self._named is not None and self._named.search(text.encode()) is not None

    def key(self, key: str) -> KeyRules:
        """The rules for a key, `fields` and `telling` empty for most."""
        known = self._keys.get(key)
        if known is not None:
            return known
        # Without its signs a key of ASCII is folded at once.
        name = folded(key.translate(_SIGNS))
        telling, fields = self._telling.get(name, ()), self.names.get(name, ())
        rules = KeyRules(fields, telling) if fields or telling else _NOTHING
        if len(self._keys) >= _KEYS_KEPT:
            self._keys.clear()
        if len(key) <= _KEY_KEPT_LENGTH:
            self._keys[key] = rules
        return rules

    def outcomes(
        self, texts: Collection[str], keyed: Keyed | None = None, unnamed: Collection[str] = ()
    ) -> dict[str, Outcome]:
        """For each text in which a detector finds something: the text after hiding. Others are absent.

        Of the unnamed it is known that `names_in` is false.
        """
        found = self._search.find(texts) if self._search and texts else {}
        tables = self._tables([text for text in texts if text not in unnamed] if unnamed else texts)
        for text, spans in tables.items():
            if spans:
                found[text] = [*found.get(text, ()), *spans]
        if not found:
            return {}
        outcomes = {
            text: self._after_one(text, spans[0], keyed)
            if len(spans) == 1
            else self._after(Outcome(text, (), ()), spans, keyed)
            for text, spans in found.items()
        }
        # Hiding one value can bare another that was glued to it: search until nothing is found.
        open_ = list(outcomes)
        for _ in range(_ROUNDS):
            found = self._find_again(open_, outcomes, tables)
            if not found:
                return outcomes
            open_ = [text for text in open_ if outcomes[text].text in found]
            for text in open_:
                outcomes[text] = self._after(outcomes[text], list(found[outcomes[text].text]), keyed)
        found = self._find_again(open_, outcomes, tables)
        # fail-closed: a text that does not come to rest is hidden whole.
        return outcomes | {text: _whole(outcomes[text]) for text in open_ if outcomes[text].text in found}

    def _find_again(
        self, open_: Sequence[str], outcomes: Mapping[str, Outcome], tables: Collection[str]
    ) -> dict[str, list[Found]]:
        """What is left in texts in which something was hidden: of a long one only what stands around the markers."""
        texts = {outcomes[text].text for text in open_} - self._at_rest
        found = self._search.find([text for text in texts if len(text) < self.long_text]) if self._search else {}
        for text in texts:
            if text not in found and is_bare_marker(text, self.labels):
                self._at_rest.add(text)
            if len(text) >= self.long_text and (spans := self._near_markers(text)):
                found[text] = spans
        # No marker makes the head of a table: it begins and ends with a bracket, which no head has at its name.
        headed = [outcomes[text].text for text in open_ if text in tables]
        for text, spans in self._tables(headed).items():
            if spans:
                found[text] = [*found.get(text, ()), *spans]
        return found

    def _near_markers(self, text: str) -> list[Found]:
        parts = around_markers(text)
        near = self._search.find([part for _, part in parts]) if self._search else {}
        return [
            Found(first + start, first + end, name) for first, part in parts for start, end, name in near.get(part, ())
        ]

    def _tables(self, texts: Iterable[str]) -> dict[str, list[Found]]:
        """The cells that are found in each text in which a name may head a column."""
        heads = self._named
        if heads is None:
            return {}
        lines = [(text, text.encode()) for text in texts if "\n" in text]
        return {text: list(self._in_tables(content, heads)) for text, content in lines if heads.search(content)}

    def _in_tables(self, encoded: bytes, heads: Pattern) -> Iterator[Found]:
        for cell in cells(encoded, heads, self._column):
            content = encoded[cell.start : cell.end].decode()
            fields = [rule for said in cell.said for rule in said.fields]
            if content and not any(is_marker(content, rule, self.labels) for rule in fields):
                yield from (Found(cell.start, cell.end, _COLUMN + folded(rule.by)) for rule in fields)
            spelled = folded_text(content).encode()
            for detector in cell.said[0].telling if len(cell.said) == 1 else ():
                if detector.bare and detector.bare.fullmatch(spelled):
                    yield Found(cell.start, cell.end, detector.name)

    def _column(self, name: str) -> KeyRules | None:
        said = self.key(name)
        return said if said.fields or said.telling else None

    def _after(self, before: Outcome, spans: list[Found], keyed: Keyed | None) -> Outcome:
        cut = cutting(before.text)
        spans.sort()
        hits = [(rule, cut(start, end)) for start, end, name in spans for rule in self._rules_of[name]]
        kinds = {span.detector for span in spans}
        in_order = kinds if len(kinds) == 1 else [name for name in self._rules_of if name in kinds]
        rules = dict.fromkeys((*before.rules, *(rule for name in in_order for rule in self._rules_of[name])))
        drops = any(rule.action is Action.DROP for rule in rules)
        hidden = hidden_spans(before.text, spans, self._rules_of, keyed)
        return Outcome(hidden, tuple(rules), (*before.hits, *hits), drops)

    def _after_one(self, text: str, span: Found, keyed: Keyed | None) -> Outcome:
        """As `_after`, for the most frequent case by far."""
        start, end, name = span
        is_ascii = text.isascii()
        if is_ascii and end - start == len(text) and (whole := self._wholes.get(name)) is not None:
            return whole
        rules, (action, label, marker) = self._rules_of[name], self._manners[name]
        if is_ascii:
            before, value, after = text[:start], text[start:end], text[end:]
        else:
            cut = cutting(text)
            before, value, after = cut(0, start), cut(start, end), cut(end, None)
        marker = marker or hidden_text(value, label, action, keyed)
        hits = ((rules[0], value),) if len(rules) == 1 else tuple([(rule, value) for rule in rules])
        return Outcome(before + marker + after, rules, hits, action is Action.DROP)


def _in_a_table(rule: Rule) -> Rule:
    # A table without a cell is none, so that what would be dropped is emptied.
    return replace(rule, action=Action.REDACT) if rule.action is Action.DROP else rule


def _whole(outcome: Outcome) -> Outcome:
    rule = strictest(outcome.rules)
    return outcome._replace(text=hidden_text("", rule.label, rule.action))


@lru_cache(maxsize=256)
def compiled(masks: tuple[Mask, ...]) -> Rules:
    """The masks as one set of rules. Raises KeyError or JSONPathError on what the loader should have refused."""
    detectors: dict[str, Detector] = {}
    by_detector: dict[str, tuple[Rule, ...]] = {}
    names: dict[str, tuple[Rule, ...]] = {}
    paths: list[tuple[JSONPathQuery, Rule]] = []
    for mask in masks:
        for detector in _detectors(mask):
            name, label = detector.name, detector.name.rpartition("/")[2]
            detectors[name] = detector
            by_detector[name] = (*by_detector.get(name, ()), Rule(mask.name, label, mask.action, label))
        for rule in mask.fields:
            if is_path(rule):
                paths.append((path(rule), Rule(mask.name, rule, mask.action, "field")))
            else:
                name = folded(rule)
                names[name] = (*names.get(name, ()), Rule(mask.name, rule, mask.action, rule))
    found = (rule.label for by in (by_detector, names) for rules in by.values() for rule in rules)
    labels = frozenset({"field", *found})
    if any(mask.patterns or mask.words for mask in masks):
        # What a policy's author looks for may be as short as one sign.
        # And it may say where a text begins and ends, so that no part of one is searched by itself.
        return Rules(tuple(detectors.values()), by_detector, names, tuple(paths), labels, 1, sys.maxsize)
    return Rules(tuple(detectors.values()), by_detector, names, tuple(paths), labels)


def _detectors(mask: Mask) -> Iterator[Detector]:
    """Those of the table, and those that the mask brings; the name of one of its own begins with the mask's."""
    for name in dict.fromkeys(mask.detectors):
        yield DETECTORS[name]
    for name, text in mask.patterns:
        yield of_pattern(f"{mask.name}/{name}", text)
    if mask.words:
        yield of_words(f"{mask.name}/words", mask.words)
