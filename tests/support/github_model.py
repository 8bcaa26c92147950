"""A small model of how GitHub schedules the jobs of a workflow: `if:`, `needs`, results and outputs, as its documentation has them.

Expressions are evaluated by GitHub's own package. What a job does once it runs is the project's own code, without processes: the
plan, the flags, the choice between branches, the fold of records. So a run here ends as one on GitHub does, in milliseconds.

https://docs.github.com/actions/reference/workflows-and-actions/expressions#status-check-functions
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import yaml
from support.github_parser import GitHubParser

from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.fan import index_of, leg_id
from orch.model.flags import evaluate, leaves_of, name_of, resolved
from orch.model.gathered import fold_legs
from orch.model.graph import Graph, Step, topological
from orch.model.index import Entry
from orch.model.matrix import PARAMETERS, dealt_legs, fixed, read_tables, roots, table
from orch.model.plan import Action, Cause, Decision, Plan
from orch.model.records import StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.settings import ExecutionMode
from orch.model.states import State
from orch.model.steps import OutputRef
from orch.names import NOTIFY_JOB, PLAN_JOB, RESULT_JOB, workflow_path
from orch.orchestrators.github.compile import files
from orch.orchestrators.github.plan_job import cache_mode
from orch.orchestrators.local.schedule import Schedule
from orch.planning.ahead import of_legs
from orch.planning.decide import never_cached
from orch.planning.foresee import foresee
from orch.runtime.asked import choose, flags_text
from orch.runtime.counting import legs_said, parameter_lengths
from orch.runtime.keeping import Keeping
from orch.runtime.leg_results import counts
from orch.runtime.modes import not_started, why_halted
from orch.runtime.plan import decided
from orch.runtime.planned import Planned
from orch.runtime.result import fold_run
from orch.stacks.settings import Settings

if TYPE_CHECKING:
    from orch.authoring.project import Project

_STATUS: Final = re.compile(r"\b(success|failure|cancelled|always)\s*\(")
_EXPRESSION: Final = re.compile(r"\$\{\{(.*?)\}\}")
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it was built
_NOWHERE: Final = Path("nowhere")
RESULTS: Final = {State.SUCCEEDED: "success", State.CACHED: "success", State.FAILED: "failure", State.CANCELLED: "cancelled"}


@dataclass(frozen=True)
class Story:
    """What happens to the steps of a graph if they run: how each ends, what it makes, and whether an earlier run has its result.

    `parameters` as encoded by `orch.model.values`.
    """

    graph: Graph
    ends: Mapping[str, State] = field(default_factory=dict)  # succeeded if absent
    values: Mapping[str, Json] = field(default_factory=dict)  # `step.output` -> a plain scalar; 0 if absent
    lengths: Mapping[str, int] = field(default_factory=dict)  # `step.output` -> of a list: how many items it has
    cached: Collection[str] = frozenset()  # steps, with all their legs, and legs
    parameters: Mapping[str, Json] = field(default_factory=dict)

    def state_of(self, step: Step) -> State:
        """A step whose outputs cannot be compared as conditions ask has failed, and no earlier run has such a result."""
        try:
            self._flags(step, self.artifacts(step))
        except TypeError:
            return self.ends.get(step.id, State.FAILED) if self.ends.get(step.id) is not State.SUCCEEDED else State.FAILED
        return State.CACHED if step.id in self.cached else self.ends.get(step.id, State.SUCCEEDED)

    def artifacts(self, step: Step) -> dict[str, Artifact]:
        return {output.name: self._artifact(f"{step.id}.{output.name}") for output in step.outputs}

    def _artifact(self, name: str) -> Artifact:
        length = self.lengths.get(name)
        return Artifact(f"sha256:{'a' * 64}", 1, "json", value=self.values.get(name, 0) if length is None else None, length=length)

    def items(self, step: Step) -> int | None:
        """How many legs a mapped step has; None where its lists do not go together, or are none."""
        dealt = self.dealt(step)
        return None if None in dealt["sizes"] or not _go_together(step, dealt["sizes"]) else int(dealt["items"])

    def dealt(self, step: Step) -> Json:
        outputs: dict[str, int | None] = {f"{each.id}.{output.name}": None for each in self.graph.steps for output in each.outputs}
        outputs |= self.lengths
        told = table(self.graph.by_id, outputs | parameter_lengths(self.graph, self.parameters))
        return told[step.id] if step.id in told else fixed(self.graph.by_id, step)

    def legs(self, step: Step) -> list[StepRecord]:
        """Of a mapped step that ran. How the step is to end, its first leg ends."""
        count = self.items(step)
        if count is None:
            return [StepRecord(leg_id(step.id, 0), State.FAILED)]
        first = self.ends.get(step.id, State.SUCCEEDED)
        ends = [first if index == 0 else State.SUCCEEDED for index in range(count)]
        ends = [State.CACHED if {step.id, leg_id(step.id, index)} & set(self.cached) else end for index, end in enumerate(ends)]
        return [
            StepRecord(leg_id(step.id, index), end, outputs=self.artifacts(step) if end.has_outputs else {})
            for index, end in enumerate(ends)
        ]

    def record(self, step: Step) -> StepRecord:
        """Of the step that ran, as its worker would have written it."""
        if step.fan:
            return fold_legs(step, self.legs(step), 1)
        state = self.state_of(step)
        if not state.has_outputs:
            return StepRecord(step.id, state)
        outputs = self.artifacts(step)
        return StepRecord(step.id, state, outputs=outputs, flags=self._flags(step, outputs))

    def _flags(self, step: Step, outputs: Mapping[str, Artifact]) -> dict[str, bool]:
        asked = [resolved(leaf, self.parameters) for leaf in leaves_of(self.graph.steps).get(step.id, ())]
        return {
            name_of(leaf): evaluate(leaf, lambda ref: outputs[ref.output].value if isinstance(ref, OutputRef) else None) for leaf in asked
        }


def _go_together(step: Step, sizes: list[int]) -> bool:
    assert step.fan
    return step.fan.product or len(set(sizes)) < 2


def run_locally(story: Story) -> tuple[dict[str, State], dict[str, tuple[str, ...]]]:
    """The end states by the scheduler of `orch run`, and of each step that ran which steps' outputs it read."""
    schedule = Schedule(story.graph, story.parameters)
    read: dict[str, tuple[str, ...]] = {}
    while schedule.ready:
        step = story.graph[schedule.ready.popleft()]
        ran = [producer for producer in step.producers if schedule.states[producer].has_outputs]
        read[step.id] = step.choose(ran).producers
        record = story.record(step)
        schedule.end(step.id, record.state, flags=record.flags, outputs=record.outputs)
    assert schedule.has_ended
    return dict(schedule.states), read


class GitHub:
    """One run of the workflow that a graph compiles to."""

    def __init__(self, parser: GitHubParser, story: Story, settings: Settings | None = None) -> None:
        self.parser = parser
        self.story = story
        self.text = files(story.graph, settings)[workflow_path(story.graph.pipeline)]
        self.jobs: dict[str, Any] = yaml.load(self.text, _LOADER)["jobs"]  # noqa: S506 - a safe one
        self.results: dict[str, str] = {}
        self.outputs: dict[str, dict[str, str]] = {}
        self.records: list[StepRecord] = []
        self.attempt = 1
        self.read: dict[str, tuple[str, ...]] = {}
        looks_ahead = PLAN_JOB in self.jobs and cache_mode(story.graph, settings or Settings()) == "plan"
        self.planned = self._planned() if looks_ahead else None

    def run(self) -> RunRecord:
        """The run's record, as the result job writes it."""
        waiting = [name for name in self.jobs if name not in self.results and name not in (RESULT_JOB, NOTIFY_JOB)]
        while waiting:
            name = next(name for name in waiting if all(need in self.results for need in self._needs(name)))
            waiting.remove(name)
            known = len(self.records)
            self.results[name], self.outputs[name] = self._run(name)
            self.records[known:] = [replace(record, attempt=self.attempt) for record in self.records[known:]]
        keeping = Keeping(self.story.graph, cast("Project", None), "plan", self.planned, self._said(), {}, warn=print)
        cached = keeping.cached(self.attempt)
        info = RunInfo("1", self.story.graph.pipeline, "github", self.attempt, parameters=self.story.parameters)
        needs = {name: {"result": self.results[name], "outputs": self.outputs[name]} for name in self.results}
        return fold_run(info, self.story.graph, [*self.records, *cached], self.results, ended=0.0, legs=counts(self.story.graph, needs))

    def run_again(self, ends: Mapping[str, State]) -> RunRecord:
        """The next attempt by "Re-run failed jobs": those that did not end well, and all below them; the others stay as they are.

        Of a matrix, only the legs that failed run again. `ends` is how the steps that had failed end now.
        """
        again = {name for name, result in self.results.items() if result in ("failure", "cancelled")}
        again |= {name for name in self.results if not again.isdisjoint(self._ancestors(name))}
        for name in again:
            del self.results[name], self.outputs[name]
        self.story = replace(self.story, ends={**self.story.ends, **ends})
        self.attempt += 1
        return self.run()

    # --- what GitHub does ---

    def _needs(self, job: str) -> list[str]:
        needs = self.jobs[job].get("needs", [])
        return [needs] if isinstance(needs, str) else list(needs)

    def _ancestors(self, job: str) -> set[str]:
        found: set[str] = set()
        waiting = self._needs(job)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._needs(name)
        return found

    @property
    def _has_failed(self) -> bool:
        return "failure" in self.results.values()

    def _starts(self, name: str) -> bool:
        condition = str(self.jobs[name].get("if", "")).strip().removeprefix("${{").removesuffix("}}").strip()
        if not _STATUS.search(condition):
            condition = f"success() && ({condition})" if condition else "success()"
        return bool(self.evaluate(name, condition))

    def evaluate(self, name: str, expression: str) -> Any:
        above = {self.results[job] for job in self._ancestors(name)}
        needs = {need: {"result": self.results[need], "outputs": self.outputs[need]} for need in self._needs(name)}
        # A job that fails cancels the run, in that mode.
        is_cancelled = self._has_failed and self.story.graph.execution_mode is ExecutionMode.FAIL_FAST
        functions = {"success": above <= {"success"}, "failure": "failure" in above, "cancelled": is_cancelled, "always": True}
        return self.parser.evaluate(expression, {"needs": needs, "inputs": {}, "github": {}, "matrix": {}}, **functions)

    def _texts(self, name: str, text: str) -> str:
        """`text` with its expressions evaluated."""
        return _EXPRESSION.sub(lambda found: str(self.evaluate(name, found[1].strip()) or ""), text)

    def _run(self, name: str) -> tuple[str, dict[str, str]]:
        if not self._starts(name):
            if "strategy" in self.jobs[name]:  # act looks at it all the same, and ends where it has no value
                self._matrix(name)
            return "skipped", {}
        if name == PLAN_JOB:
            return "success", decided(self.story.graph, self.planned, parameters=self.story.parameters).texts()
        pack = next((pack for pack in self.story.graph.packs if pack[0] == name), None)
        if pack is not None:
            return self._run_pack(pack), {}
        if name not in self.story.graph.by_id:
            return "success", {"legs": self._count(name)}
        step = self.story.graph[name]
        if self._has_failed and self.story.graph.execution_mode is not ExecutionMode.CONTINUE_ON_FAILURE:
            failed = next(record.step for record in self.records if record.state is State.FAILED)
            self.records.append(not_started(name, why_halted(failed, self.story.graph.execution_mode), 1))
            return "failure", {}
        said = self._run_step(name, step)
        result = RESULTS[self.story.record(step).state]
        declared = self.jobs[name].get("outputs", {})
        return result, {output: said.get(output, "") for output in declared} if result == "success" else {}

    # --- what the jobs do ---

    def _run_step(self, name: str, step: Step) -> dict[str, str]:
        (uses,) = [each for each in self.jobs[name]["steps"] if "pipeline" in each.get("with", {})]
        ran = self._texts(name, uses["with"].get("ran", ""))
        chosen = choose(step, _NOWHERE, {"ORCH_RAN": ran}) if ran else step
        self.read[name] = chosen.producers
        absent = [producer for producer in chosen.producers if not self._has_outputs(producer)]
        assert not absent, f"{name} runs without {absent}"
        record = self.story.record(step)
        if step.fan:
            done = {record.step for record in self.records if record.state.has_outputs}
            taken = self.planned.taken if self.planned else {}
            left = [leg for leg in self.story.legs(step) if leg.step not in taken]
            assert self._matrix(name) == [index_of(leg.step) for leg in left] != []
            self.records += [leg for leg in left if leg.step not in done]
        else:
            self.records.append(record)
        flags = flags_text(leaves_of(self.story.graph.steps).get(name, ()), self.story.parameters, record)
        return {"flags": flags, "legs": legs_said(self.story.graph.to_json(), name, record.outputs)}

    def _matrix(self, name: str) -> list[int]:
        """GitHub refuses an empty one."""
        legs = self.jobs[name]["strategy"]["matrix"]["leg"]
        found: list[int] = self.evaluate(name, legs.removeprefix("${{").removesuffix("}}").strip()) if isinstance(legs, str) else legs
        return found

    def _count(self, name: str) -> str:
        """The job that counts legs which hang on what several others made."""
        (uses,) = [each for each in self.jobs[name]["steps"] if "pipeline" in each.get("with", {})]
        told = read_tables(self._texts(name, uses["with"].get("legs", "")))
        step = uses["with"]["step"]
        lengths = {each: length for each, length in told.items() if "." in each} | parameter_lengths(
            self.story.graph, self.story.parameters
        )
        return json.dumps({step: table(self.story.graph.by_id, lengths)[step]})

    def _run_pack(self, pack: tuple[str, ...]) -> str:
        """All its steps, by the scheduler of `orch run`; what they read from others must be there for all of them."""
        absent = {need for step in pack for need in self.story.graph[step].producers if need not in pack and not self._has_outputs(need)}
        assert not absent, f"{pack} runs without {absent}"
        records: dict[str, StepRecord] = {}
        for name in pack:
            step = self.story.graph[name]
            can_start = all(records[need].state.has_outputs for need in step.needs if need in records)
            records[name] = self.story.record(step) if can_start else StepRecord(name, State.SKIPPED)
            if can_start:
                self.read[name] = step.producers
        self.records += records.values()
        ends = {record.state for record in records.values()}
        return "failure" if State.FAILED in ends else "cancelled" if State.CANCELLED in ends else "success"

    def _has_outputs(self, step: str) -> bool:
        if self.results.get(self.story.graph.job_of[step]) == "success" or self._said().get(step) == "cached":
            return True
        return step in self.story.graph.mapped and self.story.items(self.story.graph[step]) == 0

    def _said(self) -> dict[str, str]:
        said: dict[str, str] = json.loads(self.outputs.get(PLAN_JOB, {}).get("plan", "{}"))
        return said

    def _planned(self) -> Planned:
        """A step is cached if all that it reads from is, and maybe if an earlier run has its result, but it cannot be told yet."""
        running: set[str] = set()  # of packs of which not all is cached
        while True:
            decisions = self._decisions(running)
            packs = [pack for pack in self.story.graph.packs if any(decisions[step].action is not Action.CACHED for step in pack)]
            drawn_in = {step for pack in packs for step in pack if decisions[step].action is not Action.RUN}
            if not drawn_in:
                break
            running |= drawn_in
        plan, _ = foresee(self.story.graph, Plan(tuple(decisions.values())), self.story.parameters)
        return Planned(1, decisions={each.step: each for each in plan.decisions})

    def _decisions(self, running: Collection[str]) -> dict[str, Decision]:
        decisions: dict[str, Decision] = {}
        for step in topological(self.story.graph):
            is_known = all(decisions[producer].action is Action.CACHED for producer in step.producers)
            if step.fan:
                decisions[step.id] = self._decision_by_legs(step, decisions)
            elif step.id in running or self.story.state_of(step) is not State.CACHED:
                decisions[step.id] = Decision(step.id, Action.RUN, Cause.FIRST)
            elif is_known:
                record = self.story.record(step)
                entry = Entry("sha256:0", self.story.graph.pipeline, step.id, "0", "", outputs=record.outputs, flags=record.flags)
                decisions[step.id] = Decision(step.id, Action.CACHED, Cause.HIT, entry=entry)
            else:
                decisions[step.id] = Decision(step.id, Action.MAYBE, Cause.UPSTREAM)
        return decisions

    def _decision_by_legs(self, step: Step, decisions: Mapping[str, Decision]) -> Decision:
        """A leg is cached if all that it reads from is, where it is known how many there are."""
        if (never := never_cached(step)) is not None:
            return never
        cached = {step for step, decision in decisions.items() if decision.action is Action.CACHED}
        taken = cached | {leg for decision in decisions.values() for leg in decision.taken}
        if not cached.issuperset(root for root in roots(self.story.graph.by_id, step) if root != PARAMETERS):
            return Decision(step.id, Action.MAYBE, Cause.UPSTREAM)
        if self.story.items(step) is None:
            return Decision(step.id, Action.RUN, Cause.CHANGED)
        legs = dealt_legs(step, self.story.dealt(step)["sizes"], self.story.graph.mapped)
        told = zip(legs, self.story.legs(step), strict=True)
        return of_legs(self.story.graph.pipeline, step, tuple(self._decision_of(leg, record, taken) for leg, record in told))

    def _decision_of(self, leg: Step, record: StepRecord, taken: Collection[str]) -> Decision:
        if not all(ref.step in taken for ref in leg.references if isinstance(ref, OutputRef)):
            return Decision(leg.id, Action.MAYBE, Cause.UPSTREAM)
        if record.state is not State.CACHED:
            return Decision(leg.id, Action.RUN, Cause.FIRST)
        entry = Entry("sha256:0", self.story.graph.pipeline, leg.id, "0", "", outputs=record.outputs)
        return Decision(leg.id, Action.CACHED, Cause.HIT, entry=entry)
