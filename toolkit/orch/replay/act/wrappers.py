"""The programs that come first on the jobs' PATH: what a runner has, made of what this machine has.

`bash` takes away what act shows to job steps and GitHub does not, and gives each job a home of its own. `python3` is the
runner's Python. `uv` gives a job's environment the interpreter and packages of the environment that called `orch act`,
or, with `locked`, is the real one, offline.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from orch.errors import ToolMissingError
from orch.replay.act.action import package
from orch.replay.act.command import ONE_PROCESSOR

Packages = Literal["current", "locked"]

_HIDDEN: Final = (
    "ACTIONS_RUNTIME_URL",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_RESULTS_URL",
    "ACTIONS_CACHE_URL",
    "ORCH_ACT_ARTIFACTS",
    "ORCH_ACT_PYTHON",
    "ORCH_ACT_TOOLKIT",
    "XDG_CACHE_HOME",
)


def write(folder: Path, *, packages: Packages, cancelled: Path, action: Path, environ: Mapping[str, str]) -> None:
    """Fill `folder` with the programs. Once the file `cancelled` exists, `bash` starts nothing more."""
    folder.mkdir(parents=True)
    search = os.pathsep.join(part for part in environ.get("PATH", os.defpath).split(os.pathsep) if part)
    bash = shutil.which("bash", path=search)
    if bash is None:
        raise ToolMissingError("bash is not on this machine", hint="install bash: GitHub's jobs run in it")
    _program(
        folder / "bash",
        f"[ ! -e {shlex.quote(str(cancelled))} ] || exit 130",
        f"unset {' '.join(_HIDDEN)}",
        f'[ "${{GOMAXPROCS-}}" != {ONE_PROCESSOR} ] || unset GOMAXPROCS',
        'HOME=${RUNNER_TEMP%/*}/home && export HOME && mkdir -p "$HOME"',
        f'exec {shlex.quote(bash)} "$@"',
    )
    python = sys.executable if packages == "current" else getattr(sys, "_base_executable", sys.executable)
    for name in ("python3", "python"):
        _program(folder / name, f'exec {shlex.quote(python)} "$@"')
    version = uv_version(action)
    if packages == "current":
        toolkit = shlex.quote(str(package().parent))
        run = f"PYTHONPATH={toolkit} exec {shlex.quote(sys.executable)} -P -s -m orch.replay.act.stand_ins.uv"
        _program(folder / "uv", f'ORCH_UV_VERSION={version} {run} "$@"')
    else:
        _program(folder / "uv", *_real_uv(version, search, environ))


def uv_version(action: Path) -> str:
    """The version of uv that `action` pins."""
    found = re.search(r"^uv==([0-9.]+)", (action / "actions" / "environment" / "uv.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert found, "uv.txt pins uv"
    return found[1]


def _real_uv(version: str, search: str, environ: Mapping[str, str]) -> list[str]:
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), search]))
    if uv is None:
        raise ToolMissingError("uv is not on this machine", hint="pip install uv, or use --env current")
    cache, pythons = (
        subprocess.run([uv, *ask], env=dict(environ), capture_output=True, text=True, check=True).stdout.strip()
        for ask in (("cache", "dir"), ("python", "dir"))
    )
    return [
        # Any version syncs the lock; the job asks for the pinned one.
        f'if [ "$*" = --version ]; then echo "uv {version}"; exit 0; fi',
        f"UV_CACHE_DIR={shlex.quote(cache)} UV_PYTHON_INSTALL_DIR={shlex.quote(pythons)} UV_OFFLINE=1 UV_PYTHON_DOWNLOADS=never",
        "export UV_CACHE_DIR UV_PYTHON_INSTALL_DIR UV_OFFLINE UV_PYTHON_DOWNLOADS",
        f'exec {shlex.quote(uv)} "$@"',
    ]


def _program(path: Path, *lines: str) -> None:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)
