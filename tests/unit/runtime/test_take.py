"""Outputs of earlier runs: taken by number from the run that the plan trusts, and only if they are what the plan has seen."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.github_api import GitHub, zip_of

from orch.errors import OrchError, ParameterError
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.records import StepRecord
from orch.model.states import State
from orch.replay.act.server import Reply
from orch.runtime.delivered import artifacts_for, newest_records
from orch.runtime.planned import check_of_digests
from orch.runtime.take import read_sources, take_source
from orch.stores.local import LocalStore, object_path

DATA = b"[1, 2]"


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    return GitHub(tmp_path)


def outputs_of(folder: Path, step: str = "load", data: bytes = DATA, *, attempt: int = 3) -> dict[str, bytes]:
    """What a job uploads: a record, and the objects that it names."""
    digest = LocalStore(folder).put(data)
    record = StepRecord(step, State.SUCCEEDED, attempt, outputs={"output": Artifact(digest, len(data), "json")})
    return {"record.json": canonical.pretty(record.to_json()).encode(), object_path(digest): data}


def source(run: int, artifact: int, data: bytes = DATA, folder: Path = Path()) -> dict[str, Json]:
    digest = LocalStore(folder / "digests").put(data)
    return {"run": str(run), "artifacts": [artifact], "check": check_of_digests({"output": digest})}


def delivered(inputs: Path) -> bytes:
    artifact = artifacts_for([("load", "output")], inputs)["load.output"]
    return LocalStore(Path(artifact["store"]), verify=True).get(artifact["digest"])


def test_the_outputs_stand_where_a_job_of_this_run_would_have_put_them(github: GitHub, tmp_path: Path) -> None:
    github.run(5)
    number = github.upload(5, "orch-p-train-a3", outputs_of(tmp_path / "made", "train"))

    take_source(github.api(), "load", source(5, number, folder=tmp_path), tmp_path / "inputs", 1)

    assert delivered(tmp_path / "inputs") == DATA
    record, _ = newest_records(tmp_path / "inputs")["load"]
    assert (record.state, record.attempt, record.cached_from) == (State.CACHED, 1, "5")
    assert len(github.asked) == 2


@pytest.mark.parametrize("alone", [True, False])
def test_what_an_earlier_attempt_of_this_run_had_uploaded_is_not_what_the_plan_took(github: GitHub, tmp_path: Path, alone: bool) -> None:
    github.run(5)
    number = github.upload(5, "orch-p-load-a3", outputs_of(tmp_path / "made"))
    folder = tmp_path / "inputs" if alone else tmp_path / "inputs" / "orch-p-load-a1"
    for name, data in outputs_of(tmp_path / "other", data=b"[9]", attempt=9).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)

    take_source(github.api(), "load", source(5, number, folder=tmp_path), tmp_path / "inputs", 1)

    assert delivered(tmp_path / "inputs") == DATA


HOSTILE: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "another run's": zip_of,
    "no zip file": lambda _: b"nonsense",
    "without a record": lambda made: zip_of({name: data for name, data in made.items() if name != "record.json"}),
    "without an object": lambda made: zip_of({"record.json": made["record.json"]}),
    "other bytes": lambda made: zip_of({name: data if name == "record.json" else b"[3, 4]" for name, data in made.items()}),
    "a bomb": lambda made: zip_of({name: data if name == "record.json" else b"\0" * (64 << 20) for name, data in made.items()}),
    "a record of nonsense": lambda made: zip_of({**made, "record.json": b"[" * 100_000}),
    "a path as a digest": lambda made: zip_of({**made, "record.json": made["record.json"].replace(b"sha256:", b"../../etc/")}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_forged_or_damaged_is_refused_and_leaves_nothing(github: GitHub, tmp_path: Path, name: str) -> None:
    made = outputs_of(tmp_path / "made")
    github.run(5)
    github.run(6)
    number = github.upload(6 if name == "another run's" else 5, "orch-p-load-a1", made)
    if name != "another run's":
        github.replace(number, "orch-p-load-a1", HOSTILE[name](made))
    told = source(5, number, folder=tmp_path)
    before = {path for path in tmp_path.rglob("*") if "inputs" not in path.parts}

    with pytest.raises(OrchError):
        take_source(github.api(), "load", told, tmp_path / "inputs", 1)

    assert {path for path in tmp_path.rglob("*") if "inputs" not in path.parts} == before
    assert not [path for path in (tmp_path / "inputs").rglob("*") if path.is_file()]


def test_other_outputs_than_the_plan_has_seen_are_refused(github: GitHub, tmp_path: Path) -> None:
    github.run(5)
    number = github.upload(5, "orch-p-load-a1", outputs_of(tmp_path / "made"))

    with pytest.raises(OrchError, match="hold other outputs than the plan has seen"):
        take_source(github.api(), "load", source(5, number, b"[3]", tmp_path), tmp_path / "inputs", 1)

    assert not (tmp_path / "inputs" / "orch-earlier-load").exists()


@pytest.mark.parametrize("reply", [Reply(404, {}), Reply(410, {}), Reply(302, headers={"Location": "/storage/aa"})])
def test_what_is_gone_is_an_error(github: GitHub, tmp_path: Path, reply: Reply) -> None:
    github.run(5)
    number = github.upload(5, "orch-p-load-a1", outputs_of(tmp_path / "made"))
    github.trouble["/zip"] = [reply]

    with pytest.raises(OrchError):
        take_source(github.api(), "load", source(5, number, folder=tmp_path), tmp_path / "inputs", 1)


def test_an_artifact_that_has_expired_is_not_asked_for(github: GitHub, tmp_path: Path) -> None:
    github.run(5)
    number = github.upload(5, "orch-p-load-a1", outputs_of(tmp_path / "made"), retention=1)
    late = GitHub(tmp_path, now=2_000_000_000.0)

    with pytest.raises(OrchError, match="has expired"):
        take_source(late.api(), "load", source(5, number, folder=tmp_path), tmp_path / "inputs", 1)


def test_zip_files_that_are_not_compressed_are_as_good(github: GitHub, tmp_path: Path) -> None:
    github.run(5)
    made = outputs_of(tmp_path / "made")
    number = github.upload(5, "orch-p-load-a1", made)
    github.replace(number, "orch-p-load-a1", zip_of(made, method=zipfile.ZIP_STORED))

    take_source(github.api(), "load", source(5, number, folder=tmp_path), tmp_path / "inputs", 1)

    assert delivered(tmp_path / "inputs") == DATA


@pytest.mark.parametrize(
    "text",
    ["[]", "nonsense", '{"load": 3}', '{"load": {"run": 5, "artifacts": [1], "check": "x"}}', '{"load": {"run": "5", "check": "x"}}'],
)
def test_what_no_plan_says_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="is not what a plan job says"):
        read_sources(text)


@pytest.mark.parametrize("text", ["", " ", "{}"])
def test_without_cached_steps_there_are_no_sources(text: str) -> None:
    nothing: dict[str, Any] = {}
    assert read_sources(text) == nothing
