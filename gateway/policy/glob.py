"""Globs: `*` stands for any characters, also none and also `/`; every other character for itself.

Takes a pattern once and answers for many names, in time linear in the name. There is no other
wildcard and no escape, and upper and lower case are different.
"""

from dataclasses import dataclass, field

from gateway.policy.uri import HOLE, normal_form


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern over names."""

    text: str
    _pieces: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pieces", tuple(self.text.split("*")))

    def matches(self, name: str) -> bool:
        if len(self._pieces) == 1:
            return name == self.text
        head, *middle, tail = self._pieces
        position, end = len(head), len(name) - len(tail)
        if position > end or not name.startswith(head) or not name.endswith(tail):
            return False
        for piece in middle:
            found = name.find(piece, position, end)
            if found < 0:
                return False
            position = found + len(piece)
        return True

    def may_match(self, template: str) -> bool:
        """False only if nothing that the template (with HOLE for its variables) expands to can match.

        Compares beginnings and ends alone: it may say yes where the middle would say no.
        """
        if HOLE not in template:
            return self.matches(template)
        if len(self._pieces) == 1:
            return Glob(template.replace(HOLE, "*")).matches(self.text)
        head, tail = template.partition(HOLE)[0], template.rpartition(HOLE)[2]
        begins, ends = self._pieces[0], self._pieces[-1]
        return (head.startswith(begins) or begins.startswith(head)) and (tail.endswith(ends) or ends.endswith(tail))


@dataclass(frozen=True, slots=True)
class UriGlob:
    """A pattern over resource URIs, which servers may read in more than one way (see `uri`)."""

    text: str
    _written: Glob = field(init=False, repr=False, compare=False)
    _normal: Glob = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_written", Glob(self.text))
        object.__setattr__(self, "_normal", Glob(normal_form(self.text)))

    def matches_every_reading(self, uri: str, normal: str) -> bool:
        """For an allow: the URI as written and its normal form both match."""
        return self._written.matches(uri) and self._normal.matches(normal)

    def matches_a_reading(self, uri: str, normal: str) -> bool:
        """For a deny: either matches."""
        return self._written.matches(uri) or self._normal.matches(normal)

    def may_match(self, template: str, normal: str) -> bool:
        """False only if no expansion of the template can match in either reading."""
        return self._written.may_match(template) or self._normal.may_match(normal)
