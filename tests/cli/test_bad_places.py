"""Places that refuse: a repository that cannot be written to, links in it, a full disk, a stdout that takes nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command_line import CommandLine
from support.mistakes import GOOD, no_trace, told, tree, unwritable

from orch.authoring.load import separate_modules

# Every command that writes, and what it says where it may not; the rest is asked below what it says.
WRITE = {
    "init": r"'\.github/workflows/churn\.yml': ",
    "run flow.py": r"'.*/\.orch', where runs are kept: ",
    "run flow.py --step load": r"'.*/\.orch', where runs are kept: ",
    "compile": r"'\.github/workflows/churn\.yml': ",
    "upgrade": r"'\.github/orch/pins\.json': ",
    "pin --adopt": r"'\.github/orch/pins\.json': ",
    "graph flow.py --output graph.mmd": r"'graph\.mmd': ",
    "stack set github": r"'orch\.yaml': ",
    "schema --output schemas": r"'schemas': ",
}
LOOK = ("check flow.py", "graph flow.py", "runs list", "runs show", "runs logs", "explain load", "explain flow.py load", "stack list", "gc")
IN_JOB = ("--pipeline", "flow.py", "--home", "home")
EVERYTHING = frozenset({"__pycache__"})


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "flow.py").write_text(GOOD)
    (root / "orch.yaml").write_text("pipelines: [flow.py]\n")
    monkeypatch.chdir(root)
    with separate_modules():
        yield root


def test_no_command_writes_to_a_repository_that_is_read_only_and_each_says_where_it_would(repository: Path, orch: CommandLine) -> None:
    before = tree(repository, besides=EVERYTHING)

    with unwritable(repository):
        for line, error in WRITE.items():
            told(orch(*line.split()), 5, f"cannot write .*{error}")
        for line in LOOK:
            no_trace(orch(*line.split()))
        script = subprocess.run([sys.executable, "-Bc", "from flow import churn\nchurn()"], capture_output=True, text=True, check=False)
        job = subprocess.run([sys.executable, "-m", "orch", "pipeline", "run", *IN_JOB], capture_output=True, text=True, check=False)
    for done in (script, job):
        assert done.returncode == 5
        assert re.match(r"error: cannot write to '.*', where runs are kept: .* \[store\]\n  help: ", done.stderr)

    assert tree(repository, besides=EVERYTHING) == before


@pytest.mark.parametrize("link", [".github", ".github/workflows", ".github/orch", ".github/workflows/churn.yml", ".github/orch/churn.json"])
@pytest.mark.parametrize("command", ["compile", "upgrade", "pin --adopt", "init"])
def test_generated_files_go_through_no_link(command: str, link: str, repository: Path, tmp_path: Path, orch: CommandLine) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (repository / link).parent.mkdir(parents=True, exist_ok=True)
    (repository / link).symlink_to(elsewhere / "new" if "churn" in link else elsewhere)
    before = tree(tmp_path)

    told(orch(*command.split()), 2, rf"'{re.escape(link)}' is a link")

    assert tree(tmp_path) == before


@pytest.mark.parametrize("link", [".orch", ".orch/cache", ".orch/store", ".orch/runs"])
@pytest.mark.parametrize("command", ["run flow.py", "run flow.py --step load", "explain flow.py load", "gc"])
def test_what_a_run_keeps_goes_through_no_link_out_of_the_repository(
    command: str, link: str, repository: Path, tmp_path: Path, orch: CommandLine
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (repository / link).parent.mkdir(exist_ok=True)
    (repository / link).symlink_to(elsewhere)

    told(orch(*command.split()), 5, rf"'.*{re.escape(link)}' is a link that leads out of the repository, to '.*elsewhere'")

    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("command", ["run flow.py", "explain flow.py load", "gc"])
def test_a_link_in_the_place_of_the_index_is_refused(command: str, repository: Path, orch: CommandLine) -> None:
    (repository / ".orch/cache").mkdir(parents=True)
    (repository / ".orch/cache/index.jsonl").symlink_to(repository / "flow.py")

    told(orch(*command.split()), 5, r"index\.jsonl' is a link, to '.*flow\.py'")

    assert (repository / "flow.py").read_text() == GOOD


def test_settings_that_are_a_link_are_read_and_not_replaced(repository: Path, tmp_path: Path, orch: CommandLine) -> None:
    (repository / "orch.yaml").rename(tmp_path / "shared.yaml")
    (repository / "orch.yaml").symlink_to(tmp_path / "shared.yaml")

    assert orch("stack", "list").code == 0
    told(orch("stack", "set", "github"), 2, r"'orch\.yaml' is a link, to '.*shared\.yaml'")
    assert (repository / "orch.yaml").is_symlink()


@pytest.mark.posix
@pytest.mark.parametrize("line", ["--help", "graph flow.py"])
def test_a_full_disk_behind_stdout_is_an_error_and_no_bug(line: str, repository: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full is Linux's")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "orch", *line.split()], stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert done.returncode == 5
    assert re.fullmatch(r"error: the system refuses this: No space left on device \[store\]\n  help: .*\n", done.stderr)


@pytest.mark.posix
@pytest.mark.parametrize(
    ("line", "code"), [("stack list", 0), ("runs show nope", 2), ("run flow.py", 0)], ids=lambda value: str(value).replace(" ", "-")
)
def test_closed_streams_are_as_good_as_the_null_device(line: str, code: int, repository: Path) -> None:
    done = subprocess.run(["sh", "-c", f"exec '{sys.executable}' -m orch {line} <&- >&- 2>&-"], check=False)

    assert done.returncode == code
    assert tree(repository) == {"flow.py": GOOD.encode(), "orch.yaml": b"pipelines: [flow.py]\n"}


BIG = """
from orch import pipeline, step

@step
def make(n: int) -> str:
    return "x" * n

@step
def size(text: str) -> int:
    return len(text)

@pipeline
def big(n: int = 10) -> None:
    size(make(n))
"""
# On a disk of 200 kB: a value that does not fit, then one that does; then no room for anything.
SCRIPT = """
mount -t tmpfs -o size=200k tmpfs "$1" && cd "$1" && mkdir .git && cp "$2/flow.py" "$2/big.py" . || exit 99
orch() { echo "\\$ $*"; "$PYTHON" -m orch "$@" 2>&1; echo "exit code $?"; }
orch run big.py --set n=400000
orch run big.py --set n=20
cat /dev/zero > filler 2>/dev/null
orch run big.py --set n=30
orch compile flow.py
orch runs list
rm filler
find . -name '*.tmp'
orch run big.py --set n=20
"""


@pytest.mark.posix
def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path, repository: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    (repository / "big.py").write_text(BIG)

    done = subprocess.run(
        [unshare, "-rm", "sh", "-c", SCRIPT, "sh", disk, repository],
        env={**os.environ, "PYTHON": sys.executable, "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    outputs = dict(re.findall(r"^\$ (.*)\n((?:[^$].*\n|\n)*)", done.stdout, re.MULTILINE))
    assert not done.stderr
    assert "Traceback" not in done.stdout
    assert "cannot write to the store" in outputs["run big.py --set n=400000"]
    for line in ("run big.py --set n=400000", "run big.py --set n=30", "compile flow.py"):
        assert "No space left on device" in outputs[line], line
        assert outputs[line].endswith("exit code 5\n"), line
    assert re.search(r"big +succeeded +local[^!]*big +failed", outputs["runs list"])
    # The last run: what the full disk interrupted has cost nothing of what was there before it.
    assert re.search(r"make +cached .*\nsize +cached ", outputs["run big.py --set n=20"])
