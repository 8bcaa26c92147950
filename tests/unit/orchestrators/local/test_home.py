"""The folders of runs: their layout, who holds them, and that none leads out of the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import runs

from orch.errors import RecordError, StoreError
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.orchestrators.local.home import Home


def home_in(folder: Path) -> Home:
    return Home.of(folder)


def test_git_is_told_to_look_away_from_runs(tmp_path: Path) -> None:
    with home_in(tmp_path).running("1"):
        assert (tmp_path / ".orch" / ".gitignore").read_text() == "*\n"


def test_what_a_person_wrote_for_git_stays(tmp_path: Path) -> None:
    (tmp_path / ".orch").mkdir()
    (tmp_path / ".orch" / ".gitignore").write_text("!runs\n")

    with home_in(tmp_path).running("1"):
        assert (tmp_path / ".orch" / ".gitignore").read_text() == "!runs\n"


def test_an_id_that_is_taken_can_be_told_from_a_place_that_refuses(tmp_path: Path) -> None:
    with home_in(tmp_path).running("1"):
        pass
    (tmp_path / "file").write_text("")

    with pytest.raises(FileExistsError), home_in(tmp_path).running("1"):
        pass
    with pytest.raises(StoreError, match="is not a folder"), Home.at(tmp_path / "file", tmp_path).running("1"):
        pass


def test_a_run_is_going_on_as_long_as_its_lock_is_held(tmp_path: Path) -> None:
    folder = home_in(tmp_path).run("1")
    before = folder.is_going_on
    with home_in(tmp_path).running("1"):
        during = folder.is_going_on

    assert (before, during, folder.is_going_on) == (False, True, False)


def test_runs_go_on_beside_each_other_and_keep_away_who_wants_the_home_alone(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    with home.running("1"), home.running("2"):
        assert home.alone() is None
    alone = home.alone()

    assert alone
    alone.close()


def test_the_home_of_act_is_another(tmp_path: Path) -> None:
    with Home.of_act(tmp_path).running("1"):
        alone = home_in(tmp_path).alone()

    assert alone
    alone.close()


@pytest.mark.parametrize("link", [".orch", ".orch/act", ".orch/act/store", ".orch/act/store/objects", ".orch/act/cache", ".orch/act/runs"])
def test_a_link_that_leads_out_of_the_repository_is_refused_before_anything_is_written(tmp_path: Path, link: str) -> None:
    elsewhere, repository = tmp_path / "elsewhere", tmp_path / "repository"
    (repository / link).parent.mkdir(parents=True)
    elsewhere.mkdir()
    (repository / link).symlink_to(elsewhere)

    with pytest.raises(StoreError, match="is a link that leads out of the repository") as caught, Home.of_act(repository).running("1"):
        pass
    assert link in caught.value.message
    assert caught.value.hint
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("link", ["lock", "cache/lock", "cache/index.jsonl", "cache/sources.json", "store/objects/ab"])
def test_a_link_in_the_place_of_a_file_of_ours_is_refused_wherever_it_leads(tmp_path: Path, link: str) -> None:
    """A repository can bring one, and what is appended, or locked, would be a file of somebody else's."""
    home = home_in(tmp_path)
    precious = tmp_path / "pipeline.py"
    precious.write_text("precious")
    (home.path / link).parent.mkdir(parents=True)
    (home.path / link).symlink_to(precious)

    with pytest.raises(StoreError, match=rf"{link}' is a link, to '.*pipeline.py', and would be written to") as caught, home.running("1"):
        pass
    assert caught.value.hint == "remove the link"
    assert precious.read_text() == "precious"


def test_a_link_inside_the_repository_is_followed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / ".orch").symlink_to("data")

    with home_in(tmp_path).running("1"):
        assert (tmp_path / "data" / "runs" / "1").is_dir()


def test_a_run_that_has_not_ended_has_the_steps_that_have_and_of_each_its_last_record(tmp_path: Path) -> None:
    with home_in(tmp_path).running("1") as folder:
        folder.write_run(RunRecord(runs.info(), State.RUNNING, ()))
        folder.append_steps([runs.ended("load"), runs.ended("train", State.FAILED)])
        folder.append_steps([runs.ended("train")])
        with (folder.path / "records.jsonl").open("ab") as journal:
            journal.write(b'{"half')

    assert [(step.step, step.state) for step in folder.read().steps] == [("load", State.SUCCEEDED), ("train", State.SUCCEEDED)]


def test_a_record_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with home_in(tmp_path).running("1") as folder:
        with pytest.raises(RecordError, match="cannot be read"):
            folder.read()
        (folder.path / "run.json").write_text(json.dumps([]))
        with pytest.raises(RecordError, match="not a run record") as caught:
            folder.read()

    assert caught.value.where
    assert caught.value.where.path == str(folder.path / "run.json")
