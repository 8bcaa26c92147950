"""kill -9 at any moment: what is left is whole, and nothing is left running."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.modules import write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the lifeline of workers is Linux's")

BUSY = """
    import os, subprocess, sys

    @step
    def busy() -> None:
        os.set_inheritable(os.open("alive", os.O_WRONLY), True)
        subprocess.Popen([sys.executable, "-c", "import time; print('started', flush=True); time.sleep(1000)"], close_fds=False)
        while True:
            sum(range(1000))

    @pipeline
    def p():
        busy()
"""


def test_a_killed_run_leaves_neither_its_worker_nor_what_the_step_started(tmp_path: Path) -> None:
    """Both hold a pipe open: its end is read when the last of them is gone."""
    file = write(tmp_path, BUSY)
    os.mkfifo(tmp_path / "alive")
    with subprocess.Popen([sys.executable, "-m", "orch", "run", "--json", str(file)], cwd=tmp_path, stdout=subprocess.PIPE) as process:
        alive = os.open(tmp_path / "alive", os.O_RDONLY)  # waits for the step
        assert process.stdout
        assert any(b"started" in line for line in process.stdout)
        process.kill()

        assert os.read(alive, 1) == b""
    os.close(alive)
