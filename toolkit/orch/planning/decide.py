"""The one decision: a step's result is used again, or the step runs, and why. Pure: effects are handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.conditions import Compare
from orch.model.facts import Facts
from orch.model.flags import flags_from, name_of
from orch.model.flags import told as told_condition
from orch.model.graph import Graph, topological
from orch.model.index import Entry, Index
from orch.model.plan import Action, Cause, Decision, Plan
from orch.model.steps import OutputRef, Step
from orch.planning.changes import first_change
from orch.planning.key import key_document, key_of


@dataclass(frozen=True, slots=True)
class Known:
    """What decisions rest on. `now` is in seconds since 1970; `is_lost` tells whether a result's bytes are gone.

    `masked` takes secrets out of a key document after its key is made: it is kept, compared and shown.
    """

    facts: Mapping[str, Facts]  # by step
    parameters: Mapping[str, Json]
    index: Index
    now: float
    logical_date: str = ""
    is_lost: Callable[[Entry], bool] = field(default=lambda _: False)
    masked: Callable[[Mapping[str, Json]], Mapping[str, Json]] = field(default=lambda document: document)
    may_unpickle: bool = True
    asked: Mapping[str, tuple[Compare, ...]] = field(default_factory=dict)  # comparisons of steps' outputs, by step
    reads_cache: bool = True  # False under --no-cache: keys are computed, and nothing is taken


def decide(graph: Graph, known: Known) -> Plan:
    """A decision for each step; `maybe` where an input is made by a step that must run."""
    decisions: dict[str, Decision] = {}
    inputs: dict[str, Artifact] = {}
    for step in topological(graph):
        decision = decide_step(graph.pipeline, step, known, inputs)
        decisions[step.id] = decision
        if decision.entry is not None:
            inputs |= {f"{step.id}.{name}": artifact for name, artifact in decision.entry.outputs.items()}
    return Plan(tuple(decisions.values()))


def decide_step(pipeline: str, step: Step, known: Known, inputs: Mapping[str, Artifact]) -> Decision:
    """`inputs` holds the `step.output`s that are known so far."""
    settings = step.settings
    if settings.cache is False:
        return Decision(step.id, Action.RUN, Cause.DISABLED, "cache=False")
    if settings.cache is None and not step.outputs:
        return Decision(step.id, Action.RUN, Cause.NO_OUTPUTS, "it has no outputs, and cache=True is not said")
    unknown = [ref for ref in step.references if isinstance(ref, OutputRef) and str(ref) not in inputs]
    if unknown:
        return Decision(step.id, Action.MAYBE, Cause.UPSTREAM, f"{unknown[0].step} must run first")
    step = step.choose(step.producers)
    document = key_document(step, known.facts[step.id], known.parameters, inputs, logical_date=known.logical_date)
    key, facts = key_of(document), known.masked(document)
    if not known.reads_cache:
        return Decision(step.id, Action.RUN, Cause.ASKED, "no cache, as asked", key, facts)
    entry = known.index.get(key, pipeline, step.id)
    if entry is None:
        last = known.index.newest_of(pipeline, step.id)
        cause = Cause.FIRST if last is None else Cause.CHANGED
        reason = "it has not run before" if last is None else first_change(last.facts, facts)
        return Decision(step.id, Action.RUN, cause, reason, key, facts)
    if settings.cache_expires_after is not None and _age(entry, known.now) > settings.cache_expires_after:
        return Decision(step.id, Action.RUN, Cause.EXPIRED, f"the result of {entry.ended} has expired", key, facts)
    if not _is_whole(entry, step) or known.is_lost(entry):
        return Decision(step.id, Action.RUN, Cause.LOST, f"the result of run {entry.run} is not in the store any more", key, facts)
    if not known.may_unpickle and any(artifact.pickled for artifact in entry.outputs.values()):
        reason = f"the result of run {entry.run} is a pickle, and orch.yaml says `pickle: forbid`"
        return Decision(step.id, Action.RUN, Cause.FORBIDDEN, reason, key, facts)
    asked = known.asked.get(step.id, ())
    told = flags_from(asked, known.parameters, entry.flags, entry.outputs)
    if untold := [leaf for leaf in asked if name_of(leaf) not in told]:
        reason = f"the result of run {entry.run} does not tell whether {told_condition(untold[0])}"
        return Decision(step.id, Action.RUN, Cause.LOST, reason, key, facts)
    return Decision(step.id, Action.CACHED, Cause.HIT, f"as in run {entry.run}", key, facts, entry)


def _is_whole(entry: Entry, step: Step) -> bool:
    """Whether it has all that the step is to make: the file that entries come from may be damaged."""
    return all(output.name in entry.outputs for output in step.outputs)


def _age(entry: Entry, now: float) -> float:
    """In seconds; of an entry that does not say when it was made, nobody knows."""
    try:
        return now - datetime.fromisoformat(entry.ended).timestamp()
    except (ValueError, OverflowError):
        return inf
