"""The folders of runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from orch.errors import StoreError
from orch.orchestrators.local.home import Home


def test_git_is_told_to_look_away_from_runs(tmp_path: Path) -> None:
    Home(tmp_path / ".orch").run("1").create()

    assert (tmp_path / ".orch" / ".gitignore").read_text() == "*\n"


def test_what_a_person_wrote_for_git_stays(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("!runs\n")

    Home(tmp_path).run("1").create()

    assert (tmp_path / ".gitignore").read_text() == "!runs\n"


def test_an_id_that_is_taken_can_be_told_from_a_place_that_refuses(tmp_path: Path) -> None:
    Home(tmp_path).run("1").create()
    (tmp_path / "file").write_text("")

    with pytest.raises(FileExistsError):
        Home(tmp_path).run("1").create()
    with pytest.raises(StoreError):
        Home(tmp_path / "file").run("1").create()
