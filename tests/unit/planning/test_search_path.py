"""Where a step's process looks for modules."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from orch.planning.search_path import path_for, search_path, site_folders


def test_the_folder_that_orch_was_started_in_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, lib, script = (tmp_path / name for name in ("here", "lib", "bin"))
    for folder in (here, lib, script):
        folder.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(sys, "argv", [str(script / "orch")])
    monkeypatch.delenv("PYTHONPATH", raising=False)

    assert search_path(["", str(script), str(lib), str(lib)]) == [str(lib), str(here), str(script)]


def test_what_pythonpath_names_keeps_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{os.pathsep}{tmp_path}")

    assert search_path([str(tmp_path), "/nowhere"]) == [str(tmp_path), "/nowhere"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there that users do not have")
def test_links_on_the_path_are_what_they_lead_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert search_path([str(tmp_path / "link"), str(tmp_path / "real")]) == [str(tmp_path / "real")]


def test_the_project_stands_in_front(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "__init__.py").touch()
    expected = (str(tmp_path), str(tmp_path / "src"), "/nowhere")

    assert path_for(tmp_path / "flows" / "pipeline.py", tmp_path, ["/nowhere", str(tmp_path)]) == expected


def test_site_folders_are_those_of_installers() -> None:
    folders = [os.path.join(os.sep, "venv", "lib", each) for each in ("site-packages", "dist-packages", "other")]  # noqa: PTH118

    assert site_folders(folders) == folders[:2]
