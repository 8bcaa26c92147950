"""The hostile corpus through everything that runs or shows a pipeline: it comes back as it was, and nothing of it is obeyed."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from support.hostile import BINARY, FILE_NAMES, VALUES, obeyed, pwned, uncontrolled
from support.jobs import TOOLKIT, Job
from support.modules import write
from support.secret_forms import forms_of

pytestmark = pytest.mark.posix

TOKEN: Final = "tok'en $(touch orch-pwned) ::x\\&"
TEXT: Final = "'; touch orch-pwned; \" $(touch orch-pwned) `touch orch-pwned` a & touch orch-pwned | %PATH% ::error::x \\"
SHORT: Final = [number for number, value in enumerate(VALUES) if len(value) <= 200]
STATES: Final = {
    **dict.fromkeys(["keeps", "reads", "shows", "prints", "logs", "files"], "succeeded"),
    "fails": "failed",
    "below": "skipped",
}
CODE: Final = f'''
    """${{{{ secrets.TOKEN }}}} $(touch orch-pwned)
    ::error::in a docstring"""
    import json, os, sys
    from pathlib import Path
    from typing import Annotated, Literal

    print("::error::while the module is imported")
    CORPUS = json.loads(Path(__file__).with_name("corpus.json").read_text())
    VALUES = CORPUS["values"]

    @step
    def keeps(values: list[str], table: dict[str, str]) -> tuple[Annotated[list[str], "values"], Annotated[dict[str, str], "table"]]:
        assert values == VALUES
        assert list(table) == list(dict.fromkeys(VALUES))
        return values, table

    @step
    def reads(values: list[str], table: dict[str, str], text: str) -> int:
        assert values == VALUES
        assert list(table) == list(dict.fromkeys(VALUES))
        return CORPUS["texts"].index(text)

    @step
    def shows() -> tuple[{", ".join(f'Annotated[str, "v{number}"]' for number in SHORT)}]:
        return tuple(VALUES[number] for number in {SHORT})

    @step(secrets=["TOKEN"])
    def prints() -> None:
        token = os.environ["TOKEN"]
        for value in VALUES:
            for stream in (sys.stdout, sys.stderr):
                stream.buffer.write(f"{{value}}\\n{{value[:50]}}{{token}}{{value[:50]}}\\n".encode("utf-8", "surrogatepass"))
                stream.flush()
        for data in CORPUS["binary"]:
            os.write(1, bytes(data))
            os.write(2, bytes(data) + b"\\n")
        os.write(1, b"x" * 10_000_000)
        os.write(2, b"##[error]x")
        print("::error::without an end", end="")

    @step
    def logs() -> int:
        log_metadata(**{{f"m{{number}}": VALUES[number] for number in {SHORT[:90]}}})
        return 1

    def hook(error: object) -> None:
        raise RuntimeError("".join(VALUES[number] for number in {SHORT}))

    @step(secrets=["TOKEN"], on_failure=hook, retry=StepRetryConfig(max_retries=1, delay=0))
    def fails() -> int:
        print("without an end", end="")
        raise type("::error::Name ##[error]x", (ValueError,), {{}})(os.environ["TOKEN"].join(VALUES[number] for number in {SHORT}))

    @step
    def below(number: int) -> int: return 1

    @step
    def files() -> Path:
        folder = context().temp / "out"
        folder.mkdir()
        for name in CORPUS["names"]:
            (folder / name).write_text("x")
        return folder

    @pipeline
    def p(text: str = "a", choice: Literal["a", "$(touch orch-pwned)"] = "a"):
        """${{{{ secrets.TOKEN }}}}"""
        values, table = keeps(VALUES, dict.fromkeys(VALUES, "x"))
        reads(values, table, text); shows(); prints(); logs(); below(fails()); files()

    if __name__ == "__main__":
        p()
'''


def writable(name: str) -> bool:
    """Names that orch keeps in a folder: portable ones are another test's matter."""
    return bool(name) and "\0" not in name and name not in (".", "..") and name.isascii() and len(name) < 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository, in which nothing but orch's own folder may change, beside a home and a folder for what is temporary."""
    root = tmp_path_factory.mktemp("hostile")
    project = root / "project"
    write(project, CODE)
    corpus = {
        "values": VALUES,
        "texts": ["a", TEXT],
        "binary": [list(data) for data in BINARY],
        "names": sorted({name for name in FILE_NAMES if writable(name)}),
    }
    (project / "corpus.json").write_text(json.dumps(corpus))
    (project / ".gitignore").write_text(".orch/\n__pycache__/\n")
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    for name in ("home", "temp"):
        (root / name).mkdir()
    return project


@pytest.fixture(autouse=True)
def nothing_is_executed_or_left(folder: Path) -> Iterator[None]:
    before = tree(folder)
    yield
    assert pwned(folder.parent) == []
    assert tree(folder) == before
    assert list((folder.parent / "temp").iterdir()) == []


def tree(folder: Path) -> dict[Path, bytes]:
    paths = (path for path in folder.parent.rglob("*") if not {".orch", "__pycache__", ".git"} & set(path.relative_to(folder.parent).parts))
    return {path: path.read_bytes() for path in paths if path.is_file()}


def environment(folder: Path, more: dict[str, str]) -> dict[str, str]:
    places = {"PYTHONPATH": str(TOOLKIT), "TMPDIR": str(folder.parent / "temp"), "HOME": str(folder.parent / "home"), "TOKEN": TOKEN}
    return {**os.environ, **places, "PYTHONDONTWRITEBYTECODE": "1", **more}


def orch(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-P", "-m", "orch", *arguments]
    ran = subprocess.run(command, cwd=folder, env=environment(folder, more), capture_output=True, check=False)
    assert leaks(ran.stdout + ran.stderr) == []
    return ran


RUNNER: Final = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "77"}
FORMS: Final = [form.encode() for form in forms_of(TOKEN)]


def leaks(text: bytes) -> list[bytes]:
    return [form for form in FORMS if form in text]


def newest_record(home: Path) -> Any:
    return json.loads(max(home.glob("runs/*/run.json"), key=lambda file: file.stat().st_mtime_ns).read_bytes())


def check_run(home: Path, *, text: str = "a") -> None:
    record = newest_record(home)
    steps = {step["id"]: step for step in record["steps"]}
    assert {name: step["state"] for name, step in steps.items()} == STATES
    assert record["parameters"]["text"] == text
    assert steps["reads"]["outputs"]["output"]["preview"] == str(["a", TEXT].index(text))
    assert steps["fails"]["hook"]["type"] == "RuntimeError"
    assert [path for path in home.rglob("*") if path.is_file() and leaks(path.read_bytes())] == []


def commands(*streams: bytes) -> list[tuple[str, str]]:
    return [(command, line) for stream in streams for command, line in obeyed(stream)]


def test_a_run_keeps_every_value_and_shows_nothing_but_text(folder: Path) -> None:
    ran = orch(folder, "run", "pipeline.py", "--set", f"text={TEXT}", "--set", "choice=$(touch orch-pwned)")

    assert ran.returncode == 1
    check_run(folder / ".orch", text=TEXT)
    assert not uncontrolled((ran.stdout + ran.stderr).decode())


def test_what_shows_a_run_afterwards_shows_nothing_but_text_and_commands_no_runner(folder: Path) -> None:
    if not (folder / ".orch").exists():
        orch(folder, "run", "pipeline.py")
    looks = [["runs", "list"], ["runs", "show"], ["runs", "logs"], ["runs", "logs", "--step", "prints"], ["explain", "fails"]]
    looks += [[*words, "--json"] for words in looks] + [["gc", "--dry-run"], ["explain", "pipeline.py", "keeps"], ["graph", "pipeline.py"]]

    for words in looks:
        ran = orch(folder, *words, **RUNNER)
        assert (ran.returncode, b"Traceback" in ran.stderr) == (0, False), (words, ran.stderr[-2000:])
        assert not uncontrolled((ran.stdout + ran.stderr).decode()), words
        assert {command for command, _ in commands(ran.stdout)} <= {"stop-commands"}, words
        if "--json" in words:
            assert [json.loads(line) for line in ran.stdout.splitlines()], words


def test_in_a_terminal_a_run_moves_no_cursor_but_its_own(folder: Path) -> None:
    command = [sys.executable, "-P", "-m", "orch", "run", "pipeline.py", "--no-cache"]
    inside, outside = pty.openpty()
    running = subprocess.Popen(command, cwd=folder, env=environment(folder, {"TERM": "xterm-256color"}), stdout=outside, stderr=outside)
    os.close(outside)
    shown = b""
    while piece := _read(inside):
        shown += piece
    os.close(inside)

    assert running.wait() == 1
    ours = re.compile(r"\x1b\[\?25[lh]|\x1b\[[0-9]*[AK]|\r")  # of the table of steps, which is drawn again and again
    assert not uncontrolled(ours.sub("", shown.decode()))
    assert leaks(shown) == []


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux says so where nobody writes any more
        return b""


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["", "json"])
def test_a_run_in_a_job_commands_the_runner_by_its_own_annotations_alone(folder: Path, more: list[str]) -> None:
    ran = orch(folder, "run", "pipeline.py", "--no-cache", *more, **RUNNER)

    told = [command for command, line in commands(ran.stdout, ran.stderr) if not line.endswith("imported")]
    # Commands are stopped twice: while modules are loaded, and while steps run.
    assert sorted(told) == ["error", "stop-commands", "stop-commands", "warning"]
    check_run(folder / ".orch")


def test_a_whole_pipeline_in_a_job_commands_the_runner_by_its_own_annotations_alone(folder: Path, tmp_path: Path) -> None:
    files = {f"GITHUB_{name}": str(tmp_path / name) for name in ("OUTPUT", "STEP_SUMMARY")}
    home = tmp_path / "home"

    ran = orch(folder, "pipeline", "run", "--pipeline", "pipeline.py", "--home", str(home), **RUNNER, **files)

    assert [command for command, _ in commands(ran.stdout, ran.stderr)] == ["stop-commands", "stop-commands", "error", "warning"]
    check_run(home)
    assert re.fullmatch(r"(\w+)<<(\S+)\n\w+\n\2\n(\w+)<<(\S+)\n\w+\n\4\n", (tmp_path / "OUTPUT").read_text())
    assert not uncontrolled((tmp_path / "STEP_SUMMARY").read_text())
    assert leaks((tmp_path / "STEP_SUMMARY").read_bytes()) == []


def test_a_step_in_its_job_commands_the_runner_by_its_own_annotations_alone(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "corpus.json", tmp_path)
    job = Job(tmp_path, CODE)
    temp = {"TMPDIR": str(folder.parent / "temp"), "HOME": str(folder.parent / "home"), "TOKEN": TOKEN}
    for step, told in {
        "prints": ["stop-commands"],
        "fails": ["stop-commands", "stop-commands", "error", "stop-commands", "warning"],
        "shows": ["stop-commands"],
    }.items():
        command = subprocess.run(job.command(step), cwd=tmp_path, env=job.environment(temp), capture_output=True, check=False)
        assert [name for name, _ in commands(command.stdout, command.stderr)] == told, step
        assert job.record()["state"] == STATES[step]
        assert leaks(command.stdout + command.stderr) == []
        assert [path for path in tmp_path.rglob("*") if path.is_file() and leaks(path.read_bytes())] == []
        assert pwned(tmp_path) == []


@pytest.mark.act
def test_under_act_every_value_arrives_and_nothing_is_executed(folder: Path, tmp_path: Path) -> None:
    ran = orch(folder, "act", "pipeline.py", "--set", f"text={TEXT}", "--keep", str(tmp_path / "kept"))

    check_run(folder / ".orch" / "act", text=TEXT)
    assert not uncontrolled((ran.stdout + ran.stderr).decode())
    assert pwned(tmp_path) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file() and leaks(path.read_bytes())] == []
