"""`policy test CASES.yaml...`: whether the policy says what its cases expect.

Takes case files and prints a line for each case that fails and a count of all, or the mistakes in the
files. The exit code is 0 only if every file is good and every case passes.
"""

from argparse import Namespace
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.authorize import authorize
from gateway.cli.files import Loaded, load, load_people, load_policy, placed
from gateway.cli.printed import FAILED, Mistake, Printed, as_json, mistaken
from gateway.policy.cases import Case, CaseFile, Difference, differences, open_cases, read_cases
from gateway.policy.document import Policy


@dataclass(frozen=True, slots=True)
class _Ran:
    """A case and how it went."""

    file: Path
    case: Case
    differences: tuple[Difference, ...]


def run(chosen: Namespace) -> Printed:
    """All cases of all files."""
    now = datetime.now(UTC)
    outcomes = [_run_file(path, now) for path in chosen.files]
    mistakes = [mistake for outcome in outcomes if isinstance(outcome, tuple) for mistake in outcome]
    if mistakes:
        # Two case files may name one policy.
        return mistaken(dict.fromkeys(mistakes), is_json=chosen.json)
    ran = [one for outcome in outcomes if isinstance(outcome, list) for one in outcome]
    failed = [one for one in ran if one.differences]
    code = FAILED if failed else 0
    if chosen.json:
        counts = {"passed": len(ran) - len(failed), "failed": len(failed)}
        return as_json({"valid": True, **counts, "cases": [_in_json(one) for one in ran]}, code)
    lines = [f"{one.file}:{one.case.line}: {one.case.name}: {_in_words(one)}" for one in failed]
    return Printed(code, "\n".join([*lines, f"{len(ran) - len(failed)} passed, {len(failed)} failed"]))


def _run_file(path: Path, now: datetime) -> list[_Ran] | tuple[Mistake, ...]:
    file = load(path, open_cases)
    if not isinstance(file, CaseFile):
        return file
    loaded = load_policy(path.parent / file.policy)
    if not isinstance(loaded, Loaded):
        return loaded
    people = load_people(path.parent / file.people, loaded.policy) if file.people else {}
    if isinstance(people, tuple):
        return people
    cases = read_cases(file, loaded.policy, people)
    if isinstance(cases, tuple):
        return placed(path, cases)
    return [_Ran(path, case, _differences(case, loaded.policy, now)) for case in cases]


def _differences(case: Case, policy: Policy, now: datetime) -> tuple[Difference, ...]:
    return differences(case, authorize(policy, case.caller, case.call, case.at or now))


def _in_words(ran: _Ran) -> str:
    return "; ".join(map(str, ran.differences))


def _in_json(ran: _Ran) -> dict[str, Any]:
    return {
        "file": str(ran.file),
        "line": ran.case.line,
        "name": ran.case.name,
        "passed": not ran.differences,
        "differences": [asdict(difference) for difference in ran.differences],
    }
