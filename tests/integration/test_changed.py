"""What an event changed, asked of real repositories: shallow clones, as jobs have them, of a real remote."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.steps import a_graph

from orch.errors import ToolFailedError
from orch.model.canonical import Json
from orch.model.triggers import MergeGroup, PullRequest, Push
from orch.runtime.changed import changed, untouched

GRAPH = a_graph(triggers=[Push(paths=["data/**"]), PullRequest(paths=["data/**", "!data/raw/**"]), MergeGroup(paths=["data/**"])])


def git(folder: Path, *arguments: str) -> str:
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *author, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Remote:
    """A repository and its branches; `clone` gives what a job has checked out: one commit, without those before it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "remote"
        self.folder.mkdir()
        git(self.folder, "init", "--quiet", "--initial-branch=main")
        for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
            git(self.folder, "config", setting, "true")
        self.clones = 0

    def commit(self, *names: str) -> str:
        for name in names:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            with (self.folder / name).open("a") as file:
                file.write("more\n")
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "-m", "x")
        return git(self.folder, "rev-parse", "HEAD")

    def clone(self, branch: str = "main") -> Path:
        self.clones += 1
        into = self.folder.parent / f"clone{self.clones}"
        git(self.folder.parent, "clone", "--quiet", "--depth=1", f"--branch={branch}", f"file://{self.folder}", str(into))
        return into


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    made = Remote(tmp_path)
    made.commit("data/a.csv", "README.md", "data/raw/b.csv")
    return made


def event(remote: Remote, name: str, payload: Json, workflow: str = "") -> dict[str, str]:
    file = remote.folder.parent / "event.json"
    file.write_text(json.dumps(payload))
    return {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file), "GITHUB_WORKFLOW_REF": workflow}


def test_a_push_is_compared_with_what_was_there_before_it_over_all_its_commits(remote: Remote) -> None:
    before = git(remote.folder, "rev-parse", "HEAD")
    remote.commit("README.md")
    remote.commit("docs/a.md", "docs/ä ö.md")
    clone = remote.clone()

    assert sorted(changed(clone, before, {})) == ["README.md", "docs/a.md", "docs/ä ö.md"]
    assert untouched(GRAPH, clone, event(remote, "push", {"before": before})) == "no file is changed of data/**"

    remote.commit("data/new.csv")
    assert untouched(GRAPH, remote.clone(), event(remote, "push", {"before": before})) == ""


def test_a_file_that_was_removed_or_moved_is_changed(remote: Remote) -> None:
    before = git(remote.folder, "rev-parse", "HEAD")
    git(remote.folder, "mv", "data/a.csv", "elsewhere.csv")
    remote.commit()

    assert sorted(changed(remote.clone(), before, {})) == ["data/a.csv", "elsewhere.csv"]


def test_a_pull_request_is_compared_with_the_first_parent_of_the_merge_that_is_checked_out(remote: Remote) -> None:
    old = git(remote.folder, "rev-parse", "HEAD")
    git(remote.folder, "switch", "--quiet", "-c", "feature")
    remote.commit("data/raw/b.csv")
    git(remote.folder, "switch", "--quiet", "main")
    remote.commit("data/a.csv")  # of somebody else, since the branch was made
    git(remote.folder, "switch", "--quiet", "-c", "merge")
    git(remote.folder, "merge", "--quiet", "--no-ff", "-m", "merge", "feature")

    said = untouched(GRAPH, remote.clone("merge"), event(remote, "pull_request", {"pull_request": {"base": {"sha": old}}}))

    assert said == "no file is changed of data/**, !data/raw/**"


def test_a_merge_group_is_compared_with_its_base(remote: Remote) -> None:
    base = git(remote.folder, "rev-parse", "HEAD")
    remote.commit("README.md")

    assert untouched(GRAPH, remote.clone(), event(remote, "merge_group", {"merge_group": {"base_sha": base}})) != ""


def test_a_project_in_a_folder_of_the_repository_has_the_paths_of_the_repository(remote: Remote) -> None:
    before = git(remote.folder, "rev-parse", "HEAD")
    remote.commit("data/a.csv", "models/pyproject.toml")
    clone = remote.clone()

    assert untouched(GRAPH, clone / "models", event(remote, "push", {"before": before})) == ""


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("push", {"before": "0" * 40}),  # the first push of a branch
        ("push", {}),
        ("push", {"before": "--upload-pack=x"}),
        ("workflow_dispatch", {"inputs": {}}),
        ("schedule", {"schedule": "5 2 * * *"}),
    ],
)
def test_where_there_is_nothing_to_compare_with_all_steps_run(remote: Remote, name: str, payload: Json) -> None:
    assert untouched(GRAPH, remote.clone(), event(remote, name, payload)) == ""


def test_a_workflow_that_calls_this_one_wants_it_whatever_was_changed(remote: Remote) -> None:
    before = git(remote.folder, "rev-parse", "HEAD")
    remote.commit("README.md")
    clone = remote.clone()

    own, other = "o/r/.github/workflows/p.yml@refs/heads/main", "o/r/.github/workflows/all.yml@refs/heads/main"
    assert untouched(GRAPH, clone, event(remote, "push", {"before": before}, own)) != ""
    assert untouched(GRAPH, clone, event(remote, "push", {"before": before}, other)) == ""


def test_a_commit_that_cannot_be_fetched_is_told_without_the_token(remote: Remote) -> None:
    environment = event(remote, "push", {"before": "1" * 40}) | {"GITHUB_TOKEN": "s3cret-t0ken", "GITHUB_SERVER_URL": "https://github.test"}

    with pytest.raises(ToolFailedError, match="git could not fetch commit 111111111111") as caught:
        untouched(GRAPH, remote.clone(), environment)

    assert "s3cret" not in str(caught.value)
