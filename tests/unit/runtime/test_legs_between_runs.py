"""Legs of mapped steps from run to run on GitHub: which of them the plan takes, what it says to the jobs, and what the index keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.github_api import NOW, GitHub
from support.steps import a_graph, a_step

from orch.authoring.project import Project
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.conditions import Compare
from orch.model.fan import index_of, leg_id, step_of
from orch.model.fans import Fan
from orch.model.gathered import gather
from orch.model.graph import Graph
from orch.model.index import Entry
from orch.model.matrix import items_of_job, jobs_for, per_job
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.records import Failure, StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.settings import StepSettings
from orch.model.states import State
from orch.model.steps import Choice, Item, Output, OutputRef, ParameterRef, Step, Value
from orch.planning.ahead import on_machine
from orch.planning.decide import Known
from orch.planning.key import digest_of, key_document, key_of, member_document
from orch.planning.machines import Machine
from orch.runtime.counting import legs_said
from orch.runtime.deciding import Run, plan_run
from orch.runtime.here import Here
from orch.runtime.keeping import Keeping
from orch.runtime.kept import MOST_OF_STEP, Made, artifacts_of_run, cumulative, lost
from orch.runtime.leg_results import counts, legs_as_steps
from orch.runtime.plan import Outputs, decided
from orch.runtime.planned import Planned
from orch.runtime.result import fold_run
from orch.runtime.take import take_legs
from orch.stores.local import LocalStore, object_path

OUTPUTS = (Output("output", "int"),)
XS = Parameter("xs", ParameterType(Kind.JSON, text="list[int]"), default=[])
TRAIN = Step("train", "pipeline.py:train", (("x", ParameterRef("xs")),), OUTPUTS, fan=Fan(("x",)))
GRAPH = replace(a_graph(TRAIN, a_step("total", ["train"]), parameters=[XS]), python="3.12")
CODE = "def train(x): return x\ndef score(x): return x\ndef load(): return []\ndef total(x0): return x0\n"
PYTHON = {"python": "3.12.4", "os": "linux", "arch": "x86_64"}


def value(data: Json) -> Artifact:
    return Artifact(digest_of(data), 1, "json")


class Repository:
    """Runs of a workflow: each is planned, its jobs leave what they make, and its result job an index."""

    def __init__(self, folder: Path, graph: Graph) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self.graph = graph
        self.github = GitHub(folder)
        self.code(CODE)

    def code(self, text: str) -> None:
        (self.folder / "pipeline.py").write_text(text)

    def plan(self, xs: list[Json] | None = None, *, label: str = "ubuntu-24.04") -> tuple[Planned, Outputs]:
        here = Here("acme/churn", ".github/workflows/p.yml", "99", 1, ("main",))
        self.parameters = {"xs": xs or []}
        project = Project(self.folder, self.folder)
        run = Run(self.graph, project, here, self.parameters, "", {"": label}, may_unpickle=True, now=NOW)
        planned = plan_run(run, self.github.api(), print)
        return planned, decided(self.graph, planned, parameters=self.parameters)

    def run(self, number: int, xs: list[Json] | None = None, *, lists: Mapping[str, list[Json]] | None = None) -> RunRecord:
        """What the result job makes of it. `lists` are what steps without inputs make; any other makes its arguments."""
        planned, outputs = self.plan(xs)
        self.github.run(number)
        needs: dict[str, Any] = {"orch-plan": {"result": "success", "outputs": outputs.texts()}}
        records: dict[str, StepRecord] = {}
        for name, entry in {**planned.cached, **planned.taken}.items():
            records[name] = StepRecord(name, State.CACHED, outputs=entry.outputs)
        for step in self.graph.steps:
            if outputs.plan[step.id] == "cached":
                needs[step.id] = {"result": "skipped", "outputs": {}}
                continue
            said = ""
            if step.fan:
                legs = legs_as_steps(self.graph, needs)
                own = [leg for leg in legs.values() if step_of(leg.id) == step.id]
                for job in range(jobs_for(len(own))):
                    ran = [own[index] for index in items_of_job(len(own), job) if own[index].id not in records]
                    if ran:
                        self._job(number, f"{step.id}.{job}", [self._ran(leg, records, lists or {}) for leg in ran], records)
                gathered = {"output": gather([records[leg.id].outputs["output"] for leg in own])}
                records[step.id] = StepRecord(step.id, State.SUCCEEDED, outputs=gathered)
            else:
                self._job(number, step.id, [self._ran(step, records, lists or {})], records)
                said = legs_said(self.graph.to_json(), step.id, records[step.id].outputs)
            needs[step.id] = {"result": "success", "outputs": {"legs": said}}
        keeping = Keeping.of(self.graph, Project(self.folder, self.folder), "plan", Path("nowhere"), needs, print)
        keeping = replace(keeping, planned=planned)
        reported = [record for record in records.values() if record.state is State.SUCCEEDED and record.step not in self.graph.mapped]
        info = RunInfo(str(number), "p", "github", parameters=self.parameters)
        results = {job: need["result"] for job, need in needs.items()}
        record = fold_run(info, self.graph, [*reported, *keeping.cached(1)], results, ended=NOW, legs=counts(self.graph, needs))
        known = Known(planned.facts, self.parameters, planned.index, NOW)
        kept = artifacts_of_run(self.github.api(), str(number))
        made = Made(self.graph, str(number), {step.step: step for step in record.steps}, known, kept, keeping.legs, planned.taken)
        self.github.upload_index(number, cumulative(planned.entries, made.entries(), planned.taken.values()))
        return record

    def _ran(self, step: Step, records: Mapping[str, StepRecord], lists: Mapping[str, list[Json]]) -> StepRecord:
        inputs = {f"{ref}": {"digest": records[ref.step].outputs["output"].digest} for ref in step.references if isinstance(ref, OutputRef)}
        made = value([step.source, [canonical.dumps(str(binding)) for _, binding in step.inputs], self.parameters])
        if step.id in lists:
            members = tuple(canonical.dumps({"value": item}) for item in lists[step.id])
            made = replace(value(lists[step.id]), length=len(lists[step.id]), members=members)
        started = "2027-01-01T00:00:00.000Z"
        return StepRecord(step.id, State.SUCCEEDED, 1, 1, started, 1.0, inputs, {"output": made}, environment=PYTHON)

    def _job(self, run: int, name: str, made: list[StepRecord], records: dict[str, StepRecord]) -> None:
        files = {f"records/{each.step}.json" if index_of(each.step) is not None else "record.json": b"{}" for each in made}
        self.github.upload(run, f"orch-p-{name}-a1", files)
        records |= {each.step: each for each in made}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path, GRAPH)


def jobs(outputs: Outputs, step: str = "train") -> list[int]:
    found: list[int] = json.loads(outputs.legs[step]["jobs"])
    return found


def states(record: RunRecord) -> dict[str, str]:
    return {step.step: str(step.state) for step in record.steps}


# --- what the plan says ---


def test_of_a_list_with_one_item_more_only_the_new_leg_starts_a_job(repository: Repository) -> None:
    repository.run(1, [5, 6])
    planned, outputs = repository.plan([5, 6, 7])

    assert outputs.plan == {"train": "run", "total": "maybe"}
    assert jobs(outputs) == [2]
    assert outputs.legs["train"]["items"] == 3
    assert outputs.sources == {"train": {"plan": True}}
    assert set(planned.taken) == {"train.0", "train.1"}


def test_an_item_is_known_wherever_it_stands(repository: Repository) -> None:
    repository.run(1, [5, 6])
    planned, outputs = repository.plan([7, 6, 5])

    assert jobs(outputs) == [0]
    assert {leg: entry.step for leg, entry in planned.taken.items()} == {"train.1": "train.1", "train.2": "train.0"}


def test_where_all_legs_are_known_nothing_starts_and_who_reads_the_list_is_cached_too(repository: Repository) -> None:
    repository.run(1, [5, 6])
    planned, outputs = repository.plan([5, 6])

    assert outputs.plan == {"train": "cached", "total": "cached"}
    assert jobs(outputs) == []
    assert planned.decisions["train"].reason == "all 2 legs as in run 1"


def test_other_code_runs_all_legs(repository: Repository) -> None:
    repository.run(1, [5, 6])
    repository.code(CODE.replace("def train(x): return x", "def train(x): return x + 1"))
    planned, outputs = repository.plan([5, 6])

    assert outputs.plan["train"] == "run"
    assert jobs(outputs) == [0, 1]
    assert planned.taken == {}


@pytest.mark.parametrize(
    ("settings", "left"),
    [({}, []), ({"cache": False}, [0, 1]), ({"cache_expires_after": 60.0}, [0, 1]), ({"cache_expires_after": 1e9}, [])],
)
def test_whether_a_leg_may_be_cached_is_said_as_of_any_step(tmp_path: Path, settings: dict[str, Any], left: list[int]) -> None:
    step = replace(TRAIN, settings=StepSettings(**settings))
    repository = Repository(tmp_path, replace(GRAPH, steps=(step, GRAPH["total"])))
    repository.run(1, [5, 6])

    assert jobs(repository.plan([5, 6])[1]) == left


def test_nothing_to_map_over_is_as_it_was(repository: Repository) -> None:
    repository.run(1, [5])
    _, outputs = repository.plan([])

    assert outputs.plan["train"] == "run"
    assert jobs(outputs) == []
    assert outputs.sources == {}


def test_where_nobody_knows_the_machine_each_job_looks(repository: Repository) -> None:
    repository.run(1, [5, 6])
    planned, outputs = repository.plan([5, 6, 7], label="gpu-box")

    assert outputs.plan["train"] == "maybe"
    assert jobs(outputs) == [0, 1, 2]
    assert planned.taken == {}


def test_of_more_items_than_jobs_a_job_with_some_known_looks_which(repository: Repository) -> None:
    """300 items: jobs of two. Of the last one, one leg is known."""
    items: list[Json] = list(range(299))
    repository.run(1, items)
    planned, outputs = repository.plan([*items, 1000])

    assert per_job(300) == 2
    assert outputs.plan["train"] == "maybe"
    assert jobs(outputs) == [149]
    assert len(planned.taken) == 299


def test_a_leg_of_a_shared_job_is_found_by_what_that_job_uploaded(repository: Repository) -> None:
    items: list[Json] = list(range(300))
    repository.run(1, items)
    planned, _ = repository.plan(items)

    (artifact,) = planned.taken["train.299"].artifacts
    assert artifact.name == "orch-p-train.149-a1"


@pytest.mark.parametrize("condition", ["when", "choice"])
def test_of_a_step_that_may_read_something_else_no_leg_is_taken_ahead(tmp_path: Path, condition: str) -> None:
    asks, other = a_step("asks"), a_step("other")
    if condition == "when":
        train = replace(TRAIN, when=Compare(OutputRef("asks", "output"), ">", Value(1)))
    else:
        train = replace(TRAIN, inputs=(*TRAIN.inputs, ("y", Choice((OutputRef("asks", "output"), OutputRef("other", "output"))))))
    repository = Repository(tmp_path, replace(GRAPH, steps=(asks, other, train, GRAPH["total"])))
    repository.code(f"{CODE}def asks(): return 1\ndef other(): return 2\n")
    repository.run(1, [5, 6])
    if condition == "when":
        repository.code(f"{CODE}def asks(): return 3\ndef other(): return 2\n")

    planned, outputs = repository.plan([5, 6])

    assert outputs.plan["train"] == "maybe"
    assert outputs.plan["total"] == "maybe"
    assert jobs(outputs) == [0, 1]
    assert "train.0" not in planned.taken


# --- lists that steps make ---


BY_A_STEP = replace(
    GRAPH,
    steps=(
        a_step("load"),
        replace(TRAIN, inputs=(("x", OutputRef("load", "output")),)),
        Step("score", "pipeline.py:score", (("x", OutputRef("train", "output")),), OUTPUTS, fan=Fan(("x",))),
        a_step("total", ["score"]),
    ),
)


def test_a_list_that_has_to_be_made_is_counted_when_it_is(tmp_path: Path) -> None:
    repository = Repository(tmp_path, BY_A_STEP)
    repository.run(1, lists={"load": [5, 6]})
    repository.code(CODE.replace("return []", "return [0]"))

    _, before = repository.plan()
    repository.run(2, lists={"load": [6, 7, 5]})
    planned, after = repository.plan()

    # That `load` must run leaves nobody to know its items before: the jobs of the legs look themselves.
    assert before.plan == {"load": "run", "train": "maybe", "score": "maybe", "total": "maybe"}
    assert "train" not in before.legs
    assert after.plan == dict.fromkeys(("load", "train", "score", "total"), "cached")
    assert {planned.taken[leg].run for leg in ("train.0", "train.1", "train.2")} == {"2"}


def test_legs_over_legs_are_known_one_by_one(tmp_path: Path) -> None:
    repository = Repository(tmp_path, BY_A_STEP)
    repository.run(1, lists={"load": [5, 6]})
    planned, _ = repository.plan()
    gone = planned.taken["train.1"]
    repository.github.delete(1, "orch-p-train.1-a1")

    planned, outputs = repository.plan()

    assert gone.key not in {entry.key for entry in planned.taken.values()}
    assert outputs.plan == {"load": "cached", "train": "run", "score": "maybe", "total": "maybe"}
    assert (jobs(outputs), jobs(outputs, "score")) == ([1], [1])
    assert set(planned.taken) == {"load", "train.0", "score.0"}


def test_the_key_of_a_leg_is_the_one_that_a_laptop_computes_from_the_list_itself(tmp_path: Path) -> None:
    items: list[Json] = [5, {"a": 1}, "x" * 300]
    repository = Repository(tmp_path, BY_A_STEP)
    planned, _ = repository.plan()
    facts = on_machine(planned.facts["train"], Machine("3.12", "linux-x86_64"))
    told = replace(value(items), length=3, members=tuple(canonical.dumps(member_document(item, None)) for item in items))

    for index in range(3):
        leg = replace(TRAIN, id=leg_id("train", index), inputs=(("x", Item(OutputRef("load", "output"), index)),), fan=None)
        local = key_document(leg, facts, {}, {"load.output": value(items)}, member=lambda _, index: (items[index], None))
        assert key_of(key_document(leg, facts, {}, {"load.output": told})) == key_of(local)


@pytest.mark.parametrize("members", [(), ("{", "{")])
def test_a_list_of_which_no_items_are_told_is_one_thing(tmp_path: Path, members: tuple[str, ...]) -> None:
    """Whatever changes in it, all legs run: nothing is taken for known that is not."""
    leg = replace(TRAIN, id="train.0", inputs=(("x", Item(OutputRef("load", "output"), 0)),), fan=None)
    repository = Repository(tmp_path, BY_A_STEP)
    facts = repository.plan()[0].facts["train"]
    lists = [replace(value(items), length=2, members=members) for items in ([5, 6], [5, 7])]
    keys = {key_of(key_document(leg, facts, {}, {"load.output": artifact})) for artifact in lists}

    assert len(keys) == 2


# --- what the result job makes of it ---


def test_the_record_has_the_legs_that_did_not_start_with_their_cause(repository: Repository) -> None:
    repository.run(1, [5, 6])
    record = repository.run(2, [6, 7])

    told = {step.step: (str(step.state), step.cached_from, step.cause) for step in record.steps}
    assert told["train.0"] == ("cached", "1", "hit")
    assert told["train.1"][0] == "succeeded"
    assert record.steps[0].reason == "1 of 2 legs are cached"
    third = repository.run(3, [6, 7])
    assert states(third) == dict.fromkeys(("train", "train.0", "train.1", "total"), "cached")
    assert third.steps[0].reason == "all 2 legs are cached"
    assert {step.step: step.cached_from for step in third.steps} == {"train": "", "train.0": "1", "train.1": "2", "total": "2"}


def test_a_window_over_days_finds_each_day_as_long_as_it_is_in_it(repository: Repository) -> None:
    """A result that is used stays in the index, though it is the oldest of its name."""
    for day in range(1, 3 * MOST_OF_STEP):
        window: list[Json] = list(range(day, day + 4))
        planned, outputs = repository.plan(window)
        assert jobs(outputs) == ([0, 1, 2, 3] if day == 1 else [3])
        assert len(planned.taken) == (0 if day == 1 else 3)
        repository.run(day, window)


def test_a_leg_that_could_not_be_read_is_not_taken_again(repository: Repository) -> None:
    repository.run(1, [5, 6])
    planned, _ = repository.plan([5, 6, 7])
    failed = StepRecord("total", State.FAILED, failure=Failure("input", "step 'train.0' delivered no output 'output'"))

    gone = lost([failed], planned.taken, repository.graph)

    assert {entry.step: entry.artifacts for entry in gone} == {"train.0": (), "train.1": ()}


def test_results_of_single_steps_are_the_last_to_go() -> None:
    large = {"x": "y" * 100_000}
    plain = [Entry(f"sha256:{number:064x}", "p", "load", "7", "", large) for number in range(3)]
    legs = [Entry(f"sha256:{number:064x}", "p", f"train.{number}", "7", "", large) for number in range(3, 200)]

    kept = cumulative([], [*plain, *legs])

    assert kept[:3] == plain
    assert kept[-1] == legs[-1]
    assert len(kept) < 100


# --- who reads them ---


def test_legs_that_earlier_runs_keep_stand_where_jobs_of_this_run_would_have_put_them(tmp_path: Path) -> None:
    github = GitHub(tmp_path)
    github.run(5)
    store = LocalStore(tmp_path / "made")
    entries: dict[str, Entry] = {}
    files: dict[str, bytes] = {}
    for index in range(3):
        data = f"[{index}]".encode()
        made = {"output": Artifact(store.put(data), len(data), "json")}
        record = StepRecord(f"train.{index}", State.SUCCEEDED, outputs=made)
        files |= {f"records/train.{index}.json": canonical.pretty(record.to_json()).encode(), object_path(made["output"].digest): data}
        entries[f"train.{2 - index}"] = Entry(f"sha256:{index}", "p", f"train.{index}", "5", "", outputs=made)
    number = github.upload(5, "orch-p-train.0-a1", files)
    kept = next(iter(artifacts_of_run(github.api(), "5").values()))
    assert kept.id == number
    entries = {leg: replace(entry, artifacts=(kept,)) for leg, entry in entries.items()}
    wrong = replace(entries["train.0"], outputs={"output": value("other")})
    asked = len(github.asked)
    inputs = tmp_path / "inputs"
    inputs.mkdir()

    absent = take_legs(github.api(), entries | {"train.3": wrong}, inputs, 2)

    assert len(github.asked) - asked == 2  # once for all that share an artifact
    assert [(leg, error.message) for leg, error in absent] == [("train.3", "the artifacts of run 5 hold other outputs than its index says")]
    found = json.loads((inputs / "orch-earlier-train.0" / "record.json").read_bytes())
    assert (found["id"], found["state"], found["attempt"], found["cached_from"]) == ("train.0", "cached", 2, "5")
    assert LocalStore(inputs / "orch-earlier-train.0").get(found["outputs"]["output"]["digest"]) == b"[2]"
    assert not (inputs / "orch-earlier-train.3").exists()
