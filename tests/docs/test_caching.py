"""What docs/caching.md shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from support import pages
from support.sources import Sources, steps

PAGE: Final = pages.text("docs/caching.md")
MODULES: Final = [block.text for block in pages.blocks("docs/caching.md", "python")]
(EXPLAINED,) = (block.text for block in pages.blocks("docs/caching.md", "console"))
IMPORTS: Final = "import importlib.metadata, os, runpy, subprocess, sys\nimport pandas as pd\nfrom pathlib import Path\n"


def orch(folder: Path, *arguments: str) -> str:
    ran = subprocess.run([sys.executable, "-m", "orch", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout + ran.stderr


def test_the_example_runs_and_explains_itself_as_shown(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for code in MODULES:
        name, _, rest = code.removeprefix("# ").partition("\n")
        (tmp_path / name).write_text(rest, encoding="utf-8")
    command, _, shown = EXPLAINED.partition("\n")

    orch(tmp_path, "run", "pipeline.py")
    again = orch(tmp_path, "run", "pipeline.py")
    features = tmp_path / "features.py"
    features.write_text(features.read_text(encoding="utf-8").replace("* 2", "* 3"), encoding="utf-8")
    edited = orch(tmp_path, "run", "pipeline.py")

    assert re.findall(r"^(\w+) +cached  ", again, re.MULTILINE) == ["load", "prepare", "count"]
    assert re.findall(r"^(\w+) +cached  ", edited, re.MULTILINE) == ["load"]
    assert shown in orch(tmp_path, *command.removeprefix("$ orch ").split())


@pytest.mark.parametrize(
    "line", re.findall(r"^\| `(.*?)` \|", PAGE.partition("## What cannot be seen")[2].partition("\n## ")[0], re.MULTILINE)
)
def test_what_the_page_says_cannot_be_seen_is_named_by_explain(line: str, tmp_path: Path) -> None:
    source = f"{IMPORTS}from orch import step\n\n\n@step\ndef train() -> int:\n    {line}\n    return 1\n"
    sources = Sources(tmp_path, {"pipeline.py": source}, steps("train"))

    assert [text.partition(" ")[2] for text in sources.blind("train")] == [line]
