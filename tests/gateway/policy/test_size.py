import pytest
import yaml

from gateway.policy.nodes import Findings
from gateway.policy.size import read_size, size_spelled


def read(written: str) -> tuple[int, list[str]]:
    findings = Findings()
    node = yaml.compose(written, yaml.CSafeLoader)
    assert node
    return read_size(node, "size of x", findings), [str(error) for error in findings.errors]


@pytest.mark.parametrize(("written", "size"), [("1KiB", 1024), ("64KiB", 65_536), ("2MiB", 2 * 1024 * 1024)])
def test_a_size_has_a_unit(written: str, size: int) -> None:
    assert read(written) == (size, [])
    assert size_spelled(size) == written


@pytest.mark.parametrize("written", ["1", "1MB", "1 MiB", "-1KiB", "1.5MiB", "MiB", "[1MiB]", "1234567KiB", "''"])
def test_what_is_no_size_is_told(written: str) -> None:
    assert read(written) == (0, ["line 1, column 1: size of x must be a number with KiB or MiB, such as 1MiB"])
