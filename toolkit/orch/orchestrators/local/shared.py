"""The artifact store of a stack beside the folder on this machine: what is missing here comes from it, what a run made goes there."""

from __future__ import annotations

from collections.abc import Iterable

from orch.errors import StoreError
from orch.model.artifacts import GATHER, Artifact
from orch.model.records import StepRecord
from orch.model.states import State
from orch.stores.local import LocalStore
from orch.stores.transport import Transport


class Shared:
    """Without a transport, the folder is all there is. Raises StoreError where the other side does not answer."""

    def __init__(self, store: LocalStore, transport: Transport | None = None) -> None:
        self.store = store
        self.transport = transport

    def has(self, artifacts: Iterable[Artifact]) -> bool:
        """Whether all objects of `artifacts` are on this machine; what is missing is fetched, if it can be."""
        wanted = list(artifacts)
        if all(map(self._is_here, wanted)):
            return True
        if self.transport is None:
            return False
        missing = [digest for artifact in wanted for digest in artifact.digests if not self.store.has(digest)]
        if self.transport.has(missing) != set(missing):
            return False
        self.transport.pull(missing, self.store)
        return all(map(self._is_here, wanted))

    def give(self, records: Iterable[StepRecord]) -> None:
        """The outputs of the steps that have some, also of those that were not run: an earlier run may have been killed before it did."""
        if self.transport is not None:
            made = {digest: record.state for record in records for artifact in record.outputs.values() for digest in artifact.digests}
            self.transport.push(made, self.store, expected={digest for digest, state in made.items() if state is State.CACHED})

    def _is_here(self, artifact: Artifact) -> bool:
        """By size: hashing is left to whoever reads the bytes first."""
        if artifact.materializer == GATHER:
            return all(map(self._is_here, artifact.items))
        try:
            return sum(map(self.store.size, artifact.digests)) == artifact.size
        except (StoreError, TypeError):  # gone, or not even a digest
            return False
