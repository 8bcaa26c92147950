"""What a run takes from earlier runs, and what it leaves for later ones: decisions before steps start, entries when they have ended."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from orch.authoring.project import Project
from orch.errors import StoreError
from orch.materializers import documents
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.conditions import when_to_json
from orch.model.fan import step_of
from orch.model.flags import leaves_of, resolved
from orch.model.graph import Graph, Step
from orch.model.index import Entry, Index
from orch.model.plan import Action, Decision
from orch.model.records import StepRecord
from orch.model.runs import RunInfo
from orch.model.states import State
from orch.orchestrators.local import results
from orch.orchestrators.local.home import Home
from orch.orchestrators.local.shared import Shared
from orch.orchestrators.local.stamps import Stamps
from orch.planning.decide import Known, decide_step
from orch.planning.facts import Gathered, gather, in_images
from orch.runtime import clock
from orch.runtime.masked import masked_values
from orch.runtime.redact import Redactor
from orch.stores.local import LocalStore

EDITED: Final = "not kept for later runs: its code or files were changed while the run was going on"
MEMORY: Final = "sources.json"
_MOST: Final = 20  # results of one step that are kept when the index has become long


@dataclass(frozen=True, slots=True)
class Use:
    """`reads`: results of earlier runs are used. `keeps`: results are kept for later ones."""

    reads: bool = True
    keeps: bool = True


class Cache:
    """Decides by what was known when the run started; a result that this run makes is not used twice in it."""

    def __init__(
        self,
        graph: Graph,
        project: Project,
        info: RunInfo,
        home: Home,
        use: Use,
        *,
        parameters: Mapping[str, Json],
        redact: Redactor,
        shared: Shared | None = None,
        besides: Collection[str] = frozenset(),
        may_unpickle: bool = True,
        images: Mapping[str, str] | None = None,
    ) -> None:
        """`besides` are steps about which nothing is to be decided; `images` are the digests of what steps in containers run in."""
        self.graph = graph
        self.project = project
        self.info = info
        self.home = home
        self.use = use
        self.store = LocalStore(home.store)
        self.shared = shared or Shared(self.store)
        self._to_run: dict[str, Decision] = {}
        since = clock.now()
        wanted = frozenset(graph.by_id) - frozenset(besides)
        self.gathered: Gathered = gather(graph, project, steps=wanted, memory=home.index.with_name(MEMORY))
        self._here = self.gathered.facts
        self.gathered = replace(self.gathered, facts=in_images(self._here, images or {}))
        self._sources = {texts: self._source_files(texts) for texts in {facts.texts for facts in self.gathered.facts.values()}}
        self._stamps = Stamps({file: digest for sources in self._sources.values() for file, digest in sources.items()}, since=since)
        self.known = Known(
            facts=self.gathered.facts,
            parameters=parameters,
            index=results.read_index(home.index) if use.reads else Index(),
            now=since,
            logical_date=info.logical_date,
            is_lost=self._is_lost,
            masked=lambda document: masked_values(document, redact),
            may_unpickle=may_unpickle,
            asked=leaves_of(graph.steps),
            member=self._member,
            reads_cache=use.reads,
        )
        self._has_kept_sources = False
        self.last = documents.Last()
        self._unwritten: list[Entry] = []

    def decide(self, step: Step, inputs: Mapping[str, Artifact]) -> Decision:
        """`inputs` has all that the step reads."""
        decision = decide_step(self.graph.pipeline, step, self.known, inputs)
        if decision.action is not Action.CACHED:
            self._to_run[step.id] = decision
        return decision

    def asked_of(self, step: str) -> list[Json]:
        """What the step's worker has to tell of its outputs."""
        return [when_to_json(resolved(leaf, self.known.parameters)) for leaf in self.known.asked.get(step, ())]

    def keep(self, record: StepRecord) -> StepRecord:
        """The record of a step that ran, with what its result depends on; the next `write` keeps what may be used again.

        Where a file that the step reaches was changed since the start, nobody knows which code ran: then neither.
        """
        decision = self._to_run.pop(record.step)
        cause = str(decision.cause)
        if not decision.key:
            return replace(record, cause=cause)
        if not self._is_as_gathered(record.step):
            return replace(record, cause=cause, reason=EDITED if record.state is State.SUCCEEDED else record.reason)
        record = replace(record, cause=cause, key=decision.key, facts=decision.facts)
        if record.state is State.SUCCEEDED and self.use.keeps:
            ended = clock.rfc3339(clock.now())
            what = (record.facts, record.outputs, record.metadata, record.flags)
            entry = Entry(record.key, self.graph.pipeline, record.step, self.info.run, ended, *what)
            self._unwritten.append(entry)
        return record

    def keep_sources(self) -> None:
        """What the facts name by digest, for those who ask later what has changed."""
        if self._has_kept_sources:
            return
        self._has_kept_sources = True
        for digest, content in (*self.gathered.documents.items(), *self.gathered.sources.items()):
            if not self.store.has(digest):
                with contextlib.suppress(OSError):  # a source that was deleted in the meantime
                    self.store.put(content if isinstance(content, bytes) else content.read_bytes())

    def write(self) -> None:
        if self._unwritten:
            results.append(self.home.index, self._unwritten)
            self._unwritten.clear()

    def close(self) -> None:
        self.write()
        if isinstance(self.known.index, results.StoredIndex) and self.known.index.is_due(most=_MOST):
            results.compact(self.home.index, most=_MOST)

    def _is_lost(self, entry: Entry) -> bool:
        return not self.shared.has(entry.outputs.values())

    def _member(self, artifact: Artifact, index: int) -> tuple[Json, Json] | None:
        """One item of a list that is kept as data."""
        if artifact.materializer != documents.NAME:
            return None
        try:
            data = self.last.members(artifact, self.store)[index]
        except StoreError:  # it is damaged: whoever reads it says so
            return None
        return data, documents.as_alone(self.last.meta(artifact, index), index)

    def _is_as_gathered(self, name: str) -> bool:
        step = step_of(name)
        facts = self.gathered.facts[step]
        if not self._stamps.hold(self._sources[facts.texts]):
            return False
        # A file that is new may match a declared pattern: only looking again tells.
        return not self.graph[step].settings.files or gather(self.graph, self.project, steps=[step]).facts[step] == self._here[step]

    def _source_files(self, texts: str) -> dict[str, str]:
        """The files of a document of sources, each with its digest; what lies outside the repository is told by that."""
        document = self.gathered.documents.get(texts, b"{}")
        outside = self.gathered.sources
        return {
            str(outside[digest] if label.startswith("//") else self.project.git_root / label): digest
            for label, digest in canonical.loads(document).items()
        }
