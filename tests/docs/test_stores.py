"""docs/stores.md shows what a run leaves behind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from support import pages
from support.command_line import CommandLine

from orch.authoring.load import separate_modules

(LAYOUT,) = (block.text for block in pages.blocks("docs/stores.md", "text"))
PIPELINE: Final = """
from pathlib import Path
from orch import pipeline, step

@step
def report() -> Path:
    print("written")
    Path("report.txt").write_text("x")
    return Path("report.txt")

@pipeline
def p() -> None:
    report()
"""


def shown() -> set[str]:
    """The paths of the tree, `*` for what differs from run to run."""
    found: set[str] = set()
    folders: list[tuple[int, str]] = []
    for line in LAYOUT.splitlines():
        depth, name = len(line) - len(line.lstrip()), line.split()[0]
        folders = [each for each in folders if each[0] < depth]
        path = "".join(folder for _, folder in folders) + re.sub(r"<\w+>", "*", name)
        if name.endswith("/"):
            folders.append((depth, re.sub(r"<\w+>", "*", name)))
        found.add(path)
    return found


def test_everything_that_is_shown_is_there_after_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "p.py").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    with separate_modules():
        assert CommandLine(capsys)("run", "p.py").code == 0

    assert [path for path in sorted(shown()) if path != ".orch/act/" and not list(tmp_path.glob(path))] == []
