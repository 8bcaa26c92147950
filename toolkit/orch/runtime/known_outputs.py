"""What a job knows of the outputs that its step reads: what the plan took from earlier runs, and what jobs of this run uploaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.fan import leg_id
from orch.model.gathered import gather
from orch.model.graph import Graph
from orch.model.matrix import counted
from orch.model.steps import Step
from orch.runtime.delivered import newest_records
from orch.runtime.planned import Planned

Made = Mapping[str, Mapping[str, Artifact]]  # by step or leg


def made_so_far(planned: Planned | None, inputs: Path) -> Made:
    """`inputs` is where artifacts were downloaded to."""
    uploaded = newest_records(inputs) if inputs.is_dir() else {}
    taken = planned.taken if planned is not None else {}
    return {name: record.outputs for name, (record, _) in uploaded.items()} | {name: entry.outputs for name, entry in taken.items()}


def outputs_read(graph: Graph, step: Step, made: Made, tables: Mapping[str, Json]) -> dict[str, Artifact]:
    """By `step.output`; of a mapped step those of its legs, too, and the lists of them if all are there.

    `tables` tells how many legs there are; raises MapError where nobody has counted them.
    """
    found: dict[str, Artifact] = {}
    for producer in step.producers:
        names = [producer]
        if producer in graph.mapped:
            count = counted(graph.by_id, graph[producer], tables)["items"]
            names = [leg_id(producer, index) for index in range(count)]
            found |= _gathered(graph[producer], [made.get(name, {}) for name in names])
        for name in names:
            found |= {f"{name}.{output}": artifact for output, artifact in made.get(name, {}).items()}
    return found


def _gathered(step: Step, legs: list[Mapping[str, Artifact]]) -> dict[str, Artifact]:
    outputs = [output.name for output in step.outputs]
    whole = all(name in leg for name in outputs for leg in legs)
    return {f"{step.id}.{name}": gather([leg[name] for leg in legs]) for name in outputs} if whole else {}
