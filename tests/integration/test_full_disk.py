"""A disk that is full, or may only be read: one clear error, nothing half-written, and the next run finishes once there is room."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from support.modules import write
from support.tools import REQUIRED

from orch.cli.kept_runs import read_runs
from orch.orchestrators.local.home import Home
from orch.stores.local import object_file, stored_objects

CODE: Final = """
    from pathlib import Path

    @step
    def small() -> list[int]:
        return [1, 2, 3]

    @step
    def large(xs: list[int], size: int) -> bytes:
        return b"x" * size

    @step
    def file(data: bytes) -> Path:
        print("some words")
        out = context().temp / "out.txt"
        out.write_text(str(len(data)))
        return out

    @pipeline
    def p(size: int = 5000):
        file(large(small(), size))
"""


def _as_root(*command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command if os.geteuid() == 0 else ("sudo", "-n", *command), capture_output=True, check=False)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """2 MB, with a project on it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    reason = "Linux alone has tmpfs"
    if sys.platform == "linux":
        try:
            mounted = _as_root("mount", "-t", "tmpfs", "-o", "size=2m,mode=777", "tmpfs", str(folder))
            reason = "" if mounted.returncode == 0 else f"a small disk cannot be mounted: {mounted.stderr.decode().strip()}"
        except FileNotFoundError as error:
            reason = f"a small disk cannot be mounted: there is no {error.filename}"
    if reason:
        if REQUIRED and sys.platform == "linux":
            pytest.fail(f"{reason} (ORCH_REQUIRE_TOOLS=1 forbids to skip)", pytrace=False)
        pytest.skip(reason)
    try:
        write(folder, CODE)
        (folder / ".git").mkdir()
        yield folder
    finally:
        _as_root("umount", "--lazy", str(folder))


def orch(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "orch", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def fill(disk: Path, left: int = 0) -> Path:
    """All of it but about `left` bytes."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096) == 4096:
                pass
        except OSError:
            pass
        file.truncate(max(0, file.tell() - left))
    return filler


def record_of(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout.splitlines()[-1])


def is_whole(disk: Path) -> None:
    """Nothing in `.orch` is half of something, but what a reader knows to be that."""
    home = Home.of(disk)
    assert [path.name for path in home.path.rglob("*") if path.name.startswith(".writing") or path.name.endswith(".tmp")] == []
    for digest, _ in stored_objects(home.store):
        assert hashlib.sha256(object_file(home.store, digest).read_bytes()).hexdigest() == digest[7:]
    assert read_runs(disk)[1] == []


def finishes(disk: Path) -> None:
    done = orch(disk, "run", "--json", "pipeline.py")

    assert done.returncode == 0, done.stderr
    states = {step["id"]: step["state"] for step in record_of(done)["steps"]}
    assert set(states.values()) <= {"succeeded", "cached"}
    out = Home.of(disk).run(record_of(done)["run"]).output("file", "output") / "out.txt"
    assert out.read_text() == "5000"


def test_an_output_that_does_not_fit_fails_its_step_and_the_run_ends_as_for_a_store_that_is_gone(disk: Path) -> None:
    done = orch(disk, "run", "--json", "--set", "size=4000000", "pipeline.py")

    assert done.returncode == 5
    assert "cannot write to the store" in done.stderr
    assert "No space left on device" in done.stderr
    assert "make room there" in done.stderr
    assert "Traceback" not in done.stderr
    assert {step["id"]: step["state"] for step in record_of(done)["steps"]} == {"small": "succeeded", "large": "failed", "file": "skipped"}
    is_whole(disk)
    finishes(disk)


def test_a_disk_that_is_full_from_the_start_is_one_clear_error(disk: Path) -> None:
    filler = fill(disk)
    done = orch(disk, "run", "pipeline.py")

    assert done.returncode == 5
    assert done.stderr.count("error:") == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    filler.unlink()
    finishes(disk)


def test_wherever_the_room_ends_nothing_is_half_written_and_the_next_run_finishes(disk: Path) -> None:
    codes = []
    for pages in range(1, 22, 2):
        filler = fill(disk, pages * 4096)
        done = orch(disk, "run", "--no-cache", "pipeline.py")
        codes.append(done.returncode)
        assert done.returncode in (0, 5), done.stderr
        assert "Traceback" not in done.stderr
        filler.unlink()
        is_whole(disk)
        for told in (run.record for run in read_runs(disk)[0]):  # if it had begun
            assert told.state == ("failed" if done.returncode else "succeeded")
            assert told.state == "succeeded" or told.failure or any(step.failure for step in told.steps)
        finishes(disk)
        assert orch(disk, "gc", "--older-than", "0s", "--keep-last", "0").returncode == 0
    assert codes[0] == 5
    assert codes[-1] == 0


def test_a_full_disk_can_be_cleaned_up(disk: Path) -> None:
    assert orch(disk, "run", "pipeline.py").returncode == 0
    fill(disk)
    done = orch(disk, "gc", "--older-than", "0s", "--keep-last", "0")

    assert done.returncode == 0, done.stderr
    assert dict(stored_objects(Home.of(disk).store)) == {}


def test_a_repository_that_may_only_be_read_is_one_clear_error_and_its_runs_can_be_looked_at(disk: Path) -> None:
    assert orch(disk, "run", "pipeline.py").returncode == 0
    assert _as_root("mount", "-o", "remount,ro", str(disk)).returncode == 0

    for command in (("run", "pipeline.py"), ("gc",), ("compile", "pipeline.py"), ("stack", "set", "github")):
        done = orch(disk, *command)
        assert done.returncode == 5, command
        assert done.stderr.count("error:") == 1
        assert "Read-only file system" in done.stderr
        assert "Traceback" not in done.stderr
    for command in (("runs", "list"), ("runs", "show"), ("runs", "logs"), ("graph", "pipeline.py"), ("stack", "list")):
        assert orch(disk, *command).returncode == 0, command
