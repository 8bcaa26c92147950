"""Compiled pipelines under the real act: jobs that share nothing but artifacts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from support.act import act_module, orch
from support.local import run_module
from support.ran import Ran
from support.tools import requires_tool

from orch.errors import SecretError, ToolFailedError
from orch.model.runs import comparable_digests
from orch.model.states import State
from orch.orchestrators.local.home import Home
from orch.replay.act.kept import FOLDER
from orch.replay.act.processes import descendants, parents

pytestmark = pytest.mark.act

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 300.0

LETTERS: Final = """
    from orch import pipeline, step

    @step
    def load(rows: int, name: str) -> dict[str, list[int]]:
        print(f"loading {rows} rows of {name!r}")
        return {"values": list(range(rows))}

    @step
    def total(data: dict[str, list[int]]) -> int:
        return sum(data["values"])

    @step
    def most(data: dict[str, list[int]]) -> int:
        return max(data["values"])

    @step
    def report(total: int, most: int) -> str:
        return f"{total} in all, {most} at most"

    @pipeline
    def letters(rows: int = 4, name: str = "x") -> None:
        data = load(rows, name)
        report(total(data), most(data))
"""


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The pipeline in an otherwise empty folder."""
    return act_module(tmp_path_factory.mktemp("letters"), LETTERS, given={"rows": "5", "name": 'a "b" $HOME'})


def test_a_run_under_act_gives_what_the_local_run_gives(letters: Ran, tmp_path: Path) -> None:
    ran = letters
    local = run_module(tmp_path, LETTERS, parameters={"rows": 5, "name": 'a "b" $HOME'})

    assert ran.states == {"load": "succeeded", "total": "succeeded", "most": "succeeded", "report": "succeeded"}
    assert ran.record.info.parameters == {"rows": 5, "name": 'a "b" $HOME'}
    assert ran.output("load") == "loading 5 rows of 'a \"b\" $HOME'\n"
    assert comparable_digests(ran.record) == comparable_digests(local.record)
    assert ran.order[:2] == ["+load", "-load"]
    assert ran.order[-2:] == ["+report", "-report"]


def test_a_run_is_kept_in_the_layout_of_every_run(letters: Ran) -> None:
    ran = letters

    assert json.loads((ran.folder / "run.json").read_text()) == ran.record.to_json()
    assert (ran.folder / "logs" / "load.log").read_text() == ran.output("load")
    digest = ran["report"].outputs["output"].digest.removeprefix("sha256:")
    assert (ran.home / "store" / "objects" / digest[:2] / digest[2:]).is_file()


def test_jobs_share_nothing_but_artifacts(tmp_path: Path) -> None:
    ran = act_module(
        tmp_path,
        """
        import os
        from pathlib import Path
        from orch import pipeline, step

        def places() -> list[Path]:
            return [Path.cwd(), Path(os.environ["GITHUB_WORKSPACE"]), Path(os.environ["RUNNER_TEMP"]), Path.home()]

        @step
        def leave() -> list[str]:
            for place in places():
                (place / "left-behind").write_text("x")
            return [str(place) for place in places()]

        @step
        def look(before: list[str]) -> list[str]:
            now = [str(place) for place in places()]
            assert not set(now) & set(before), (now, before)
            return [str(found) for place in places() for found in place.rglob("left-behind")]

        @pipeline
        def apart() -> None:
            look(leave())
        """,
    )

    assert ran.states == {"leave": "succeeded", "look": "succeeded"}
    assert ran["look"].outputs["output"].preview == "[]"


def test_a_step_sees_neither_the_callers_environment_nor_what_act_leaks(tmp_path: Path) -> None:
    ran = act_module(
        tmp_path,
        """
        import os
        from orch import pipeline, step

        @step
        def seen() -> list[str]:
            return sorted(name for name in os.environ if name.startswith(("ACTIONS_", "AWS_", "GOMAXPROCS", "ORCH_ACT_ARTIFACTS", "XDG_")))

        @pipeline
        def environment() -> None:
            seen()
        """,
        environ={"AWS_SECRET_ACCESS_KEY": "x", "XDG_DATA_HOME": "/x"},
    )

    assert ran["seen"].outputs["output"].preview == "[]"


def test_a_failure_skips_what_depends_on_it_and_keeps_the_rest(tmp_path: Path) -> None:
    ran = act_module(
        tmp_path,
        """
        from orch import pipeline, step

        @step
        def good() -> int:
            return 1

        @step
        def bad() -> int:
            print("about to fail")
            raise ValueError("no such column")

        @step
        def after(x: int) -> int:
            return x

        @pipeline
        def failing() -> None:
            good()
            after(bad())
        """,
    )

    assert ran.states == {"good": "succeeded", "bad": "failed", "after": "skipped"}
    failure = ran["bad"].failure
    assert failure
    assert (failure.type, failure.message, failure.file) == ("ValueError", "no such column", "pipeline.py")
    assert "about to fail\n" in (ran.folder / "logs" / "bad.log").read_text()
    assert ran.output("bad") == "about to fail\n"


def test_a_job_that_fails_before_its_step_says_why(tmp_path: Path) -> None:
    ran = act_module(
        tmp_path,
        """
        from orch import pipeline, step

        @step
        def never() -> int:
            return 1

        @pipeline(python="3.1")
        def early() -> None:
            never()
        """,
    )

    assert ran.states == {"never": "failed"}
    assert "asks for Python 3.1" in (ran.folder / "logs" / "never.log").read_text()


def test_requirements_are_those_of_the_calling_environment(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("click\n")
    ran = act_module(
        tmp_path,
        """
        import sys
        from orch import pipeline, step

        @step
        def which() -> list[str]:
            import click
            return [sys.executable, click.__name__]

        @pipeline(requirements="requirements.txt")
        def packages() -> None:
            which()
        """,
    )

    assert ran.states == {"which": "succeeded"}
    assert sys.executable in ran["which"].outputs["output"].preview


ONE_MODULE: Final = """
    from orch import pipeline, step

    @step
    def which() -> str:
        import tiny
        return tiny.__name__

    @pipeline
    def packages() -> None:
        which()
"""


def test_a_locked_environment_is_made_by_uv_from_the_lock(tmp_path: Path) -> None:
    uv = requires_tool("uv")
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as zipped:
        zipped.writestr("tiny.py", "")
        zipped.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        zipped.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        zipped.writestr("tiny-1.0.dist-info/RECORD", "")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["tiny"]\n'
        '[tool.uv.sources]\ntiny = { path = "tiny-1.0-py3-none-any.whl" }\n'
    )
    python = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([uv, "lock", "--offline", "--quiet", "--python", python], cwd=tmp_path, check=True)

    assert act_module(tmp_path, ONE_MODULE, packages="locked").states == {"which": "succeeded"}
    assert act_module(tmp_path, ONE_MODULE).states == {"which": "failed"}


def test_one_job_runs_with_what_it_needs_and_nothing_else(tmp_path: Path) -> None:
    ran = act_module(tmp_path, LETTERS, job="most")

    assert ran.states == {"load": "succeeded", "most": "succeeded"}
    assert str(ran.record.state) == "succeeded"


def test_the_next_attempt_of_a_run_has_its_parameters(tmp_path: Path) -> None:
    first = act_module(tmp_path, LETTERS, given={"rows": "7"}, job="load")

    with orch(tmp_path, ["act", "pipeline.py", "--rerun", first.record.info.run, "--job", "load"]) as second:
        second.communicate(timeout=300)

    (again,) = tmp_path.glob(".orch/act/runs/*-a2/run.json")
    assert second.returncode == 0
    assert json.loads(again.read_bytes())["parameters"] == {"rows": 7, "name": "x"}


def test_a_schedule_starts_it_with_the_defaults(tmp_path: Path) -> None:
    ran = act_module(
        tmp_path,
        """
        import os
        from orch import Schedule, pipeline, step

        @step
        def told(rows: int) -> list[object]:
            return [rows, os.environ["GITHUB_EVENT_NAME"]]

        @pipeline(schedule=Schedule(cron_expression="0 2 * * *"))
        def nightly(rows: int = 7) -> None:
            told(rows)
        """,
        payload={"schedule": "0 2 * * *"},
    )

    assert ran["told"].outputs["output"].preview == "[7, 'schedule']"


SECRETS: Final = """
    import hashlib, os
    from orch import pipeline, step

    @step(secrets=["API_KEY"])
    def signs() -> str:
        print("the key is", os.environ["API_KEY"])
        return hashlib.sha256(os.environ["API_KEY"].encode()).hexdigest()

    @step
    def looks() -> bool:
        return "API_KEY" in os.environ

    @pipeline
    def keys() -> None:
        signs()
        looks()
"""


def test_a_secret_reaches_the_step_that_declares_it_and_no_file(tmp_path: Path) -> None:
    import hashlib

    secret = "p\"w$HOME\\n' #`x`"

    ran = act_module(tmp_path, SECRETS, environ={"API_KEY": secret})

    assert hashlib.sha256(secret.encode()).hexdigest() in ran["signs"].outputs["output"].preview
    assert ran["looks"].outputs["output"].preview == "False"
    assert not [path for path in ran.home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert secret not in ran.output("signs")


def test_a_missing_secret_is_an_error_before_any_job(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="'API_KEY' is not set"):
        act_module(tmp_path, SECRETS)

    assert not (tmp_path / ".orch" / "act" / "runs").exists()


def test_the_working_tree_runs_as_it_is_without_what_git_ignores(tmp_path: Path) -> None:
    git = [requires_tool("git"), "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    (tmp_path / "tracked.txt").write_text("committed")
    (tmp_path / ".gitignore").write_text("ignored.txt\n")
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True)
    (tmp_path / "tracked.txt").write_text("changed")
    (tmp_path / "untracked.txt").write_text("new")
    (tmp_path / "ignored.txt").write_text("secret")

    ran = act_module(
        tmp_path,
        """
        from pathlib import Path
        from orch import pipeline, step

        @step
        def look() -> dict[str, str]:
            return {path.name: path.read_text() for path in sorted(Path().glob("*.txt"))}

        @pipeline
        def tree() -> None:
            look()
        """,
    )

    assert ran["look"].outputs["output"].preview == "{'tracked.txt': 'changed', 'untracked.txt': 'new'}"
    assert subprocess.run([*git, "status", "--short", "--", ".github"], capture_output=True, check=True).stdout == b""


def test_two_runs_at_once_do_not_meet_and_tell_a_line_per_event_and_the_record_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "pipe.py").write_text(dedented(LETTERS))
    both = [orch(tmp_path, ["act", "pipe.py", "--json", "--set", f"rows={rows}"]) for rows in (3, 6)]

    told = [[json.loads(line) for line in each.communicate(timeout=PATIENCE)[0].splitlines()] for each in both]
    records = [lines[-1] for lines in told]

    assert [each.returncode for each in both] == [0, 0]
    assert [lines[0]["event"] for lines in told] == ["run-started"] * 2
    assert [[step["state"] for step in record["steps"]] for record in records] == [["succeeded"] * 4] * 2
    previews = [step["outputs"]["output"]["preview"] for record in records for step in record["steps"] if step["id"] == "report"]
    assert previews == ["'3 in all, 2 at most'", "'15 in all, 5 at most'"]
    assert records[0]["run"] != records[1]["run"]


def test_a_parameter_of_another_type_is_an_error_before_any_job(tmp_path: Path) -> None:
    (tmp_path / "pipe.py").write_text(dedented(LETTERS))
    started = orch(tmp_path, ["act", "pipe.py", "--set", "rows=many"])

    _, err = started.communicate(timeout=PATIENCE)

    assert started.returncode == 2
    assert "'rows' is 'many': expected a whole number" in err


STUBBORN: Final = """
    import os, subprocess, sys, time
    from pathlib import Path
    from orch import pipeline, step

    @step
    def hangs(folder: str) -> int:
        # A process that ignores signals, in a session of its own, and one that forgets its environment.
        deaf = "import signal as s, time; s.signal(s.SIGINT, s.SIG_IGN); s.signal(s.SIGTERM, s.SIG_IGN); time.sleep(600)"
        for environment in (dict(os.environ), {}):
            child = subprocess.Popen([sys.executable, "-c", deaf], env=environment, start_new_session=True)
            Path(folder, str(child.pid)).touch()
        Path(folder, "ready").touch()
        print("waiting", flush=True)
        time.sleep(600)
        return 1

    @step
    def after(x: int) -> int:
        return x

    @pipeline
    def stubborn(folder: str) -> None:
        after(hangs(folder))
"""


def test_ctrl_c_records_the_run_as_cancelled_and_leaves_no_process(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    work = tmp_path / "work"
    work.mkdir()
    (work / "pipe.py").write_text(dedented(STUBBORN))
    started = orch(work, ["act", "pipe.py", "--json", "--set", f"folder={pids}"], environ={"TMPDIR": str(tmp_path)})
    wait_for((pids / "ready").exists)

    started.send_signal(signal.SIGINT)
    out, _ = started.communicate(timeout=PATIENCE)

    assert started.returncode == 130
    record = json.loads(out.splitlines()[-1])
    assert record["state"] == "cancelled"
    assert {step["id"]: step["state"] for step in record["steps"]} == {"hangs": "cancelled", "after": "skipped"}
    left = [int(path.name) for path in pids.iterdir() if path.name.isdigit()]
    assert len(left) == 2
    assert [pid for pid in left if is_alive(pid)] == []
    assert not list(tmp_path.glob("orch-act-*"))
    assert "waiting\n" in next(work.glob(".orch/act/runs/*/logs/hangs.log")).read_text()


def test_what_a_killed_one_left_is_removed_by_the_next(tmp_path: Path) -> None:
    pids, work = tmp_path / "pids", tmp_path / "work"
    pids.mkdir()
    work.mkdir()
    (work / "pipe.py").write_text(dedented(STUBBORN))
    (work / "letters.py").write_text(dedented(LETTERS))
    killed = orch(work, ["act", "pipe.py", "--set", f"folder={pids}"], environ={"TMPDIR": str(tmp_path)})
    wait_for((pids / "ready").exists)
    members = descendants(killed.pid, parents())
    killed.kill()
    killed.communicate(timeout=PATIENCE)
    for pid in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(is_alive(pid) for pid in members))
    (left,) = tmp_path.glob("orch-act-*")

    done = orch(work, ["act", "letters.py", "--job", "load"], environ={"TMPDIR": str(tmp_path)})
    _, err = done.communicate(timeout=PATIENCE)

    assert done.returncode == 0, err
    assert not left.exists()
    assert not list(tmp_path.glob("orch-act-*"))


WHOLE: Final = """
    on: workflow_dispatch
    permissions: {}
    jobs:
      run:
        runs-on: ubuntu-24.04
        permissions:
          contents: read
        steps:
          - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
          - uses: orch-dev/orch-action@0000000000000000000000000000000000000000 # unreleased
            id: orch
            with:
              pipeline: pipeline.py
              parameters: '{"rows": 3}'
          - run: echo "$STATE $OUTPUTS $RECORD" > "$RUNNER_TEMP/told"
            shell: bash
            env:
              STATE: ${{ steps.orch.outputs.state }}
              OUTPUTS: ${{ steps.orch.outputs.outputs-artifact }}
              RECORD: ${{ steps.orch.outputs.record-artifact }}
          - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
            with:
              name: told
              path: ${{ runner.temp }}/told
"""


def test_a_workflow_of_a_few_lines_runs_a_whole_pipeline_in_one_job(tmp_path: Path) -> None:
    work, keep = tmp_path / "work", tmp_path / "keep"
    work.mkdir()

    act_module(work, LETTERS, workflow=WHOLE, keep=keep)

    with zipfile.ZipFile(next(keep.glob("artifacts/*/told.zip"))) as zipped:
        assert zipped.read("told") == b"succeeded orch-pipeline-outputs-a1 orch-run-pipeline-a1\n"
    with zipfile.ZipFile(next(keep.glob("artifacts/*/orch-run-pipeline-a1.zip"))) as zipped:
        (name,) = (name for name in zipped.namelist() if name.endswith("run.json"))
        record = json.loads(zipped.read(name))
    assert (record["state"], record["parameters"]) == ("succeeded", {"name": "x", "rows": 3})
    with zipfile.ZipFile(next(keep.glob("artifacts/*/orch-pipeline-outputs-a1.zip"))) as zipped:
        stored = {name.removeprefix("objects/").replace("/", "") for name in zipped.namelist()}
    outputs = [output["digest"] for step in record["steps"] for output in step["outputs"].values()]
    assert {digest.removeprefix("sha256:") for digest in outputs} <= stored


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pipeline: gone.py", "'gone.py', which is not a file of this commit"),
        ("step: load", "the input 'pipeline' is empty"),
        ("pipeline: pipeline.py\n              inputs: load", "the input 'inputs' goes with 'step'"),
    ],
)
def test_an_action_used_wrongly_says_what_to_do(tmp_path: Path, line: str, message: str) -> None:
    workflow = WHOLE.replace("pipeline: pipeline.py", line).replace("run:\n        runs-on", "load:\n        runs-on")

    ran = act_module(tmp_path, LETTERS, workflow=workflow)

    failure = ran["load"].failure
    assert failure
    assert message in failure.message


def test_a_run_that_act_cannot_do_says_so_in_its_record(tmp_path: Path) -> None:
    workflow = "on: workflow_dispatch\njobs:\n  load: {needs: [nobody], runs-on: ubuntu-latest, steps: [{run: 'true'}]}\n"

    with pytest.raises(ToolFailedError, match="act could not run the workflow"):
        act_module(tmp_path, LETTERS, workflow=workflow)

    (folder,) = Home.of_act(tmp_path).folders()
    record = folder.read()
    assert record.state is State.FAILED
    assert record.failure
    assert record.failure.cause == "tool-failed"
    assert "act could not run the workflow" in record.failure.message
    assert {step.state for step in record.steps} == {State.CANCELLED}


def test_a_run_that_ends_before_its_result_job_is_an_error_that_says_so(tmp_path: Path) -> None:
    workflow = """
        on: workflow_dispatch
        jobs:
          load: {runs-on: ubuntu-latest, steps: [{run: exit 1}]}
          total:
            needs: [load]
            if: always()
            runs-on: ubuntu-latest
            strategy: {matrix: {leg: "${{ fromJSON(needs.load.outputs.legs) }}"}}
            steps: [{run: 'true'}]
          orch-result: {needs: [total], if: always(), runs-on: ubuntu-latest, steps: [{run: exit 1}]}
    """

    with pytest.raises(ToolFailedError, match="act came to an end before the job 'orch-result' did"):
        act_module(tmp_path, LETTERS, workflow=workflow)


@pytest.mark.parametrize(("blow", "words"), [("SIGQUIT", "exit code 2: SIGQUIT: quit"), ("SIGKILL", "SIGKILL: it said nothing")])
def test_a_run_in_the_middle_of_which_act_itself_ends_is_an_error_that_says_so(tmp_path: Path, blow: str, words: str) -> None:
    code = f"""
        import os, signal, time
        from pathlib import Path
        from orch import pipeline, step

        @step
        def good() -> int:
            return 1

        @step
        def bad(x: int) -> int:
            pid = os.getppid()
            while Path(f"/proc/{{pid}}/comm").read_text() != "act\\n":
                pid = int(Path(f"/proc/{{pid}}/stat").read_text().rpartition(")")[2].split()[1])
            os.kill(pid, signal.{blow})
            time.sleep(3600)

        @pipeline
        def p() -> None:
            bad(good())
    """

    with pytest.raises(ToolFailedError, match=f"act itself came to an end in the middle of the run, {words}"):
        act_module(tmp_path, code)

    (folder,) = Home.of_act(tmp_path).folders()
    assert {step.step: step.state for step in folder.read().steps} == {"good": State.SUCCEEDED, "bad": State.CANCELLED}
    assert folder.read().state is State.FAILED


def test_the_summary_of_the_run_is_written_by_the_result_job(letters: Ran) -> None:
    summary = (letters.folder / "summary.md").read_text()
    assert "letters: succeeded" in summary
    assert "```mermaid" in summary
    with zipfile.ZipFile(letters.folder / FOLDER / "orch-run-letters-a1.zip") as zipped:
        record = json.loads(zipped.read("run.json"))
    assert record["orchestrator"] == "act"
    assert record["steps"] == letters.record.to_json()["steps"]


def test_it_works_from_an_installed_wheel_in_an_empty_folder(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    source = tmp_path / "source"
    for name in ("toolkit", "actions"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    for name in ("pyproject.toml", "action.yml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, source / name)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=source, check=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "site")
    shutil.rmtree(source)
    work = tmp_path / "work"
    work.mkdir()
    (work / "pipe.py").write_text(dedented(LETTERS))

    started = orch(work, ["act", "pipe.py", "--json"], environ={"PYTHONPATH": str(tmp_path / "site")})
    out, err = started.communicate(timeout=PATIENCE)

    assert started.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["state"] == "succeeded"


def dedented(code: str) -> str:
    import textwrap

    return textwrap.dedent(code)


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
