"""What materializers keep to holds for tensors of a real torch: `with_torch.py`, in a Python that has one."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
from support.torches import requires_torch

SUITE: Final = Path(__file__).with_name("with_torch.py")


@pytest.mark.posix  # packages are lent by links, and a full disk is a limit of the process
def test_every_promise_holds_for_tensors(tmp_path: Path) -> None:
    torch = requires_torch(tmp_path)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(torch.path),
        "PYTHONDONTWRITEBYTECODE": "1",  # what is lent is of another Python
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    # The fixtures of all other tests need packages that are compiled for this Python.
    command = [
        torch.python,
        "-m",
        "pytest",
        "-q",
        "--noconftest",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        str(tmp_path / "tests"),
        str(SUITE),
    ]

    ran = subprocess.run(command, cwd=SUITE.parents[2], env=environment, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"^\d+ passed in", ran.stdout, re.MULTILINE), ran.stdout  # and none skipped
