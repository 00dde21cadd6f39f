"""`policy diff OLD NEW`: what changes from one policy to another, in words.

Takes the command's arguments and prints a line for each change, what loosens first, or JSON. It asks nothing of the
directory: a group that both policies write by the same name counts as the same group.
"""

from argparse import Namespace
from collections.abc import Iterable
from dataclasses import asdict, replace

from gateway.cli.files import Loaded, load_policy
from gateway.cli.printed import FAILED, MISUSED, Mistake, Printed, as_json, mistaken
from gateway.policy.diff import diff, words


def run(chosen: Namespace) -> Printed:
    """The changes: exit code 0 if nothing that decides has changed, 1 if something has, 2 if a file is wrong."""
    before, after = load_policy(chosen.old), load_policy(chosen.new)
    if not isinstance(before, Loaded) or not isinstance(after, Loaded):
        mistakes = (mistake for each in (before, after) if isinstance(each, tuple) for mistake in each)
        return unread(mistakes, is_json=chosen.json)
    changes = diff(before.policy, after.policy)
    code = FAILED if changes else 0
    if chosen.json:
        found = {"before": before.policy.digest, "after": after.policy.digest}
        return as_json(found | {"changes": [asdict(change) for change in changes]}, code)
    return Printed(code, "\n".join(words(changes)))


def unread(mistakes: Iterable[Mistake], *, is_json: bool) -> Printed:
    """The mistakes, with the exit code of what could not be asked at all: 1 is an answer of these commands."""
    return replace(mistaken(dict.fromkeys(mistakes), is_json=is_json), code=MISUSED)
