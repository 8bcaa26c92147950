"""What orch itself takes in a job, phase by phase, as act tells it of a compiled chain in host mode.

Without third-party actions (stand-ins here) and the user's code, which does nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_OF_STEPS: Final = "step"
_PIPELINE: Final = "chain_10"
# Writes what act says to a file, too.
_ACT: Final = """#!/bin/sh
exec {python} - "$@" <<'END'
import subprocess, sys
with open({said!r}, "ab") as kept:
    act = subprocess.Popen([{act!r}, *sys.argv[1:]], stdout=subprocess.PIPE)
    for line in act.stdout:
        kept.write(line)
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
sys.exit(act.wait())
END
"""
# `orch act` with that program in the place of act.
_ORCH: Final = """
import sys
from orch.replay.act import command
command.find_act = lambda _: sys.argv[1]
from orch.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


def measure(folder: Path) -> dict[str, dict[str, float]]:
    """Median seconds of each phase (an `id` of a job step of ours) in the jobs of steps, of the plan and of the result."""
    said = folder / "act.ndjson"
    act = shutil.which("act", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if act is None:
        sys.exit("act is not on this machine: pip install 'orch-toolkit[act]'")
    program = folder / "act"
    program.write_text(_ACT.format(python=sys.executable, said=str(said), act=act))
    program.chmod(0o755)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    command = [sys.executable, "-c", _ORCH, str(program), "act", f"pipelines.py:{_PIPELINE}"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    found: dict[str, dict[str, list[float]]] = {}
    for job, phase, seconds in _told(said):
        found.setdefault(job, {}).setdefault(phase, []).append(seconds)
    return {job: {phase: statistics.median(seconds) for phase, seconds in phases.items()} for job, phases in found.items()}


def _told(said: Path) -> Iterator[tuple[str, str, float]]:
    for line in said.read_text(encoding="utf-8").splitlines():
        data = json.loads(line) if line.startswith("{") else {}
        path = data.get("stepID") or []
        # The second is the id that our action gives its step; a number is a third-party action or a step that did not run.
        if len(path) == 2 and not path[1].isdigit() and data.get("stepResult") == "success":
            job = data["jobID"] if "-" in data["jobID"] else _OF_STEPS
            yield job, path[1], data["executionTime"] / 1e9
