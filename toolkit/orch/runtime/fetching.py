"""Outputs that earlier runs keep, brought here: each artifact once, and only of a run that GitHub says it is of."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from orch import files
from orch.errors import OrchError, RecordError, RemoteError
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.index import Entry
from orch.runtime.api import Api
from orch.runtime.archives import unpack_outputs
from orch.stores.local import LocalStore

_NEEDS: Final = "actions: read"
# Artifacts of one run: of more, one list of what the run has asks less of GitHub than each of them.
_FEW: Final = 4


class Fetcher:
    """`wanted` are the runs and artifacts that may be asked for. Raises OrchErrors."""

    def __init__(self, api: Api, wanted: Iterable[tuple[str, int]], scratch: Path) -> None:
        self._api = api
        self._scratch = scratch
        self._wanted: dict[str, set[int]] = {}
        for run, number in wanted:
            self._wanted.setdefault(run, set()).add(number)
        self._expired: dict[str, dict[int, Json]] = {}  # by run: whether its artifacts have
        self._last: tuple[str, int, Path] | None = None  # of several legs that shared a job, one comes after the other
        self._absent: dict[tuple[str, int], OrchError] = {}

    def outputs(self, step: str, run: str, artifacts: Iterable[int], folder: Path) -> dict[str, Artifact]:
        """The outputs of `step` in `artifacts` of `run`, their bytes in a store at `folder`; where that fails, nothing is left there."""
        found: dict[str, Artifact] = {}
        try:
            for number in artifacts:
                found |= unpack_outputs(self._file(run, number), LocalStore(folder), step).outputs
        except BaseException:
            files.remove_tree(folder)
            raise
        return found

    def entry(self, entry: Entry, folder: Path) -> dict[str, Artifact]:
        """What `entry` says that there is; raises RecordError where it is something else."""
        outputs = self.outputs(entry.step, entry.run, [kept.id for kept in entry.artifacts], folder)
        if digests(outputs) != digests(entry.outputs):
            files.remove_tree(folder)
            raise RecordError(f"the artifacts of run {entry.run} hold other outputs than its index says")
        return outputs

    def _file(self, run: str, number: int) -> Path:
        if self._last is not None and self._last[:2] == (run, number):
            return self._last[2]
        if error := self._absent.get((run, number)):
            raise error
        if self._last is not None:
            files.unlink(self._last[2])
            self._last = None
        file = self._scratch / f"{number}.zip"
        try:
            self._check_is_of(run, number)
            self._api.download(number, file, needs=_NEEDS)
        except OrchError as error:
            self._absent[run, number] = error
            raise
        self._last = (run, number, file)
        return file

    def _check_is_of(self, run: str, number: int) -> None:
        """Of the run that the plan trusts, by GitHub's word: an index may name any artifact."""
        if len(self._wanted.get(run, ())) > _FEW:
            if run not in self._expired:
                told = self._api.pages(f"actions/runs/{run}/artifacts", "artifacts", needs=_NEEDS)
                self._expired[run] = {each["id"]: each.get("expired") for each in told if isinstance(each, dict) and "id" in each}
            is_of, expired = number in self._expired[run], self._expired[run].get(number)
        else:
            said = self._api.get(f"actions/artifacts/{number}", needs=_NEEDS)
            of = said.get("workflow_run") if isinstance(said, dict) else None
            is_of, expired = isinstance(of, dict) and str(of.get("id")) == run, said.get("expired") if isinstance(said, dict) else None
        if not is_of:
            raise RemoteError(f"artifact {number} is not of run {run}", hint="re-run all jobs")
        if expired is not False:
            raise RemoteError(f"artifact {number} of run {run} has expired", hint="re-run all jobs", status=410)


@contextmanager
def fetcher(api: Api, wanted: Collection[tuple[str, int]]) -> Iterator[Fetcher]:
    with tempfile.TemporaryDirectory(prefix="orch-earlier-") as scratch:
        yield Fetcher(api, wanted, Path(scratch))


def wanted_of(entries: Iterable[Entry]) -> list[tuple[str, int]]:
    return [(entry.run, kept.id) for entry in entries for kept in entry.artifacts]


def digests(outputs: Mapping[str, Artifact]) -> dict[str, str]:
    return {name: artifact.digest for name, artifact in outputs.items()}
