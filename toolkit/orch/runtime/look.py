"""`orch step look`: whether earlier runs have the result of this step, or of the legs of this job, asked before it makes an environment.

On a hit the job uploads that result as its own and ends as cached. Whatever goes wrong here, the step runs: it costs time and no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from orch.errors import ExitCode, OrchError, SettingsError
from orch.model import values
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.conditions import Compare
from orch.model.fan import index_of
from orch.model.flags import leaves_of
from orch.model.graph import Graph
from orch.model.index import Index
from orch.model.matrix import counted, dealt_legs, items_of_job, jobs_for, read_tables
from orch.model.plan import Action, Decision
from orch.model.records import StepRecord
from orch.model.states import State
from orch.model.steps import OutputRef, Step
from orch.planning.ahead import decide_on
from orch.planning.decide import Known
from orch.planning.facts import gather_ahead, platform, python
from orch.planning.locked import Locks
from orch.planning.machines import Machine
from orch.runtime import arguments, clock, counting, runner
from orch.runtime.api import Api
from orch.runtime.asked import choose, flags_text, parameters_of
from orch.runtime.earlier import read_earlier
from orch.runtime.fetching import fetcher, wanted_of
from orch.runtime.graph_files import read_graph
from orch.runtime.here import Here
from orch.runtime.inputs import given_parameters
from orch.runtime.known_outputs import made_so_far, outputs_read
from orch.runtime.looked import Places, republish
from orch.runtime.masked import masked_values
from orch.runtime.planned import Planned
from orch.runtime.project import project_at
from orch.runtime.secrets import redactor

# Jobs of one matrix that may each ask which runs there have been: GitHub grants all jobs of a repository 1,000 requests an hour.
MOST_ASKING: Final = 100


def main(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    required = ["graph", "step", "project", "inputs", "outputs", "record", "decision"]
    options = arguments.parse(argv, required=required, optional=["pickle", "logical-date", "leg"])
    graph = read_graph(Path(options["graph"]))
    look = _Look(graph, graph[options["step"]], options, environment, stdout)
    try:
        found = look.found()
    except OrchError as error:
        look.say(f"no earlier result is looked for: {error.message}")
        found = Found()
    look.tell(found)
    return ExitCode.OK


@dataclass(slots=True)
class Found:
    """`records` of what was found, `left` what has to run; `elsewhere` is how many legs the plan has taken, of which nobody asks here."""

    records: list[StepRecord] = field(default_factory=list)
    left: list[Step] = field(default_factory=list)
    elsewhere: int = 0

    @property
    def is_hit(self) -> bool:
        return bool(self.records) and not self.left

    @property
    def only(self) -> str:
        """The legs that have to run, where some of this job's do not; empty where all of them do, or none."""
        return ",".join(str(index_of(leg.id)) for leg in self.left) if self.records or self.elsewhere else ""


@dataclass(frozen=True, slots=True)
class _Look:
    graph: Graph
    step: Step
    options: Mapping[str, str]
    environment: Mapping[str, str]
    stdout: TextIO

    def found(self) -> Found:
        api = Api.of_job(self.environment, log=self.say)
        inputs = Path(self.options["inputs"]).resolve()
        planned = Planned.read(inputs) if inputs.is_dir() else None
        wanted = self._wanted(choose(self.step, inputs, self.environment))
        taken = planned.taken if planned is not None else {}
        found = Found(left=[each for each in wanted if each.id not in taken], elsewhere=sum(each.id in taken for each in wanted))
        if not found.left:  # the plan would not have started this job
            return Found()
        known = self._known(planned, api)
        delivered = outputs_read(self.graph, self.step, made_so_far(planned, inputs), self._tables)
        self._take(found, known, delivered, api, has_neighbours=len(wanted) > 1)
        return found

    def _take(self, found: Found, known: Known, delivered: Mapping[str, Artifact], api: Api, *, has_neighbours: bool) -> None:
        decisions = {step.id: decision for step in found.left if (decision := self._decide(step, known, delivered)) is not None}
        places = Places(
            Path(self.options["outputs"]).resolve(),
            Path(self.options["record"]).resolve(),
            int(self.environment.get("GITHUB_RUN_ATTEMPT") or 1),
        )
        entries = [each.entry for each in decisions.values() if each.entry is not None]
        with fetcher(api, wanted_of(entries)) as fetch:
            for step in [each for each in found.left if each.id in decisions]:
                try:
                    record = republish(step, decisions[step.id], delivered, fetch, places, has_neighbours=has_neighbours)
                except OrchError as error:
                    self.say(f"{step.id} runs: {error.message}")
                    continue
                found.records.append(record)
                found.left.remove(step)

    def _decide(self, step: Step, known: Known, delivered: Mapping[str, Artifact]) -> Decision | None:
        """Where there is a result; None where the step has to run."""
        absent = [ref for ref in step.references if isinstance(ref, OutputRef) and str(ref) not in delivered]
        if absent or self.step.id not in known.facts:
            return None
        decision = decide_on(self.graph.pipeline, step, known, Machine(python(), platform()), delivered)
        self.say(f"{f'{step.id}: ' if self.step.fan else ''}{decision.action}: {decision.reason}")
        return decision if decision.action is Action.CACHED and decision.entry is not None else None

    def _wanted(self, step: Step) -> list[Step]:
        """The step, or the legs of this job; raises OrchErrors."""
        if not step.fan:
            return [step]
        dealt = counted(self.graph.by_id, step, self._tables)
        if self.options["decision"] == "look" and jobs_for(dealt["items"]) > MOST_ASKING:
            raise SettingsError(f"more than {MOST_ASKING} jobs would ask GitHub, each for itself", hint="say `cache: plan` in orch.yaml")
        legs = dealt_legs(step, dealt["sizes"], self.graph.mapped)
        leg = self.options.get("leg", "")
        return [legs[index] for index in items_of_job(len(legs), int(leg))] if leg.isdecimal() else []

    @property
    def _tables(self) -> dict[str, Json]:
        return read_tables(self.environment.get("ORCH_LEGS", ""))

    @property
    def asked(self) -> tuple[Compare, ...]:
        return leaves_of(self.graph.steps).get(self.step.id, ())

    def _parameters(self) -> dict[str, Json]:
        names = (*self.step.parameters, *parameters_of(self.asked))
        given = given_parameters(self.graph.parameters, self.environment) if names else {}
        return {name: values.encode(given[name]) for name in names}

    def _known(self, planned: Planned | None, api: Api) -> Known:
        now = clock.now()
        date = self.options.get("logical-date", "")
        if planned is not None:
            facts, index, date = planned.facts, planned.index, planned.logical_date
        elif self.options["decision"] == "look":
            project = project_at(self.graph.project, Path(self.options["project"]).resolve())
            facts, _ = gather_ahead(self.graph, project, Locks(self.graph, project.root, project.git_root), steps=[self.step.id])
            index = read_earlier(api, Here.of(self.environment), self.graph.pipeline, now=now).index
        else:
            facts, index = {}, Index()
        redact = redactor([self.step], self.environment)
        may_unpickle = arguments.pickles(self.options) == "allow"
        return Known(
            facts,
            self._parameters(),
            index,
            now,
            date,
            masked=lambda document: masked_values(document, redact),
            asked={self.step.id: self.asked},
            may_unpickle=may_unpickle,
        )

    # --- what the job hears ---

    def tell(self, found: Found) -> None:
        self._output("hit", "true" if found.is_hit else "false")
        if found.only:
            self._output("only", found.only)
        if any(record.outputs for record in found.records):
            self._output("outputs", "true")
        if not found.is_hit:
            return
        self._output("state", str(State.CACHED))
        (record, *others) = found.records
        if not others and (told := flags_text(self.asked, self._parameters(), record)):
            self._output("flags", told)
        if said := counting.legs_said(self.graph.to_json(), self.step.id, record.outputs):
            self._output("legs", said)

    def _output(self, name: str, text: str) -> None:
        runner.append_output(name, text, environ=self.environment)

    def say(self, text: str) -> None:
        self.stdout.write(f"{runner.harmless(text, environ=self.environment)}\n")
        self.stdout.flush()
