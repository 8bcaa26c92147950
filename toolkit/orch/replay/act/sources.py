"""The sources that a run was of, kept beside its records: jobs name them by digests alone, and `orch explain` shows lines."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from orch.authoring.project import Project
from orch.model.canonical import Json
from orch.model.facts import Facts
from orch.model.fan import step_of
from orch.model.graph import Graph
from orch.model.runs import RunRecord
from orch.planning.facts import gathered_ahead
from orch.planning.locked import Locks
from orch.stores.local import LocalStore


def with_sources(record: RunRecord, graph: Graph, project: Project, store: LocalStore) -> RunRecord:
    """`record` with what shows the code of its steps; `project` is as the jobs had it. Steps that say nothing of their code stay."""
    wanted = {step_of(step.step) for step in record.steps if step.facts} & graph.by_id.keys()
    if not wanted:
        return record
    locks = Locks(graph, project.root, project.git_root)
    gathered, _ = gathered_ahead(graph, project, locks, steps=wanted)  # what cannot be known, the jobs could not know either
    for digest, content in (*gathered.documents.items(), *gathered.sources.items()):
        if not store.has(digest):
            with contextlib.suppress(OSError):
                store.put(content if isinstance(content, bytes) else content.read_bytes())
    facts = gathered.facts
    return replace(record, steps=tuple(replace(step, facts=_shown(step.facts, facts.get(step_of(step.step)))) for step in record.steps))


def _shown(told: Mapping[str, Json], found: Facts | None) -> Mapping[str, Json]:
    if found is None or told.get("code") != found.code:
        return told
    return {**told, "texts": found.texts} | ({"blind": found.blind} if found.blind else {})
