"""The example of the README is what the command prints."""

import os
import re
import shlex
import subprocess
import sys

from devhost.stack import ROOT


def test_the_example_of_the_readme_is_true() -> None:
    section = (ROOT / "README.md").read_text().partition("## Ask the policy\n")[2].partition("\n## ")[0]
    found = re.search(r"```console\n\$ (.+?[^\\])\n(.+?)```", section, re.DOTALL)
    assert found
    python, *words = shlex.split(found[1].replace("\\\n", " "))
    assert python == ".venv/bin/python"
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == found[2]
