"""Private files are whole, private, and made once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from devhost import private_file


def test_only_the_owner_may_read_the_file_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    private_file.write(path, "first")
    private_file.write(path, "second")
    assert path.read_text() == "second"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [left.name for left in path.parent.iterdir()] == ["secret"]


def test_of_many_makers_one_wins_and_all_see_its_text(tmp_path: Path) -> None:
    path, together = tmp_path / "secret", Barrier(8)

    def make(number: int) -> str:
        def text() -> str:
            together.wait(5)
            return str(number)

        return private_file.read_or_make(path, text)

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(make, range(8)))
    assert seen == {path.read_text()}
    assert list(tmp_path.iterdir()) == [path]
