"""`python -m orch` as a process: what starting it costs, and how it behaves in pipes and shells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.tools import requires_tool

TOOLKIT = Path(__file__).parents[2] / "toolkit"
ORCH = [sys.executable, "-m", "orch"]


def environment(**more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**inherited, "PYTHONPATH": str(TOOLKIT), **more}


def modules_after(*arguments: str) -> set[str]:
    script = (
        "import json, sys\nbefore = set(sys.modules)\nfrom orch.cli.main import main\n"
        f"main({list(arguments)!r})\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_and_version_import_click_and_the_frame_alone() -> None:
    for option in ("--help", "--version"):
        loaded = modules_after(option)

        assert {name for name in loaded if name.partition(".")[0] == "orch"} == {"orch", "orch.cli", "orch.cli.main", "orch.errors"}
        assert {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names == {"orch", "click"}


def test_the_help_of_one_command_imports_no_other() -> None:
    loaded = modules_after("completion", "--help")

    assert "orch.cli.completion" in loaded
    assert not loaded & {"orch.cli.run", "orch.cli.compile", "orch.cli.act", "rich", "yaml", "pydantic"}


def test_a_run_without_a_terminal_loads_no_rich(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("")
    loaded = modules_after("run", str(tmp_path / "empty.py"))

    assert "orch.cli.run" in loaded
    assert not loaded & {"rich", "yaml", "pydantic"}


@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize("command", [["--help"], ["runs", "list"]])
def test_a_reader_that_left_is_no_error(command: list[str], unbuffered: bool, tmp_path: Path) -> None:
    run = tmp_path / ".orch/runs/1"
    run.mkdir(parents=True)
    record = {"schema": 1, "kind": "run", "run": "1", "pipeline": "p", "state": "succeeded", "steps": [], "parameters": {}}
    (run / "run.json").write_text(json.dumps(record))
    (tmp_path / ".git").mkdir()
    more = {"PYTHONUNBUFFERED": "1"} if unbuffered else {}
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*ORCH, *command], env=environment(**more), cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)

    assert (done.returncode, done.stderr) == (0, b"")


def test_output_that_a_narrow_encoding_lacks_ends_no_command(tmp_path: Path) -> None:
    run = tmp_path / ".orch/runs/1"
    run.mkdir(parents=True)
    record = {"schema": 1, "kind": "run", "run": "1", "pipeline": "日本 é", "state": "succeeded", "steps": [], "parameters": {}}
    (run / "run.json").write_text(json.dumps(record))
    (tmp_path / ".git").mkdir()
    more = environment(PYTHONIOENCODING="latin-1")
    done = subprocess.run([*ORCH, "runs", "list"], env=more, cwd=tmp_path, capture_output=True, encoding="latin-1", check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u65e5\\u672c é" in done.stdout


def test_the_exit_code_of_the_process_is_the_commands() -> None:
    done = subprocess.run([*ORCH, "rnu"], env=environment(), capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "did you mean 'run'?" in done.stderr


# --- completion ---


def completions(*words: str, shell: str = "bash") -> list[str]:
    more = {"_ORCH_COMPLETE": f"{shell}_complete", "COMP_WORDS": " ".join(["orch", *words]), "COMP_CWORD": str(len(words))}
    done = subprocess.run(ORCH, env=environment(**more), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_commands_and_options_are_completed() -> None:
    assert completions("co") == ["plain,compile", "plain,completion"]
    assert completions("runs", "l") == ["plain,list", "plain,logs"]
    assert completions("run", "--st") == ["plain,--step", "plain,--stack"]
    assert completions("completion", "") == ["plain,bash", "plain,zsh", "plain,fish"]


def test_a_pipelines_file_is_completed_as_a_file() -> None:
    assert completions("run", "pipe") == ["file,pipe"]


def test_bash_takes_its_completion_and_completes_with_it(tmp_path: Path) -> None:
    bash = requires_tool("bash")
    program = tmp_path / "orch"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m orch "$@"\n')
    program.chmod(0o755)
    script = (
        'set -eu\neval "$(orch completion bash)"\n'
        "COMP_WORDS=(orch co); COMP_CWORD=1\n_orch_completion orch co orch\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run([bash, "--norc", "-c", script], env=environment(PATH=path), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["compile", "completion"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_take_their_completion(shell: str, tmp_path: Path) -> None:
    done = subprocess.run([*ORCH, "completion", shell], env=environment(), capture_output=True, text=True, check=True)
    assert "_ORCH_COMPLETE" in done.stdout
    program = requires_tool(shell)
    file = tmp_path / "completion"
    file.write_text(done.stdout)

    subprocess.run([program, "-n", str(file)], check=True)
