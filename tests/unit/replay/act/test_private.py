"""The folders of runs of act: removed with the run, and by the next where a run was killed."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path

import pytest

from orch import locks
from orch.errors import UsageError
from orch.replay.act.private import private_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def left_by_a_run(folder: Path) -> Path:
    folder.mkdir()
    (folder / "lock").touch()
    (folder / "secrets.yml").write_text("TOKEN: x")
    (folder / "tree").mkdir()
    return folder


def test_a_folder_is_there_for_the_run_alone(temporary: Path) -> None:
    with private_folder(None) as private:
        private.secrets.write_text("TOKEN: x")
        assert private.root.parent == temporary.resolve()
        assert private.root.stat().st_mode & 0o077 == 0

    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_goes_when_the_program_is_asked_to_stop(temporary: Path, number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), private_folder(None):
        signal.raise_signal(number)

    assert list(temporary.iterdir()) == []


def test_what_killed_runs_left_is_removed_and_nothing_else(temporary: Path, tmp_path: Path) -> None:
    dead = left_by_a_run(temporary / "orch-act-dead")
    alive = left_by_a_run(temporary / "orch-act-alive")
    other = left_by_a_run(temporary / "other-act")
    elsewhere = left_by_a_run(tmp_path / "elsewhere")
    (temporary / "orch-act-link").symlink_to(elsewhere)
    (temporary / "orch-act-new").mkdir()  # its lock is about to be made

    with locks.take(alive / "lock"), private_folder(None):
        pass

    assert not dead.exists()
    kept = [alive, other, elsewhere]
    assert [path for path in kept if not (path / "secrets.yml").exists()] == []
    assert (temporary / "orch-act-new").exists()


def test_a_folder_that_is_kept_never_holds_the_secrets(temporary: Path, tmp_path: Path) -> None:
    with private_folder(tmp_path / "kept") as private:
        private.secrets.write_text("TOKEN: x")
        (private.root / "nothing").touch()
        assert not private.secrets.is_relative_to(private.root)

    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["nothing"]
    assert list(temporary.iterdir()) == []
    with pytest.raises(UsageError, match="is not empty"), private_folder(tmp_path / "kept"):
        pass
