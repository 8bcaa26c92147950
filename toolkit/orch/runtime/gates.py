"""Why steps that deploy to an environment did not start, as the run's record says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orch.model.graph import Graph
from orch.model.records import NO_REPORT, StepRecord
from orch.model.runs import RunRecord
from orch.names import chosen_gate_job, gate_job


def told_of_gates(record: RunRecord, graph: Graph, results: Mapping[str, str]) -> RunRecord:
    """`record`, in which steps that did not report say what their gate did, by GitHub's `results` of the jobs."""
    return replace(record, steps=tuple(_told(step, graph, results) for step in record.steps))


def _told(step: StepRecord, graph: Graph, results: Mapping[str, str]) -> StepRecord:
    known = graph.by_id.get(step.step)
    if known is None or step.reason != NO_REPORT:
        return step
    if (chooser := known.settings.deploys_by) is not None:
        gate, where = chosen_gate_job(chooser), f"what {chooser!r} says"
    elif (environment := known.settings.deploys_to) is not None:
        gate, where = gate_job(environment), repr(environment)
    else:
        return step
    match results.get(gate):
        case "failure":
            return replace(step, reason=f"nobody let it deploy to {where}: that was refused, or asked for too long")
        case "skipped":
            return replace(step, reason=f"nobody was asked for {where}: what another step that deploys there waits for failed")
        case _:
            return step
