"""`orch init` in repositories of every kind."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from support.command_line import CommandLine
from support.github_parser import GitHubParser
from support.tools import requires_tool

EXAMPLE = "pipelines/darts.py"
CREATED = (
    EXAMPLE,
    "orch.yaml",
    ".github/workflows/darts.yml",
    ".github/orch/darts.json",
    ".github/orch/pins.json",
    ".gitignore",
    ".gitattributes",
    ".github/dependabot.yml",
)
RELEASED = "action: orch-dev/orch-action@1111111111111111111111111111111111111111\n"
PIPELINE = """
from orch import pipeline, step

@step
def load() -> int:
    return 1

@pipeline
def mine() -> None:
    load()
"""


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    monkeypatch.chdir(root)
    return root


def tree(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts and "__pycache__" not in path.parts
    }


def test_an_empty_repository_gets_all_of_it_and_is_told_what_to_type_next(repository: Path, orch: CommandLine) -> None:
    ran = orch("init")

    assert ran.code == 0
    assert ran.out == "".join(f"created           {path}\n" for path in CREATED) + (
        "\nnext:\n"
        "  orch run pipelines/darts.py    # here, on this machine\n"
        "  orch act pipelines/darts.py    # as the workflow that GitHub will run\n"
        "then commit what was created and open a pull request: its checks show the run\n"
    )
    assert set(tree(repository)) == set(CREATED)
    assert "note: orch-dev/orch-action@0000000000000000000000000000000000000000 is a placeholder" in ran.err


def test_a_second_time_nothing_changes(repository: Path, orch: CommandLine) -> None:
    orch("init")
    before = tree(repository)

    ran = orch("init")

    assert ran.code == 0
    assert "created" not in ran.out.partition("\nnext:")[0]
    assert ran.out.count("kept ") == len(CREATED) - 1
    assert tree(repository) == before


@pytest.mark.parametrize("path", CREATED)
def test_what_an_interrupted_init_left_out_is_made_the_next_time(path: str, repository: Path, orch: CommandLine) -> None:
    orch("init")
    whole = tree(repository)
    (repository / path).unlink()

    ran = orch("init")

    assert f"created           {path}\n" in ran.out
    assert tree(repository) == whole


def test_bytes_that_are_no_utf8_and_line_ends_stay(repository: Path, orch: CommandLine) -> None:
    (repository / ".gitignore").write_bytes(b"# caf\xe9\r\n*.pyc\r\n")

    orch("init")

    assert (repository / ".gitignore").read_bytes() == b"# caf\xe9\r\n*.pyc\r\n.orch/\r\n.env.orch\r\n"


def test_a_worktree_gets_files_of_its_own(repository: Path, orch: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repository, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--allow-empty", "-m", "first")
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "tree"))
    monkeypatch.chdir(tmp_path / "tree")

    assert orch("init").code == 0
    assert set(CREATED) <= set(tree(tmp_path / "tree"))
    assert tree(repository) == {}


def test_a_dry_run_says_the_same_and_writes_nothing(repository: Path, orch: CommandLine) -> None:
    (repository / ".gitignore").write_text("*.pyc\n")
    before = tree(repository)

    ran = orch("init", "--dry-run")

    assert ran.code == 0
    assert "would create           pipelines/darts.py\n" in ran.out
    assert "would add 2 lines to   .gitignore\n" in ran.out
    assert tree(repository) == before


def test_what_is_there_is_added_to_and_never_overwritten(repository: Path, orch: CommandLine) -> None:
    mine = {
        "orch.yaml": f"# mine\n{RELEASED}",
        ".gitignore": "*.pyc\n.env*",
        ".gitattributes": "* text=auto\n",
        ".github/dependabot.yml": "version: 2\nupdates:\n  - package-ecosystem: github-actions # mine\n    directory: /\n",
        ".github/workflows/ci.yml": "on: push\n",
        "pyproject.toml": "[project]\nname = 'x'\n",
    }
    for path, text in mine.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(text)

    ran = orch("init")

    assert (ran.code, ran.err) == (0, "")
    for told in ("kept              orch.yaml\n", "added 1 line to   .gitignore\n", "added 3 lines to  .gitattributes\n"):
        assert told in ran.out
    assert "added 2 lines to  .github/dependabot.yml\n" in ran.out
    after = tree(repository)
    for path, text in mine.items():
        lines = iter(after[path].decode().splitlines())
        assert all(line in lines for line in text.splitlines())  # in their order
    assert after[".gitignore"] == b"*.pyc\n.env*\n.orch/\n"
    assert "  orch check    # are the generated files up to date? Exits with 4 if not\n" in ran.out
    assert orch("check").code == 0


def test_a_repository_with_pipelines_needs_no_example(repository: Path, orch: CommandLine) -> None:
    (repository / "flow.py").write_text(PIPELINE)

    ran = orch("init")

    assert EXAMPLE not in tree(repository)
    assert "created           .github/workflows/mine.yml\n" in ran.out
    assert "  orch run flow.py    #" in ran.out
    assert yaml.safe_load((repository / ".github/dependabot.yml").read_text())["updates"][0]["exclude-paths"] == [
        ".github/workflows/mine.yml"
    ]


def test_a_new_pipeline_is_added_to_the_lists_the_next_time(repository: Path, orch: CommandLine) -> None:
    orch("init")
    (repository / "flow.py").write_text(PIPELINE)

    ran = orch("init")

    assert "created           .github/workflows/mine.yml\n" in ran.out
    assert "added 2 lines to  .gitattributes\n" in ran.out
    assert "added 1 line to   .github/dependabot.yml\n" in ran.out


def test_an_example_can_be_asked_for_by_name(repository: Path, orch: CommandLine) -> None:
    (repository / "flow.py").write_text(PIPELINE)

    ran = orch("init", "--name", "dice")

    assert {"pipelines/dice.py", ".github/workflows/dice.yml", ".github/workflows/mine.yml"} <= set(tree(repository))
    assert ran.code == 0


def test_without_an_example_and_without_pipelines_the_rest_is_there(repository: Path, orch: CommandLine) -> None:
    ran = orch("init", "--no-example")

    assert set(tree(repository)) == {"orch.yaml", ".gitignore", ".gitattributes", ".github/orch/pins.json"}
    assert ran.out.endswith("next: write a pipeline, then `orch run FILE` and `orch compile`\n")


def test_in_a_monorepo_the_example_goes_to_the_project_and_the_rest_to_the_root(
    repository: Path, orch: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = repository / "services" / "ml"
    project.mkdir(parents=True)
    (project / "pyproject.toml").write_text("[project]\nname = 'ml'\n")
    monkeypatch.chdir(project)

    ran = orch("init")

    assert ran.code == 0
    assert "created           services/ml/pipelines/darts.py\n" in ran.out
    assert "  orch run pipelines/darts.py    #" in ran.out
    assert {"orch.yaml", ".gitignore", ".github/workflows/darts.yml"} <= set(tree(repository))
    assert "unchanged .github/orch/darts.json\n" in orch("compile", "pipelines/darts.py").out


def test_a_new_folder_becomes_a_repository(tmp_path: Path, orch: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()  # of something else, above

    ran = orch("init", "a b/new")

    assert ran.code == 0
    assert ran.out.startswith("created           .git (git init)\ncreated           pipelines/darts.py\n")
    assert "  orch run 'a b/new/pipelines/darts.py'    #" in ran.out
    assert set(tree(tmp_path / "a b" / "new")) == set(CREATED)
    assert orch("compile", "a b/new/pipelines/darts.py").out.count("unchanged") == 2


def test_a_dry_run_outside_of_a_repository_says_what_is_missing(tmp_path: Path, orch: CommandLine) -> None:
    ran = orch("init", "--dry-run", str(tmp_path / "new"))

    assert (ran.code, ran.out) == (2, "")
    assert "lies in no git repository" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_branch_is_the_one_that_it_was_cloned_with(repository: Path, orch: CommandLine, tmp_path: Path) -> None:
    git(repository, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")

    orch("init")

    assert 'Push(branches=["trunk"]' in (repository / EXAMPLE).read_text()


# --- what is in the way ---


def test_a_pipeline_that_does_not_load_stops_it_before_anything_is_written(repository: Path, orch: CommandLine) -> None:
    (repository / "flow.py").write_text("from orch import pipeline\n\n@pipeline\ndef mine(: pass\n")
    before = tree(repository)

    ran = orch("init")

    assert ran.code == 3
    assert tree(repository) == before


@pytest.mark.parametrize(
    ("path", "text", "code", "message"),
    [
        ("orch.yaml", "activ: local\n", 2, "unknown key 'activ'"),
        (".github/orch/pins.json", "{", 2, "this is not JSON"),
        (".github/orch/pins.json", '{"schema": 1, "toolkit": "0.0.1", "actions": {}}', 2, "toolkit '0.0.1' compiles this repository"),
        (".github/workflows/darts.yml", "on: push\n", 3, "'.github/workflows/darts.yml' is there already"),
        (".github", "", 2, "cannot be written: '.github' is a file"),
        ("pipelines", "", 2, "'pipelines/darts.py' cannot be written: 'pipelines' is a file"),
    ],
)
def test_what_is_in_the_way_is_named_and_nothing_is_written(
    path: str, text: str, code: int, message: str, repository: Path, orch: CommandLine
) -> None:
    (repository / path).parent.mkdir(parents=True, exist_ok=True)
    (repository / path).write_text(text)
    before = tree(repository)

    ran = orch("init")

    assert ran.code == code
    assert message in ran.err
    assert tree(repository) == before


@pytest.mark.parametrize("path", [".github", "pipelines", ".gitignore"])
def test_nothing_is_written_through_a_link(path: str, repository: Path, orch: CommandLine, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir() if path != ".gitignore" else outside.touch()
    (repository / path).symlink_to(outside)
    before = tree(tmp_path)

    ran = orch("init")

    assert ran.code == 2
    assert f"{path!r} is a link" in ran.err
    assert tree(tmp_path) == before


def test_a_dependabot_file_that_cannot_be_edited_is_kept_and_the_lines_are_told(repository: Path, orch: CommandLine) -> None:
    text = "version: 2\nupdates: [{package-ecosystem: github-actions, directory: /, schedule: {interval: weekly}}]\n"
    (repository / ".github").mkdir()
    (repository / ".github/dependabot.yml").write_text(text)

    ran = orch("init")

    assert "kept              .github/dependabot.yml\n" in ran.out
    assert "    exclude-paths:\n      - .github/workflows/darts.yml\n" in ran.err
    assert (repository / ".github/dependabot.yml").read_text() == text


def test_a_generated_file_that_is_stale_is_kept_and_told(repository: Path, orch: CommandLine) -> None:
    orch("init")
    workflow = repository / ".github/workflows/darts.yml"
    workflow.write_text(workflow.read_text().replace("timeout-minutes: 60", "timeout-minutes: 59"))
    before = tree(repository)

    ran = orch("init")

    assert ".github/workflows/darts.yml is kept, and is not what pipelines/darts.py compiles to" in ran.err
    assert tree(repository) == before


def test_settings_that_list_pipelines_are_told_to_list_the_example(repository: Path, orch: CommandLine) -> None:
    (repository / "flow.py").write_text(PIPELINE)
    (repository / "orch.yaml").write_text(f"{RELEASED}pipelines: [flow.py]\n")

    ran = orch("init", "--name", "dice")

    assert "pipelines in orch.yaml does not name pipelines/dice.py" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--name", "class"), "--name: 'class' is a name of Python"),
        (("--name", "a", "--no-example"), "--name asks for an example and --no-example for none"),
        (("file",), "/file' is not a folder"),
        (("file/below",), "/file/below' is not a folder"),
        (("/",), "'/' would become a repository as a whole"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    arguments: tuple[str, ...], message: str, tmp_path: Path, orch: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()

    ran = orch("init", *arguments)

    assert ran.code == 2
    assert message in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_without_git_a_new_folder_cannot_become_a_repository(tmp_path: Path, orch: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    ran = orch("init", str(tmp_path))

    assert ran.code == 5
    assert "git is not on this machine" in ran.err


# --- what is written is right ---


def test_git_takes_the_files_as_they_are_meant(repository: Path, orch: CommandLine) -> None:
    orch("init")
    listing = ["git", "check-attr", "eol", "linguist-generated", "--", ".github/workflows/darts.yml", ".github/orch/pins.json"]
    attributes = subprocess.run(listing, cwd=repository, check=True, capture_output=True, text=True).stdout
    ignored = subprocess.run(["git", "check-ignore", ".orch/x", ".env.orch"], cwd=repository, check=True, capture_output=True, text=True)

    assert ".github/workflows/darts.yml: eol: lf" in attributes
    assert ".github/workflows/darts.yml: linguist-generated: set" in attributes
    assert ".github/orch/pins.json: eol: lf" in attributes
    assert ".github/orch/pins.json: linguist-generated: unspecified" in attributes  # a change of a pin is to be seen
    assert ignored.stdout == ".orch/x\n.env.orch\n"


@pytest.mark.tools("check-jsonschema")
@pytest.mark.parametrize(
    ("schema", "file"), [("dependabot", ".github/dependabot.yml"), ("github-workflows", ".github/workflows/darts.yml")]
)
def test_the_published_schemas_accept(schema: str, file: str, repository: Path, orch: CommandLine) -> None:
    orch("init")
    shutil.copy(repository / file, repository / "x.yml")

    subprocess.run([requires_tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", "x.yml"], cwd=repository, check=True)


@pytest.mark.tools("zizmor")
def test_zizmor_finds_nothing(repository: Path, orch: CommandLine) -> None:
    orch("init")
    command = [requires_tool("zizmor"), "--persona=pedantic", "--offline", "--no-progress", "--color=never", "--collect=all", "."]
    done = subprocess.run(command, cwd=repository, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


@pytest.mark.tools("actionlint")
def test_actionlint_finds_nothing(repository: Path, orch: CommandLine) -> None:
    orch("init")

    subprocess.run([requires_tool("actionlint"), ".github/workflows/darts.yml"], cwd=repository, check=True)


def test_github_own_parser_accepts(repository: Path, orch: CommandLine, github_parser: GitHubParser) -> None:
    orch("init")

    assert github_parser.errors("darts.yml", (repository / ".github/workflows/darts.yml").read_text()) == []
