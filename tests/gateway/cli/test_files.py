"""Files of the command line."""

from pathlib import Path

from gateway.cli.files import Loaded, load_people, load_policy
from gateway.policy.match import decide
from gateway.policy.people import described
from gateway.values import CallerKind, Decision
from tests.gateway.policy.documents import GOOD, changed, good
from tests.gateway.policy.generated import NOW, make_call

GET = make_call("tools/call", "get_customer")


def written(folder: Path, text: str, name: str = "policy.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_policy_is_what_the_gateway_makes_of_the_file(tmp_path: Path) -> None:
    loaded = load_policy(written(tmp_path, GOOD))
    assert isinstance(loaded, Loaded)
    assert (loaded.policy, loaded.by_name) == (good(), ())


def test_mistakes_carry_the_path(tmp_path: Path) -> None:
    path = written(tmp_path, changed("effect: allow", "effect: alow"))
    found = load_policy(path)
    assert isinstance(found, tuple)
    assert [str(mistake) for mistake in found] == [f"{path}:14:13: unknown effect 'alow'; did you mean 'allow'? (in rule 'engineers-read')"]  # fmt: skip  # noqa: E501


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        [mistake] = load_people(path, good())
        assert str(mistake).startswith(f"{path}: cannot be read: ")


def test_a_group_that_is_written_by_name_can_be_used_by_its_label(tmp_path: Path) -> None:
    loaded = load_policy(
        written(tmp_path, changed("engineering: 6f1c0000-0000-4000-8000-000000000001", "engineering: {name: SG-Eng}"))
    )
    assert isinstance(loaded, Loaded)
    assert loaded.by_name == ("engineering",)
    people = load_people(written(tmp_path, "one: {kind: user, groups: [engineering]}", "people.yaml"), loaded.policy)
    assert isinstance(people, dict)
    assert isinstance(decide(loaded.policy, people["one"], GET, NOW), Decision)
    assert not isinstance(decide(loaded.policy, described(CallerKind.USER), GET, NOW), Decision)
