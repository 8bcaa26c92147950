"""GitHub's API for tests, without a socket: what `orch act` serves, of runs that a test lays out, and trouble on the way."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from orch.model import canonical
from orch.model.index import Entry
from orch.names import index_artifact
from orch.orchestrators.local.home import Home
from orch.replay.act.kept import FOLDER, About, KeptRuns
from orch.replay.act.server import Reply, answer
from orch.replay.act.stand_ins import archive
from orch.runtime.api import Api
from orch.runtime.planned import index_text
from orch.runtime.web import Answer, Request, Web

REPOSITORY: Final = "acme/churn"
WORKFLOW: Final = ".github/workflows/p.yml"
NOW: Final = 1_800_000_000.0
MOST: Final = 4000  # artifacts of a run


class GitHub:
    """`asked` has every request to the API; `trouble` answers instead of it, by what a path ends with."""

    def __init__(self, folder: Path, *, now: float = NOW) -> None:
        self.home = Home(folder / "github", folder)
        self.kept = KeptRuns(self.home, lambda: now)
        self.asked: list[str] = []
        self.trouble: dict[str, list[Reply | Exception]] = {}
        self.waited: list[float] = []

    def api(self) -> Api:
        return Api(
            "https://api.test", REPOSITORY, "token", cast("Web", self), now=lambda: NOW, sleep=self.waited.append, jitter=lambda: 0.0
        )

    def run(self, number: int, **said: Any) -> int:
        """A run as the API tells of it."""
        folder = self.home.run(str(number)).path
        (folder / FOLDER).mkdir(parents=True)
        about = About(str(number), 1, "push", "main", WORKFLOW, REPOSITORY, "2027-01-01T00:00:00.000Z")
        (folder / "github.json").write_text(canonical.dumps({**about.to_json(), "status": "completed", **said}))
        return number

    def run_again(self, number: int, attempt: int) -> None:
        """The attempt of a run that goes on now."""
        file = self.home.run(str(number)).path / "github.json"
        file.write_text(canonical.dumps(canonical.loads(file.read_bytes()) | {"run_attempt": attempt}))

    def upload(self, run: int, name: str, members: Mapping[str, bytes], *, attempt: int = 1, retention: int = 30) -> int:
        """The number of the artifact that a job of `run` uploads; `members` are files by name."""
        folder = self.home.run(str(run)).path / FOLDER
        source = folder.parent / "source"
        files = []
        for position, (inside, data) in enumerate(members.items()):
            (source.parent / f"source-{position}").write_bytes(data)
            files.append((inside, source.parent / f"source-{position}"))
        stored = archive.store(folder, name, files, attempt=attempt, retention=retention, overwrite=False)
        os.utime(folder / f"{name}.zip", (NOW, NOW))
        return run * MOST + stored.id

    def upload_index(self, run: int, entries: Iterable[Entry], *, attempt: int = 1, raw: bytes = b"") -> int:
        data = index_text(entries) + raw
        return self.upload(run, index_artifact("p", attempt), {"index.jsonl": data}, attempt=attempt)

    def replace(self, artifact: int, name: str, data: bytes) -> None:
        """Other bytes in the place of an artifact's zip file."""
        file = self.home.run(str(artifact // MOST)).path / FOLDER / f"{name}.zip"
        file.write_bytes(data)
        os.utime(file, (NOW, NOW))

    def delete(self, run: int, name: str) -> None:
        for suffix in ("zip", "json"):
            (self.home.run(str(run)).path / FOLDER / f"{name}.{suffix}").unlink()

    @contextmanager
    def send(self, request: Request) -> Iterator[Answer]:
        parts = urlsplit(request.url)
        if not parts.path.startswith("/storage/"):
            self.asked.append(parts.path.removeprefix(f"/repos/{REPOSITORY}/") + (f"?{parts.query}" if parts.query else ""))
        for ending, replies in self.trouble.items():
            if parts.path.endswith(ending) and replies:
                reply = replies.pop(0)
                if isinstance(reply, Exception):
                    raise reply
                yield _answer(reply)
                return
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        authorization = request.headers.get("Authorization", "")
        yield _answer(answer(self.kept.routes, REPOSITORY, "token", request.method, target, authorization, request.body or b""))


def _answer(reply: Reply) -> Answer:
    data = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
    headers = {"content-length": str(len(data))} | {name.lower(): value for name, value in reply.headers.items()}
    return Answer(reply.status, headers, io.BytesIO(data))


def zip_of(members: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as zipped:
        for name, data in members.items():
            zipped.writestr(name, data)
    return buffer.getvalue()
