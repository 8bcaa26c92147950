"""What a step of a job may not do to its job: the runner's files and the run's artifacts are not its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.jobs import Job
from support.local import run_module

CODE = """
    import os, subprocess, sys

    @step
    def names() -> list[str]:
        return sorted(name for name in os.environ if name.startswith(("ACTIONS_", "GITHUB_")) and not name.startswith("GITHUB_RUN"))

    @step
    def its_children_see() -> str:
        code = "import os; print(*sorted(name for name in os.environ if name.startswith('ACTIONS_')))"
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()

    @step
    def writes() -> None:
        for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE"):
            if name in os.environ:
                with open(os.environ[name], "a") as file:
                    file.write("state=succeeded\\n")
        with open(os.environ["GITHUB_STEP_SUMMARY"], "a") as file:
            file.write("# from the step\\n")

    @pipeline
    def p():
        CHOSEN()
"""
OTHERS = {
    "ACTIONS_RUNTIME_TOKEN": "t",
    "ACTIONS_RUNTIME_URL": "https://runtime",
    "ACTIONS_RESULTS_URL": "https://results",
    "ACTIONS_CACHE_URL": "https://cache",
    "ACTIONS_CACHE_SERVICE_V2": "1",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "oidc",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://oidc",
    "GITHUB_TOKEN": "given by the job's author",
    "GITHUB_SHA": "0" * 40,
}
SEEN = ["ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"]
FILES = ("ENV", "PATH", "STATE")


def runners(folder: Path) -> dict[str, str]:
    """The variables of a job that a step must not use, or may."""
    for name in FILES:
        (folder / name).touch()
    return OTHERS | {f"GITHUB_{name}": str(folder / name) for name in FILES}


@pytest.mark.parametrize("kind", ["run", "job"])
def test_a_step_sees_what_its_author_gave_the_job_and_not_what_commands_it(tmp_path: Path, kind: str) -> None:
    code = CODE.replace("CHOSEN", "names")
    given = runners(tmp_path)
    if kind == "run":
        preview = run_module(tmp_path, code, environment={**os.environ, **given, "GITHUB_OUTPUT": "x"}).preview("names")
        expected = [*SEEN, "GITHUB_SHA", "GITHUB_TOKEN"]
    else:
        job = Job(tmp_path, code)
        assert job.run("names", **given).returncode == 0
        preview = job.record()["outputs"]["output"]["preview"]
        expected = [*SEEN, "GITHUB_ACTIONS", "GITHUB_SHA", "GITHUB_STEP_SUMMARY", "GITHUB_TOKEN"]

    assert preview == repr(expected)


def test_what_a_step_starts_sees_no_more_than_it_does(tmp_path: Path) -> None:
    job = Job(tmp_path, CODE.replace("CHOSEN", "its_children_see"))
    assert job.run("its_children_see", **runners(tmp_path)).returncode == 0

    assert job.record()["outputs"]["output"]["preview"] == repr(" ".join(SEEN))


def test_a_steps_files_are_the_summary_alone_and_the_outputs_of_the_job_are_ours(tmp_path: Path) -> None:
    job = Job(tmp_path, CODE.replace("CHOSEN", "writes"))
    assert job.run("writes", **runners(tmp_path)).returncode == 0

    assert [(tmp_path / name).read_text() for name in FILES] == ["", "", ""]
    assert "state=succeeded" not in (tmp_path / "output").read_text()
    assert (tmp_path / "summary").read_text().startswith("# from the step\n")
