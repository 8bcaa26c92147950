"""`orch step run` for tests: the folders of one job, and what the runner would have given it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from support.modules import graph_of

TOOLKIT: Final = Path(__file__).parents[2] / "toolkit"


class Job:
    def __init__(self, folder: Path, code: str) -> None:
        self.folder = folder
        (folder / "inputs").mkdir(exist_ok=True)
        (folder / "graph.json").write_text(graph_of(folder, code).text())
        for name in ("output", "summary"):
            (folder / name).touch()

    def command(self, step: str) -> list[str]:
        folders = [f"--{name}={self.folder / name}" for name in ("inputs", "outputs", "record")]
        return [sys.executable, "-P", "-m", "orch", "step", "run", f"--graph={self.folder / 'graph.json'}", "--step", step, *folders]

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        given = {
            "PYTHONPATH": str(TOOLKIT),
            "PYTHONHASHSEED": "0",
            "GITHUB_ACTIONS": "true",
            "GITHUB_RUN_ID": "77",
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
        }
        return {**os.environ, **given, **more}

    def run(self, step: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(step), cwd=self.folder, env=self.environment(more), capture_output=True, text=True, check=False)

    def record(self) -> Any:
        return json.loads((self.folder / "record" / "record.json").read_text())

    def deliver(self, artifact: str) -> None:
        """Take the outputs as the next job's input, as the artifact actions would."""
        shutil.move(self.folder / "outputs", self.folder / "inputs" / artifact)
