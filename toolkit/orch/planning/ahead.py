"""The decision about steps that other machines run, made before these have started. Pure, as `decide` is.

What differs is that a machine's Python and system may not be known, or be another than expected. A result is taken without a
look on the spot only where they are known; where one was made on some other machine and fits but for that, the job looks itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from orch.errors import MapError
from orch.model.artifacts import Artifact
from orch.model.facts import Facts
from orch.model.fan import step_of
from orch.model.graph import Graph, topological
from orch.model.index import Index
from orch.model.matrix import PARAMETERS, deal, dealt_legs, roots, sizes_of
from orch.model.narrowing import is_divided
from orch.model.plan import Action, Cause, Decision, Plan
from orch.model.steps import Step
from orch.planning.decide import Known, all_cached, decide_step, lengths, never_cached
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
        machines = list(seen.get(step.id, {}))[:_GUESSES]
        if step.fan:
            decision = _decide_mapped(graph, step, ahead, inputs, machines)
        else:
            decision = _decide(graph.pipeline, step, ahead, inputs, machines)
        decisions[step.id] = decision
        for each in (decision, *decision.legs):
            if each.entry is not None and each.action is Action.CACHED:
                inputs |= {f"{each.step}.{name}": artifact for name, artifact in each.entry.outputs.items()}
    return Plan(tuple(decisions.values()))


def _decide_mapped(graph: Graph, step: Step, ahead: Ahead, inputs: Mapping[str, Artifact], seen: list[Machine]) -> Decision:
    """One for all legs of a step, with those about each where it is known which there are."""
    steps = graph.by_id
    if (never := never_cached(step)) is not None:
        return never
    known = {PARAMETERS, *(name.rpartition(".")[0] for name in inputs)}
    if waits := [root for root in roots(steps, step) if root not in known]:
        return Decision(step.id, Action.MAYBE, Cause.UPSTREAM, f"{waits[0]} must run first")
    try:
        dealt = deal(step, sizes_of(steps, step, lengths(inputs, ahead.known.parameters)))
        legs = dealt_legs(step, dealt["sizes"], graph.mapped)
    except MapError as error:
        return Decision(step.id, Action.RUN, Cause.CHANGED, error.message)
    return of_legs(graph.pipeline, step, tuple(_decide(graph.pipeline, leg, ahead, inputs, seen) for leg in legs))


def of_legs(pipeline: str, step: Step, legs: tuple[Decision, ...]) -> Decision:
    """Cached if all `legs` are. Else maybe, where a job of the matrix has to look: for a leg about which nothing can be told yet, or
    because it has some legs that are cached and some that are not."""
    to_run = [each for each in legs if each.action is not Action.CACHED]
    if not legs:
        return Decision(step.id, Action.RUN, Cause.FIRST, "there is nothing to map over")
    if not to_run:
        return all_cached(pipeline, step, legs)
    looks = any(each.action is Action.MAYBE for each in to_run) or is_divided([each.action is Action.CACHED for each in legs])
    reason = f"{len(to_run)} of {len(legs)} legs must run; {to_run[0].step}: {to_run[0].reason}"
    return Decision(step.id, Action.MAYBE if looks else Action.RUN, to_run[0].cause, reason, legs=legs)


def _decide(pipeline: str, step: Step, ahead: Ahead, inputs: Mapping[str, Artifact], seen: list[Machine]) -> Decision:
    problem = ahead.problems.get(step_of(step.id))
    if problem is not None:
        return Decision(step.id, Action.RUN, Cause.FIRST, problem)
    expected = ahead.machines.get(step_of(step.id))
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
    own = step_of(step.id)
    facts = {own: on_machine(known.facts[own], machine)} if own in known.facts else {}
    return decide_step(pipeline, step, replace(known, facts=facts), inputs)


def on_machine(facts: Facts, machine: Machine) -> Facts:
    return replace(facts, python=machine.python, platform=machine.platform)


def _machines_of_results(index: Index, pipeline: str) -> dict[str, dict[Machine, None]]:
    """By step, those that its results were made on, the newest first."""
    found: dict[str, dict[Machine, None]] = {}
    for entry in reversed(list(index)):
        python, platform = entry.facts.get("python"), entry.facts.get("platform")
        if entry.pipeline == pipeline and isinstance(python, str) and isinstance(platform, str):
            found.setdefault(step_of(entry.step), {}).setdefault(Machine(python, platform))
    return found
