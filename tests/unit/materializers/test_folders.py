from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from orch.errors import MaterializationError
from orch.materializers import load
from orch.model.artifacts import Artifact


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "made" / "site"
    (root / "css" / "deep").mkdir(parents=True)
    (root / "empty" / "below").mkdir(parents=True)
    (root / "index.html").write_text("<html>")
    (root / "css" / "a.css").write_text("a{}")
    (root / "css" / "deep" / "same.css").write_text("a{}")
    (root / ".hidden").write_text("h")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    return root


def tree(root: Path) -> dict[str, object]:
    def content(path: Path) -> object:
        if path.is_symlink():
            return f"-> {path.readlink()}"
        return path.read_bytes() if path.is_file() else None

    return {path.relative_to(root).as_posix(): content(path) for path in root.rglob("*")}


def test_everything_in_it_comes_back(journey: Any, site: Path) -> None:
    artifact = journey.save(site)
    again = journey.load(artifact)

    assert (artifact.materializer, artifact.type) == ("folder", "pathlib.Path")
    assert artifact.preview == "site/, 5 files, 23 B"
    assert again.name == "site"
    assert tree(again) == tree(site)
    assert os.access(again / "run.sh", os.X_OK) or os.name == "nt"
    assert not os.access(again / "index.html", os.X_OK)


def test_the_root_is_a_manifest_and_each_content_is_listed_once(journey: Any, site: Path) -> None:
    artifact = journey.save(site)
    manifest = json.loads(journey.store.get(artifact.digest))

    css = f"sha256:{hashlib.sha256(b'a{}').hexdigest()}"
    assert manifest["files"]["css/a.css"] == {"digest": css, "size": 3}
    assert manifest["files"]["css/deep/same.css"] == {"digest": css, "size": 3}
    assert manifest["files"]["run.sh"]["executable"] is True
    assert manifest["folders"] == ["empty/below"]
    assert len(artifact.objects) == 4
    assert artifact.size == sum(map(journey.store.size, artifact.digests))


def test_the_digest_depends_on_the_content_alone(journey: Any, site: Path, tmp_path: Path) -> None:
    copied = tmp_path / "elsewhere" / "renamed"
    shutil.copytree(site, copied)
    (copied / "index.html").touch()

    one, other = journey.save(site), journey.save(copied)
    (copied / "index.html").write_text("<HTML>")

    assert one.digest == other.digest
    assert journey.load(other).name == "renamed"
    assert journey.save(copied).digest != one.digest


def test_the_copy_is_the_readers_own(journey: Any, site: Path) -> None:
    artifact = journey.save(site)
    one = journey.load(artifact)
    (one / "index.html").write_text("changed")
    (one / "new").write_text("new")

    assert tree(journey.load(artifact)) == tree(site)


def test_an_empty_folder_comes_back(journey: Any, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()

    again = journey(tmp_path / "none")

    assert again.is_dir()
    assert tree(again) == {}


def test_a_folder_without_a_name_gets_that_of_its_place(journey: Any, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site)

    assert journey(Path("css/deep/..")).name == "css"


@pytest.mark.parametrize("path", [".", "css/..", "..", "../.."])
def test_the_project_itself_is_no_output(journey: Any, site: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(site)

    with pytest.raises(MaterializationError, match="holds the") as caught:
        journey.save(Path(path))
    assert "a folder of its own" in caught.value.hint


def test_links_that_stay_inside_are_kept_as_links(journey: Any, site: Path) -> None:
    (site / "latest").symlink_to("css/a.css")
    (site / "css" / "up").symlink_to("../index.html")
    (site / "styles").symlink_to("css")
    (site / "dangling").symlink_to("not-yet")
    (site / "css" / "absolute").symlink_to((site / "index.html").absolute())

    again = journey(site)

    assert tree(again) == tree(site) | {"css/absolute": "-> ../index.html"}
    assert (again / "css" / "up").read_text() == (again / "css" / "absolute").read_text() == "<html>"
    assert (again / "styles" / "a.css").read_text() == "a{}"


@pytest.mark.parametrize("target", ["../outside", "../../../../etc/passwd", "/etc/passwd", "css/../../outside", "..", "../site/index.html"])
def test_a_link_that_leads_outside_is_an_error(journey: Any, site: Path, target: str) -> None:
    (site / "css" / "link").symlink_to(f"../{target}" if target.startswith("..") else target)
    (site / "css" / "link").unlink()
    (site / "link").symlink_to(target)

    with pytest.raises(MaterializationError, match=r"the link 'link' in the folder .* leads out of it"):
        journey.save(site)


def test_a_link_that_leads_outside_by_another_link_is_an_error(journey: Any, site: Path) -> None:
    # By its text css/shallow/.. is css; by the file system it is above the site.
    (site / "css" / "shallow").symlink_to("..")
    (site / "link").symlink_to("css/shallow/..")

    with pytest.raises(MaterializationError, match="leads out of it"):
        journey.save(site)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_pipe_inside_is_an_error(journey: Any, site: Path) -> None:
    os.mkfifo(site / "pipe")

    with pytest.raises(MaterializationError, match=r"'pipe' in the folder .* is neither"):
        journey.save(site)


@pytest.mark.skipif(os.name == "nt" or os.uname().sysname == "Darwin", reason="other file systems refuse such names")
def test_a_name_that_no_manifest_can_hold_is_an_error(journey: Any, site: Path) -> None:
    (site / os.fsdecode(b"caf\xe9")).write_text("x")

    with pytest.raises(MaterializationError, match="is not UTF-8"):
        journey.save(site)


def test_a_folder_that_holds_the_store_itself_is_an_error(journey: Any) -> None:
    with pytest.raises(MaterializationError, match="holds the store"):
        journey.save(journey.folder)


def forged(journey: Any, **parts: Any) -> Artifact:
    manifest = {"files": {}, "folders": [], "links": {}} | parts
    digest = journey.store.put(json.dumps(manifest).encode())
    return Artifact(digest, 1, "folder", meta={"name": "site"})


FILE = {"digest": f"sha256:{hashlib.sha256(b'evil').hexdigest()}", "size": 4}


@pytest.mark.parametrize(
    "parts",
    [
        {"files": {"../evil": FILE}},
        {"files": {"/evil": FILE}},
        {"files": {"a/../../evil": FILE}},
        {"files": {"a//evil": FILE}},
        {"files": {"./evil": FILE}},
        {"files": {"": FILE}},
        {"files": {"evil\0": FILE}},
        {"files": {"link/evil": FILE}, "links": {"link": ".."}},
        {"files": {"link/evil": FILE}, "links": {"link": "sub"}},
        {"files": {"evil": FILE}, "links": {"evil": "other"}},
        {"files": {"a": FILE, "a/evil": FILE}},
        {"folders": ["../evil"]},
        {"folders": ["/evil"]},
        {"links": {"link": "/etc/passwd"}},
        {"links": {"link": "../outside"}},
        {"links": {"../link": "x"}},
        {"links": {"a/b/up": "../..", "link": "a/b/up/.."}},
        {"links": {"link": "sub", "link/evil": "x"}},
        {"links": {"link": 5}},
        {"files": {"evil": {"digest": "../../evil", "size": 4}}},
        {"files": []},
    ],
)
def test_a_forged_manifest_writes_nothing_outside_and_leaves_nothing(journey: Any, parts: dict[str, Any]) -> None:
    journey.store.put(b"evil")
    artifact = forged(journey, **parts)
    before = set(journey.folder.rglob("*"))
    scratch = journey.folder / "scratch"

    with pytest.raises(Exception, match=r"\[(materialization|store)\]"):
        load(artifact, journey.store, scratch=scratch)
    assert set(journey.folder.rglob("*")) - before <= {scratch}
    assert list(scratch.iterdir()) == []


def test_a_forged_name_writes_nowhere(journey: Any) -> None:
    artifact = Artifact(forged(journey).digest, 1, "folder", meta={"name": "../up"})

    with pytest.raises(MaterializationError, match="cannot be the name"):
        load(artifact, journey.store, scratch=journey.folder / "scratch")
    assert not (journey.folder / "up").exists()


def test_entries_whose_names_are_one_on_this_disk_are_told(journey: Any) -> None:
    """As `Plot` and `plot` are where case does not count."""
    digest = journey.store.put(b"x")
    clash = {
        "files": {"plot": {"digest": digest, "size": 1}, "dir/a": {"digest": digest, "size": 1}},
        "folders": [],
        "links": {"plot": "dir"},
    }
    artifact = Artifact(journey.store.put(json.dumps(clash).encode()), 2, "folder", meta={"name": "f"}, objects=(digest,))

    with pytest.raises(MaterializationError, match="two entries of the folder have one name on this disk: 'plot'") as caught:
        journey.load(artifact)
    assert "differ in more than case" in caught.value.hint


def test_a_folder_with_hard_links_and_holes_is_its_content(journey: Any, site: Path) -> None:
    os.link(site / "index.html", site / "same.html")
    with (site / "hole").open("wb") as file:
        file.truncate(100_000)

    again = journey(site)

    assert tree(again) == tree(site)
    assert (again / "same.html").stat().st_nlink == 1
