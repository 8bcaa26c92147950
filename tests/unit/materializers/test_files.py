from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from orch.errors import MaterializationError, StoreError
from orch.materializers import load
from orch.materializers.copies import checked_name


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


def test_a_file_that_is_written_to_while_it_is_stored_is_refused(journey: Any, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_file = journey.store.put_file

    def with_a_writer(path: Path) -> Any:
        stored = put_file(path)
        with path.open("ab") as file:
            file.write(b"more")
        return stored

    monkeypatch.setattr(journey.store, "put_file", with_a_writer)

    with pytest.raises(MaterializationError, match=r"report\.html' was changed while it was copied") as caught:
        journey.save([report])
    assert "wait for what writes it" in caught.value.hint


@pytest.mark.parametrize("digest", ["sha256:../../../../etc", "sha256:", "", "x" * 80, "sha256:" + "/" * 64])
def test_a_forged_digest_makes_no_folder(journey: Any, report: Path, digest: str) -> None:
    artifact = dataclasses.replace(journey.save(report), digest=digest)

    with pytest.raises((MaterializationError, StoreError), match="is not a digest"):
        load(artifact, journey.store, scratch=journey.folder / "deep" / "scratch")
    assert [path for path in (journey.folder / "deep").rglob("*") if path.is_file()] == []
    assert not (journey.folder / "etc").exists()


@pytest.mark.parametrize("name", ["a b", "\u00e4", "-dash", ".hidden", "new\nline", "C:", "trailing.", "CON", "a" * 200])
@pytest.mark.skipif(os.name == "nt", reason="Windows has fewer names")
def test_odd_names_are_kept(journey: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / name).write_bytes(b"x")

    artifact = journey.save([tmp_path / "made" / name, tmp_path / "made"])
    again = journey.load(artifact)

    assert (again[0].name, again[0].read_bytes(), (again[1] / name).read_bytes()) == (name, b"x", b"x")
    assert artifact.preview.isprintable()


@pytest.mark.parametrize(
    "name", ["C:", "a\\b", "x?", "trailing.", "trailing ", "CON", "con.txt", "Nul ", "LPT1.csv", "COM\u00b9", "new\nline", "a|b"]
)
def test_names_that_windows_lacks_are_refused_there_with_the_way_out(name: str) -> None:
    with pytest.raises(MaterializationError, match="cannot be the name") as caught:
        checked_name(name, windows=True)
    assert "every system" in caught.value.hint
    assert checked_name(name, windows=False) == name


@pytest.mark.parametrize("name", ["console.txt", "a.b", ".hidden", "COM", "\u00e4 b"])
def test_other_names_are_taken_on_windows_too(name: str) -> None:
    assert checked_name(name, windows=True) == name


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="devices are POSIX")
@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero"])
def test_a_device_is_refused_and_not_read(journey: Any, path: str) -> None:
    with pytest.raises(MaterializationError, match="neither a file nor a folder"):
        journey.save(Path(path))
