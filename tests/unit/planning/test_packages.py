"""Which installed distributions count for a step, and what tells that one has changed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.sources import Sources, steps

from orch.planning.memory import Memory
from orch.planning.packages import Packages


def install(site: Path, name: str, version: str = "1.0", *, files: Mapping[str, str] | None = None, **more: str) -> None:
    """A distribution as pip leaves it; `more` are further files of its .dist-info, by name without suffix."""
    files = {f"{name}/__init__.py": ""} if files is None else files
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
    lines = [f"{path},sha256={abs(hash(text))},{len(text)}" for path, text in files.items()]
    (info / "RECORD").write_text("\n".join([*lines, f"{info.name}/METADATA,,", "../../../bin/tool,,"]))
    (info / "METADATA").write_text(more.pop("metadata", f"Metadata-Version: 2.1\nName: {name}\n"))
    for key, text in more.items():
        (info / {"direct_url": "direct_url.json", "top_level": "top_level.txt"}[key]).write_text(text)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "venv" / "lib" / "site-packages"


def packages(site: Path, memory: Memory | None = None) -> Packages:
    return Packages([str(site)], memory or Memory(None))


def requiring(*names: str) -> str:
    return "Name: x\n" + "".join(f"Requires-Dist: {name}\n" for name in names) + "\nRequires-Dist: nonsense in the description\n"


def test_a_module_s_distribution_counts_with_all_that_it_requires(site: Path) -> None:
    install(site, "pandas", "2.0", metadata=requiring("numpy>=1.22; python_version<'4'", "Python_DateUtil (>=2)", "absent; extra == 'all'"))
    install(site, "numpy", "1.26")
    install(site, "python-dateutil", "2.9", files={"dateutil/__init__.py": ""}, metadata=requiring("six"))
    install(site, "six", "1.17", files={"six.py": ""})
    install(site, "unrelated")

    assert packages(site).needed_by(["pandas"]) == {"pandas": "2.0", "numpy": "1.26", "python-dateutil": "2.9", "six": "1.17"}


def test_requirements_in_a_circle_end(site: Path) -> None:
    install(site, "a", metadata=requiring("b"))
    install(site, "b", metadata=requiring("a"))

    assert packages(site).needed_by(["a"]) == {"a": "1.0", "b": "1.0"}


def test_the_parts_of_a_namespace_all_count(site: Path) -> None:
    install(site, "google-storage", files={"google/storage/__init__.py": ""})
    install(site, "google-bigquery", files={"google/bigquery/__init__.py": ""})

    assert packages(site).needed_by(["google"]) == {"google-storage": "1.0", "google-bigquery": "1.0"}


def test_modules_without_a_record_are_known_by_top_level(site: Path) -> None:
    info = site / "old_style-1.0-py3.11.egg-info"
    info.mkdir(parents=True)
    (info / "top_level.txt").write_text("oldstyle\n")
    (info / "PKG-INFO").write_text("Metadata-Version: 2.1\nVersion: 1.0\nRequires-Dist: six\n\n")
    install(site, "six", files={"six.py": ""})

    assert packages(site).needed_by(["oldstyle"]) == {"old-style": "1.0", "six": "1.0"}


def direct_url(**data: object) -> str:
    return json.dumps({"url": "file:///somewhere", **data})


def test_what_came_from_a_repository_counts_with_its_commit(site: Path) -> None:
    install(site, "lib", direct_url=direct_url(vcs_info={"vcs": "git", "commit_id": "abc123"}))

    assert packages(site).needed_by(["lib"]) == {"lib": "1.0 (abc123)"}


def test_what_came_from_a_folder_counts_with_its_contents(tmp_path: Path) -> None:
    versions = []
    for number, text in enumerate(["x = 1", "x = 2", "x = 1"]):
        site = tmp_path / str(number) / "site-packages"
        install(site, "lib", files={"lib.py": text}, direct_url=direct_url(dir_info={}))
        versions.append(packages(site).needed_by(["lib"])["lib"])

    assert versions[0] == versions[2] != versions[1]
    assert versions[0].startswith("1.0 (sha256:")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"vcs_info": 1}', '{"dir_info": []}'])
def test_a_damaged_origin_is_no_crash(text: str, site: Path) -> None:
    install(site, "lib", direct_url=text)

    assert packages(site).needed_by(["lib"])["lib"].startswith("1.0")


def test_the_toolkit_itself_is_no_part_of_any_key(site: Path) -> None:
    install(site, "orch-toolkit", files={"orch/__init__.py": ""})
    install(site, "plugin", metadata=requiring("orch-toolkit"))

    assert packages(site).needed_by(["orch", "plugin"]) == {"plugin": "1.0"}


def test_the_first_folder_of_the_path_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "site-packages", tmp_path / "b" / "site-packages"
    install(first, "lib", "1.0")
    install(second, "lib", "2.0")

    assert Packages([str(first), str(second)], Memory(None)).needed_by(["lib"]) == {"lib": "1.0"}


@pytest.mark.parametrize("change", ["upgrade", "reinstall", "remove", "add"])
def test_whatever_an_installer_does_is_seen(change: str, site: Path, tmp_path: Path) -> None:
    install(site, "lib", "1.0", direct_url=direct_url(vcs_info={"commit_id": "one"}))
    path = tmp_path / "memory.json"
    memory = Memory(path)
    packages(site, memory).needed_by(["lib", "other"])
    memory.save()

    info = site / "lib-1.0.dist-info"
    if change in ("upgrade", "remove"):
        for file in info.iterdir():
            file.unlink()
        info.rmdir()
    if change == "upgrade":
        install(site, "lib", "1.1")
    elif change == "add":
        install(site, "other")
    elif change == "reinstall":
        (info / "direct_url.json").unlink()
        (info / "direct_url.json").write_text(direct_url(vcs_info={"commit_id": "two"}))

    expected = {"upgrade": {"lib": "1.1"}, "remove": {}, "reinstall": {"lib": "1.0 (two)"}, "add": {"lib": "1.0 (one)", "other": "1.0"}}
    assert packages(site, Memory(path)).needed_by(["lib", "other"]) == expected[change]


def test_what_did_not_change_is_not_read_again(site: Path, tmp_path: Path) -> None:
    install(site, "lib", metadata=requiring("six"))
    install(site, "six")
    path = tmp_path / "memory.json"
    memory = Memory(path)
    expected = packages(site, memory).needed_by(["lib"])
    memory.save()
    for file in site.glob("*.dist-info/*"):
        state = file.stat()
        file.write_text("nobody reads this")
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))

    assert packages(site, Memory(path)).needed_by(["lib"]) == expected


def test_only_steps_that_import_a_package_notice_its_upgrade(site: Path, tmp_path: Path) -> None:
    install(site, "lib", "1.0")
    code = "from orch import step\nimport lib\n@step\ndef uses(): return lib\n@step\ndef other(): ...\n"
    sources = Sources(tmp_path, {"pipeline.py": code}, steps("uses", "other"), path=[site], memory=tmp_path / "memory.json")
    before = sources.gather().facts
    (site / "lib-1.0.dist-info").rename(site / "lib-1.1.dist-info")

    after = sources.gather().facts

    assert before["uses"].packages != after["uses"].packages
    assert before["other"] == after["other"]


def test_a_module_that_nobody_installed_counts_by_its_source(site: Path, tmp_path: Path) -> None:
    site.mkdir(parents=True)
    (site / "loose.py").write_text("x = 1\n")
    code = "from orch import step\nimport loose\n@step\ndef uses(): return loose.x\n@step\ndef other(): ...\n"
    sources = Sources(tmp_path, {"pipeline.py": code}, steps("uses", "other"), path=[site])

    assert sources.missed_by("venv/lib/site-packages/loose.py", "1", "2") == {"uses"}
