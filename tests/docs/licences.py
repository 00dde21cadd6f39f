"""The licences of the packages of production, as docs/licences.md lists them: `make licences` writes that page.

Takes requirements.txt and what is installed, follows each package to those that it needs, and reads what each says of
its own licence. A package whose licence nobody has allowed has no row: it is an error.
"""

import re
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

PAGE = Path("docs/licences.md")
BEGIN, END = "<!-- licences: begin, made by make licences -->", "<!-- licences: end -->"
ALLOWED = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CNRI-Python", "ISC", "MIT", "MIT-0", "MPL-2.0"}
    | {"PSF-2.0", "Unlicense"}
)
"""SPDX identifiers of licences that ask for no more than that their own text and changes be passed on."""
ALLOWED_FOR = {"python-stdnum": "LGPL-2.1-or-later"}
"""By name: it is used as it is published, and may be replaced by whoever deploys, as the licence asks."""
SAID_OTHERWISE = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""What packages write that is no SPDX identifier. The BSD licences of these packages were read: each has 3 clauses."""


@dataclass(frozen=True, slots=True)
class Licensed:
    name: str
    licence: str
    """An SPDX expression, or what the package says where that is none."""


def named(name: str) -> str:
    """A package's name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> tuple[Requirement, ...]:
    """The requirements of production."""
    lines = Path("requirements.txt").read_text().splitlines()
    return tuple(Requirement(line) for line in lines if line and not line.startswith("#"))


def needed() -> dict[str, Distribution]:
    """Every package of production that is installed here, by name."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(pinned())
    while waiting:
        one = waiting.pop()
        key = named(one.name), frozenset(one.extras)
        if key not in seen:
            seen.add(key)
            found[key[0]] = distribution(one.name)
            waiting.extend(_needs(found[key[0]], one))
    return dict(sorted(found.items()))


def licensed(package: Distribution) -> Licensed:
    """What the package says of its licence: as an expression, in a word, or by its classifiers."""
    said = package.metadata
    classifiers = [line for line in said.get_all("Classifier") or [] if line.startswith("License :: OSI Approved :: ")]
    by_word = said.get("License", "") if "\n" not in said.get("License", "") and said.get("License") != "LGPL" else ""
    word = said.get("License-Expression") or by_word or " AND ".join(line.rsplit(" :: ", 1)[1] for line in classifiers)
    return Licensed(named(said["Name"]), SAID_OTHERWISE.get(word, word))


def is_allowed(package: Licensed) -> bool:
    """Whether some choice that the expression leaves is allowed. An expression that names nothing is not."""
    if package.name in ALLOWED_FOR:
        return package.licence == ALLOWED_FOR[package.name]
    return _holds(package.licence.strip())


def page() -> str:
    """The table of the page, from what is installed."""
    rows = [licensed(package) for package in needed().values()]
    return (
        "\n".join(
            [BEGIN, "", "| package | licence |", "|---|---|", *(f"| {row.name} | {row.licence} |" for row in rows)]
        )
        + f"\n\n{END}"
    )


def _needs(package: Distribution, asked: Requirement) -> list[Requirement]:
    needs = [Requirement(line) for line in package.requires or []]
    extras = asked.extras or {""}
    return [need for need in needs if need.marker is None or any(need.marker.evaluate({"extra": x}) for x in extras)]


def _holds(expression: str) -> bool:
    bare = expression.removeprefix("(").removesuffix(")") if re.fullmatch(r"\([^()]*\)", expression) else expression
    parts = re.split(r" AND (?![^(]*\))", bare)
    if len(parts) > 1:
        return all(_holds(part) for part in parts)
    return any(part in ALLOWED for part in bare.split(" OR "))


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + page() + rest.partition(END)[2])
