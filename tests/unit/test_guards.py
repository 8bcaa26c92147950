"""The guards of tests/unit do guard."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest


def test_a_unit_test_cannot_start_a_process() -> None:
    with pytest.raises(AssertionError, match="starts no process: pass what the program would answer, or move"):
        subprocess.run(["true"], check=True)
    with pytest.raises(AssertionError, match="starts no process"):
        os.system("true")  # noqa: S605 # the guard is what is tested


def test_a_unit_test_cannot_open_a_connection() -> None:
    with socket.socket() as connection, pytest.raises(AssertionError, match="opens no socket"):
        connection.connect(("127.0.0.1", 9))


def test_a_unit_test_does_not_know_the_home_folder() -> None:
    with pytest.raises(AssertionError, match="does not know the home folder"):
        Path("~/x").expanduser()
    with pytest.raises(AssertionError, match="does not know the home folder"):
        Path.home()


def test_the_environment_of_a_runner_is_not_seen() -> None:
    assert not [name for name in os.environ if name.startswith(("GITHUB_", "RUNNER_", "ACTIONS_", "ORCH_")) or name == "CI"]
