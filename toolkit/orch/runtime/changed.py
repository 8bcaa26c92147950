"""Which files the event of a run changed, asked of git in the plan job: what `paths=` of a trigger are compared with.

GitHub's own `on.paths` would start no run at all, and a check that branch protection requires would wait for ever.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from orch.authoring import git
from orch.errors import OrchError, ToolFailedError
from orch.model import globs
from orch.model.canonical import Json
from orch.model.graph import Graph
from orch.model.triggers import FILTERED
from orch.names import workflow_path

_FETCH_SECONDS: Final = 300


def untouched(graph: Graph, project: Path, environment: Mapping[str, str]) -> str:
    """Why no step has to run: the event touches none of the paths of its trigger; else empty. Raises OrchError where git cannot tell."""
    event = environment.get("GITHUB_EVENT_NAME", "")
    paths = next((each.paths for each in graph.triggers if isinstance(each, FILTERED) and event == each.TYPE), ())
    if not paths or _is_called(graph, environment):
        return ""
    payload = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_bytes()) if environment.get("GITHUB_EVENT_PATH") else {}
    base = base_of(event, payload, _parents(project))
    if not base:
        return ""
    if globs.touches(paths, changed(project, base, environment)):
        return ""
    return f"no file is changed of {', '.join(paths)}"


def _is_called(graph: Graph, environment: Mapping[str, str]) -> bool:
    """Whether another workflow wants this run, and the event is its own."""
    path = environment.get("GITHUB_WORKFLOW_REF", "").partition("@")[0]  # as owner/repository/.github/workflows/name.yml
    return bool(path) and not path.endswith(f"/{workflow_path(graph.pipeline)}")


def base_of(event: str, payload: Json, parents: list[str]) -> str:
    """The commit to compare with; empty where there is none, as for the first push of a branch."""
    if event == "pull_request" and len(parents) == 2:
        return parents[0]  # of the merge that GitHub made; the payload's own base may be older
    places = {"push": ("before",), "pull_request": ("pull_request", "base", "sha"), "merge_group": ("merge_group", "base_sha")}
    found: Json = payload
    for key in places.get(event, ("",)):
        found = found.get(key) if isinstance(found, dict) else None
    is_commit = isinstance(found, str) and len(found) in (40, 64) and all(digit in "0123456789abcdef" for digit in found)
    return str(found) if is_commit and found.strip("0") else ""


def changed(project: Path, base: str, environment: Mapping[str, str]) -> list[str]:
    """The paths, from the git root, that differ between `base` and what is checked out; raises ToolFailedError where git cannot tell."""
    if not _has(project, base):
        _fetch(project, base, environment)
    top = Path(git.ask(project, "rev-parse", "--show-toplevel").rstrip("\n"))
    listed = git.ask(top, "diff", "--name-only", "--no-renames", "-z", base, "HEAD", "--")
    return [path for path in listed.split("\0") if path]


def _has(project: Path, commit: str) -> bool:
    try:
        git.ask(project, "cat-file", "-e", f"{commit}^{{commit}}")
    except ToolFailedError:
        return False
    return True


def _parents(project: Path) -> list[str]:
    """Of what is checked out: a shallow clone has not fetched them, and yet names them in the commit itself."""
    try:
        lines = git.ask(project, "cat-file", "-p", "HEAD").split("\n\n", 1)[0].splitlines()
    except OrchError:
        return []
    return [line.removeprefix("parent ") for line in lines if line.startswith("parent ")]


def _fetch(project: Path, commit: str, environment: Mapping[str, str]) -> None:
    """That commit and its folders, without its files; the job's token goes by the environment, which no list of processes shows."""
    settings = {}
    if token := environment.get("GITHUB_TOKEN"):
        server = environment.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        count = int(environment.get("GIT_CONFIG_COUNT") or 0)
        settings = {
            "GIT_CONFIG_COUNT": str(count + 1),
            f"GIT_CONFIG_KEY_{count}": f"http.{server}/.extraheader",
            f"GIT_CONFIG_VALUE_{count}": f"AUTHORIZATION: basic {basic}",
        }
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "-C",
        str(project),
        "fetch",
        "--quiet",
        "--no-tags",
        "--depth=1",
        "--filter=blob:none",
        "origin",
    ]
    given = git.environment({**os.environ, **environment}) | settings | {"GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run([*command, commit], env=given, capture_output=True, check=False, timeout=_FETCH_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolFailedError(f"git could not fetch commit {commit[:12]}: {error}", hint="all steps run") from error
    if done.returncode:
        words = os.fsdecode(done.stderr).strip().removeprefix("fatal: ") or f"it ended with {done.returncode}"
        raise ToolFailedError(f"git could not fetch commit {commit[:12]}: {words}", hint="all steps run, as with no paths")
