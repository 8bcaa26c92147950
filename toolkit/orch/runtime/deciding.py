"""The plan of a run on GitHub: what earlier runs left, what the steps depend on, and the one decision about both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from orch.authoring.project import Project
from orch.errors import OrchError
from orch.model.canonical import Json
from orch.model.flags import leaves_of
from orch.model.graph import Graph
from orch.model.index import Entry
from orch.model.plan import Plan
from orch.planning.ahead import Ahead, decide_ahead
from orch.planning.decide import Known
from orch.planning.facts import gather_ahead
from orch.planning.foresee import foresee
from orch.planning.locked import Locks
from orch.planning.machines import Machine, expected_machine
from orch.runtime.api import Api
from orch.runtime.earlier import Earlier, missing, read_earlier
from orch.runtime.here import Here
from orch.runtime.newest_runs import NewestRuns
from orch.runtime.planned import Planned


@dataclass(frozen=True, slots=True)
class Run:
    """`labels` are those of the runners of steps, the one of all others under the empty name."""

    graph: Graph
    project: Project
    here: Here
    parameters: Mapping[str, Json]
    logical_date: str
    labels: Mapping[str, str]
    may_unpickle: bool
    now: float


def plan_run(run: Run, api: Api, warn: Callable[[str], None], newest: NewestRuns | None = None) -> Planned:
    """Where GitHub does not answer, nothing is taken from earlier runs: a run that takes long is better than none."""
    locks = Locks(run.graph, run.project.root, run.project.git_root)
    facts, problems = gather_ahead(run.graph, run.project, locks)
    earlier = Earlier()
    try:
        earlier = read_earlier(api, run.here, run.graph.pipeline, now=run.now, newest=newest)
    except OrchError as error:
        warn(f"results of earlier runs are not used: {error.message}")
    for line in earlier.told:
        warn(line)
    asked = leaves_of(run.graph.steps)
    known = Known(facts, run.parameters, earlier.index, run.now, run.logical_date, asked=asked, may_unpickle=run.may_unpickle)
    ahead = Ahead(known, _machines(run), {step: problem.message for step, problem in problems.items()}, earlier.untaken)
    plan = decide_ahead(run.graph, ahead)
    gone = _gone(api, plan, warn)
    if gone:
        earlier = earlier.without(gone, "its artifact was deleted")
        ahead = replace(ahead, known=replace(known, index=earlier.index), untaken=earlier.untaken)
        plan = decide_ahead(run.graph, ahead)
    plan, _ = foresee(run.graph, plan, run.parameters)
    return Planned(run.here.attempt, run.logical_date, facts, earlier.entries, {each.step: each for each in plan.decisions})


def _gone(api: Api, plan: Plan, warn: Callable[[str], None]) -> list[Entry]:
    taken = [entry for decision in plan.decisions for entry in decision.taken.values()]
    try:
        return missing(api, taken) if taken else []
    except OrchError as error:
        warn(f"whether results of earlier runs are still there is not known: {error.message}")
        return []


def _machines(run: Run) -> dict[str, Machine]:
    found = {step: expected_machine(run.labels.get(step, run.labels.get("", "")), run.graph.python) for step in run.graph.by_id}
    return {step: machine for step, machine in found.items() if machine is not None}
