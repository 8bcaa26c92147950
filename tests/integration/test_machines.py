"""Whatever the machine and whatever the repository: the same files, the same results, or one clear error."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from support.tools import REQUIRED, find_tool, requires_tool

from orch.authoring import git as asking_git

TOOLKIT: Final = Path(__file__).parents[2] / "toolkit"
RELEASED: Final = "action: orch-dev/orch-action@1111111111111111111111111111111111111111\n"
PIPELINE: Final = """
from orch import pipeline, step

@step
def load(rows: int) -> int:
    '''Rows, counted.'''
    return rows + 1

@step
def show(rows: int) -> str:
    print(f"größer ✓ {rows}")
    return "größer ✓"

@pipeline
def flow(rows: int = 1, text: str = "größe ✓") -> None:
    '''A pipeline
    of two lines.'''
    show(load(rows))
"""


def put(folder: Path, name: str = "pipeline.py", text: str = PIPELINE, *, line_end: str = "\n") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.replace("\n", line_end).encode())
    return file


def git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": "x@y.z" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    protocol = ["-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", *protocol, "-C", str(folder), *arguments], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    requires_tool("git")
    folder = tmp_path / "repository"
    put(folder)
    put(folder, "orch.yaml", RELEASED)
    git(folder, "init", "--quiet")
    return folder


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "x")
    return git(folder, "rev-parse", "HEAD")


def orch(folder: Path, *arguments: str | Path, **variables: str | None) -> subprocess.CompletedProcess[str]:
    """A command as a person types it; a variable that is None is not set."""
    changed = {**os.environ, "PYTHONPATH": str(TOOLKIT), **variables}
    environment = {name: value for name, value in changed.items() if value is not None}
    command = [sys.executable, "-m", "orch", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False)


def ran(folder: Path, *arguments: str | Path, **variables: str | None) -> dict[str, object]:
    """The record of a run that ought to succeed."""
    done = orch(folder, "run", "--json", "--no-cache", *arguments, **variables)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(record, dict)
    return record


def generated(folder: Path) -> Mapping[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted((folder / ".github").rglob("*.*"))}


def works(folder: Path, reference: str | Path = "pipeline.py", **variables: str | None) -> dict[str, object]:
    """Every command that reads a repository, from `folder`; gives the record of the run."""
    for command in (["compile"], ["check"]):
        done = orch(folder, *command, **variables)
        assert done.returncode == 0, (command, done.stderr)
    record = ran(folder, reference, **variables)
    assert "größer ✓" in orch(folder, "runs", "logs", **{**variables, "PYTHONIOENCODING": "utf-8"}).stdout
    return record


# --- the same bytes ---


LOCALES: Final[dict[str, dict[str, str | None]]] = {
    "none": {"LC_ALL": None, "LANG": None, "LC_CTYPE": None},
    "C": {"LC_ALL": "C"},
    "C, and no UTF-8": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a code page": {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONIOENCODING": "cp1252"},
    "no home": {"HOME": None},
}


@pytest.mark.parametrize("variables", LOCALES.values(), ids=LOCALES)
def test_generated_files_and_values_are_the_same_in_every_locale(tmp_path: Path, variables: dict[str, str | None]) -> None:
    requires_tool("git")
    files, digests = [], []
    for name, environment in (("a", {"LC_ALL": "C.UTF-8"}), ("b", variables)):
        folder = tmp_path / name
        put(folder, "größe/pipelíne.py")
        git(folder, "init", "--quiet")
        put(folder, "orch.yaml", f"pipelines: ['größe/*.py']\n{RELEASED}")
        record = works(folder, "größe/pipelíne.py", **environment)
        files.append(generated(folder))
        digests.append([step["outputs"] for step in record["steps"]])  # type: ignore[attr-defined]

    assert files[0] == files[1]
    assert digests[0] == digests[1]
    assert sorted(files[0]) == [".github/orch/flow.json", ".github/workflows/flow.yml"]


def test_sources_that_git_gave_the_line_ends_of_windows_compile_to_the_same_files(tmp_path: Path) -> None:
    for name, line_end in (("lf", "\n"), ("crlf", "\r\n")):
        put(tmp_path / name, line_end=line_end)
        put(tmp_path / name, "orch.yaml", RELEASED, line_end=line_end)
        assert orch(tmp_path / name, "compile").returncode == 0

    assert generated(tmp_path / "lf") == generated(tmp_path / "crlf")
    assert not any(b"\r" in data for data in generated(tmp_path / "crlf").values())


def test_generated_files_that_git_gave_the_line_ends_of_windows_are_no_drift_and_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path, "orch.yaml", RELEASED)
    orch(tmp_path, "compile")
    for name in generated(tmp_path):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes().replace(b"\n", b"\r\n"))
    before = generated(tmp_path)

    assert orch(tmp_path, "check").returncode == 0
    assert orch(tmp_path, "compile").stdout.count("unchanged") == 2
    assert generated(tmp_path) == before


# --- names and places ---


@pytest.mark.parametrize(
    "folder",
    ["-größe ✓ with:colon %20 'quotes\" $HOME (a) [b] {c} #", "x" * 200 + "/" + "y" * 200 + "/" + "z" * 200],
    ids=["odd characters", "long"],
)
def test_a_repository_may_be_anywhere(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    put(place, "teams/größe 1/pyproject.toml", "")
    put(place, "teams/größe 1/my pipe:line é.py")
    put(place, "orch.yaml", RELEASED)
    if find_tool("git"):
        git(place, "init", "--quiet")
    works(place, "teams/größe 1/my pipe:line é.py")

    graph = json.loads((place / ".github/orch/flow.json").read_bytes())
    assert (graph["project"], graph["source"]) == ("teams/größe 1", "my pipe:line é.py:flow")
    assert orch(place, "run", "teams/größe 1/my pipe:line é.py:flow").returncode == 0


def test_a_name_with_combining_characters_is_refused_with_the_one_to_use(tmp_path: Path) -> None:
    file = put(tmp_path, unicodedata.normalize("NFD", "größe.py"))
    if (tmp_path / unicodedata.normalize("NFC", "größe.py")).exists():
        pytest.skip("this file system takes either form")
    done = orch(tmp_path, "compile", file)

    assert done.returncode == 2
    assert "[file-name]" in done.stderr
    assert f"rename it to {unicodedata.normalize('NFC', 'größe.py')!r}" in done.stderr


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    file = os.fsencode(tmp_path) + b"/gr\xf6\xdfe.py"
    try:
        with open(file, "wb") as opened:  # noqa: PTH123 - a path of bytes
            opened.write(PIPELINE.encode())
    except OSError:
        pytest.skip("this file system refuses it itself")
    for command in ("run", "compile", "graph"):
        done = orch(tmp_path, command, os.fsdecode(file))
        assert (done.returncode, done.stderr.count("[file-name]"), "Traceback" in done.stderr) == (2, 1, False)


@pytest.fixture
def case_insensitive(tmp_path: Path) -> Iterator[Path]:
    """A folder of a file system that takes a name in any case, as those of macOS and Windows do."""
    (tmp_path / "case").touch()
    if (tmp_path / "CASE").exists():
        yield tmp_path
        return
    if os.geteuid():
        pytest.skip("no file system here takes a name in any case, and only root may mount one that does")
    mount, make = requires_tool("lowntfs-3g"), requires_tool("mkfs.ntfs")
    image, folder = tmp_path / "image", tmp_path / "mounted"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run([make, "-q", "-F", image], check=True, capture_output=True)
    mounted = subprocess.run([mount, "-o", "ignore_case", image, folder], check=False, capture_output=True, text=True)
    if mounted.returncode:
        (pytest.fail if REQUIRED else pytest.skip)(f"it cannot be mounted: {mounted.stderr}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_file_named_in_another_case_compiles_to_what_linux_can_read(case_insensitive: Path) -> None:
    put(case_insensitive, "pkg/flows.py")
    (case_insensitive / ".git").mkdir()
    done = orch(case_insensitive, "compile", "PKG/Flows.py")

    assert done.returncode == 0, done.stderr
    assert json.loads((case_insensitive / ".github/orch/flow.json").read_bytes())["source"] == "pkg/flows.py:flow"
    assert ran(case_insensitive, "Pkg/FLOWS.py")["source"] == "pkg/flows.py:flow"


def test_two_pipelines_whose_names_differ_in_case_are_one_file_on_macos_and_both_are_named(tmp_path: Path) -> None:
    put(tmp_path, "a.py", PIPELINE.replace("def flow", "def Train"))
    put(tmp_path, "b.py", PIPELINE.replace("def flow", "def train"))
    together = orch(tmp_path, "compile")
    orch(tmp_path, "compile", "a.py")
    after = orch(tmp_path, "compile", "b.py")

    for done in (together, after):
        assert done.returncode == 3
        assert "error: pipeline 'train' is also defined in a.py" in done.stderr
        assert done.stderr.startswith("b.py:")
    assert [path.name for path in (tmp_path / ".github/workflows").iterdir()] == ["Train.yml"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PIPELINE.replace("def flow", "def con"), "pipeline name 'con' is the name of a device on Windows"),
        (PIPELINE.replace("load", "nul"), "step id 'nul' is the name of a device on Windows"),
        (PIPELINE.replace("def load(rows: int) -> int", "def load(rows: int) -> Annotated[int, 'Aux']"), "'Aux' is the name of a device"),
        (PIPELINE.replace("@pipeline", "@pipeline(requirements='deploy\\\\dev.txt')"), "is divided by backslashes"),
    ],
)
def test_what_windows_could_not_hold_is_refused_on_every_system(tmp_path: Path, text: str, told: str) -> None:
    put(tmp_path, text=f"from typing import Annotated\n{text}")
    put(tmp_path, "deploy/dev.txt", "")
    done = orch(tmp_path, "compile")

    assert done.returncode in (2, 3)
    assert told in done.stderr
    assert done.stderr.count("error:") == 1
    assert not (tmp_path / ".github").exists()


def test_a_path_as_windows_writes_it_is_told_how_to_be_written_here(tmp_path: Path) -> None:
    if os.sep == "\\":
        pytest.skip("here it is a path")
    put(tmp_path, "pkg/mod.py")
    done = orch(tmp_path, "run", "pkg\\mod.py:flow")

    assert done.returncode == 2
    assert "help: here folders are divided by `/`: pkg/mod.py:flow" in done.stderr


# --- states of a repository ---


def test_before_the_first_commit_a_run_has_none(repository: Path) -> None:
    assert not works(repository).get("commit")


@pytest.mark.parametrize("how", ["worktree", "detached", "shallow", "submodule", "in an ignored folder"])
def test_every_kind_of_checkout_is_a_repository_of_its_own(repository: Path, tmp_path: Path, how: str) -> None:
    first = commit(repository)
    checkout = tmp_path / "other"
    match how:
        case "worktree":
            git(repository, "worktree", "add", "--quiet", str(checkout))
        case "detached":
            checkout = repository
            git(repository, "checkout", "--quiet", "--detach")
        case "shallow":
            commit(repository)
            first = commit(repository)
            git(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), str(checkout))
        case "submodule":
            checkout = tmp_path / "outer" / "inner"
            put(checkout.parent, "pipeline.py", PIPELINE.replace("def flow", "def outer"))
            git(checkout.parent, "init", "--quiet")
            git(checkout.parent, "submodule", "--quiet", "add", str(repository), "inner")
            commit(checkout.parent)
        case _:
            checkout = tmp_path / "outer" / "inner"
            put(checkout.parent, ".gitignore", "inner\n")
            git(checkout.parent, "init", "--quiet")
            shutil.copytree(repository, checkout)
    record = works(checkout)

    assert record["commit"] == first
    assert sorted(generated(checkout)) == [".github/orch/flow.json", ".github/workflows/flow.yml"]
    assert {path.name for path in checkout.iterdir()} >= {".github", ".orch"}


def test_without_git_everything_but_its_commit_is_there(repository: Path, tmp_path: Path) -> None:
    commit(repository)
    shutil.copytree(repository, tmp_path / "none", ignore=shutil.ignore_patterns(".git"))
    for place in (tmp_path / "none", repository):
        put(place, ".venv/lib/vendored.py")
        put(place, "venv/pyvenv.cfg", "")
        put(place, "venv/lib/site.py")
        put(place, "node_modules/gyp.py")
        record = works(place, PATH="/nonexistent")
        assert not record.get("commit")

    refused = orch(repository, "act", "pipeline.py", PATH=str(Path(sys.executable).parent))
    assert (refused.returncode, "git is not on this machine" in refused.stderr) == (5, True)


def test_a_hooks_variables_do_not_lead_to_its_repository(repository: Path, tmp_path: Path) -> None:
    """In a hook git sets them for the repository that it works on, which may be another than the one that orch is asked about."""
    first = commit(repository)
    hooked = tmp_path / "hooked"
    put(hooked, "other.py", PIPELINE.replace("def flow", "def other"))
    git(hooked, "init", "--quiet")
    commit(hooked)
    there = {"GIT_DIR": str(hooked / ".git"), "GIT_WORK_TREE": str(hooked), "GIT_INDEX_FILE": str(hooked / ".git/index")}
    there |= {"GIT_IMPLICIT_WORK_TREE": "0", "GIT_COMMON_DIR": "/nowhere"}

    assert works(repository, **there)["commit"] == first
    assert sorted(generated(repository)) == [".github/orch/flow.json", ".github/workflows/flow.yml"]


def test_all_that_git_sets_for_one_repository_is_known() -> None:
    listed = subprocess.run(["git", "rev-parse", "--local-env-vars"], capture_output=True, text=True, check=True).stdout.split()
    kept = asking_git.environment({**dict.fromkeys(listed, "x"), "GIT_NAMESPACE": "x", "GIT_SSH_COMMAND": "x", "PATH": "x"})

    assert kept == {"GIT_CONFIG_COUNT": "x", "GIT_SSH_COMMAND": "x", "PATH": "x"}


def test_a_repository_of_another_user_is_read_all_the_same(repository: Path) -> None:
    """Git refuses what belongs to others, as a checkout in a container often does."""
    first = commit(repository)
    if os.geteuid():
        pytest.skip("only root can give it to somebody else")
    for folder, _, names in os.walk(repository):
        for path in (folder, *(os.path.join(folder, name) for name in names)):  # noqa: PTH118
            os.chown(path, 12345, 12345, follow_symlinks=False)

    assert works(repository, HOME="/nonexistent")["commit"] == first


def test_a_repository_that_git_cannot_read_is_one_error_where_it_matters(repository: Path) -> None:
    commit(repository)
    shutil.rmtree(repository / ".git")
    put(repository, ".git", "gitdir: /nowhere\n")

    done = orch(repository, "compile")
    assert done.returncode == 5
    assert "[tool-failed]" in done.stderr
    assert "/nowhere" in done.stderr
    assert done.stderr.count("error:") == 1
    assert orch(repository, "compile", "pipeline.py").returncode == 0
    assert not ran(repository, "pipeline.py").get("commit")


def test_a_repository_may_be_reached_by_a_link(repository: Path, tmp_path: Path) -> None:
    commit(repository)
    link = tmp_path / "link"
    link.symlink_to(repository)
    there = works(repository)
    files = generated(repository)
    here = works(link)
    from_elsewhere = ran(tmp_path, link / "pipeline.py")

    assert generated(repository) == files
    assert there["source"] == here["source"] == from_elsewhere["source"] == "pipeline.py:flow"


def test_a_working_directory_that_is_gone_is_one_error(repository: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    for command in ("compile", "check", "runs list", "stack list", "run pipeline.py", f"act {repository}/pipeline.py"):
        gone.mkdir()
        code = f"import os; os.rmdir({str(gone)!r}); os.execv({sys.executable!r}, ['python', '-m', 'orch', *{command.split()!r}])"
        environment = {**os.environ, "PYTHONPATH": str(TOOLKIT)}
        done = subprocess.run([sys.executable, "-c", code], cwd=gone, env=environment, capture_output=True, text=True, check=False)

        assert done.returncode == 2, (command, done.stderr)
        assert "Traceback" not in done.stderr
        assert "is not there any more" in done.stderr or "no file 'pipeline.py'" in done.stderr


# --- links that lead out ---


@pytest.mark.parametrize("command", ["run", "compile", "graph"])
@pytest.mark.parametrize("name", ["linked.py", "linked/elsewhere.py"])
def test_a_pipeline_behind_a_link_out_of_the_repository_is_refused(repository: Path, tmp_path: Path, command: str, name: str) -> None:
    outside = put(tmp_path / "outside", "elsewhere.py")
    (repository / "linked.py").symlink_to(outside)
    (repository / "linked").symlink_to(outside.parent)
    done = orch(repository, command, name)

    assert done.returncode == 2
    assert f"{name!r} is or lies behind a link that leads out of the repository" in done.stderr
    assert done.stderr.count("error:") == 1
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["elsewhere.py"]


@pytest.mark.parametrize("linked", [".github", ".github/workflows", ".github/orch", ".github/workflows/flow.yml"])
def test_nothing_is_written_through_a_link(repository: Path, tmp_path: Path, linked: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "flow.yml").write_text("name: precious\n")
    place = repository / linked
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside / "flow.yml" if linked.endswith(".yml") else outside)
    done = orch(repository, "compile")

    assert done.returncode in (2, 3)
    assert done.stderr.count("error:") >= 1
    assert "Traceback" not in done.stderr
    assert [path.name for path in outside.iterdir()] == ["flow.yml"]
    assert (outside / "flow.yml").read_text() == "name: precious\n"


def test_requirements_that_are_a_link_out_of_the_project_are_refused(repository: Path, tmp_path: Path) -> None:
    put(tmp_path, "outside.txt", "evil\n")
    (repository / "requirements.txt").symlink_to(tmp_path / "outside.txt")
    put(repository, text=PIPELINE.replace("@pipeline", "@pipeline(requirements='requirements.txt')"))
    done = orch(repository, "compile")

    assert (done.returncode, done.stderr.count("error:")) == (3, 1)
    assert "requirements 'requirements.txt' is not a file of the project" in done.stderr


# --- several projects ---

MEMBER: Final = """
import os
from pathlib import Path
from orch import pipeline, step
from shared import WHO

@step
def who() -> list[str]:
    return [WHO, Path.cwd().name, Path("data.txt").read_text().strip()]

@step
def show(told: list[str]) -> str:
    print(*told)
    return " ".join(told)

@pipeline
def {name}() -> None:
    show(who())
"""


@pytest.fixture
def monorepo(repository: Path) -> Path:
    """`a`, a project `a/inner` in it, and `b`: each with modules of the same names, and a pipeline of the same text."""
    (repository / "pipeline.py").unlink()
    for name in ("a", "a/inner", "b"):
        last = name.rpartition("/")[2]
        put(repository, f"{name}/pyproject.toml", f'[project]\nname = "{last}"\nversion = "0"\n')
        put(repository, f"{name}/pipeline.py", MEMBER.format(name=f"from_{last}"))
        put(repository, f"{name}/shared.py", f"WHO = {last!r}\n")
        put(repository, f"{name}/data.txt", f"data-{last}\n")
    return repository


def shown(record: dict[str, object]) -> str:
    steps = record["steps"]
    assert isinstance(steps, list)
    return str(next(step for step in steps if step["id"] == "show")["outputs"]["output"]["preview"])


def test_all_projects_compile_from_any_folder(monorepo: Path) -> None:
    expected = None
    for folder in (".", "a", "a/inner", "b"):
        shutil.rmtree(monorepo / ".github", ignore_errors=True)
        assert orch(monorepo / folder, "compile").returncode == 0
        expected = expected or generated(monorepo)
        assert generated(monorepo) == expected
        assert orch(monorepo / folder, "check").returncode == 0

    assert expected
    graphs = [json.loads(data) for name, data in expected.items() if name.endswith(".json")]
    assert [(graph["project"], graph["source"]) for graph in graphs] == [
        ("a", "pipeline.py:from_a"),
        ("b", "pipeline.py:from_b"),
        ("a/inner", "pipeline.py:from_inner"),
    ]


@pytest.mark.parametrize("options", [[], ["--no-cache"]], ids=["cached", "not cached"])
def test_each_project_runs_in_its_own_folder_with_its_own_modules_from_wherever(monorepo: Path, tmp_path: Path, options: list[str]) -> None:
    """Also after another project ran a step of the same text: its results are not those of this one."""
    for _ in range(2):
        for name, folder in (("a", tmp_path), ("a/inner", monorepo / "b"), ("b", monorepo)):
            last = name.rpartition("/")[2]
            done = orch(folder, "run", "--json", *options, monorepo / name / "pipeline.py")
            assert done.returncode == 0, done.stderr
            assert shown(json.loads(done.stdout.splitlines()[-1])) == repr(f"{last} {last} data-{last}")

    assert not list(monorepo.glob("*/.orch"))


@pytest.mark.act
def test_the_jobs_of_two_projects_run_in_their_own_folders(monorepo: Path) -> None:
    for name in ("b", "a/inner"):
        last = name.rpartition("/")[2]
        done = orch(monorepo, "act", "--json", f"{name}/pipeline.py")
        assert done.returncode == 0, done.stderr
        assert shown(json.loads(done.stdout.splitlines()[-1])) == repr(f"{last} {last} data-{last}")


def test_members_of_a_workspace_import_each_other(repository: Path, tmp_path: Path) -> None:
    """As uv installs them: each member's folder is on the path, whichever is asked for."""
    put(repository, "pyproject.toml", '[tool.uv.workspace]\nmembers = ["packages/*"]\n')
    put(repository, "packages/core/pyproject.toml", '[project]\nname = "core"\nversion = "0"\n')
    put(repository, "packages/core/src/core/__init__.py", "def double(x: int) -> int:\n    return 2 * x\n")
    put(repository, "packages/app/pyproject.toml", '[project]\nname = "app"\nversion = "0"\ndependencies = ["core"]\n')
    (repository / "pipeline.py").unlink()
    text = PIPELINE.replace("from orch", "from core import double\nfrom orch").replace("rows + 1", "double(rows)")
    put(repository, "packages/app/pipeline.py", text)
    path = os.pathsep.join([str(TOOLKIT), str(repository / "packages/core/src")])
    record = ran(repository, "packages/app/pipeline.py", "--set", "rows=21", PYTHONPATH=path)

    assert record["source"] == "packages/app/pipeline.py:flow"
    assert next(step for step in record["steps"] if step["id"] == "load")["outputs"]["output"]["preview"] == "42"  # type: ignore[attr-defined]


def test_a_step_of_another_project_says_what_would_make_it_one(monorepo: Path) -> None:
    put(monorepo, "a/pipeline.py", "import sys\nsys.path.append('../b')\n" + textwrap.dedent(MEMBER.format(name="from_a")))
    put(monorepo, "b/theirs.py", "from orch import step\n\n@step\ndef who() -> list[str]:\n    return []\n")
    put(monorepo, "a/pipeline.py", (monorepo / "a/pipeline.py").read_text().replace("@step\ndef who", "from theirs import who\n\ndef _who"))
    done = orch(monorepo / "a", "compile", "pipeline.py")

    assert done.returncode == 3
    assert "'who' lies outside the project" in done.stderr
