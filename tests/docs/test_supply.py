"""What is installed in production: the lock fits the requirements, has a hash for everything, and misses nothing."""

import re
from pathlib import Path

from packaging.requirements import Requirement

from tests.docs.licences import named, needed, pinned

LOCK = Path("requirements.lock").read_text()
ENTRY = re.compile(r"^(\S+)==(\S+)(?: ; ([^\\]+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)
LOCKED = {name: (version, marker, hashes.count("--hash=")) for name, version, marker, hashes in ENTRY.findall(LOCK)}
WHERE_NEEDED = {"colorama"}
"""On other systems than that of this test alone."""


def only(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return specifier.version


def test_every_line_of_the_lock_is_a_version_with_hashes() -> None:
    left = ENTRY.sub("", LOCK)
    assert [line for line in left.splitlines() if line.strip() and not line.strip().startswith("#")] == []
    assert all(hashes for _, _, hashes in LOCKED.values())


def test_the_lock_has_the_versions_of_the_requirements() -> None:
    wanted = {named(requirement.name): only(requirement) for requirement in pinned()}
    assert {name: LOCKED.get(name, ("missing",))[0] for name in wanted} == wanted, "run make lock"


def test_the_lock_has_all_that_these_need_and_nothing_else() -> None:
    installed = set(needed())
    assert installed - LOCKED.keys() == set(), "run make lock"
    assert LOCKED.keys() - installed - WHERE_NEEDED == set(), "run make lock"


def test_the_lock_fits_what_each_package_asks_for() -> None:
    for name, package in needed().items():
        for line in package.requires or []:
            need = Requirement(line)
            found = LOCKED.get(named(need.name))
            if found and (need.marker is None or need.marker.evaluate({"extra": ""})):
                assert need.specifier.contains(found[0], prereleases=True), f"{name} asks for {need}"


def test_the_lock_names_no_place_to_fetch_from() -> None:
    assert re.findall(r"https?://|--index|--find-links|file:", LOCK) == []


def test_the_tools_of_the_supply_chain_are_exact_and_not_deployed() -> None:
    tools = [line for line in Path("requirements-supply.txt").read_text().splitlines() if not line.startswith("#")]
    assert {named(Requirement(line).name) for line in tools} == {"uv", "cyclonedx-bom"}
    assert all(only(Requirement(line)) for line in tools)
    assert not {named(Requirement(line).name) for line in tools} & LOCKED.keys()
