"""What earlier runs on GitHub have left: the newest indexes of results that may be trusted, found by a handful of requests.

Everything in an index is checked against what the API says of runs: an index may name any run, GitHub tells whose it is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from orch.errors import OrchError, RecordError
from orch.model.canonical import Json
from orch.model.index import Entry, Index
from orch.names import index_artifact
from orch.runtime.api import Api
from orch.runtime.archives import read_member
from orch.runtime.here import Here
from orch.runtime.newest_runs import PAGE, NewestRuns, list_runs

CALLS: Final = 5
LARGEST_INDEX: Final = 16 << 20
INDEX_FILE: Final = "index.jsonl"
_NEEDS: Final = "actions: read"
# A job reads what the plan found hours later, as when it waits for a runner or an approval.
_MARGIN: Final = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Earlier:
    """`untaken` says of keys why a result that exists is not used; `told` is for people, as what could not be read."""

    entries: tuple[Entry, ...] = ()
    untaken: Mapping[str, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    @property
    def index(self) -> Index:
        return Index(self.entries)

    def without(self, gone: Iterable[Entry], why: str) -> Earlier:
        lost = list(gone)
        reasons = {entry.key: f"the result of run {entry.run} is not used: {why}" for entry in lost}
        return replace(self, entries=tuple(entry for entry in self.entries if entry not in lost), untaken={**self.untaken, **reasons})


def read_earlier(api: Api, here: Here, pipeline: str, *, now: float, newest: NewestRuns | None = None) -> Earlier:
    """At most `CALLS` requests, together with those that `api` has made before; raises RemoteError where GitHub does not answer."""
    runs = _Runs(here, newest.all() if newest is not None else list_runs(api, here))
    if not runs.trusted_of(here.branches[:1]) and runs.is_cut and here.branches and api.calls < CALLS - 2:
        runs.add(list_runs(api, here, branch=here.branches[0]))
    found: list[Entry] = []
    told: list[str] = []
    for number, artifact in sorted(_indexes(api, here, pipeline, runs), key=lambda each: each[0])[-2:]:
        if api.calls >= CALLS:
            break
        try:
            entries, damaged = parse_index(_download(api, artifact))
        except RecordError as error:
            told.append(f"the index of run {number} is not used: {error.message}")
            continue
        found += entries
        told += [f"{damaged} lines of the index of run {number} are damaged"] if damaged else []
    return _judged(found, pipeline, runs, now, tuple(told))


class _Runs:
    """The runs of a workflow as the API tells of them."""

    def __init__(self, here: Here, runs: list[Json]) -> None:
        self._trust = here.trust
        self._by_id: dict[str, Json] = {}
        self.is_cut = len(runs) >= PAGE
        self.add(runs)

    def add(self, runs: Iterable[Json]) -> None:
        self._by_id |= {str(run.get("id")): run for run in runs}

    def doubt(self, run: str) -> str:
        """Why nothing of the run is used, or nothing."""
        return self._trust.doubt(self._by_id[run]) if run in self._by_id else "it is none of the newest runs that GitHub lists"

    def trusted_of(self, branches: Iterable[str]) -> list[Json]:
        """The newest first."""
        wanted = set(branches)
        found = [run for name, run in self._by_id.items() if run.get("head_branch") in wanted and not self.doubt(name)]
        return sorted(found, key=self.number, reverse=True)

    @staticmethod
    def number(run: Json) -> int:
        """Runs of one workflow are counted: an id or a date tells no order."""
        number = run.get("run_number")
        return number if type(number) is int else 0

    def __getitem__(self, run: str) -> Json:
        return self._by_id[run]


def _indexes(api: Api, here: Here, pipeline: str, runs: _Runs) -> Iterator[tuple[int, Json]]:
    """Of this branch and of the others the newest index each, with the number of its run."""
    listed = _artifacts(api, "actions/artifacts", index_artifact(pipeline, 1))
    by_run = {str(run): artifact for artifact in listed if not runs.doubt(run := str(_run_of(artifact)))}
    for branches in (here.branches[-1:], here.branches[:-1]):
        for run in runs.trusted_of(branches):
            artifact = by_run.get(str(run["id"]))
            attempt = here.attempt - 1 if str(run["id"]) == here.run else run.get("run_attempt")
            if type(attempt) is int and attempt > 1 and api.calls < CALLS - 1:
                again = _artifacts(api, f"actions/runs/{run['id']}/artifacts", index_artifact(pipeline, attempt))
                artifact = next(iter(again), artifact)
            if artifact is not None:
                yield runs.number(run), artifact
                break


def _artifacts(api: Api, path: str, name: str) -> list[Json]:
    answer = api.get(path, {"name": name, "per_page": PAGE}, needs=_NEEDS)
    found = answer.get("artifacts") if isinstance(answer, dict) else None
    listed = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return [each for each in listed if each.get("name") == name and each.get("expired") is False and type(each.get("id")) is int]


def _run_of(artifact: Json) -> Json:
    run = artifact.get("workflow_run")
    return run.get("id") if isinstance(run, dict) else None


def _download(api: Api, artifact: Json) -> bytes:
    with tempfile.TemporaryDirectory(prefix="orch-index-") as folder:
        target = Path(folder) / "index.zip"
        api.download(artifact["id"], target, needs=_NEEDS, limit=LARGEST_INDEX)
        return read_member(target, INDEX_FILE, limit=LARGEST_INDEX)


def parse_index(data: bytes) -> tuple[list[Entry], int]:
    """The entries in the lines of an index, and how many lines are none."""
    entries: list[Entry] = []
    damaged = 0
    for line in data.splitlines():
        try:
            entries.append(Entry.read(line))
        except RecordError:
            damaged += 1
    return entries, damaged


def _judged(entries: Iterable[Entry], pipeline: str, runs: _Runs, now: float, told: tuple[str, ...]) -> Earlier:
    usable: list[Entry] = []
    untaken: dict[str, str] = {}
    newest = {(entry.key, entry.pipeline, entry.step, entry.run): entry for entry in entries}
    for entry in newest.values():
        # A step without outputs leaves none: that it has run is all that there is to know.
        doubt = runs.doubt(entry.run) if entry.artifacts or not entry.outputs else "it is not said to lie anywhere"
        if not doubt and not all(seconds(kept.expires) > now + _MARGIN for kept in entry.artifacts):
            doubt = "it has expired, or will soon"
        if doubt:
            untaken[entry.key] = f"the result of run {entry.run} is not used: {doubt}"
        elif entry.pipeline == pipeline:
            usable.append(entry)
    return Earlier(tuple(usable), untaken, told)


def seconds(moment: str) -> float:
    """Since 1970; 0 of what is no moment."""
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def missing(api: Api, taken: Iterable[Entry]) -> list[Entry]:
    """Those of `taken` whose artifacts are gone, as far as the requests that are left can tell: the runs with the most first."""
    by_run: dict[str, list[Entry]] = {}
    for entry in taken:
        by_run.setdefault(entry.run, []).append(entry)
    gone: list[Entry] = []
    for run, entries in sorted(by_run.items(), key=lambda each: -len(each[1])):
        if api.calls >= CALLS:
            break
        there = _all_ids(api, run)
        if there is not None:
            gone += [entry for entry in entries if not {kept.id for kept in entry.artifacts} <= there]
    return gone


def _all_ids(api: Api, run: str) -> set[int] | None:
    """Of the artifacts that a run still has; None where they are more than one answer holds."""
    try:
        answer = api.get(f"actions/runs/{run}/artifacts", {"per_page": PAGE}, needs=_NEEDS)
    except OrchError as error:
        if getattr(error, "status", 0) in (404, 410):
            return set()
        raise
    found = answer.get("artifacts") if isinstance(answer, dict) else None
    if not isinstance(found, list) or answer.get("total_count") != len(found):
        return None
    return {each["id"] for each in found if isinstance(each, dict) and each.get("expired") is False and type(each.get("id")) is int}
