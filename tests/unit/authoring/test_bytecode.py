"""An edit is what runs, whatever Python finds in `__pycache__`."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from orch.authoring.load import separate_modules
from orch.authoring.modules import load_module
from orch.authoring.project import find_project

LONG_AGO = (1_000_000_000 * 10**9, 1_000_000_000 * 10**9)


@pytest.fixture(autouse=True)
def bytecode_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def write(file: Path, text: str) -> Path:
    """With one size and time whatever the text, as an edit in the same second has, or a tool that sets times."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    os.utime(file, ns=LONG_AGO)
    return file


def result(file: Path) -> int:
    with separate_modules():
        value = load_module(file, find_project(file)).f()
    assert isinstance(value, int)
    return value


def test_an_edit_of_the_same_size_and_time_is_noticed_in_the_module_itself(tmp_path: Path) -> None:
    file = write(tmp_path / "flow.py", "def f(): return 2\n")
    assert result(file) == 2

    write(file, "def f(): return 3\n")

    assert result(file) == 3


def test_it_is_noticed_in_every_module_that_is_imported_from_there(tmp_path: Path) -> None:
    file = write(tmp_path / "flow.py", "from package.inner import f\n")
    write(tmp_path / "package" / "__init__.py", "")
    inner = write(tmp_path / "package" / "inner.py", "def f(): return 2\n")
    assert result(file) == 2

    write(inner, "def f(): return 3\n")

    assert result(file) == 3


def test_bytecode_that_is_clearly_later_than_its_source_is_used(tmp_path: Path) -> None:
    file = write(tmp_path / "flow.py", "def f(): return 2\n")
    result(file)
    other = write(tmp_path / "other.py", "def f(): return 7\n")
    result(other)
    kept = Path(importlib.util.cache_from_source(str(file)))
    kept.write_bytes(Path(importlib.util.cache_from_source(str(other))).read_bytes())  # recognisably not of this source
    later = file.stat().st_ctime_ns + 2 * 10**9
    os.utime(kept, ns=(later, later))

    assert result(file) == 7


def test_what_is_installed_and_what_is_pythons_own_is_left_alone(tmp_path: Path) -> None:
    result(write(tmp_path / "flow.py", "import colorsys\ndef f(): return 1\n"))

    import colorsys

    import click

    assert {type(module.__loader__).__name__ for module in (colorsys, click)} == {"SourceFileLoader"}
