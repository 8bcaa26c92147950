from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from orch.errors import MaterializationError, StoreError
from orch.materializers import load


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_bytes(b"<html>\r\n\0")
    return path


def test_the_object_is_the_file(journey: Any, report: Path) -> None:
    artifact = journey.save(report)

    assert artifact.digest == f"sha256:{hashlib.sha256(report.read_bytes()).hexdigest()}"
    assert (artifact.materializer, artifact.type, artifact.size, artifact.meta) == ("file", "pathlib.Path", 9, {"name": "report.html"})
    assert artifact.preview == "report.html, 9 B"


def test_a_copy_of_the_readers_own_comes_back_under_its_name(journey: Any, report: Path) -> None:
    artifact = journey.save(report)
    one, other = journey.load(artifact), journey.load(artifact)
    one.write_text("changed")

    assert one != other
    assert (one.name, other.name) == ("report.html", "report.html")
    assert one.is_relative_to(journey.folder / "scratch")
    assert other.read_bytes() == report.read_bytes() == journey.store.get(artifact.digest)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit")
def test_the_executable_bit_is_kept_and_not_in_the_digest(journey: Any, report: Path) -> None:
    plain = journey.save(report)
    report.chmod(0o755)
    executable = journey.save(report)

    assert plain.digest == executable.digest
    assert not os.access(journey.load(plain), os.X_OK)
    assert os.access(journey.load(executable), os.X_OK)


def test_the_file_may_be_changed_after_it_was_saved(journey: Any, report: Path) -> None:
    artifact = journey.save(report)
    report.write_bytes(b"other")

    assert journey.load(artifact).read_bytes() == b"<html>\r\n\0"


def test_a_link_is_the_file_it_leads_to(journey: Any, report: Path) -> None:
    link = report.with_name("latest.html")
    link.symlink_to(report.name)

    again = journey(link)

    assert (again.name, again.is_symlink(), again.read_bytes()) == ("latest.html", False, report.read_bytes())


def test_a_file_that_was_never_written_is_an_error_with_the_way_out(journey: Any) -> None:
    with pytest.raises(MaterializationError, match=r"the file 'out/plot\.png' that was returned does not exist") as caught:
        journey.save(Path("out/plot.png"))
    assert "project's root" in caught.value.hint


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_pipe_is_refused_and_not_waited_for(journey: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(MaterializationError, match="neither a file nor a folder"):
        journey.save(tmp_path / "pipe")


def test_a_path_of_another_library_is_refused(journey: Any, report: Path) -> None:
    class CloudPath(type(Path())):  # type: ignore[misc]
        pass

    with pytest.raises(MaterializationError, match="is not pathlib's own Path"):
        journey.save(CloudPath(report))


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "/etc/passwd", "a/b", "nul\0", None, 5])
def test_a_forged_name_writes_nowhere(journey: Any, report: Path, name: object) -> None:
    artifact = dataclasses.replace(journey.save(report), meta={"name": name})
    before = sorted(path for path in journey.folder.rglob("*") if path.is_file())

    with pytest.raises(MaterializationError, match="cannot be the name of a file"):
        load(artifact, journey.store, scratch=journey.folder / "scratch")
    assert sorted(path for path in journey.folder.rglob("*") if path.is_file()) == before


def test_a_damaged_object_is_never_copied(journey: Any, report: Path) -> None:
    artifact = journey.save(report)
    stored = journey.store.path(artifact.digest)
    stored.chmod(0o644)
    stored.write_bytes(b"123456789")
    journey.store.verify = True

    fresh = type(journey.store)(journey.store.root, verify=True)
    with pytest.raises(StoreError, match="not those its digest names"):
        load(artifact, fresh, scratch=journey.folder / "scratch")
