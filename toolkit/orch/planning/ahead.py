"""The decision about steps that other machines run, made before these have started. Pure, as `decide` is.

What differs is that a machine's Python and system may not be known, or be another than expected. A result is taken without a
look on the spot only where they are known; where one was made on some other machine and fits but for that, the job looks itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from orch.model.artifacts import Artifact
from orch.model.facts import Facts
from orch.model.graph import Graph, topological
from orch.model.index import Index
from orch.model.plan import Action, Cause, Decision, Plan
from orch.model.steps import Step
from orch.planning.decide import Known, decide_step
from orch.planning.machines import Machine

_GUESSES: Final = 4  # machines that earlier results of a step were made on


@dataclass(frozen=True, slots=True)
class Ahead:
    """`known.facts` are without machine; `machines` has the expected one of each step, as far as it is known.

    `problems` say why nothing can be known of other steps, and `untaken` why results of these keys are not in the index.
    """

    known: Known
    machines: Mapping[str, Machine]
    problems: Mapping[str, str]
    untaken: Mapping[str, str]


def decide_ahead(graph: Graph, ahead: Ahead) -> Plan:
    """Of steps that share a job none is cached, unless all are: then what reads from them is decided again."""
    running: dict[str, str] = {}  # steps whose job starts anyway, with the one that it starts for
    while True:
        plan = _decide_all(graph, ahead, running)
        more = _drawn_in(graph, plan, running)
        if not more:
            return plan
        running |= more


def _drawn_in(graph: Graph, plan: Plan, running: Mapping[str, str]) -> dict[str, str]:
    actions = {each.step: each.action for each in plan.decisions} if graph.packs else {}
    found: dict[str, str] = {}
    for pack in graph.packs:
        first = next((step for step in pack if actions[step] is not Action.CACHED), None)
        if first is not None:
            found |= {step: first for step in pack if actions[step] is not Action.RUN and step not in running}
    return found


def _decide_all(graph: Graph, ahead: Ahead, running: Mapping[str, str]) -> Plan:
    decisions: dict[str, Decision] = {}
    inputs: dict[str, Artifact] = {}
    seen = _machines_of_results(ahead.known.index, graph.pipeline)
    for step in topological(graph):
        if other := running.get(step.id):
            reason = f"{other}, which is in its job, must run" if other != step.id else "its job cannot look for a result of its own"
            decisions[step.id] = Decision(step.id, Action.RUN, Cause.PACK, reason)
            continue
        decision = decisions[step.id] = _decide(graph.pipeline, step, ahead, inputs, list(seen.get(step.id, {}))[:_GUESSES])
        if decision.entry is not None and decision.action is Action.CACHED:
            inputs |= {f"{step.id}.{name}": artifact for name, artifact in decision.entry.outputs.items()}
    return Plan(tuple(decisions.values()))


def _decide(pipeline: str, step: Step, ahead: Ahead, inputs: Mapping[str, Artifact], seen: list[Machine]) -> Decision:
    problem = ahead.problems.get(step.id)
    if problem is not None:
        return Decision(step.id, Action.RUN, Cause.FIRST, problem)
    expected = ahead.machines.get(step.id)
    if expected is not None:
        decision = decide_on(pipeline, step, ahead.known, expected, inputs)
        if decision.action is not Action.RUN or not decision.key:
            return decision
    guessed = [decide_on(pipeline, step, ahead.known, machine, inputs) for machine in seen if machine != expected]
    for found in guessed:
        if found.entry is not None:
            run = found.entry.run
            reason = f"run {run} has the result if its runner's Python and system are those of then, which it sees itself"
            return Decision(step.id, Action.MAYBE, Cause.RUNNER, reason)
    # Without a machine there is no key; what has changed is told from the newest result, which does not look changed by its machine.
    decision = decision if expected is not None else (guessed or [decide_on(pipeline, step, ahead.known, Machine("", ""), inputs)])[0]
    if why := ahead.untaken.get(decision.key):
        return replace(decision, cause=Cause.LOST, reason=why)
    return decision if expected is not None else replace(decision, key="", facts={})


def decide_on(pipeline: str, step: Step, known: Known, machine: Machine, inputs: Mapping[str, Artifact]) -> Decision:
    """`decide_step` where it is known that `machine` runs the step."""
    facts = {step.id: on_machine(known.facts[step.id], machine)} if step.id in known.facts else {}
    return decide_step(pipeline, step, replace(known, facts=facts), inputs)


def on_machine(facts: Facts, machine: Machine) -> Facts:
    return replace(facts, python=machine.python, platform=machine.platform)


def _machines_of_results(index: Index, pipeline: str) -> dict[str, dict[Machine, None]]:
    """By step, those that its results were made on, the newest first."""
    found: dict[str, dict[Machine, None]] = {}
    for entry in reversed(list(index)):
        python, platform = entry.facts.get("python"), entry.facts.get("platform")
        if entry.pipeline == pipeline and isinstance(python, str) and isinstance(platform, str):
            found.setdefault(entry.step, {}).setdefault(Machine(python, platform))
    return found
