"""What docs/conditions.md shows is what happens: every program on it runs, and prints what stands below it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from support import pages

PAGE: Final = "docs/conditions.md"
PROGRAMS: Final = pages.blocks(PAGE, "python")
PRINTED: Final = pages.blocks(PAGE, "text")


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_prints_what_stands_below_it(tmp_path: Path, number: int) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pipeline.py").write_text(PROGRAMS[number].text, encoding="utf-8")
    command = [sys.executable, "-m", "orch", "run", "pipeline.py"]

    ran = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", check=False)

    printed = [re.sub(r"^\w+ +\| ", "", line) for line in ran.stdout.splitlines()]
    wanted = PRINTED[number].text.splitlines()
    assert ran.returncode == 0
    assert sorted(line for line in printed if line in wanted) == sorted(wanted)


def test_every_program_has_what_it_prints_below_it() -> None:
    assert len(PROGRAMS) == len(PRINTED)
