"""Jobs of a matrix look for earlier results of their legs, and readers take those that the plan knows, from what `orch act` serves."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.github_api import REPOSITORY, GitHub
from support.steps import a_graph, a_step

from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.facts import Facts
from orch.model.fans import Fan
from orch.model.index import Entry, Kept
from orch.model.legs import Legs
from orch.model.plan import Action, Cause, Decision
from orch.model.records import StepRecord
from orch.model.states import State
from orch.model.steps import Output, OutputRef, Step, Value
from orch.planning.ahead import on_machine
from orch.planning.facts import platform, python
from orch.planning.key import key_document, key_of
from orch.planning.machines import Machine
from orch.replay.act.server import serving
from orch.runtime import look, take
from orch.runtime.planned import Planned
from orch.stores.local import LocalStore, object_path

COUNT = 258  # two legs a job
OUTPUTS = (Output("output", "int"),)
TRAIN = Step("train", "p.py:train", (("x", Value(list(range(COUNT)))),), OUTPUTS, fan=Fan(("x",)))
SCORE = Step("score", "p.py:score", (("x", OutputRef("train", "output")),), OUTPUTS, fan=Fan(("x",)))
GRAPH = a_graph(TRAIN, SCORE, a_step("total", ["train"]))
FACTS = Facts("c", "p", "", "")


class Run:
    """A run whose plan has taken leg 0 and knows results of legs 2, 4 and 5, which may be of another machine than its jobs will have."""

    def __init__(self, folder: Path, url: str, github: GitHub, asked: list[str]) -> None:
        self.folder = folder
        self.asked = asked
        self.github = github
        (folder / "graph.json").write_text(GRAPH.text())
        self.environment = {
            "GITHUB_API_URL": url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": "token",
            "GITHUB_OUTPUT": str(folder / "output"),
            "ORCH_SOURCES": json.dumps({"train": {"plan": True}}),
        }
        github.run(5)
        self.entries = {index: self._made(index) for index in (0, 2, 4, 5)}
        taken = Decision("train.0", Action.CACHED, Cause.HIT, "as in run 5", self.entries[0].key, entry=self.entries[0])
        decision = Decision("train", Action.MAYBE, Cause.FIRST, legs=(taken,))
        planned = Planned(1, "", dict.fromkeys(("train", "score", "total"), FACTS), tuple(self.entries.values()), {"train": decision})
        planned.write(folder / "inputs" / "orch-p-orch-plan-a1")

    def _made(self, index: int) -> Entry:
        leg = Legs(TRAIN, {"x": COUNT})[index]
        data = str(index).encode()
        made = {"output": Artifact(LocalStore(self.folder / "made").put(data), len(data), "json")}
        record = canonical.pretty(StepRecord(leg.id, State.SUCCEEDED, outputs=made).to_json()).encode()
        files = {f"records/{leg.id}.json": record, object_path(made["output"].digest): data}
        number = self.github.upload(5, f"orch-p-train.{index}-a1", files)
        key = key_of(key_document(leg, on_machine(FACTS, Machine(python(), platform())), {}, {}))
        kept = Kept(number, f"orch-p-train.{index}-a1", "2037-01-01T00:00:00Z")
        return Entry(key, "p", leg.id, "5", "2027-01-01T00:00:00Z", outputs=made, artifacts=(kept,))

    def look(self, leg: int, decision: str = "maybe") -> dict[str, str]:
        """What the job hears."""
        (self.folder / "output").write_text("")
        places = {name: str(self.folder / name) for name in ("inputs", "outputs", "record")}
        options = {"graph": str(self.folder / "graph.json"), "step": "train", "project": str(self.folder), "decision": decision, **places}
        assert look.main(arguments({**options, "leg": str(leg)}), self.environment, io.StringIO()) == 0
        lines = (self.folder / "output").read_text().splitlines()
        return {before.partition("<<")[0]: after for before, after in itertools.pairwise(lines) if "<<" in before}

    def take(self, step: str, **more: str) -> set[str]:
        """The legs whose outputs are there then, and what a job says of others."""
        stdout = io.StringIO()
        options = {"graph": str(self.folder / "graph.json"), "step": step, "inputs": str(self.folder / "inputs"), **more}
        assert take.main(arguments(options), self.environment, stdout) == 0
        self.said = stdout.getvalue()
        return {json.loads(file.read_bytes())["id"] for file in self.folder.glob("inputs/orch-earlier-*/record.json")}

    def records(self) -> dict[str, Any]:
        files = sorted((self.folder / "record").rglob("record.json"))
        return {record["id"]: record for record in (json.loads(file.read_bytes()) for file in files)}


def arguments(options: Mapping[str, str]) -> list[str]:
    return [part for name, value in options.items() for part in (f"--{name}", value)]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    github = GitHub(tmp_path)
    asked: list[str] = []
    with serving(github.kept.routes, repository=REPOSITORY, token="token", log=asked.append) as url:
        yield Run(tmp_path, url, github, asked)


def test_a_leg_that_the_plan_has_taken_is_neither_run_nor_uploaded_again(run: Run) -> None:
    assert run.look(0) == {"hit": "false", "only": "1"}
    assert run.records() == {}


def test_of_two_legs_the_one_that_is_known_is_uploaded_again_and_the_other_one_runs(run: Run) -> None:
    assert run.look(1) == {"hit": "false", "only": "3", "outputs": "true"}

    assert {leg: (record["state"], record["cached_from"], record["cause"]) for leg, record in run.records().items()} == {
        "train.2": ("cached", "5", "hit")
    }
    assert [file.name for file in (run.folder / "outputs" / "records").iterdir()] == ["train.2.json"]
    assert LocalStore(run.folder / "outputs").get(run.entries[2].outputs["output"].digest) == b"2"


def test_where_all_legs_are_known_the_job_is_cached(run: Run) -> None:
    assert run.look(2) == {"hit": "true", "outputs": "true", "state": "cached"}
    assert len([line for line in run.asked if "/storage/" not in line]) == 4  # of each whose it is, and its bytes
    assert list(run.records()) == ["train.4", "train.5"]


def test_where_none_is_known_or_the_result_is_gone_all_legs_run(run: Run) -> None:
    run.github.delete(5, "orch-p-train.2-a1")

    assert run.look(3) == {"hit": "false"}
    assert run.look(1) == {"hit": "false"}
    assert run.records() == {}


def test_a_hundred_jobs_do_not_each_ask_which_runs_there_were(run: Run) -> None:
    (run.folder / "inputs" / "orch-p-orch-plan-a1" / "plan.json").unlink()

    assert run.look(2, decision="look") == {"hit": "false"}
    assert run.asked == []


def test_who_reads_the_list_takes_all_that_the_plan_knows(run: Run) -> None:
    assert run.take("total") == {"train.0"}
    assert run.said == ""


def test_a_leg_takes_those_that_it_reads(run: Run) -> None:
    assert run.take("score", leg="1") == set()
    assert run.take("score", leg="0") == {"train.0"}


def test_what_cannot_be_had_is_told_by_the_name_of_the_leg(run: Run) -> None:
    run.github.delete(5, "orch-p-train.0-a1")

    assert run.take("total") == set()
    assert "the outputs of 'train.0', which run 5 keeps, cannot be had" in run.said


def test_without_the_plan_nothing_is_taken_and_the_job_says_so(run: Run) -> None:
    (run.folder / "inputs" / "orch-p-orch-plan-a1" / "plan.json").unlink()

    assert run.take("total") == set()
    assert "where earlier runs keep the outputs of train is not known: the plan of this run is not there" in run.said


def test_other_bytes_than_the_index_says_are_not_taken(run: Run) -> None:
    wrong = replace(run.entries[0], outputs={"output": run.entries[2].outputs["output"]})
    taken = Decision("train.0", Action.CACHED, Cause.HIT, "as in run 5", wrong.key, entry=wrong)
    Planned(2, entries=(wrong,), decisions={"train": Decision("train", Action.MAYBE, Cause.FIRST, legs=(taken,))}).write(
        run.folder / "inputs" / "orch-p-orch-plan-a2"
    )

    assert run.take("total") == set()
    assert "hold other outputs than its index says" in run.said
