"""The actions that a workflow uses, and where they are on this machine."""

from __future__ import annotations

from pathlib import Path

from orch.replay.act.action import absent


def workflow(*uses: str) -> str:
    steps = "".join(f"\n      - uses: {each}" for each in uses)
    return f"jobs:\n  load:\n    runs-on: x\n    steps:\n      - run: x{steps}\n"


def test_an_action_of_the_repository_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "actions/own").mkdir(parents=True)
    (tmp_path / "actions/own/action.yaml").touch()
    used = workflow("./", "./actions/own", "./actions/other", "./", "actions/checkout@x")
    (own,) = absent(used, tmp_path)

    assert own.message == "the workflow uses the action './', and this repository has no action.yml"
    assert str(own.where) == "orch.yaml"
    assert "`action: ./` of orch.yaml is for the repository of the action itself" in own.hint
    (tmp_path / "action.yml").touch()
    (other,) = absent(used, tmp_path)
    assert "'./actions/other'" in other.message
    assert other.hint == "write ./actions/other/action.yml, and let git know of it"
    (tmp_path / "actions/other").mkdir()
    (tmp_path / "actions/other/Dockerfile").touch()
    assert len(list(absent(used, tmp_path))) == 0
