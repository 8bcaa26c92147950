"""What docs/steps.md shows is what happens: every program on it runs, and prints what stands below it."""

from __future__ import annotations

import dataclasses
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from support import pages

from orch.runtime import hooks, metadata
from orch.runtime.context import Context
from orch.runtime.pool import GRACE
from orch.runtime.retries import NEVER_AGAIN
from orch.runtime.runner import NOT_FOR_STEPS

PAGE: Final = pages.text("docs/steps.md")
BLOCKS: Final = pages.blocks("docs/steps.md", "python", "text", "console")
SECTIONS: Final = {title: text for title, _, text in (part.partition("\n") for part in PAGE.split("\n## ")[1:])}
PROGRAMS: Final = [title for title, text in SECTIONS.items() if "```python" in text]


def block(section: str, language: str) -> str:
    (found,) = (block.text for block in BLOCKS if block.language == language and f"```{language}\n{block.text}```" in SECTIONS[section])
    return found


def orch(folder: Path, section: str, *arguments: str) -> list[str]:
    """The lines that running the section's program prints, without the names of steps before them."""
    (folder / ".git").mkdir(exist_ok=True)
    (folder / "pipeline.py").write_text(block(section, "python"), encoding="utf-8")
    command = [sys.executable, "-m", "orch", *(arguments or ("run", "pipeline.py"))]
    ran = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", check=False)
    return [re.sub(r"^\w+ +\| ", "", line) for line in ran.stdout.splitlines()]


@pytest.mark.parametrize("section", [title for title in PROGRAMS if "```text" in SECTIONS[title]])
def test_a_program_prints_what_stands_below_it(tmp_path: Path, section: str) -> None:
    printed = orch(tmp_path, section)
    wanted = block(section, "text").splitlines()

    assert [line for line in printed if line in wanted] == wanted


@pytest.mark.parametrize("command", re.findall(r"^\$ orch (.*)\n((?:[^$].*\n)+)", block("Logical dates", "console"), re.MULTILINE))
def test_a_command_prints_what_stands_below_it(tmp_path: Path, command: tuple[str, str]) -> None:
    typed, said = command
    printed = orch(tmp_path, "Logical dates", *shlex.split(typed))

    assert [line for line in printed if line in said.splitlines()] == said.splitlines()


def test_every_program_is_one_of_these() -> None:
    assert [title for title in PROGRAMS if not ("```text" in SECTIONS[title] or "```console" in SECTIONS[title])] == []
    assert [block.language for block in BLOCKS].count("python") == len(PROGRAMS)
    assert len(BLOCKS) == 2 * len(PROGRAMS)


def test_the_page_names_everything_that_a_context_has() -> None:
    rows = re.findall(r"^\| (`.*?) \|", SECTIONS["Context"], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert named == {field.name for field in dataclasses.fields(Context) if not field.name.startswith("_")} | {"logical_date"}


def test_the_numbers_and_names_on_the_page_are_the_real_ones() -> None:
    assert f"more than {metadata.MOST}\nnames" in SECTIONS["Metadata"]
    assert f"a name of more than {metadata.LONGEST_NAME} characters, a value of more than {metadata.LONGEST_VALUE}" in SECTIONS["Metadata"]
    assert hooks.TIMEOUT == 5 * 60
    assert "at most five minutes" in SECTIONS["Hooks"]
    assert GRACE == 3
    assert "After three seconds" in SECTIONS["Timeouts"]
    assert all(f"(`{cause}`)" in SECTIONS["Retries"] for cause in NEVER_AGAIN)
    assert all(name in SECTIONS["Environment and secrets"] for name in NOT_FOR_STEPS if name.startswith("GITHUB_"))
