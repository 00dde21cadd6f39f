"""What a browser sends, read once. Pure.

Takes the parts of an HTTP request and gives fields, cookies and paths. A field or a cookie that is
there twice could be read differently by two readers, so such a form or cookie is none.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

MAX_FORM = 16 * 1024
"""Bytes; the longest reason takes 12,000 as browsers write it."""
MAX_FIELDS = 8
HOME = "/approvals"
ACCESS = "/access"
EVIDENCE = "/evidence"

_FORM = re.compile(r"application/x-www-form-urlencoded(\s*;.*)?", re.IGNORECASE)
_OWN = re.compile(
    r"/approvals|/(approvals|requests|access)/[0-9a-f]{32}"
    r"|/access(\?server=[a-z0-9-]{1,63}&grant=[A-Za-z0-9_.-]{1,64})?"
    r"|/evidence(/[0-9]{8}-[A-Za-z0-9-]{1,64})?"
)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One HTTP request as it reached a door, before anything has been believed of it."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    """Lower-case names, in order, repeats kept."""
    body: bytes | None
    """None when the body was larger than the limit and was not read to its end."""

    @property
    def subject(self) -> str:
        """What the path ends in: the id of an approval, on the pages that have one."""
        return self.path.rpartition("/")[2]

    @property
    def here(self) -> str:
        """Where a sign-in leads back to: the path, with the query of a page that has one of its own."""
        found = f"{self.path}?{self.query}"
        return found if _OWN.fullmatch(found) else self.path

    @property
    def is_about_access(self) -> bool:
        """Whether it is about grants, and not about approvals."""
        return self.path == ACCESS or self.path.startswith(f"{ACCESS}/")

    @property
    def is_about_evidence(self) -> bool:
        """Whether it is about what is on record."""
        return self.path == EVIDENCE or self.path.startswith(f"{EVIDENCE}/")

    def sole(self, name: str) -> str | None:
        """The value of a header, empty if it is not there; None if it is there more than once."""
        found = [value for header, value in self.headers if header == name]
        return "".join(found) if len(found) < 2 else None


def fields_in(text: str) -> dict[str, str] | None:
    """The fields of a query or a form; None if they cannot be read in exactly one way."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        return None if text else {}
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


def form_of(request: PageRequest) -> dict[str, str] | None:
    """The fields of a posted form, line ends as `\\n`; None if the body is not one that can be read."""
    if request.body is None or not request.body.isascii() or not _FORM.fullmatch(request.sole("content-type") or ""):
        return None
    found = fields_in(request.body.decode())
    return None if found is None else {name: value.replace("\r\n", "\n") for name, value in found.items()}


def names_in(query: str) -> frozenset[str]:
    """The names of all fields of a query, however it is spelled."""
    return frozenset(name for name, _ in parse_qsl(query, keep_blank_values=True, errors="replace"))


def way_back(to: str) -> str:
    """Where a sign-in leads: the path of a page that there is, and nothing else."""
    return to if _OWN.fullmatch(to) else HOME
