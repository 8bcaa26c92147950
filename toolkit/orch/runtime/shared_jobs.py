"""GitHub's word on each step, of its words on jobs: where several steps share one, a failure is that of the steps that failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orch.model.graph import Graph
from orch.model.records import StepRecord
from orch.model.states import State

_ENDS: Final = {State.FAILED: "failure", State.CANCELLED: "cancelled"}


def results_of_steps(graph: Graph, results: Mapping[str, str], uploaded: Mapping[str, StepRecord]) -> dict[str, str]:
    """`results` of jobs by step; `uploaded` are the steps' own records, of the latest attempt that each wrote."""
    found = {step: results.get(job, "") for step, job in graph.job_of.items()}
    for pack in graph.packs:
        told = [uploaded[step] for step in pack if step in uploaded]
        latest = max((record.attempt for record in told), default=0)
        ends = {record.step: _ENDS.get(record.state, "success") for record in told if record.attempt == latest}
        # Only what its steps say of themselves explains the job's end: else something around them has failed.
        if found[pack[0]] in ends.values():
            found |= ends
    return found
