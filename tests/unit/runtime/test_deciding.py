"""The plan of a run on GitHub, from its facts to the index that the result job leaves, and back: no sockets, no jobs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.github_api import NOW, GitHub
from support.steps import a_graph, a_step

from orch.authoring.project import Project
from orch.model.artifacts import Artifact
from orch.model.graph import Graph
from orch.model.index import Entry
from orch.model.records import StepRecord
from orch.model.states import State
from orch.planning.decide import Known
from orch.replay.act.server import Reply
from orch.runtime.deciding import Run, plan_run
from orch.runtime.earlier import CALLS
from orch.runtime.here import Here
from orch.runtime.kept import Made, artifacts_of_run, cumulative
from orch.runtime.planned import Planned

GRAPH = replace(a_graph(a_step("a"), a_step("b", ["a"]), a_step("c", ["b"])), python="3.12")
CODE = "def a(): return 1\ndef b(x0): return x0\ndef c(x0): return x0\n"
PYTHON = {"python": "3.12.4", "os": "linux", "arch": "x86_64"}


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self.github = GitHub(folder)
        self.warned: list[str] = []
        self.write(CODE)

    def write(self, code: str) -> None:
        (self.folder / "pipeline.py").write_text(code)

    def plan(self, number: int = 99, *, attempt: int = 1, graph: Graph = GRAPH, label: str = "ubuntu-24.04") -> Planned:
        here = Here("acme/churn", ".github/workflows/p.yml", str(number), attempt, ("main",))
        run = Run(graph, Project(self.folder, self.folder), here, {}, "", {"": label}, may_unpickle=True, now=NOW)
        return plan_run(run, self.github.api(), self.warned.append)

    def run(self, number: int, planned: Planned, *, broken: frozenset[str] = frozenset(), attempt: int = 1) -> None:
        """What the jobs of a run, planned so, leave behind: the steps after `broken` ones did not run."""
        if attempt == 1:
            self.github.run(number)
        else:
            self.github.run_again(number, attempt)
        records: dict[str, StepRecord] = {}
        for step in GRAPH.steps:
            if step.id in planned.cached:
                records[step.id] = StepRecord(step.id, State.CACHED, attempt, outputs=planned.cached[step.id].outputs)
            elif step.id not in broken and all(producer in records for producer in step.producers):
                records[step.id] = self._ran(number, step.id, records, attempt)
        known = Known(planned.facts, {}, planned.index, NOW)
        made = Made(GRAPH, str(number), records, known, artifacts_of_run(self.github.api(), str(number)))
        self.github.upload_index(number, cumulative(planned.entries, made.entries()), attempt=attempt)

    def _ran(self, number: int, step: str, records: dict[str, StepRecord], attempt: int) -> StepRecord:
        self.github.upload(number, f"orch-p-{step}-a{attempt}", {"record.json": b"{}"}, attempt=attempt)
        inputs = {f"{each}.output": {"digest": records[each].outputs["output"].digest} for each in GRAPH[step].producers}
        output = Artifact(f"sha256:{ord(step):064x}", 1, "json")
        started = "2027-01-01T00:00:00.000Z"
        return StepRecord(step, State.SUCCEEDED, attempt, 1, started, 1.0, inputs, {"output": output}, environment=PYTHON)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def actions(planned: Planned) -> dict[str, str]:
    return {step: str(decision.action) for step, decision in planned.decisions.items()}


CACHED = {"a": "cached", "b": "cached", "c": "cached"}


def test_a_run_takes_what_the_one_before_has_made(repository: Repository) -> None:
    first = repository.plan()
    repository.run(1, first)
    asked = len(repository.github.asked)
    second = repository.plan()

    assert actions(first) == {"a": "run", "b": "maybe", "c": "maybe"}
    assert actions(second) == CACHED
    assert len(repository.github.asked) - asked <= CALLS
    assert repository.warned == []


def test_what_the_last_run_took_is_taken_from_the_run_that_made_it(repository: Repository) -> None:
    repository.run(1, repository.plan())
    repository.run(2, repository.plan())
    third = repository.plan()

    assert {step: entry.run for step, entry in third.cached.items()} == {"a": "1", "b": "1", "c": "1"}


def test_a_change_runs_what_it_reaches(repository: Repository) -> None:
    repository.run(1, repository.plan())
    repository.write(CODE.replace("def b(x0): return x0", "def b(x0): return x0 + 1"))

    planned = repository.plan()

    assert actions(planned) == {"a": "cached", "b": "run", "c": "maybe"}
    assert "code" in planned.decisions["b"].reason


def test_packages_of_the_lock_are_in_the_key(repository: Repository) -> None:
    graph = replace(GRAPH, requirements="requirements.txt")
    (repository.folder / "requirements.txt").write_text("pandas==2.2.3\n")
    repository.run(1, repository.plan(graph=graph))
    assert actions(repository.plan(graph=graph)) == CACHED

    (repository.folder / "requirements.txt").write_text("pandas==2.2.4\n")
    assert actions(repository.plan(graph=graph)) == {"a": "run", "b": "maybe", "c": "maybe"}


def test_on_a_machine_of_which_nothing_is_known_the_jobs_look(repository: Repository) -> None:
    repository.run(1, repository.plan())

    assert actions(repository.plan(label="our-own")) == dict.fromkeys("abc", "maybe")


def test_a_requirements_file_that_is_absent_makes_the_steps_run_and_say_why(repository: Repository) -> None:
    planned = repository.plan(graph=replace(GRAPH, requirements="absent.txt"))

    assert actions(planned)["a"] == "run"
    assert "absent.txt" in planned.decisions["a"].reason


def test_a_run_that_broke_off_leaves_what_it_had_made_to_its_next_attempt(repository: Repository) -> None:
    repository.run(5, repository.plan(5), broken=frozenset("c"))
    repository.github.run_again(5, 2)

    again = repository.plan(5, attempt=2)

    assert actions(again) == {"a": "cached", "b": "cached", "c": "run"}
    repository.run(5, again, attempt=2)
    assert actions(repository.plan(6)) == CACHED


def test_of_a_deleted_artifact_all_that_needs_it_is_decided_anew(repository: Repository) -> None:
    repository.run(1, repository.plan())
    repository.github.delete(1, "orch-p-a-a1")

    planned = repository.plan()

    assert actions(planned) == {"a": "run", "b": "maybe", "c": "maybe"}
    assert planned.decisions["a"].reason == "the result of run 1 is not used: its artifact was deleted"


@pytest.mark.parametrize(
    "trouble", [Reply(404, {}), Reply(403, {"message": "no"}), Reply(401, {}), Reply(500, {}), ConnectionResetError("x")]
)
@pytest.mark.parametrize("path", ["/runs", "/artifacts", "/zip"])
def test_where_github_does_not_answer_all_steps_run_and_people_are_told(
    repository: Repository, trouble: Reply | Exception, path: str
) -> None:
    repository.run(1, repository.plan())
    repository.github.trouble[path] = [trouble] * 99

    planned = repository.plan()

    assert actions(planned) == {"a": "run", "b": "maybe", "c": "maybe"}
    assert len(repository.warned) == 1
    assert repository.warned[0].startswith("results of earlier runs are not used: ")


def test_where_github_stops_to_answer_results_are_used_that_may_be_gone(repository: Repository) -> None:
    repository.run(1, repository.plan())
    repository.github.trouble["runs/1/artifacts"] = [Reply(403, {})] * 9

    assert actions(repository.plan()) == CACHED
    assert repository.warned[0].startswith("whether results of earlier runs are still there is not known: ")


def test_an_index_says_of_each_result_where_it_lies(repository: Repository) -> None:
    repository.run(1, repository.plan())

    entries: dict[str, Entry] = repository.plan().cached
    assert {kept.name for entry in entries.values() for kept in entry.artifacts} == {f"orch-p-{step}-a1" for step in "abc"}
    assert all(kept.expires > "2027-02" for entry in entries.values() for kept in entry.artifacts)
