"""Why a step ran, or would run, and what changed since its result before: from records, or by the decision that a run would make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orch.authoring.project import Project
from orch.errors import StoreError, UsageError
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.fan import index_of, step_of
from orch.model.flags import told as condition_told
from orch.model.graph import Graph, OutputRef
from orch.model.index import Index
from orch.model.plan import Action, Cause, Change, Decision, Plan
from orch.model.records import StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.states import State
from orch.orchestrators.local.cache import Cache, Use
from orch.orchestrators.local.history import newest_first
from orch.orchestrators.local.home import Home
from orch.orchestrators.local.results import read_index
from orch.planning.changes import Read, blind, changes
from orch.planning.decide import decide, decide_mapped, decide_step
from orch.planning.facts import Gathered
from orch.runtime.redact import Redactor
from orch.stores.local import LocalStore

_RAN: Final = {
    Cause.ASKED: "it was asked to, whatever ran before",
    Cause.DISABLED: "cache=False",
    Cause.NO_OUTPUTS: "it has no outputs, and cache=True is not said",
    Cause.FIRST: "it had not run before",
    Cause.CHANGED: "what it depends on had changed",
    Cause.EXPIRED: "its earlier result had expired",
    Cause.LOST: "its earlier result was not in the store any more, or was damaged there",
    Cause.FORBIDDEN: "its earlier result was a pickle, and orch.yaml said `pickle: forbid`",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """`state` is what became of the step in `run`, or without one what the next run would do: run, cached or maybe.

    `changes` are those since the result of the run `since`, if there is one.
    """

    pipeline: str
    step: str
    run: str
    state: str
    cause: str
    reason: str
    since: str = ""
    changes: tuple[Change, ...] = ()
    blind: tuple[str, ...] = ()  # what cannot be seen without running the code, as `path:line: text`

    def to_json(self) -> Json:
        return {
            "pipeline": self.pipeline,
            "step": self.step,
            "run": self.run,
            "state": self.state,
            "cause": self.cause,
            "reason": self.reason,
            "since": self.since,
            "changes": [{"kind": each.kind, "name": each.name, "old": each.old, "new": each.new} for each in self.changes],
            "blind": list(self.blind),
        }


# --- what the next run would do ---


def explain_next(
    graph: Graph,
    project: Project,
    info: RunInfo,
    home: Home,
    step: str,
    *,
    parameters: Mapping[str, Json],
    redact: Redactor,
    may_unpickle: bool = True,
    images: Mapping[str, str] | None = None,
) -> Explanation:
    """By the decision of a full run that would start now."""
    home.check()
    use = Use(keeps=False)
    cache = Cache(graph, project, info, home, use, parameters=parameters, redact=redact, may_unpickle=may_unpickle, images=images)
    plan = decide(graph, cache.known)
    whole = graph[step_of(step)]
    planned = decision = _planned(plan, step)
    reason = planned.reason
    if planned.action is Action.MAYBE and not planned.legs:
        decide_one = decide_mapped if whole.fan else decide_step
        decision = decide_one(graph.pipeline, whole, cache.known, _inputs_as_before(graph, plan, cache.known.index))
        reason = _because_of_others(graph, plan, decision)
    elif planned.legs and planned.action is not Action.CACHED:
        decision = next(leg for leg in planned.legs if leg.action is not Action.CACHED)
    if whole.when is not None:
        reason += f"; only if {condition_told(whole.when)}"
    before = cache.known.index.newest_of(graph.pipeline, decision.step)
    read = _reader(home, cache.gathered)
    return Explanation(
        pipeline=graph.pipeline,
        step=step,
        run="",
        state=str(planned.action),
        cause=str(planned.cause),
        reason=reason,
        since=before.run if before else "",
        changes=changes(before.facts, decision.facts, read) if before and decision.facts else (),
        blind=blind({"blind": cache.gathered.facts[whole.id].blind}, read) if _may_be_cached(planned) else (),
    )


def _planned(plan: Plan, step: str) -> Decision:
    """Of a leg its own, where it is known which legs there are, else that of its step; raises UsageError."""
    whole = plan[step_of(step)]
    if index_of(step) is None or not (whole.legs or whole.entry):
        return whole
    found = next((leg for leg in whole.legs if leg.step == step), None)
    if found is None:
        raise UsageError(f"step {whole.step!r} has {len(whole.legs):,} legs now, and {step!r} is none of them", hint="they count from 0")
    return found


def _may_be_cached(decision: Decision) -> bool:
    """Of a step that always runs, a change that cannot be seen is no trouble."""
    return decision.cause not in (Cause.DISABLED, Cause.NO_OUTPUTS)


def _because_of_others(graph: Graph, plan: Plan, alone: Decision) -> str:
    """`alone` is the decision for the case that what the step reads comes out as before."""
    first = _undecided_by(graph, plan, alone.step)
    runs = first
    while plan[runs].action is Action.MAYBE and not plan[runs].legs:
        runs = _undecided_by(graph, plan, runs)
    whose = "" if runs == first else f", because of {runs!r}"
    why = f"{first!r} must run first{whose} ({plan[runs].reason})"
    if alone.action is Action.CACHED:
        return f"{why}; if what it reads comes out as before, it is cached"
    return f"{why}; then it runs: {alone.reason}" if alone.key else why


def _undecided_by(graph: Graph, plan: Plan, step: str) -> str:
    """The first step that `step` reads from and that is not cached."""
    producers = (ref.step for ref in graph[step].references if isinstance(ref, OutputRef))
    return next(producer for producer in producers if plan[producer].action is not Action.CACHED)


def _inputs_as_before(graph: Graph, plan: Plan, index: Index) -> dict[str, Artifact]:
    """The outputs that are known, and for the others those of the last results."""
    inputs: dict[str, Artifact] = {}
    for each in plan.decisions:
        entry = each.entry or index.newest_of(graph.pipeline, each.step)
        if entry is not None:
            inputs |= {f"{each.step}.{name}": artifact for name, artifact in entry.outputs.items()}
    return inputs


# --- what a run did ---


def explain_recorded(record: RunRecord, told: StepRecord, home: Home) -> Explanation:
    """From the records of this run and of those before it."""
    before = _before(record, told, home)
    is_new = told.state is not State.CACHED and before is not None and bool(told.facts)
    return Explanation(
        pipeline=record.info.pipeline,
        step=told.step,
        run=record.info.run,
        state=str(told.state),
        cause=told.cause,
        reason=_why(told),
        since=before[0] if before else "",
        changes=changes(before[1], told.facts, _reader(home)) if before and is_new else (),
        blind=blind(told.facts, _reader(home)),
    )


def _why(told: StepRecord) -> str:
    if told.cause in _RAN and told.state is not State.CACHED:
        return _RAN[Cause(told.cause)]
    return told.reason


def _before(record: RunRecord, told: StepRecord, home: Home) -> tuple[str, Mapping[str, Json]] | None:
    """The run and the facts of the step's result before this run."""
    for earlier in newest_first(home, record.info.pipeline):
        if earlier.info.run == record.info.run or earlier.info.started >= record.info.started:
            continue
        for step in earlier.steps:
            if step.step == told.step and step.state.has_outputs and step.facts:
                return step.cached_from or earlier.info.run, step.facts
    older = [entry for entry in read_index(home.index).of_step(record.info.pipeline, told.step) if entry.ended < record.info.started]
    return (older[-1].run, older[-1].facts) if older else None


def _reader(home: Home, gathered: Gathered | None = None) -> Read:
    """Reads what the store keeps, and nothing that is damaged there; before that, what was `gathered` for a run to come."""
    store = LocalStore(home.store, verify=True)
    new = {**gathered.documents, **gathered.sources} if gathered else {}

    def read(digest: str) -> bytes | None:
        found = new.get(digest)
        try:
            return found.read_bytes() if isinstance(found, Path) else found or store.get(digest)
        except (StoreError, OSError):
            return None

    return read
