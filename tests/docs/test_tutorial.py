"""The tutorial, typed from its first line to its last: every command runs, and what the page shows is what it prints."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from support import pages
from support.action_repositories import ActionRepositories

BLOCKS: Final = pages.blocks("docs/tutorial.md", "console", "python", "yaml")
NOT_TYPED: Final = "pip install 'orch-toolkit[act]'"
FAIL: Final = {"orch run pipelines/darts.py --set darts=many": 2, "orch check": 4}
# What differs from run to run and from machine to machine.
VARYING: Final = ((r"\d{8}-\d{6}-[0-9a-f]{6}|\b\d{13,}\b", "RUN"), (r"\b[\d.]+ (ms|s|min)\b", "TIME"), (r" {2,}", "  "))


def lines(text: str) -> list[str]:
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def shown_in(printed: list[str], shown: list[str]) -> str | None:
    """The first line of the page that was not printed where it stands; `...` stands for any lines, and within one for its rest."""
    at, is_loose = 0, False
    for line in shown:
        if line == "...":
            is_loose = True
            continue
        start = line.removesuffix(" ...") if line.endswith(" ...") else None
        matches = [
            number for number in range(at, len(printed)) if (printed[number].startswith(start) if start else printed[number] == line)
        ]
        if not matches or (not is_loose and matches[0] != at):
            return line
        at, is_loose = matches[0] + 1, False
    return None if is_loose or at == len(printed) else f"nothing more; printed was {printed[at]!r}"


class Reader:
    """Somebody who does what the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.typed: list[str] = []

    def type(self, command: str, shown: str) -> None:
        self.typed.append(command)
        if command == NOT_TYPED:
            return
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ")
            return
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        code = FAIL.get(command, 0) if self.typed.count(command) == 1 else 0
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"$ {command}\n{done.stdout}"
        missing = shown_in(lines(done.stdout), lines(shown))
        assert missing is None, f"$ {command}\n{done.stdout}\nthe page shows: {missing}"

    def edit(self, code: str) -> None:
        """Put the functions of `code` in the place of those of the same name."""
        file = self.folder / "pipelines" / "darts.py"
        for new in ast.parse(code).body:
            assert isinstance(new, ast.FunctionDef)
            source = file.read_text(encoding="utf-8").splitlines()
            (old,) = [node for node in ast.parse("\n".join(source)).body if isinstance(node, ast.FunctionDef) and node.name == new.name]
            source[old.decorator_list[0].lineno - 1 : old.end_lineno] = code.rstrip().splitlines()
            text = "\n".join(source) + "\n"
            file.write_text(
                text if "math." not in text else text.replace("import random\n", "import math\nimport random\n"), encoding="utf-8"
            )


@pytest.mark.act
def test_everything_on_the_page_happens(tmp_path: Path, action_repositories: ActionRepositories) -> None:
    reader = Reader(tmp_path)
    for _, kind, text, _ in BLOCKS:
        if kind == "python":
            reader.edit(text)
        elif kind == "yaml":
            with (reader.folder / "orch.yaml").open("a", encoding="utf-8") as file:
                file.write(text)
        else:
            for command, shown in re.findall(r"^\$ (.*)\n((?:[^$].*\n|\n)*)", text, re.MULTILINE):
                reader.type(command, shown)

    assert reader.typed[0] == NOT_TYPED
    assert reader.typed[-1].startswith("git commit")


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        (["a", "b", "c"], None),
        (["...", "b", "..."], None),
        (["a", "...", "c"], None),
        (["a", "c"], "c"),
        (["b", "..."], "b"),
        (["...", "c", "a"], "a"),
        (["a", "b"], "nothing more; printed was 'c'"),
        (["...", "x", "..."], "x"),
    ],
)
def test_what_the_page_does_not_show_is_found(shown: list[str], missing: str | None) -> None:
    assert shown_in(["a", "b", "c"], shown) == missing
