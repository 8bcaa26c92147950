"""A `.orch` that belongs to somebody else, as after `sudo orch run`: one error that names the place, and what can be read is shown."""

from __future__ import annotations

import os
import re
import shutil
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from support.command_line import CommandLine
from support.mistakes import GOOD, no_trace, told, tree

from orch.authoring.load import separate_modules

pytestmark = pytest.mark.posix

NOBODY: Final = 65534
EVERYTHING: Final = frozenset({"__pycache__"})
LOOK: Final = ("runs list", "runs show", "runs logs", "explain load", "explain flow.py load", "graph flow.py")


@pytest.fixture
def repository(orch: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """After a run; where anybody may read it, as pytest's own folders may not be."""
    root = Path(tempfile.mkdtemp(prefix="orch-permissions-"))
    root.chmod(0o755)
    try:
        (root / ".git").mkdir()
        (root / "flow.py").write_text(GOOD)
        monkeypatch.chdir(root)
        with separate_modules():
            for line in ("run flow.py", *LOOK, "gc --dry-run"):  # also imports all that they need, which others may not read
                assert orch(*line.split()).code == 0
            yield root
    finally:
        monkeypatch.undo()
        for folder, _, _ in os.walk(root):
            Path(folder).chmod(0o755)
        shutil.rmtree(root)


@contextmanager
def as_another(*refusing: Path, mode: int) -> Iterator[None]:
    """With `mode` on `refusing` and all that is in it; root, whom that does not concern, becomes nobody meanwhile."""
    before = {path: path.stat().st_mode for top in refusing for path in sorted((top, *top.rglob("*")))}
    for path in reversed(before):  # what is inside first: afterwards nobody gets there
        path.chmod(before[path] & mode)
    groups, group = os.getgroups(), os.getegid()
    is_root = os.geteuid() == 0
    if is_root:
        os.setgroups([])
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
            os.setegid(group)
            os.setgroups(groups)
        for path, was in before.items():
            path.chmod(was)


def others_can_start_python() -> bool:
    try:
        os.listdir(sysconfig.get_path("stdlib"))  # noqa: PTH208
    except PermissionError:
        return False
    return True


def test_nothing_is_written_and_the_place_is_named(repository: Path, orch: CommandLine) -> None:
    before = tree(repository, besides=EVERYTHING)

    with as_another(repository / ".orch", mode=0o555):
        run = orch("run", "flow.py", "--set", "rows=9")
        part = orch("run", "flow.py", "--step", "load")
        gc = orch("gc")

    for outcome in (run, part):
        told(outcome, 5, r"error: cannot write to '.*/\.orch', where runs are kept: Permission denied \[store\]\n  help: ")
    told(gc, 5, "Permission denied")
    assert tree(repository, besides=EVERYTHING) == before


def test_what_can_be_read_is_shown(repository: Path, orch: CommandLine) -> None:
    with as_another(repository / ".orch", mode=0o555):
        outcomes = {line: orch(*line.split()) for line in LOOK}

    assert {line: (outcome.code, outcome.err) for line, outcome in outcomes.items() if outcome.code} == {}
    assert "churn" in outcomes["runs list"].out


def test_what_cannot_be_read_is_told(repository: Path, orch: CommandLine) -> None:
    with as_another(repository / ".orch", mode=0o000):
        outcomes = {line: orch(*line.split()) for line in ("runs list", "runs show", "run flow.py", "explain flow.py load", "gc --dry-run")}

    for line, outcome in outcomes.items():
        no_trace(outcome)
        assert outcome.code in (2, 5), (line, outcome)
        assert re.search(r"\.orch.*Permission denied", outcome.err), (line, outcome)


@pytest.mark.parametrize("inside", ["runs", "store", "cache"])
def test_a_folder_in_it_that_may_not_be_written_to_is_named(inside: str, repository: Path, orch: CommandLine) -> None:
    for path in (repository / ".orch", *(repository / ".orch").rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    with as_another(repository / ".orch" / inside, mode=0o555):
        if not others_can_start_python():
            pytest.skip("only the user of these tests may read this Python")
        outcome = orch("run", "flow.py", "--set", "rows=9")

    no_trace(outcome)
    assert outcome.code == 5, outcome
    assert re.search(rf"\.orch/{inside}\b.*Permission denied", outcome.err + outcome.out), outcome
