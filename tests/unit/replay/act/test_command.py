from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from orch.errors import SecretError, ToolMissingError, UnsupportedError, UsageError
from orch.model.graph import Graph, Output, OutputRef, Step
from orch.replay.act import action, command, harness
from orch.replay.act.command import Private

WORKFLOW = """
on: workflow_dispatch
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@1111111111111111111111111111111111111111 # v1
        with: {persist-credentials: false}
      - uses: orch-dev/orch-action@0000000000000000000000000000000000000000 # unreleased
        with: {step: a}
  b:
    runs-on: [self-hosted, gpu]
    steps:
      - uses: ./
  c:
    runs-on: {group: big, labels: large}
    steps:
      - uses: orch-dev/orch-action/actions/result@0000000000000000000000000000000000000000 # unreleased
"""


@pytest.fixture
def our_action(tmp_path: Path) -> Path:
    return action.compose(tmp_path / "action")


def test_every_action_that_is_not_acts_or_ours_has_a_stand_in(our_action: Path) -> None:
    found = action.local_repositories(WORKFLOW, our_action)

    assert found.pop("orch-dev/orch-action@" + "0" * 40) == our_action
    assert {name.partition("@")[0] for name in found} == {"actions/cache", "actions/download-artifact", "actions/upload-artifact"}
    assert all((folder / "action.yml").is_file() for folder in found.values())


def test_an_input_that_the_real_action_does_not_have_is_refused(our_action: Path) -> None:
    workflow = WORKFLOW.replace("persist-credentials", "persist-credential")

    with pytest.raises(UnsupportedError, match="'actions/checkout' has no input 'persist-credential'"):
        action.local_repositories(workflow, our_action)


def test_an_action_without_stand_in_is_refused(our_action: Path) -> None:
    with pytest.raises(UnsupportedError, match="no stand-in for 'actions/setup-node@v1'"):
        action.local_repositories(WORKFLOW.replace("./", "actions/setup-node@v1"), our_action)


def test_every_label_that_is_asked_for_runs_here() -> None:
    assert action.labels(WORKFLOW) == ["gpu", "large", "self-hosted", "ubuntu-24.04"]


def test_our_action_is_complete_as_a_repository_holds_it(our_action: Path) -> None:
    for name in ("action.yml", "actions/result/action.yml", "actions/environment/needs.py", "toolkit/orch/__main__.py"):
        assert (our_action / name).is_file()


def test_jobs_see_none_of_the_callers_environment_but_what_is_named(tmp_path: Path) -> None:
    environment = command.environment(
        Private(tmp_path, tmp_path), {"PATH": "/usr/bin", "TOKEN": "secret", "LANG": "C.UTF-8", "ORCH_STACK": "x"}
    )

    assert environment == {
        "PATH": f"{tmp_path}/bin:/usr/bin",
        "LANG": "C.UTF-8",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GOMAXPROCS": "01",
    }


@pytest.mark.parametrize("value", ["x", 'x"', "x\\", 'x"\\$HOME\n#y: z', "\ta\r\n ", "ä€😀\u2028\x85\ufeff", "{{ 1 }}", "null", "'"])
def test_secrets_are_written_so_that_act_reads_the_same_text(value: str) -> None:
    assert yaml.safe_load(command.secrets_file({"A": value, "B": "b"})) == {"A": value, "B": "b"}
    assert yaml.safe_load(command.secrets_file({})) == {}


def test_without_act_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))

    with pytest.raises(ToolMissingError) as caught:
        command.find_act({"PATH": str(tmp_path)})

    assert "pip install 'orch-toolkit[act]'" in caught.value.hint


GRAPH = Graph(
    "p",
    "p.py:p",
    (
        Step("a", "p.py:a", outputs=(Output("output"),)),
        Step("b", "p.py:b", (("x", OutputRef("a", "output")),), (Output("output"),)),
        Step("c", "p.py:c", after=("b",)),
        Step("d", "p.py:d"),
    ),
)


def test_one_job_runs_with_what_it_needs() -> None:
    assert [step.id for step in harness.selected(GRAPH, "c").steps] == ["a", "b", "c"]
    assert harness.selected(GRAPH, None) is GRAPH


def test_a_job_that_does_not_exist_is_named() -> None:
    with pytest.raises(UsageError, match="no step 'x'"):
        harness.selected(GRAPH, "x")


def test_a_secret_that_is_not_set_is_an_error_before_anything_runs() -> None:
    from dataclasses import replace

    from orch.model.settings import StepSettings

    graph = replace(GRAPH, steps=(replace(GRAPH.steps[0], settings=StepSettings(secrets=("TOKEN", "KEY"))),))

    with pytest.raises(SecretError, match="'TOKEN' is not set, and step 'a' declares it"):
        harness.declared_secrets(graph, {"KEY": "x"})
    assert harness.declared_secrets(graph, {"KEY": "x", "TOKEN": "y", "OTHER": "z"}) == {"KEY": "x", "TOKEN": "y"}
