"""Which part of the evidence somebody wants to see: time, person, server, tool, outcome. Pure.

Takes words from a form or a command line and gives a Chosen, or says what is wrong with them; takes records
and says which are meant. A word that cannot be read is refused: to ignore it would show more than was asked.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from gateway.events import Outcome
from gateway.evidence.told import Told

MAX_DAYS = 31
"""Days that one look at the evidence may span."""
NAMES = ("first", "last", "person", "server", "tool", "outcome")

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,128}")
_SESSION = re.compile(r"[0-9]{8}-[A-Za-z0-9-]{1,64}")


class ChosenError(ValueError):
    """A word of the choice cannot be read. Its text is a sentence for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """All that is not empty has to fit."""

    first: str = ""
    """Day in UTC, `yyyy-mm-dd`, as `last`; both are meant."""
    last: str = ""
    person: str = ""
    """Object id of whoever called, or had a part in an approval."""
    server: str = ""
    tool: str = ""
    outcome: str = ""

    def covers_time(self, record: Told) -> bool:
        """Whether it lies in the days that are meant."""
        day = record["time"][:10]
        return (not self.first or day >= self.first) and (not self.last or day <= self.last)

    def covers(self, record: Told) -> bool:
        """Whether this one record fits in every way."""
        return (
            self.covers_time(record)
            and (not self.person or self.person in people_in(record))
            and (not self.server or record["server"] == self.server)
            and (not self.tool or record["target"] == self.tool)
            and (not self.outcome or record["outcome"] == self.outcome)
        )

    def words(self) -> dict[str, str]:
        """What was asked for, without what was left open."""
        return {name: value for name, value in asdict(self).items() if value}


def chosen_from(words: Mapping[str, str], *, longest: int = MAX_DAYS) -> Chosen:
    """What the words mean; spaces around them do not count. Raises ChosenError."""
    if unknown := sorted(words.keys() - set(NAMES)):
        raise ChosenError(f"There is no filter {unknown[0][:40]!r}; there are {', '.join(NAMES)}.")
    found = {name: value.strip() for name, value in words.items() if value.strip()}
    if "person" in found:
        found["person"] = found["person"].lower()
    for name, check, example in _CHECKS:
        if name in found and not check(found[name]):
            raise ChosenError(f"{name} must be {example}.")
    chosen = Chosen(**found)
    if chosen.first and chosen.last:
        span = (date.fromisoformat(chosen.last) - date.fromisoformat(chosen.first)).days
        if not 0 <= span < longest:
            raise ChosenError(f"last must lie on the day of first or after it, and within {longest} days of it.")
    return chosen


def is_session(text: str) -> bool:
    """Whether a text from outside could be the id of a session."""
    return bool(_SESSION.fullmatch(text))


def is_person(text: str) -> bool:
    return bool(_OID.fullmatch(text))


def people_in(record: Told) -> set[str]:
    """Object ids of whoever the record is about: the subject, and those who had a part in an approval."""
    return {record["subject"], *record["approver"].split(",")} - {""}


def is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text))


_CHECKS = (
    ("first", is_day, "a day such as 2026-11-30"),
    ("last", is_day, "a day such as 2026-11-30"),
    ("person", is_person, "an object id such as 5b8e1f60-2d7a-4c93-8f14-a6c0d3e5f7b9"),
    ("server", _is_name, "the name of a server, as the policy has it"),
    ("tool", _is_name, "the name of a tool, a prompt or a resource, in up to 128 letters, digits and _ . : / -"),
    ("outcome", lambda text: text in set(Outcome), f"one of {', '.join(Outcome)}"),
)
