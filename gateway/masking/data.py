"""The walk below a place where anything may stand: structured content, JSON in a text, error data.

A value goes in and comes out as the rules leave it; what they do not touch is the same object, and
what goes in is never changed. It visits what `survey` has seen, so that a string in which nothing was
found costs a look into a table. A document nested too deep to survey is hidden whole.
"""

from collections.abc import Collection, Mapping
from typing import cast

from gateway import jsontext
from gateway.jsontext import Number
from gateway.masking.columns import TooDeepError
from gateway.masking.compiled import Outcome, Rules
from gateway.masking.documents import Document, Unreadable, write
from gateway.masking.embedded import Pieces
from gateway.masking.fields import Branch, branches
from gateway.masking.folding import folded_text
from gateway.masking.hide import GONE, Gone, Rule, hidden_text, hidden_value, strictest
from gateway.masking.ledger import At, Inside, Ledger
from gateway.masking.survey import MOST_NESTED, Known, survey
from gateway.masking.visits import Steps
from gateway.values import Action, Json

__all__ = ["MOST_NESTED", "DataWalk", "TooDeepError"]

_UNREADABLE = (Rule("*", "unreadable", Action.REDACT, "unreadable"),)

_NUMBERS = frozenset({int, float, Number})
_SPELLED = _NUMBERS | {str}
_CONSTANTS = frozenset({bool, type(None)})


class DataWalk:
    """The walk over one document, and over those in its strings."""

    def __init__(self, rules: Rules, ledger: Ledger, value: Json, nested: int = 0) -> None:
        """Surveys the value. Raises TooDeepError."""
        self.rules = rules
        self.ledger = ledger
        self._nested = nested
        self._survey = survey(value, rules, ledger.keyed, nested)
        # What is to be visited is known by its identity, which nothing else must come to have while the walk lasts.
        self._value = value
        self._visits = self._survey.visits
        self._special = self._survey.named.keys() | self._survey.keys.keys()
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
        if not under and branch is None:
            return value if self._idle else self._found_in(value, at)
        if type(value) is dict:
            changes = self.members(value, at, under, branch)
            return self.rebuilt(value, changes) if changes or self._survey.keys else value
        if type(value) is list:
            return self._items(value, at, under, branch)
        return self._leaf(value, at, under)

    def _found_in(self, value: Json, at: At) -> Json | Gone:
        """The value as the survey leaves it, where no rule hits it as a whole: the way of nearly all values."""
        kind = type(value)
        if kind is str:
            known = self._strings.get(value)
            if type(known) is not Outcome:
                return self._leaf(value, at, ())
            for rule, hit in known.hits:
                self.ledger.hit(rule, at, value if hit is None else hit)
            return GONE if known.drops else known.text
        if kind is not dict and kind is not list:
            return self._leaf(value, at, ())
        steps = self._visits.get(id(value))
        if steps is not None and not steps:
            return value
        return self._in_object(value, at, steps) if kind is dict else self._in_list(value, at, steps)

    def _in_object(self, holder: dict[str, Json], at: At, steps: Steps | None) -> dict[str, Json]:
        # To ask for all keys at once costs a third of asking for each.
        if self._special and not self._special.isdisjoint(holder):
            return self.rebuilt(holder, self.members(holder, at, steps=steps))
        result: dict[str, Json | Gone] = holder
        is_gone = False
        strings, passed = self._strings, self._passed
        for key in holder if steps is None else steps:
            item = holder[key]
            kind = type(item)
            if kind in passed or (kind is str and item not in strings):
                continue
            new = self._found_in(item, (at, key))
            if new is not item:
                result = holder.copy() if result is holder else result
                result[key] = new
                is_gone = is_gone or new is GONE
        return {key: item for key, item in result.items() if item is not GONE} if is_gone else result

    def _in_list(self, holder: list[Json], at: At, steps: Steps | None) -> list[Json]:
        result: list[Json | Gone] = holder
        is_gone = False
        strings, passed = self._strings, self._passed
        for index in range(len(holder)) if steps is None else steps:
            item = holder[index]
            kind = type(item)
            if kind in passed or (kind is str and item not in strings):
                continue
            new = self._found_in(item, (at, index))
            if new is not item:
                result = holder.copy() if result is holder else result
                result[index] = new
                is_gone = is_gone or new is GONE
        return [item for item in result if item is not GONE] if is_gone else result

    def members(
        self,
        holder: dict[str, Json],
        at: At,
        under: tuple[Rule, ...] = (),
        branch: Branch | None = None,
        *,
        steps: Steps | None = None,
    ) -> dict[str, Json | Gone]:
        """The members that change, by their old keys. Those that are not among the steps, if there are any, do not."""
        changes: dict[str, Json | Gone] = {}
        all_special = bool(under) or branch is not None
        special, strings, passed = self._special, self._strings, self._passed
        for key in holder if steps is None else steps:
            item = holder[key]
            kind = type(item)
            if all_special or key in special:
                new = self._member(key, item, at, under, branch)
            elif kind in passed or (kind is str and item not in strings):
                continue
            else:
                new = self._found_in(item, (at, key))
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
        self._enter(outcome, at, key)
        return outcome.drops

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
        known = self._known(item) if said.telling and type(item) in _SPELLED else Unreadable()
        if known is not None and not isinstance(known, Outcome):
            return said.fields
        rules = said.fields
        said_as = jsontext.write(item).decode() if type(item) is float else str(item)
        # What was found as the whole value is in the ledger by that; what is only a part of it leaves the rest bare.
        found = known.of(said_as).hits if known else ()
        spelled = folded_text(said_as).encode(errors="replace")
        for detector in said.telling:
            if detector.bare and detector.bare.fullmatch(spelled):
                rules += tuple(rule for rule in self.rules.by_detector[detector.name] if (rule, said_as) not in found)
        return rules

    def _items(self, holder: list[Json], at: At, under: tuple[Rule, ...], branch: Branch | None) -> list[Json]:
        result: list[Json] = []
        is_changed = False
        for index, item in enumerate(holder):
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
        if known is not None:
            new = self._read(value, known, at)
            return new if not under else hidden_value(value, under, self.rules.labels, self.ledger.keyed)
        return hidden_value(value, under, self.rules.labels, self.ledger.keyed) if under else value

    def _known(self, value: Json) -> Known | None:
        if type(value) is str:
            return self._strings.get(value)
        if type(value) in _NUMBERS:
            return self._survey.numbers.get(str(value)) if self._survey.numbers else None
        return None

    def _enter(self, outcome: Outcome, at: At, text: Json) -> None:
        for rule, value in outcome.hits:
            self.ledger.hit(rule, at, text if value is None else value)

    def _found(self, value: Json, outcome: Outcome, at: At, under: tuple[Rule, ...]) -> Json | Gone:
        self._enter(outcome, at, value)
        if not under and type(value) is str:
            return GONE if outcome.drops else outcome.text
        return hidden_value(value, under + outcome.rules, self.rules.labels, self.ledger.keyed)

    def _read(self, text: str, known: Document | Pieces | Unreadable, at: At) -> Json | Gone:
        if isinstance(known, Unreadable) or self._nested >= MOST_NESTED:
            return self._unreadable(at)
        self._nested += 1
        try:
            new = self._document(known, at) if isinstance(known, Document) else self._pieces(known, at)
        finally:
            self._nested -= 1
        # The same object, so that a holder in which nothing changed stays as it is.
        return text if new == text else new

    def _document(self, document: Document, at: At) -> str | Gone:
        new = self.document(document.value, (at, Inside.TEXT))
        if new is GONE:
            return GONE
        return document.text if new is document.value and not document.is_ambiguous else write(new, document)

    def _pieces(self, pieces: Pieces, at: At) -> str | Gone:
        new = [
            self._document(part, at) if isinstance(part, Document) else cast("str | Gone", self._leaf(part, at, ()))
            for part in pieces.parts
        ]
        parts = [part for part in new if part is not GONE]
        # What is dropped takes the text with it, as it does in a text without documents.
        return "".join(parts) if len(parts) == len(new) else GONE


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
