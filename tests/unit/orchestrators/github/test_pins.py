from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from orch import __version__
from orch.errors import OrchError
from orch.orchestrators.github.pins import CALLED, OWN_ACTION, PLACEHOLDER, Pins, load_pins
from orch.workflow.model import ActionRef

SHA = "b" * 40


def a_repository(folder: Path, data: Any) -> Path:
    file = folder / ".github" / "orch" / "pins.json"
    file.parent.mkdir(parents=True)
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    return folder


def pins(**changes: Any) -> dict[str, Any]:
    return {"schema": 1, "toolkit": __version__, "actions": {}} | changes


def test_without_a_file_the_shipped_pins_serve(tmp_path: Path) -> None:
    found = load_pins(tmp_path)

    assert found["actions/checkout"].version == "v7.0.1"
    assert found.own_action(None) == PLACEHOLDER


def test_the_repositorys_own_pins_win(tmp_path: Path) -> None:
    actions = {"actions/checkout": {"version": "v8", "sha": SHA}, "orch-dev/orch-action": {"version": "v0.1.0", "sha": SHA}}

    found = load_pins(a_repository(tmp_path, pins(actions=actions)))

    assert found["actions/checkout"] == ActionRef("actions/checkout", SHA, "v8")
    assert found["actions/cache"].version == "v5.0.5"
    assert found.own_action(None) == ActionRef("orch-dev/orch-action", SHA, "v0.1.0")


def test_our_action_can_be_that_of_the_repository_or_of_a_fork() -> None:
    known = Pins(actions={"me/fork": ActionRef("me/fork", SHA, "v9")})

    assert known.own_action("./") == ActionRef("./")
    assert known.own_action("./").within("actions/result") == ActionRef("./actions/result")
    assert known.own_action(f"me/fork@{SHA}").version == "v9"
    assert known.own_action(f"me/fork@{'c' * 40}") == ActionRef("me/fork", "c" * 40)


def test_another_version_of_the_toolkit_refuses_and_names_both_ways_out(tmp_path: Path) -> None:
    with pytest.raises(OrchError) as caught:
        load_pins(a_repository(tmp_path, pins(toolkit="0.0.9")))

    assert caught.value.message == f"toolkit '0.0.9' compiles this repository, this one is '{__version__}'"
    assert "uvx --from orch-toolkit==0.0.9 orch compile" in caught.value.hint
    assert f"`orch upgrade` moves the repository to {__version__}" in caught.value.hint


@pytest.mark.parametrize("build", ["+g1a2b3c4", "+local"])
def test_a_build_of_the_same_version_is_the_same_version(build: str, tmp_path: Path) -> None:
    assert load_pins(a_repository(tmp_path, pins(toolkit=f"{__version__}{build}"))).actions == {}


def test_a_development_version_is_a_version_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(OrchError, match="compiles this repository, this one is"):
        load_pins(a_repository(tmp_path, pins(toolkit=f"{__version__}.dev1")))


def test_the_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    known = Pins().complete().with_actions(ActionRef("orch-dev/orch-action", SHA, "v0.1.0"))

    assert load_pins(a_repository(tmp_path, known.text())) == known
    assert known.text().endswith('"schema": 1,\n  "toolkit": "0.1.0"\n}\n')


def test_what_is_not_released_is_not_written_down() -> None:
    assert set(Pins().complete().actions) == {"actions/checkout"}


@pytest.mark.parametrize(("version", "after"), [("v6.9.0", "v7.0.1"), ("v7.0.0", "v7.0.1"), ("v7.0.2", "v7.0.2"), ("v7", "v7"), ("x", "x")])
def test_an_upgrade_takes_shipped_pins_that_are_newer_and_never_goes_back(version: str, after: str) -> None:
    upgraded = Pins("0.0.1", {"actions/checkout": ActionRef("actions/checkout", SHA, version)}).upgraded()

    assert (upgraded.toolkit, upgraded["actions/checkout"].version) == (__version__, after)


def test_everything_that_a_generated_workflow_calls_can_be_pinned() -> None:
    # Except what people write into it by hand, with pins of their own.
    workflows = [file for file in Path(__file__).parents[3].glob("golden/**/*.yml") if file.parent.name != "by_hand"]
    called = {name for file in workflows for name in re.findall(r"uses: ([\w.-]+/[\w.-]+)", file.read_text(encoding="utf-8"))}

    assert workflows
    assert called <= {*CALLED, OWN_ACTION}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("{", "this is not JSON"),
        ([], "this is not a file of pins"),
        (pins(schema=2), "pins of schema 2, this version reads up to 1"),
        (pins(toolkit="; rm -rf ~"), "'toolkit' is '; rm -rf ~', expected a version"),
        (pins(actions=[]), "'actions' is [], expected pins by name"),
        (pins(actions={"a/b": {"version": "v1", "sha": "main"}}), "'a/b' is pinned to 'main', expected the 40 digits of a commit"),
        (pins(actions={"a/b": {"version": "1\n2", "sha": SHA}}), "the version of 'a/b' is '1\\n2', expected one like 'v1.2.3'"),
    ],
)
def test_a_damaged_file_is_refused(data: Any, expected: str, tmp_path: Path) -> None:
    with pytest.raises(OrchError) as caught:
        load_pins(a_repository(tmp_path, data))

    assert caught.value.message.startswith(expected)
    assert str(caught.value.where) == ".github/orch/pins.json"
