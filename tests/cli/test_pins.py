"""`orch pin` and `orch upgrade` on whole repositories; the actions' repositories are real ones on this disk."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support.action_repositories import ActionRepositories
from support.command_line import CommandLine

from orch import __version__

CHECKOUT = "actions/checkout"
OWN = "orch-dev/orch-action"
SHIPPED = "3d3c42e5aac5ba805825da76410c181273ba90b1"
PINS = ".github/orch/pins.json"
PIPELINE = """
from orch import pipeline, step

@step
def load() -> int:
    return 1

@pipeline
def {name}() -> None:
    load()
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orch: CommandLine) -> Path:
    """With two compiled pipelines."""
    root = tmp_path / "work"
    (root / ".git").mkdir(parents=True)
    for name in ("first", "second"):
        (root / f"{name}.py").write_text(PIPELINE.format(name=name))
    monkeypatch.chdir(root)
    assert orch("compile").code == 0
    return root


def recorded(repository: Path) -> dict[str, str]:
    actions = json.loads((repository / PINS).read_text())["actions"]
    return {name: f"{pin['version']} {pin['sha']}" for name, pin in actions.items()}


def workflows(repository: Path) -> str:
    return "".join(file.read_text() for file in sorted((repository / ".github/workflows").iterdir()))


def everything(repository: Path) -> dict[str, bytes]:
    return {path.as_posix(): path.read_bytes() for path in sorted(repository.rglob("*.*")) if path.is_file() and ".github" in path.parts}


def test_the_newest_releases_are_written_down_and_every_workflow_is_compiled_with_them(
    repository: Path, action_repositories: ActionRepositories, orch: CommandLine
) -> None:
    sha = action_repositories.tag(CHECKOUT, "v7.2.0", annotated=True)
    action_repositories.tag(CHECKOUT, "v8.0.0")
    action_repositories.tag(CHECKOUT, "v7", sha)

    ran = orch("pin")

    assert ran == (
        0,
        (
            f"{CHECKOUT}  v7.2.0 ({sha[:7]})  was v7.0.1 ({SHIPPED[:7]})\n"
            f"wrote  {PINS}\nwrote  .github/workflows/first.yml\nwrote  .github/workflows/second.yml\n"
        ),
        "",
    )
    assert recorded(repository) == {CHECKOUT: f"v7.2.0 {sha}"}
    assert workflows(repository).count(f"uses: {CHECKOUT}@{sha} # v7.2.0") == 4
    assert orch("compile").out.count("unchanged") == 4
    assert orch("pin").out == f"{CHECKOUT}  v7.2.0 ({sha[:7]})  unchanged\n"


def test_a_dry_run_says_it_all_and_writes_nothing(repository: Path, action_repositories: ActionRepositories, orch: CommandLine) -> None:
    action_repositories.tag(CHECKOUT, "v7.2.0")
    before = everything(repository)

    ran = orch("pin", "--dry-run")

    assert ran.code == 0
    assert "would write  .github/workflows/second.yml" in ran.out
    assert everything(repository) == before


def test_our_own_action_is_pinned_when_it_is_named_and_renewed_from_then_on(
    repository: Path, action_repositories: ActionRepositories, orch: CommandLine
) -> None:
    action_repositories.tag(CHECKOUT, "v7.2.0")
    first = action_repositories.tag(OWN, "v0.1.0", annotated=True)
    assert orch("check").code == 3

    assert orch("pin", OWN).code == 0

    assert recorded(repository)[OWN] == f"v0.1.0 {first}"
    assert orch("check").code == 0
    second = action_repositories.tag(OWN, "v0.1.1")
    assert orch("pin").code == 0
    assert recorded(repository)[OWN] == f"v0.1.1 {second}"


def test_a_release_whose_tag_moved_is_refused_and_nothing_is_written(
    repository: Path, action_repositories: ActionRepositories, orch: CommandLine
) -> None:
    old = action_repositories.tag(CHECKOUT, "v7.2.0", annotated=True)
    orch("pin")
    before = everything(repository)
    new = action_repositories.tag(CHECKOUT, "v7.2.0", action_repositories.commit(CHECKOUT, "evil"), annotated=True)

    ran = orch("pin")

    assert (ran.code, ran.out) == (3, "")
    assert f"has moved: {old} is recorded, now it is {new}" in ran.err
    assert everything(repository) == before
    assert orch("pin", f"{CHECKOUT}@{new}").code == 0
    assert recorded(repository)[CHECKOUT] == f"v7.2.0 {new}"


def test_a_repository_that_is_not_there_is_unreachable(
    repository: Path, action_repositories: ActionRepositories, orch: CommandLine
) -> None:
    ran = orch("pin")

    assert (ran.code, ran.out) == (5, "")
    assert ran.err.startswith("error: the repository of 'actions/checkout' cannot be asked: ")
    assert "[remote]\n  help: try `git ls-remote https://github.com/actions/checkout`" in ran.err


def test_a_host_that_cannot_be_found_is_unreachable(repository: Path, monkeypatch: pytest.MonkeyPatch, orch: CommandLine) -> None:
    for name, value in {"COUNT": "1", "KEY_0": "url.https://host.invalid/.insteadOf", "VALUE_0": "https://github.com/"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)

    ran = orch("pin")

    assert ran.code == 5
    assert "host.invalid" in ran.err


def test_a_host_that_never_answers_is_given_up(action_repositories: ActionRepositories, monkeypatch: pytest.MonkeyPatch) -> None:
    from orch.errors import RemoteError
    from orch.orchestrators.github.resolve import ls_remote

    # A transport that only waits, as a host does that takes connections and says nothing.
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "url.ssh://silent/.insteadOf")
    monkeypatch.setenv("GIT_SSH_COMMAND", "exec sleep 600 #")

    with pytest.raises(RemoteError, match=r"no answer after 0\.2 s"):
        ls_remote(CHECKOUT, seconds=0.2)


def test_without_git_the_error_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch, orch: CommandLine) -> None:
    monkeypatch.setenv("PATH", "")

    ran = orch("pin")

    assert ran.code == 5
    assert "git is not on this machine [tool-missing]" in ran.err


def test_a_repositorys_own_configuration_does_not_say_where_tags_come_from(
    repository: Path, action_repositories: ActionRepositories, orch: CommandLine, tmp_path: Path
) -> None:
    sha = action_repositories.tag(CHECKOUT, "v7.2.0")
    (repository / ".git").rmdir()
    subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
    subprocess.run(["git", "config", f"url.{tmp_path}/evil/.insteadOf", "https://github.com/actions/"], cwd=repository, check=True)

    assert orch("pin").code == 0
    assert recorded(repository)[CHECKOUT] == f"v7.2.0 {sha}"


def test_our_action_cannot_be_pinned_beside_one_that_the_settings_name(repository: Path, orch: CommandLine) -> None:
    (repository / "orch.yaml").write_text(f"action: me/fork@{'a' * 40}\n")

    ran = orch("pin", OWN)

    assert ran.code == 2
    assert "which goes before a pin" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((f"{CHECKOUT}@v7", f"{CHECKOUT}@v8"), "'actions/checkout' is given twice"),
        (("--adopt", CHECKOUT), "--adopt takes the pins from the generated workflows"),
        (("--adopt", "--major"), "--adopt takes the pins from the generated workflows"),
        (("actions/cache",), "no generated workflow calls 'actions/cache'"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, ...], message: str, repository: Path, orch: CommandLine) -> None:
    ran = orch("pin", *arguments)

    assert ran.code == 2
    assert message in ran.err


# --- edits of others ---


def edit(repository: Path, name: str, before: str, after: str) -> None:
    file = repository / ".github/workflows" / f"{name}.yml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_an_edit_of_dependabot_is_told_by_check_and_taken_over_by_adopt(repository: Path, orch: CommandLine) -> None:
    new = f"{CHECKOUT}@{'b' * 40} # v7.1.0"
    edit(repository, "first", f"{CHECKOUT}@{SHIPPED} # v7.0.1", new)

    checked = orch("check")
    assert checked.code == 4
    assert f".github/workflows/first.yml has other pins than {PINS}: actions/checkout v7.1.0" in checked.err
    assert "`orch pin --adopt` takes them over, `orch compile first.py` undoes them" in checked.err

    ran = orch("pin", "--adopt")
    assert ran.out == f"{CHECKOUT}  v7.1.0 (bbbbbbb)  was v7.0.1 ({SHIPPED[:7]})\nwrote  {PINS}\nwrote  .github/workflows/second.yml\n"
    assert workflows(repository).count(new) == 4
    assert "[drift]" not in orch("check").err
    assert orch("pin", "--adopt").out == f"{CHECKOUT}  v7.1.0 (bbbbbbb)  unchanged\n"


def test_adopt_takes_nothing_where_more_than_pins_was_edited(repository: Path, orch: CommandLine) -> None:
    edit(repository, "first", f"{CHECKOUT}@{SHIPPED} # v7.0.1", f"{CHECKOUT}@{'b' * 40} # v7.1.0")
    edit(repository, "second", "contents: read", "contents: write")
    before = everything(repository)

    ran = orch("pin", "--adopt")

    assert ran.code == 4
    assert ".github/workflows/second.yml differs in more than its pins from what second.py compiles to" in ran.err
    assert everything(repository) == before


def test_adopt_refuses_edits_that_do_not_agree(repository: Path, orch: CommandLine) -> None:
    edit(repository, "first", f"{CHECKOUT}@{SHIPPED} # v7.0.1", f"{CHECKOUT}@{'b' * 40} # v7.1.0")
    edit(repository, "second", f"{CHECKOUT}@{SHIPPED} # v7.0.1", f"{CHECKOUT}@{'c' * 40} # v7.2.0")

    ran = orch("pin", "--adopt")

    assert ran.code == 3
    assert "do not agree on 'actions/checkout': v7.1.0 (bbbbbbb) at .github/workflows/first.yml:" in ran.err


def test_adopt_leaves_an_action_that_the_settings_name_to_them(repository: Path, orch: CommandLine) -> None:
    (repository / "orch.yaml").write_text(f"action: me/fork@{'a' * 40}\n")
    orch("compile")
    edit(repository, "first", f"me/fork@{'a' * 40}", f"me/fork@{'b' * 40} # v2.0.0")

    ran = orch("pin", "--adopt")

    assert ran.code == 3
    assert "orch.yaml: error: me/fork v2.0.0 stands in .github/workflows/first.yml:" in ran.err


# --- another version of the toolkit ---


def record(repository: Path, toolkit: str, sha: str = "a" * 40, version: str = "v7.0.0") -> None:
    actions = {CHECKOUT: {"version": version, "sha": sha}}
    (repository / PINS).write_text(json.dumps({"schema": 1, "toolkit": toolkit, "actions": actions}))


def test_an_upgrade_is_one_change_that_says_what_it_means(repository: Path, orch: CommandLine) -> None:
    record(repository, __version__)
    orch("compile")
    edit(repository, "first", "runs-on: ubuntu-slim", "runs-on: ubuntu-24.04")
    edit(repository, "second", "timeout-minutes: 60", "timeout-minutes: 360")
    record(repository, "0.0.9")
    assert orch("check").code == 2

    told = (
        f"toolkit 0.0.9 -> {__version__}\n"
        "actions/checkout v7.0.0 -> v7.0.1\n"
        ".github/workflows/first.yml\n"
        "  all 2 jobs: steps.Check out.uses actions/checkout@v7.0.0 (aaaaaaa) -> actions/checkout@v7.0.1 (3d3c42e)\n"
        "  job 'orch-result': runs-on ubuntu-24.04 -> ubuntu-slim\n"
        ".github/workflows/second.yml\n"
        "  all 2 jobs: steps.Check out.uses actions/checkout@v7.0.0 (aaaaaaa) -> actions/checkout@v7.0.1 (3d3c42e)\n"
        "  job 'load': timeout-minutes 360 -> 60\n"
    )
    paths = (PINS, ".github/workflows/first.yml", ".github/workflows/second.yml")
    assert orch("upgrade", "--dry-run") == (0, told + "".join(f"would write  {path}\n" for path in paths), "")
    assert orch("upgrade") == (0, told + "".join(f"wrote  {path}\n" for path in paths), "")
    assert orch("upgrade") == (0, f"toolkit {__version__} compiles this repository already\n", "")
    assert "[drift]" not in orch("check").err


def test_an_upgrade_of_a_repository_without_pins_writes_them(repository: Path, orch: CommandLine) -> None:
    ran = orch("upgrade")

    assert ran.out == f"toolkit (not recorded) -> {__version__}\nwrote  {PINS}\n"
    assert recorded(repository) == {CHECKOUT: f"v7.0.1 {SHIPPED}"}


def test_an_upgrade_never_goes_back(repository: Path, orch: CommandLine) -> None:
    record(repository, "99.0.0")

    ran = orch("upgrade")

    assert ran.code == 2
    assert f"toolkit '99.0.0' compiles this repository, and this one is older: '{__version__}'" in ran.err
    assert "uvx --from orch-toolkit==99.0.0 orch compile" in ran.err


def test_a_generated_file_that_is_damaged_is_written_anew(repository: Path, orch: CommandLine) -> None:
    (repository / ".github/orch/first.json").write_text("{")
    record(repository, "0.0.9", SHIPPED, "v7.0.1")

    assert "  cannot be read as it is, and is written anew\n" in orch("upgrade").out
    assert "[drift]" not in orch("check").err


def test_a_pipeline_that_does_not_load_stops_an_upgrade_before_anything_is_written(repository: Path, orch: CommandLine) -> None:
    record(repository, "0.0.9")
    (repository / "second.py").write_text("from orch import pipeline\n\n@pipeline\ndef second(: pass\n")
    before = everything(repository)

    assert orch("upgrade").code == 3
    assert everything(repository) == before


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (".github/orch", "'.github/orch/pins.json' cannot be written: '.github/orch' is a link"),
        (".github/workflows", "'.github/workflows/first.yml' cannot be written: '.github/workflows' is a link"),
    ],
)
def test_nothing_is_written_through_a_link_out_of_the_repository(
    path: str, message: str, repository: Path, orch: CommandLine, tmp_path: Path
) -> None:
    shutil.rmtree(repository / path)
    (tmp_path / "outside").mkdir()
    (repository / path).symlink_to(tmp_path / "outside")
    before = everything(repository)

    ran = orch("upgrade")

    assert ran.code == 2
    assert message in ran.err
    assert everything(repository) == before
    assert list((tmp_path / "outside").iterdir()) == []
