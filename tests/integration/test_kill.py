"""kill -9 at any moment: what is left is whole, and nothing is left running."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest
from support.modules import write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the lifeline of workers is Linux's")

PATIENCE = 60.0  # seconds after which a test that waits has failed

BUSY = """
    import os, subprocess, sys

    @step
    def busy() -> None:
        alive = os.open("alive", os.O_WRONLY)
        subprocess.Popen([sys.executable, "-c", f"import os, time; os.write({alive}, b'x'); time.sleep(1000)"], pass_fds=[alive])
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
    alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    with subprocess.Popen([sys.executable, "-m", "orch", "run", str(file)], cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        assert select.select([alive], [], [], PATIENCE)[0]
        assert os.read(alive, 1) == b"x"
        process.kill()

        assert select.select([alive], [], [], PATIENCE)[0]
        assert os.read(alive, 1) == b""
    os.close(alive)
