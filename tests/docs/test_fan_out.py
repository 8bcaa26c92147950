"""What docs/fan-out.md shows is what happens: every program on it runs, and prints what stands below it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from support import pages

from orch.model.matrix import MOST_JOBS, jobs_for, per_job

PAGE: Final = pages.text("docs/fan-out.md")
BLOCKS: Final = pages.blocks("docs/fan-out.md", "python", "text")
PROGRAMS: Final = [(code.text, said.text) for code, said in zip(BLOCKS[::2], BLOCKS[1::2], strict=True)]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: re.findall(r"@pipeline\ndef (\w+)", program[0])[0])
def test_a_program_prints_what_stands_below_it(tmp_path: Path, program: tuple[str, str]) -> None:
    code, said = program
    (tmp_path / ".git").mkdir()
    (tmp_path / "pipeline.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "orch", "run", "pipeline.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False)
    printed = [re.sub(r"^[\w.]+ +\| ", "", line) for line in ran.stdout.splitlines() + ran.stderr.splitlines()]

    assert ran.returncode == 0, ran.stderr
    assert [line for line in printed if line in said.splitlines()] == said.splitlines()


def test_programs_and_what_they_print_take_turns() -> None:
    assert [block.language for block in BLOCKS] == ["python", "text"] * len(PROGRAMS)


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"at most {MOST_JOBS} jobs" in PAGE
    assert (jobs_for(1000), per_job(1000)) == (250, 4)
    assert "1,000 items are 250 jobs of four legs each" in PAGE
