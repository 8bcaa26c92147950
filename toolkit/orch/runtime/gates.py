"""Why steps that deploy to an environment did not start, as the run's record says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orch.model.graph import Graph
from orch.model.records import NO_REPORT, StepRecord
from orch.model.runs import RunRecord
from orch.names import gate_job


def told_of_gates(record: RunRecord, graph: Graph, results: Mapping[str, str]) -> RunRecord:
    """`record`, in which steps that did not report say what their gate did, by GitHub's `results` of the jobs."""
    return replace(record, steps=tuple(_told(step, graph, results) for step in record.steps))


def _told(step: StepRecord, graph: Graph, results: Mapping[str, str]) -> StepRecord:
    known = graph.by_id.get(step.step)
    environment = known.settings.deploys_to if known else None
    if environment is None or step.reason != NO_REPORT:
        return step
    match results.get(gate_job(environment)):
        case "failure":
            return replace(step, reason=f"nobody let it deploy to {environment!r}: that was refused, or asked for too long")
        case "skipped":
            return replace(step, reason=f"nobody was asked for {environment!r}: what another step that deploys there waits for failed")
        case _:
            return step
