"""Runs on a stack whose artifact store is a URL: what they made goes there, what is missing comes from there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from support.local import run_module
from support.modules import write
from support.sides import Bucket
from support.stores import Servers

from orch.errors import StoreError
from orch.orchestrators.local.home import Home
from orch.orchestrators.local.parts import part_of
from orch.stores.local import stored_objects
from orch.transports import open_transport

CODE: Final = """
    from pathlib import Path

    @step
    def numbers() -> list[int]:
        Path("ran").open("a").write("numbers ")
        return [1, 2, 3]

    @step
    def files(numbers: list[int]) -> Path:
        Path("ran").open("a").write("files ")
        out = context().temp / "out"
        out.mkdir()
        for number in numbers:
            (out / str(number)).write_text(str(number))
        return out

    @step
    def fails(numbers: list[int]) -> int:
        raise ValueError

    @pipeline
    def p():
        first = numbers()
        files(first)
        fails(first)
"""


@pytest.fixture
def memory() -> Iterator[str]:
    yield "memory://runs"
    MemoryFileSystem.store.clear()


def lose(folder: Path) -> None:
    """Every value of this machine's store."""
    shutil.rmtree(Home.of(folder).store / "objects")


def ran(folder: Path) -> list[str]:
    return (folder / "ran").read_text().split()


def test_outputs_go_there_and_missing_results_come_from_there(tmp_path: Path, memory: str) -> None:
    transport = open_transport(memory)
    first = run_module(tmp_path, CODE, transport=transport)
    lose(tmp_path)
    again = run_module(tmp_path, CODE, transport=transport)

    assert first.states == {"numbers": "succeeded", "files": "succeeded", "fails": "failed"}
    assert again.states == {"numbers": "cached", "files": "cached", "fails": "failed"}
    assert ran(tmp_path) == ["numbers", "files"]
    out = again.folder / "outputs" / "files" / "output" / "out"
    assert sorted(path.read_text() for path in out.iterdir()) == ["1", "2", "3"]


def test_what_is_missing_on_both_sides_is_made_again(tmp_path: Path, memory: str) -> None:
    run_module(tmp_path, CODE, transport=open_transport(memory))
    lose(tmp_path)
    MemoryFileSystem.store.clear()
    again = run_module(tmp_path, CODE, transport=open_transport(memory))

    assert again.states["files"] == "succeeded"
    assert len(MemoryFileSystem.store) == 5, "the list, the manifest and three files"


def test_an_input_of_a_single_step_comes_from_there(tmp_path: Path, memory: str) -> None:
    transport = open_transport(memory)
    run_module(tmp_path, CODE, transport=transport)
    lose(tmp_path)
    again = run_module(tmp_path, CODE, transport=transport, part=lambda graph: part_of(graph, ["files"]))

    assert again.states["files"] == "succeeded"
    assert ran(tmp_path) == ["numbers", "files", "files"]


def test_what_an_earlier_run_did_not_get_there_goes_with_the_next(tmp_path: Path, memory: str) -> None:
    run_module(tmp_path, CODE)
    again = run_module(tmp_path, CODE, transport=open_transport(memory))

    assert again.states["files"] == "cached"
    assert len(MemoryFileSystem.store) == 5


def test_wrong_bytes_from_there_end_the_run_and_are_not_kept(tmp_path: Path, memory: str) -> None:
    transport = open_transport(memory)
    run_module(tmp_path, CODE, transport=transport)
    lose(tmp_path)
    for file in MemoryFileSystem.store.values():
        file.seek(0)
        file.write(b"!")

    with pytest.raises(StoreError, match="not those its digest names: 'memory://runs'"):
        run_module(tmp_path, CODE, transport=transport)


# --- from the outside ---


def project(folder: Path, url: str) -> Path:
    write(folder, CODE.replace("fails(first)", "pass"))
    (folder / ".git").mkdir()
    (folder / "orch.yaml").write_text(f"active: shared\nstacks:\n  shared:\n    artifact_store: {url}\n")
    return folder


def orch(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "orch", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def last_line(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout.splitlines()[-1])


def test_a_folder_that_two_machines_share(tmp_path: Path) -> None:
    there = tmp_path / "there"
    here = project(tmp_path / "here", there.as_uri())

    assert orch(here, "run", "pipeline.py").returncode == 0
    assert len(dict(stored_objects(there))) == 5
    lose(here)
    again = orch(here, "run", "--json", "pipeline.py")

    assert {step["state"] for step in last_line(again)["steps"]} == {"cached"}
    assert ran(here) == ["numbers", "files"]


@pytest.mark.stores("versitygw")
def test_two_machines_that_share_a_bucket(object_servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket(object_servers["s3"], monkeypatch)
    here, other = project(tmp_path / "here", bucket.url), project(tmp_path / "other", bucket.url)

    first = orch(here, "run", "--json", "pipeline.py")
    assert {step["state"] for step in last_line(first)["steps"]} == {"succeeded"}
    objects = bucket.files()
    assert len(objects) == 5, "the list, the manifest and three files"

    # Bytes are shared, and not which results there are: that has to be brought along.
    (other / ".orch").mkdir()
    shutil.copytree(here / ".orch" / "cache", other / ".orch" / "cache")
    second = orch(other, "run", "--json", "pipeline.py")
    assert {step["state"] for step in last_line(second)["steps"]} == {"cached"}
    assert len(dict(stored_objects(Home.of(other).store))) >= 5
    assert bucket.files() == objects


@pytest.mark.stores("versitygw")
def test_a_bucket_that_refuses_is_told_before_any_step_and_shows_no_secret(
    object_servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = Bucket(object_servers["s3"], monkeypatch)
    bucket.become(bucket.server.environment("the/secret+of=yesterday"))
    here = project(tmp_path, bucket.url)
    done = orch(here, "run", "pipeline.py")

    assert (done.returncode, done.stdout) == (5, "")
    assert f"cannot use the artifact store {bucket.url!r}: it refuses the credentials of this machine" in done.stderr
    assert "docs/stores.md" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (here / "ran").exists()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"yesterday" not in written + done.stderr.encode()


def test_a_place_that_cannot_be_reached_fails_the_run_and_none_of_its_steps(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    url = (tmp_path / "a file").as_uri()
    done = orch(project(tmp_path / "here", url), "run", "--json", "pipeline.py")

    assert done.returncode == 5
    assert f"cannot write to the artifact store {url!r}" in done.stderr
    assert "Traceback" not in done.stderr
    assert (last_line(done)["state"], last_line(done)["failure"]["cause"]) == ("failed", "store")
    assert {step["state"] for step in last_line(done)["steps"]} == {"succeeded"}


def test_a_driver_that_is_not_installed_is_named_before_any_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "s3fs.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"), prepend=os.pathsep)
    done = orch(project(tmp_path / "here", "s3://bucket/path"), "run", "pipeline.py")

    assert (done.returncode, done.stdout) == (5, "")
    assert "pip install 'orch-toolkit[s3]'" in done.stderr
    assert not (tmp_path / "here" / "ran").exists()


def test_a_workflow_does_not_keep_its_artifacts_elsewhere_yet(tmp_path: Path) -> None:
    project(tmp_path, "s3://bucket/path")
    text = (tmp_path / "orch.yaml").read_text()
    (tmp_path / "orch.yaml").write_text(f"{text}    orchestrator: github\n")
    done = orch(tmp_path, "compile", "pipeline.py")

    assert done.returncode == 3
    assert "orch.yaml: error: stack 'shared' keeps the artifacts of workflows in 's3://bucket/path'" in done.stderr
    assert not (tmp_path / ".github").exists()
