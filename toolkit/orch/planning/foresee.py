"""What conditions make of a plan: steps that they certainly skip, and results that nobody may take before they are told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orch.model.canonical import Json
from orch.model.conditions import And, Condition, Or, Succeeded, truth
from orch.model.ends import Ends
from orch.model.flags import told
from orch.model.graph import Graph, topological
from orch.model.plan import Action, Cause, Decision, Plan
from orch.model.states import State
from orch.model.steps import Step


def foresee(graph: Graph, plan: Plan, parameters: Mapping[str, Json]) -> tuple[Plan, dict[str, Mapping[str, bool]]]:
    """`plan` with conditions in it, and the flags that are known; `parameters` as encoded by `orch.model.values`.

    A step whose condition is false is skipped, and so is who reads from it. One whose condition hangs on what is still to run is not
    cached: its job decides when it is told, and takes the result then.
    """
    if all(step.when is None and not step.choices for step in graph.steps):
        return plan, {}
    ends = Ends.of(graph.steps, parameters)
    certain: set[str] = set()  # steps of which it is known whether they are skipped
    taken_back: set[str] = set()  # steps that were to be cached, and look for themselves now: nobody knows what they read
    decisions: dict[str, Decision] = {each.step: each for each in plan.decisions}
    for step in topological(graph):
        decision = decisions[step.id]
        runs = _runs(step, ends, certain)
        if runs is False:
            decision = Decision(step.id, Action.SKIPPED, Cause.CONDITION, ends.reason(step))
        elif decision.taken and (runs is None or step.choices or not taken_back.isdisjoint(step.producers)):
            taken_back.add(step.id)
            reason = f"if {told(step.when)}: {decision.reason}" if step.when else f"if what it reads from runs: {decision.reason}"
            decision = replace(decision, action=Action.MAYBE, cause=Cause.CONDITION, reason=reason, entry=None, legs=())
        decisions[step.id] = decision
        if runs is not None:
            certain.add(step.id)
        entry = decision.entry
        if entry is not None and decision.action is Action.CACHED:
            ends.note(step, State.CACHED, flags=entry.flags, outputs=entry.outputs)
        else:
            ends.states[step.id] = State.SKIPPED if runs is False else State.SUCCEEDED
    flags = {place: known for place, known in ends.flags.items() if known}
    return Plan(tuple(decisions[each.step] for each in plan.decisions)), flags


def _runs(step: Step, ends: Ends, certain: set[str]) -> bool | None:
    """Whether `step` runs if nothing fails; None where that hangs on what is not known yet."""
    terms = step.condition.terms if isinstance(step.condition, And) else (step.condition,)
    known = [_holds(term, ends, certain) for term in terms]
    if False in known:
        return False
    return None if None in known else True


def _holds(term: Condition, ends: Ends, certain: set[str]) -> bool | None:
    match term:
        case Succeeded(need):
            return ends.states[need].has_outputs if need in certain else None
        case Or(ways) if all(isinstance(way, Succeeded) for way in ways):
            each = [_holds(way, ends, certain) for way in ways]
            return True if True in each else None if None in each else False
        case _:
            return truth(term, ends.states, ends.told)
