"""The runs under act and their artifacts, this one's and those of earlier runs on this machine, as GitHub's API tells of them.

https://docs.github.com/rest/actions/workflow-runs, https://docs.github.com/rest/actions/artifacts

A run's artifacts lie in its folder, so they go when `orch gc` deletes the run; beside them is what the API says of the run.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from orch import files
from orch.errors import StoreError
from orch.model import canonical
from orch.model.canonical import Json
from orch.orchestrators.local.home import Home, RunFolder
from orch.replay.act.server import NOT_FOUND, Asked, Reply, Route, page
from orch.replay.act.stand_ins import archive
from orch.runtime.clock import rfc3339

FOLDER: Final = "artifacts"
_RUN: Final = "github.json"
# Artifacts are numbered over all runs, in their run and with room for more of them than a run has; a double holds the number.
_MOST: Final = 4000
_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class About:
    """What GitHub knows of a run: `workflow` is the file's path."""

    run: str
    attempt: int
    event: str
    branch: str
    workflow: str
    repository: str
    started: str

    def to_json(self) -> Json:
        repository = {"full_name": self.repository, "name": self.repository.rpartition("/")[2]}
        return {
            "id": int(self.run),
            "name": Path(self.workflow).stem,
            "run_number": int(self.run),
            "run_attempt": self.attempt,
            "event": self.event,
            "head_branch": self.branch,
            "path": self.workflow,
            "status": "in_progress",
            "conclusion": None,
            "created_at": self.started,
            "run_started_at": self.started,
            "repository": repository,
            "head_repository": repository,
            "pull_requests": [],
        }


def begin(folder: RunFolder, about: About, artifacts: Path) -> None:
    """Have what the jobs upload, at `artifacts` for them, lie in the run's folder."""
    files.make_folders(folder.path / FOLDER)
    files.write_atomic(folder.path / _RUN, canonical.dumps(about.to_json()).encode())
    artifacts.symlink_to(folder.path / FOLDER, target_is_directory=True)


def request_log(folder: RunFolder) -> Callable[[str], None]:
    """Where the run's folder says what its jobs have asked."""
    file = folder.path / "requests.log"
    files.write_atomic(file, b"")
    return lambda line: files.append_lines(file, line.encode())


def end(folder: RunFolder, conclusion: str) -> None:
    told = _read(folder.path / _RUN)
    if told is not None:
        files.write_atomic(folder.path / _RUN, canonical.dumps({**told, "status": "completed", "conclusion": conclusion}).encode())


def _read(file: Path) -> Json:
    """None where there is nothing, or nothing that can be read."""
    try:
        told = canonical.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) and type(told.get("id")) is int else None


@dataclass
class KeptRuns:
    home: Home
    now: Callable[[], float]
    only: str = ""  # the one run that is known
    tickets: dict[str, Path] = field(default_factory=dict)  # addresses of storage, each good for one artifact

    @property
    def routes(self) -> tuple[Route, ...]:
        return (
            Route("GET", r"actions/workflows/([^/]+)/runs", self._runs_of),
            Route("GET", r"actions/runs/(\d+)", self._run),
            Route("GET", r"actions/runs/(\d+)/artifacts", self._artifacts_of),
            Route("GET", r"actions/artifacts", self._artifacts),
            Route("GET", r"actions/artifacts/(\d+)", self._artifact),
            Route("GET", r"actions/artifacts/(\d+)/zip", self._redirect),
            Route("GET", r"commits", lambda _: Reply(body=[])),  # a working tree is none
            Route("GET", r"/storage/([0-9a-f]+)", self._download, signed=True),
        )

    # --- runs ---

    def _runs(self) -> list[Json]:
        """The newest first."""
        told = [_read(folder.path / _RUN) for folder in self.home.folders() if self.only in ("", folder.run_id)]
        return sorted((each for each in told if each is not None), key=lambda each: each["id"], reverse=True)

    def _runs_of(self, asked: Asked) -> Reply:
        file, wanted = asked.found[0], {"head_branch": "branch", "event": "event", "status": "status"}
        runs = [run for run in self._runs() if str(run.get("path", "")).rpartition("/")[2] == file]
        for key, name in wanted.items():
            runs = [run for run in runs if asked.query.get(name, run.get(key)) == run.get(key)]
        return page(runs, "workflow_runs", asked.query)

    def _run(self, asked: Asked) -> Reply:
        return next((Reply(body=run) for run in self._runs() if str(run["id"]) == asked.found[0]), NOT_FOUND)

    # --- artifacts ---

    def _listed(self, run: Json) -> Iterator[Json]:
        folder = self.home.run(str(run["id"])).path / FOLDER
        for stored in archive.listed(folder):
            zipped = folder / f"{stored.name}.zip"
            if zipped.is_file():
                created = zipped.stat().st_mtime
                expires = created + stored.retention * _DAY
                number = run["id"] * _MOST + stored.id
                url = f"https://api.github.com/repos/{run['repository']['full_name']}/actions/artifacts/{number}"
                yield {
                    "id": number,
                    "node_id": f"artifact-{number}",
                    "name": stored.name,
                    "size_in_bytes": zipped.stat().st_size,
                    "url": url,
                    "archive_download_url": f"{url}/zip",
                    "expired": expires <= self.now(),
                    "created_at": rfc3339(created),
                    "updated_at": rfc3339(created),
                    "expires_at": rfc3339(expires),
                    "digest": f"sha256:{stored.digest}",
                    "workflow_run": {"id": run["id"], "head_branch": run.get("head_branch")},
                }

    def _all(self) -> list[Json]:
        found = [artifact for run in self._runs() for artifact in self._listed(run)]
        return sorted(found, key=lambda each: each["created_at"], reverse=True)

    def _artifacts(self, asked: Asked) -> Reply:
        return page([each for each in self._all() if asked.query.get("name", each["name"]) == each["name"]], "artifacts", asked.query)

    def _artifacts_of(self, asked: Asked) -> Reply:
        run = self._run(asked)
        if run is NOT_FOUND:
            return NOT_FOUND
        listed = [each for each in self._listed(run.body) if asked.query.get("name", each["name"]) == each["name"]]
        return page(listed, "artifacts", asked.query)

    def _find(self, number: str) -> Json:
        run = next((run for run in self._runs() if run["id"] == int(number) // _MOST), None)
        return None if run is None else next((each for each in self._listed(run) if str(each["id"]) == number), None)

    def _artifact(self, asked: Asked) -> Reply:
        found = self._find(asked.found[0])
        return NOT_FOUND if found is None else Reply(body=found)

    def _redirect(self, asked: Asked) -> Reply:
        """As GitHub's: to a storage that wants no token, and for a short time."""
        found = self._find(asked.found[0])
        if found is None:
            return NOT_FOUND
        if found["expired"]:
            return Reply(410, {"message": "Artifact has expired"})
        ticket = secrets.token_hex(16)
        self.tickets[ticket] = self.home.run(str(found["workflow_run"]["id"])).path / FOLDER / f"{found['name']}.zip"
        return Reply(302, headers={"Location": f"/storage/{ticket}"})

    def _download(self, asked: Asked) -> Reply:
        path = self.tickets.pop(asked.found[0], None)
        try:
            return NOT_FOUND if path is None else Reply(body=path.read_bytes(), headers={"Content-Type": "application/zip"})
        except (OSError, StoreError):
            return NOT_FOUND
