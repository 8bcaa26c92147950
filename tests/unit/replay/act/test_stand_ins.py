"""The stand-ins refuse, take and lose what the actions do that they stand in for."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from orch.replay.act.stand_ins import archive, cache, download, upload
from orch.replay.act.stand_ins.job_step import Inputs, Refused
from orch.workflow.actions import known_actions

STAND_INS: Final = Path(upload.__file__).parent


def defaults(action: str) -> dict[str, Any]:
    """The inputs that an action.yml has defaults for."""
    declared = yaml.safe_load((STAND_INS / action / "action.yml").read_text())["inputs"]
    return {name: said["default"] for name, said in declared.items() if "${{" not in said.get("default", "${{")}


class Run:
    """The artifacts of a run with attempts, on one machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        self.workspace.mkdir()
        self.attempt = 1

    @property
    def environ(self) -> dict[str, str]:
        return {
            "ORCH_ACT_ARTIFACTS": str(self.folder / "artifacts"),
            "GITHUB_RUN_ID": "77",
            "GITHUB_RUN_ATTEMPT": str(self.attempt),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "o/r",
        }

    def upload(self, **inputs: object) -> dict[str, str]:
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        return upload.upload(Inputs(defaults("upload-artifact") | given), self.environ)

    def download(self, **inputs: object) -> dict[str, str]:
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        return download.download(Inputs(defaults("download-artifact") | {"run-id": "77", "repository": "o/r"} | given), self.environ)

    def file(self, name: str, text: str = "text") -> Path:
        path = self.folder / "job" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def downloaded(self) -> list[str]:
        return sorted(path.relative_to(self.workspace).as_posix() for path in self.workspace.rglob("*") if path.is_file())


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


@pytest.mark.parametrize("action", ["upload-artifact", "download-artifact", "cache"])
def test_a_stand_in_takes_and_gives_what_the_action_does(action: str) -> None:
    declared = yaml.safe_load((STAND_INS / action / "action.yml").read_text())
    known = known_actions()[f"actions/{action}"]

    assert set(declared["inputs"]) == known.inputs
    assert {name for name, said in declared["inputs"].items() if said.get("required")} == known.required
    assert set(declared["outputs"]) == known.outputs


def test_a_folder_comes_back_without_its_own_name(run: Run) -> None:
    run.file("out/a.txt", "a")
    run.file("out/b/c.txt", "c")

    run.upload(name="one", path=str(run.folder / "job/out"))
    run.download(name="one")

    assert run.downloaded() == ["a.txt", "b/c.txt"]
    assert (run.workspace / "b/c.txt").read_text() == "c"


def test_permissions_links_hidden_files_and_empty_folders_are_lost(run: Run) -> None:
    script = run.file("out/script", "#!/bin/sh")
    script.chmod(0o755)
    run.file("out/.hidden")
    run.file("out/.git/config")
    (run.folder / "job/out/link").symlink_to("script")
    (run.folder / "job/out/broken").symlink_to("nowhere")
    (run.folder / "job/out/empty").mkdir()

    run.upload(name="one", path=str(run.folder / "job/out"))
    run.download(name="one")

    assert run.downloaded() == ["link", "script"]
    assert not (run.workspace / "link").is_symlink()
    assert not (run.workspace / "script").stat().st_mode & stat.S_IXUSR
    assert not (run.workspace / "empty").exists()


def test_a_single_file_comes_without_its_folders(run: Run) -> None:
    run.upload(name="one", path=str(run.file("deep/down/a.txt")))
    run.download(name="one")

    assert run.downloaded() == ["a.txt"]


def test_several_paths_keep_what_follows_their_common_part(run: Run) -> None:
    paths = [str(run.file("x/a/1.txt").parent), str(run.file("x/b/2.txt").parent / "*.txt")]

    run.upload(name="one", path="\n".join(paths))
    run.download(name="one")

    assert run.downloaded() == ["a/1.txt", "b/2.txt"]


def test_several_artifacts_get_folders_and_a_single_one_does_not(run: Run) -> None:
    path = str(run.file("out/a.txt").parent)
    for name in ("orch-p-one-a1", "orch-p-two-a1", "orch-record-p-one-a1"):
        run.upload(name=name, path=path)

    run.download(pattern="orch-p-{one,two}-a*")
    assert run.downloaded() == ["orch-p-one-a1/a.txt", "orch-p-two-a1/a.txt"]

    run.download(pattern="orch-p-one-a*", path=str(run.workspace / "single"))
    assert (run.workspace / "single/a.txt").is_file()

    run.download(pattern="orch-p-*", path=str(run.workspace / "merged"), merge_multiple="true")
    assert (run.workspace / "merged/a.txt").is_file()


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("orch-p-a-a*", ["orch-p-a-a1", "orch-p-a-a12"]),
        ("orch-p-{a,b}-a*", ["orch-p-a-a1", "orch-p-a-a12", "orch-p-b-a1"]),
        ("orch-p-{a}-a*", []),  # as minimatch has it
        ("orch-{p,q}-{b,c}-a?", ["orch-p-b-a1", "orch-q-c-a2"]),
        ("nothing", []),
    ],
)
def test_patterns_are_those_of_minimatch(pattern: str, names: list[str]) -> None:
    known = ["orch-p-a-a1", "orch-p-a-a12", "orch-p-b-a1", "orch-q-c-a2"]

    assert [name for name in known if download.matches(name, pattern)] == names


def test_a_pattern_that_matches_nothing_downloads_nothing(run: Run) -> None:
    assert run.download(pattern="orch-*") == {"download-path": str(run.workspace.resolve())}


def test_a_name_that_is_not_there_is_refused(run: Run) -> None:
    with pytest.raises(Refused, match="Artifact 'one' not found"):
        run.download(name="one")


def test_the_same_name_twice_is_a_conflict_unless_overwritten(run: Run) -> None:
    path = str(run.file("out/a.txt", "first"))
    run.upload(name="one", path=path)

    with pytest.raises(Refused, match=r"\(409\) Conflict"):
        run.upload(name="one", path=path)

    run.file("out/a.txt", "second")
    run.upload(name="one", path=path, overwrite="true")
    run.download(name="one")
    assert (run.workspace / "a.txt").read_text() == "second"


@pytest.mark.parametrize("name", ["a/b", "a:b", "a*b", 'a"b', "a<b", "a\\b", "a\nb", "a|b", "a?b"])
def test_names_that_the_service_refuses(run: Run, name: str) -> None:
    path = str(run.file("a.txt"))

    with pytest.raises(Refused, match="artifact name is not valid"):
        run.upload(name=name, path=path)


def test_paths_that_the_service_refuses(run: Run) -> None:
    with pytest.raises(Refused, match="path for one of the files"):
        run.upload(name="one", path=str(run.file("out/a:b.txt").parent))


def test_finding_no_files_warns_fails_or_is_ignored(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(run.folder / "nothing")

    assert run.upload(name="one", path=path) == {}
    assert capsys.readouterr().out.startswith("::warning::No files were found")
    assert run.upload(name="one", path=path, if_no_files_found="ignore") == {}
    assert capsys.readouterr().out == ""
    with pytest.raises(Refused, match="No files were found"):
        run.upload(name="one", path=path, if_no_files_found="error")


@pytest.mark.parametrize(
    "inputs",
    [
        {"retention_days": "91"},
        {"retention_days": "-1"},
        {"retention_days": "many"},
        {"compression_level": "10"},
        {"if_no_files_found": "shrug"},
        {"overwrite": "yes"},
        {"archive": "false"},
        {"path": "!excluded"},
        {"path": ""},
    ],
)
def test_inputs_that_are_refused(run: Run, inputs: dict[str, str]) -> None:
    with pytest.raises(Refused):
        run.upload(**({"name": "one", "path": str(run.file("a.txt"))} | inputs))


def test_retention_is_kept_with_the_artifact(run: Run) -> None:
    run.upload(name="one", path=str(run.file("a.txt")), retention_days="3")
    run.upload(name="two", path=str(run.file("a.txt")), retention_days="0")

    assert [stored.retention for stored in archive.listed(run.folder / "artifacts/77")] == [3, 90]


def test_artifacts_of_earlier_attempts_need_the_token_and_the_run(run: Run) -> None:
    run.upload(name="one", path=str(run.file("a.txt")))
    run.attempt = 2

    with pytest.raises(Refused, match=r"\(404\) Not Found"):
        run.download(pattern="one*")

    run.download(pattern="one*", github_token="token", run_id="77")
    assert run.downloaded() == ["a.txt"]


def test_a_damaged_artifact_is_refused(run: Run) -> None:
    run.upload(name="one", path=str(run.file("a.txt")))
    described = run.folder / "artifacts/77/one.json"
    described.write_text(json.dumps(json.loads(described.read_text()) | {"digest": "0" * 64}))

    with pytest.raises(Refused, match="Digest validation failed"):
        run.download(name="one")


def test_the_cache_holds_nothing_and_knows_its_rules() -> None:
    def use(**inputs: str) -> dict[str, str]:
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        return cache.cache(Inputs(defaults("cache") | given), {})

    assert use(path="x", key="k") == {"cache-hit": "false"}
    for wrong in ({"path": "x"}, {"key": "k"}, {"path": "x", "key": "a,b"}, {"path": "x", "key": "k" * 513}):
        with pytest.raises(Refused):
            use(**wrong)
    with pytest.raises(Refused, match="Failed to restore"):
        use(path="x", key="k", fail_on_cache_miss="true")
