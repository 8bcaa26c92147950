"""`orch step look`: whether an earlier run has this step's result, asked by its job before it makes an environment.

On a hit the job uploads that result as its own and ends as cached. Whatever goes wrong here, the step runs: it costs time and no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from orch import files
from orch.errors import ExitCode, OrchError
from orch.model import canonical, values
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.conditions import Compare
from orch.model.fan import leg_id
from orch.model.flags import leaves_of
from orch.model.gathered import gather
from orch.model.graph import Graph
from orch.model.index import Index
from orch.model.matrix import counted, read_tables
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
from orch.runtime.delivered import newest_records
from orch.runtime.earlier import read_earlier
from orch.runtime.graph_files import read_graph
from orch.runtime.here import Here
from orch.runtime.inputs import given_parameters
from orch.runtime.masked import masked_values
from orch.runtime.planned import Planned
from orch.runtime.project import project_at
from orch.runtime.secrets import redactor
from orch.runtime.take import fetch


def main(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    required = ["graph", "step", "project", "inputs", "outputs", "record", "decision"]
    options = arguments.parse(argv, required=required, optional=["pickle", "logical-date"])
    graph = read_graph(Path(options["graph"]))
    look = _Look(graph, graph[options["step"]], options, environment, stdout)
    try:
        is_hit = look.hit()
    except OrchError as error:
        look.say(f"no earlier result is looked for: {error.message}")
        is_hit = False
    runner.append_output("hit", "true" if is_hit else "false", environ=environment)
    return ExitCode.OK


@dataclass(frozen=True, slots=True)
class _Look:
    graph: Graph
    step: Step
    options: Mapping[str, str]
    environment: Mapping[str, str]
    stdout: TextIO

    def hit(self) -> bool:
        """Whether there is a result, which then lies where the step would have put its own."""
        api = Api.of_job(self.environment, log=self.say)
        inputs = Path(self.options["inputs"]).resolve()
        planned = Planned.read(inputs) if inputs.is_dir() else None
        known, delivered = self._known(planned, api), self._delivered(planned, inputs)
        step = choose(self.step, inputs, self.environment)
        absent = [ref for ref in step.references if isinstance(ref, OutputRef) and str(ref) not in delivered]
        if absent or self.step.id not in known.facts:
            return False
        decision = decide_on(self.graph.pipeline, step, known, Machine(python(), platform()), delivered)
        self.say(f"{decision.action}: {decision.reason}")
        if decision.action is not Action.CACHED or decision.entry is None:
            return False
        started, tick = clock.now(), clock.monotonic()
        entry, folder = decision.entry, Path(self.options["outputs"]).resolve()
        outputs = fetch(api, entry.step, entry.run, [kept.id for kept in entry.artifacts], folder)
        if {name: each.digest for name, each in outputs.items()} != {name: each.digest for name, each in entry.outputs.items()}:
            files.remove_tree(folder)
            self.say(f"the artifacts of run {entry.run} hold other outputs than its index says: the step runs")
            return False
        record = self._record(step, decision, delivered, outputs, started, clock.monotonic() - tick)
        self._leave(record, folder)
        if told := flags_text(self.asked, known.parameters, record):
            runner.append_output("flags", told, environ=self.environment)
        return True

    @property
    def asked(self) -> tuple[Compare, ...]:
        return leaves_of(self.graph.steps).get(self.step.id, ())

    def _known(self, planned: Planned | None, api: Api) -> Known:
        encoded: dict[str, Json] = {}
        names = (*self.step.parameters, *parameters_of(self.asked))
        if names:
            given = given_parameters(self.graph.parameters, self.environment)
            encoded = {name: values.encode(given[name]) for name in names}
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
            encoded,
            index,
            now,
            date,
            masked=lambda document: masked_values(document, redact),
            asked={self.step.id: self.asked},
            may_unpickle=may_unpickle,
        )

    def _delivered(self, planned: Planned | None, inputs: Path) -> dict[str, Artifact]:
        """What earlier runs have for cached steps, and what jobs of this run have uploaded."""
        found: dict[str, Artifact] = {}
        cached = planned.cached if planned is not None else {}
        delivered = newest_records(inputs) if inputs.is_dir() else {}
        records = {name: record for name, (record, _) in delivered.items()}
        for producer in self.step.producers:
            if producer in cached:
                outputs = cached[producer].outputs
            elif producer in self.graph.mapped:
                outputs = self._gathered(producer, records)
            else:
                outputs = records[producer].outputs if producer in records else {}
            found |= {f"{producer}.{name}": artifact for name, artifact in outputs.items()}
        return found

    def _gathered(self, producer: str, records: Mapping[str, StepRecord]) -> dict[str, Artifact]:
        """The lists that the legs of a mapped step made, if all have reported; raises MapError where nobody has counted them."""
        step = self.graph[producer]
        count = counted(self.graph.by_id, step, read_tables(self.environment.get("ORCH_LEGS", "")))["items"]
        legs = [records[leg].outputs for index in range(count) if (leg := leg_id(producer, index)) in records]
        whole = len(legs) == count and all(output.name in leg for output in step.outputs for leg in legs)
        return {output.name: gather([leg[output.name] for leg in legs]) for output in step.outputs} if whole else {}

    def _record(
        self,
        step: Step,
        decision: Decision,
        delivered: Mapping[str, Artifact],
        outputs: Mapping[str, Artifact],
        started: float,
        duration: float,
    ) -> StepRecord:
        entry = decision.entry
        assert entry is not None
        return StepRecord(
            step=self.step.id,
            state=State.CACHED,
            attempt=int(self.environment.get("GITHUB_RUN_ATTEMPT") or 1),
            started=clock.rfc3339(started),
            duration=duration,
            inputs={str(ref): {"digest": delivered[str(ref)].digest} for ref in step.references if isinstance(ref, OutputRef)},
            outputs=outputs,
            reason=decision.reason,
            metadata=entry.metadata,
            key=decision.key,
            facts=decision.facts,
            cached_from=entry.run,
            cause=str(decision.cause),
            flags=entry.flags,
        )

    def _leave(self, record: StepRecord, outputs: Path) -> None:
        """As `orch step run` leaves what the step made."""
        text = canonical.pretty(record.to_json()).encode()
        folder = Path(self.options["record"]).resolve()
        files.make_folders(outputs)
        files.make_folders(folder)
        if record.outputs:
            files.write_atomic(outputs / "record.json", text)
        files.write_atomic(folder / "log.txt", b"")
        files.write_atomic(folder / "record.json", text)
        runner.append_output("state", str(record.state), environ=self.environment)
        runner.append_output("outputs", "true" if record.outputs else "false", environ=self.environment)
        if said := counting.legs_said(self.graph.to_json(), self.step.id, record.outputs):
            runner.append_output("legs", said, environ=self.environment)

    def say(self, text: str) -> None:
        self.stdout.write(f"{runner.harmless(text, environ=self.environment)}\n")
        self.stdout.flush()
