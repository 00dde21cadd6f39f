"""One row of the table of controls: what a record tells an assessor, and which tests show it. Values alone.

`control_table` has the rows and `controls` counts the records behind them; nothing here decides anything.
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.events import Event, Outcome


class Role(StrEnum):
    EVIDENCE = "provides evidence for"
    SUPPORTS = "supports"


@dataclass(frozen=True, slots=True)
class Control:
    """One row of the table."""

    id: str
    """As the catalogue writes it: AC-3(2)."""
    title: str
    role: Role
    shows: str
    """What a record tells, in a sentence."""
    events: tuple[Event, ...] = ()
    """A record is counted if it is of one of these; empty: of any."""
    fields: tuple[str, ...] = ()
    """And if it has all of these fields."""
    outcomes: tuple[Outcome, ...] = ()
    """And one of these outcomes; empty: any."""
    tests: tuple[str, ...] = ()
    """`file::name` under `tests/`."""

    @property
    def oscal(self) -> str:
        """As OSCAL's catalogues write it: ac-3.2."""
        return self.id.lower().replace("(", ".").replace(")", "")


E, S = Role.EVIDENCE, Role.SUPPORTS
CALLS = (Event.INTENT, Event.RELAYED, Event.ANSWERED, Event.REFUSED)
"""The records of which every call has one or more."""
SAYS_ALL = "walk/test_calls.py::test_intent_and_outcome_say_who_what_where_by_which_rule_and_what_was_hidden"
