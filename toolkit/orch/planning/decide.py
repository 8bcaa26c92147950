"""The one decision: a step's result is used again, or the step runs, and why. Pure: effects are handed in."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

from orch.errors import MapError
from orch.model.artifacts import GATHER, Artifact
from orch.model.canonical import Json
from orch.model.conditions import Compare
from orch.model.facts import Facts
from orch.model.fan import step_of
from orch.model.flags import flags_from, name_of
from orch.model.flags import told as told_condition
from orch.model.gathered import gather
from orch.model.graph import Graph, topological
from orch.model.index import Entry, Index
from orch.model.legs import LengthOf, legs_of
from orch.model.plan import Action, Cause, Decision, Plan
from orch.model.steps import OutputRef, ParameterRef, Step
from orch.planning.changes import first_change
from orch.planning.key import Member, digest_of, has_expressions, key_document, key_of


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
    member: Member = lambda _artifact, _index: None
    reads_cache: bool = True  # False under --no-cache: keys are computed, and nothing is taken


def decide(graph: Graph, known: Known) -> Plan:
    """A decision for each step; `maybe` where an input is made by a step that must run."""
    decisions: dict[str, Decision] = {}
    inputs: dict[str, Artifact] = {}
    for step in topological(graph):
        decision = decide_mapped(graph.pipeline, step, known, inputs) if step.fan else decide_step(graph.pipeline, step, known, inputs)
        decisions[step.id] = decision
        for each in (decision, *decision.legs):
            if each.entry is not None:
                inputs |= {f"{each.step}.{name}": artifact for name, artifact in each.entry.outputs.items()}
    return Plan(tuple(decisions.values()))


def decide_mapped(pipeline: str, step: Step, known: Known, inputs: Mapping[str, Artifact]) -> Decision:
    """One for all legs of a step: cached if each of them is, maybe if only some are; the decisions about them are its `legs`."""
    alone = _without_looking(step, inputs)
    if alone is not None:
        return alone
    step = step.choose(step.producers)
    try:
        legs = legs_of(step, lengths(inputs, known.parameters), mapped_in(inputs))
    except MapError as error:
        return Decision(step.id, Action.RUN, Cause.CHANGED, error.message)
    decisions = tuple(decide_step(pipeline, leg, known, inputs) for leg in legs)
    to_run = [each for each in decisions if each.action is not Action.CACHED]
    if to_run:
        action = Action.RUN if len(to_run) == len(decisions) else Action.MAYBE
        reason = f"{len(to_run)} of {len(decisions)} legs must run; {to_run[0].step}: {to_run[0].reason}"
        return Decision(step.id, action, to_run[0].cause, reason, legs=decisions)
    return all_cached(pipeline, step, decisions)


def all_cached(pipeline: str, step: Step, legs: tuple[Decision, ...]) -> Decision:
    """The decision about a mapped step whose `legs` are all cached: its outputs are the lists of theirs."""
    entries = [each.entry for each in legs if each.entry is not None]
    outputs = {output.name: gather([entry.outputs[output.name] for entry in entries]) for output in step.outputs}
    runs = ", ".join(dict.fromkeys(entry.run for entry in entries))
    ended = max((entry.ended for entry in entries), default="")
    entry = Entry(digest_of([each.key for each in legs]), pipeline, step.id, runs, ended, outputs=outputs)
    reason = f"all {len(legs)} legs as in run {runs}" if legs else "there is nothing to map over"
    return Decision(step.id, Action.CACHED, Cause.HIT, reason, entry.key, entry=entry, legs=legs)


def lengths(inputs: Mapping[str, Artifact], parameters: Mapping[str, Json]) -> LengthOf:
    """How many items lists have: `inputs` by `step.output`, `parameters` as encoded by `orch.model.values`."""

    def length_of(ref: OutputRef | ParameterRef) -> int | None:
        if isinstance(ref, OutputRef):
            return inputs[str(ref)].length
        given = parameters[ref.name]
        return len(given) if isinstance(given, list) else None

    return length_of


def mapped_in(inputs: Mapping[str, Artifact]) -> Container[str]:
    """The steps of whose outputs the legs are known one by one."""
    return {name.rpartition(".")[0] for name, artifact in inputs.items() if artifact.materializer == GATHER}


def _without_looking(step: Step, inputs: Mapping[str, Artifact]) -> Decision | None:
    """What is decided about a step without its inputs."""
    if (never := never_cached(step)) is not None:
        return never
    unknown = [ref for ref in step.references if isinstance(ref, OutputRef) and str(ref) not in inputs]
    if unknown:
        return Decision(step.id, Action.MAYBE, Cause.UPSTREAM, f"{unknown[0].step} must run first")
    return None


def never_cached(step: Step) -> Decision | None:
    """What is decided about a step that says so itself, whatever it reads."""
    settings = step.settings
    if settings.cache is False:
        return Decision(step.id, Action.RUN, Cause.DISABLED, "cache=False")
    if settings.deploys_by is not None:  # the job that looks for a result does not know which environment it is
        return Decision(step.id, Action.RUN, Cause.DEPLOYS, "a parameter chooses the environment that it deploys to")
    if settings.cache:
        return None
    if not step.outputs:
        return Decision(step.id, Action.RUN, Cause.NO_OUTPUTS, "it has no outputs, and cache=True is not said")
    if settings.deploys_to is not None or "environment" in settings.github:
        return Decision(step.id, Action.RUN, Cause.DEPLOYS, "it deploys, and cache=True is not said")
    if has_expressions(settings):
        return Decision(step.id, Action.RUN, Cause.EXPRESSION, "its github= has expressions of unknown value, and cache=True is not said")
    return None


def decide_step(pipeline: str, step: Step, known: Known, inputs: Mapping[str, Artifact]) -> Decision:
    """`inputs` holds the `step.output`s that are known so far."""
    if (alone := _without_looking(step, inputs)) is not None:
        return alone
    settings = step.settings
    step = step.choose(step.producers)
    facts_of_step = known.facts[step_of(step.id)]
    document = key_document(step, facts_of_step, known.parameters, inputs, logical_date=known.logical_date, member=known.member)
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
