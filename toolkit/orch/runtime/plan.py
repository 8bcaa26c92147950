"""`orch decide run`: the plan job says which steps start a job, and hands on to the others what it knows.

Outputs of the job are small JSON: references, never data. It imports the standard library alone and runs nothing of the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TextIO

from orch.errors import ExitCode, OrchError, SettingsError, UsageError, raise_problems
from orch.model import canonical, dates, values
from orch.model.canonical import Json
from orch.model.flags import parameter_problems
from orch.model.graph import Graph
from orch.model.matrix import deal
from orch.model.narrowing import narrowed
from orch.model.plan import Action, Cause, Decision, Plan
from orch.planning.foresee import foresee
from orch.runtime import arguments, clock, runner
from orch.runtime.api import Api
from orch.runtime.changed import untouched
from orch.runtime.counting import legs_foreseen
from orch.runtime.deciding import Run, plan_run
from orch.runtime.graph_files import read_graph
from orch.runtime.here import Here
from orch.runtime.inputs import given_parameters
from orch.runtime.newest_runs import NewestRuns
from orch.runtime.planned import Planned, plan_of, sources_of
from orch.runtime.project import project_at


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the job says to the others.

    `plan` has `run`, `cached`, `maybe` or `skipped` for each step; `flags` what is known of conditions, by step, or by `orch-plan`
    where they are on parameters; `legs` how many mapped steps have; `sources` where the outputs of cached steps lie; `environments`
    what parameters choose that steps deploy to; `reason` why no step runs at all.
    """

    plan: Mapping[str, str]
    flags: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    legs: Mapping[str, Json] = field(default_factory=dict)
    sources: Mapping[str, Json] = field(default_factory=dict)
    environments: Mapping[str, Json] = field(default_factory=dict)
    logical_date: str = ""
    reason: str = ""

    def texts(self) -> dict[str, str]:
        """By the names that outputs of the job have."""
        tables = {"plan": self.plan, "flags": self.flags, "legs": self.legs, "sources": self.sources, "environments": self.environments}
        texts = {"logical-date": self.logical_date, "reason": self.reason}
        return {name: canonical.dumps(dict(table)) for name, table in tables.items()} | texts


def main(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    options = arguments.parse(argv, required=["graph", "project", "output"], optional=["cache", "runners", "pickle"])
    graph = read_graph(Path(options["graph"]))
    api = cache(lambda: Api.of_job(environment, log=lambda text: _say(text, environment, stdout)))
    newest = NewestRuns(api, Here.of(environment))
    date = _logical_date(graph, environment, stdout, api, newest)
    _tell_missed(graph, environment, stdout, api, newest, date)
    reason = _untouched(graph, Path(options["project"]), environment, stdout)
    looks = options.get("cache") == "plan" and not reason
    planned = _planned(graph, options, environment, stdout, api, newest, date) if looks else None
    if planned is not None:
        planned.write(Path(options["output"]))
        runner.append_output("planned", "true", environ=environment)
    parameters = _parameters(graph, environment)
    raise_problems(parameter_problems(graph.steps, parameters))
    outputs = decided(graph, planned, parameters=parameters, logical_date=date)
    if reason:
        outputs = _nothing(graph, date, reason)
        _say(f"no step runs: {reason}", environment, stdout)
    for name, text in outputs.texts().items():
        runner.append_output(name, text, environ=environment)
    reasons = {step: decision.reason for step, decision in planned.decisions.items()} if planned is not None else {}
    _say("\n".join(_line(step, action, reasons.get(step, "")) for step, action in outputs.plan.items()), environment, stdout)
    return ExitCode.OK


def _nothing(graph: Graph, date: str, reason: str) -> Outputs:
    """No step runs, and no mapped one has legs: act looks at the matrix of a job that it does not start, too."""
    none = {step.id: deal(step, [0]) for step in graph.steps if step.fan}
    return Outputs({step.id: "skipped" for step in graph.steps}, legs=none, logical_date=date, reason=reason)


def _line(step: str, action: str, reason: str) -> str:
    return f"{step}: {action}" + (f" ({' '.join(reason.split())})" if reason else "")


def _say(text: str, environment: Mapping[str, str], stdout: TextIO) -> None:
    stdout.write(f"{runner.harmless(text, environ=environment)}\n")
    stdout.flush()


def _planned(
    graph: Graph,
    options: Mapping[str, str],
    environment: Mapping[str, str],
    stdout: TextIO,
    api: Callable[[], Api],
    newest: NewestRuns,
    date: str,
) -> Planned | None:
    def warn(text: str) -> None:
        stdout.write(runner.annotation("warning", text, title="orch") + "\n")

    run = Run(
        graph=graph,
        project=project_at(graph.project, Path(options["project"]).resolve()),
        here=newest.here,
        parameters=_parameters(graph, environment),
        logical_date=date,
        labels=read_labels(options.get("runners", "")),
        may_unpickle=arguments.pickles(options) == "allow",
        now=clock.now(),
    )
    try:
        return plan_run(run, api(), warn, newest)
    except SettingsError as error:  # nothing to ask GitHub with
        warn(f"results of earlier runs are not used: {error.message}")
        return None


def read_labels(text: str) -> dict[str, str]:
    """Of one label for all steps, or of JSON with one for each, the one of all others under the empty name."""
    if not text.startswith("{"):
        return {"": text}
    try:
        labels = canonical.loads(text)
        return {str(step): str(label) for step, label in labels.items()}
    except ValueError as error:
        raise UsageError(f"--runners is {text!r}, which is not JSON: {error}", hint="a label, or an object of one for each step") from error


def _parameters(graph: Graph, environment: Mapping[str, str]) -> dict[str, Json]:
    return {name: values.encode(value) for name, value in given_parameters(graph.parameters, environment).items()}


def decided(
    graph: Graph, planned: Planned | None = None, *, parameters: Mapping[str, Json] | None = None, logical_date: str = ""
) -> Outputs:
    """`parameters` as encoded by `orch.model.values`, for conditions on them."""
    runs = Plan(tuple(Decision(step.id, Action.RUN, Cause.ASKED) for step in graph.steps))
    plan, flags = foresee(graph, plan_of(planned) if planned is not None else runs, parameters or {})
    actions = {step.id: "run" for step in graph.steps} | {decision.step: str(decision.action) for decision in plan.decisions}
    cached = planned.cached if planned is not None else {}
    legs = legs_foreseen(graph, {step: entry.outputs for step, entry in cached.items()}, parameters or {})
    for each in plan.decisions:
        if each.legs and each.step in legs:
            legs[each.step] = narrowed(legs[each.step], [leg.action is Action.CACHED for leg in each.legs])
    taken = planned.taken if planned is not None else {}
    chosen = {name: (parameters or {})[name] for name in graph.choosers}
    return Outputs(actions, flags, legs, sources_of(taken), chosen, logical_date)


def _tell_missed(
    graph: Graph, environment: Mapping[str, str], stdout: TextIO, api: Callable[[], Api], newest: NewestRuns, date: str
) -> None:
    """Scheduled runs that did not start have nobody else to tell of them."""
    if not dates.has_schedule(graph.triggers):
        return
    from orch.runtime.missed import find_missed, told

    try:
        missed = find_missed(graph, environment, api, date, clock.now(), newest)
    except OrchError as error:
        _say(f"whether scheduled runs did not start is not known: {error.message}", environment, stdout)
        return
    if missed:
        line = told(graph, missed)
        stdout.write(runner.annotation("warning", line, title="schedule") + "\n")
        runner.append_summary(lambda: f"> [!WARNING]\n> {line}\n", environ=environment)


def _untouched(graph: Graph, project: Path, environment: Mapping[str, str], stdout: TextIO) -> str:
    """Why no step has to run. Where git cannot tell, all may have to."""
    try:
        return untouched(graph, project, environment)
    except OrchError as error:
        stdout.write(runner.annotation("warning", f"all steps run, whatever was changed: {error.message}", title=error.code) + "\n")
        return ""


def _logical_date(graph: Graph, environment: Mapping[str, str], stdout: TextIO, api: Callable[[], Api], newest: NewestRuns) -> str:
    """Empty where it cannot be told: a run that does not ask for it does not need it."""
    from orch.runtime.logical_date import logical_date_of

    if not dates.has_schedule(graph.triggers):
        return ""
    text, problem = logical_date_of(graph, environment, api, newest)
    if problem is not None:
        stdout.write(runner.annotation("warning", problem.message, title=problem.code) + "\n")
    return text
