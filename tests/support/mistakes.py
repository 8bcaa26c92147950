"""What every mistake on a command line is held to: one error that is told well, and nothing that is changed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from support.command_line import Outcome

GOOD: Final = """
from __future__ import annotations
from orch import pipeline, step

@step
def load(rows: int, name: str) -> list[int]:
    return list(range(rows))

@pipeline
def churn(rows: int = 3, name: str = "x") -> None:
    load(rows, name)
"""
BUG: Final = 70


def tree(folder: Path, *, besides: frozenset[str] = frozenset({"__pycache__", ".orch"})) -> dict[str, object]:
    """Every file with its bytes, and every link with its target, but those that Python and orch keep for themselves."""
    kept = (path for path in folder.rglob("*") if not besides & set(path.relative_to(folder).parts))
    found: dict[str, object] = {}
    for path in kept:
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = path.readlink()
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def told(outcome: Outcome, code: int, error: str = "") -> None:
    """One error of this exit code, which ends in its code, and no trace of where in orch it was found."""
    assert outcome.code == code, outcome
    assert re.search(error, outcome.err, re.MULTILINE), outcome.err
    assert re.search(r"error: .*\[[a-z-]+\]$", outcome.err, re.MULTILINE), outcome.err
    no_trace(outcome)


def no_trace(outcome: Outcome) -> None:
    """No bug, no traceback, no place in orch's own code."""
    text = outcome.out + outcome.err
    assert outcome.code != BUG, outcome
    assert "Traceback" not in text
    assert "toolkit/orch/" not in text


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """`folder` and what is in it cannot be written to, not by root either; skips the test where that cannot be had."""
    if os.geteuid() == 0:
        chattr = shutil.which("chattr")
        if chattr is None or subprocess.run([chattr, "-R", "+i", folder], capture_output=True, check=False).returncode:
            pytest.skip("root may write everywhere, and this file system has no chattr +i")
        try:
            yield
        finally:
            subprocess.run([chattr, "-R", "-i", folder], check=True)
        return
    paths = [folder, *(path for path in folder.rglob("*") if not path.is_symlink())]
    modes = [(path, path.stat().st_mode) for path in paths]
    for path, mode in modes:
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes:
            path.chmod(mode)
