"""`orch step run` as a job runs it: folders in, folders and a record out, and what the runner is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.jobs import TOOLKIT, Job

STEPS = """
    import gc, os, sys, time
    from pathlib import Path

    @step
    def load(rows: int, label: str | None) -> list[int]:
        print("loading", rows, label)
        return list(range(rows))

    @step
    def name(xs: list[int]) -> str:
        return f"{len(xs)} numbers"

    @step(secrets=["TOKEN"])
    def use(text: str) -> str:
        token = os.environ["TOKEN"]
        print("token:", token)
        raise ValueError(f"{token} was refused")

    @step
    def command() -> None:
        print("::set-env name=PATH::/tmp")
        print("::error::not ours")

    @step
    def dies(x: int = 0) -> int:
        os.kill(os.getpid(), 11)

    @step
    def waits() -> None:
        Path("pid").write_text(str(os.getpid()))
        time.sleep(600)

    @step(retry=StepRetryConfig(max_retries=1))
    def flaky() -> int:
        if context().tries == 1:
            raise ValueError("once")
        return context().tries

    @step(retry=StepRetryConfig(max_retries=1, delay=600))
    def patient() -> None:
        raise ValueError("try again in ten minutes")

    @step(environment={"PYTHONUTF8": "0", "MODE": "slow"})
    def environment() -> list[str]:
        return [os.environ["MODE"], os.environ["PYTHONHASHSEED"], str("ORCH_INPUTS" in os.environ)]

    @step
    def collector() -> tuple[int, ...]:
        return (gc.isenabled(), *gc.get_threshold())

    @pipeline
    def p(rows: int = 3, label: str | None = None):
        use(name(load(rows, label)))
        command(); dies(); waits(); flaky(); patient(); environment(); collector()
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path, STEPS)


def test_a_step_leaves_its_outputs_and_its_record(job: Job) -> None:
    ran = job.run("load", ORCH_INPUTS='{"rows": "5", "label": ""}')
    record = job.record()
    digest = record["outputs"]["output"]["digest"].removeprefix("sha256:")

    assert ran.returncode == 0, ran.stderr
    assert (record["state"], record["attempt"]) == ("succeeded", 1)
    assert (job.folder / "outputs" / "objects" / digest[:2] / digest[2:]).read_text() == "[0,1,2,3,4]"
    assert json.loads((job.folder / "outputs" / "record.json").read_text()) == record
    assert (job.folder / "record" / "log.txt").read_text() == "loading 5 None\n"
    assert "outputs<<" in (job.folder / "output").read_text()


def test_a_progress_bar_is_one_line_of_the_jobs_log(tmp_path: Path) -> None:
    job = Job(
        tmp_path,
        """
        import sys

        @step
        def load() -> int:
            for done in (0, 50, 100):
                print(f"\\r{done}%", end="", file=sys.stderr)
            print("\\nend")
            return 1

        @pipeline
        def p():
            load()
        """,
    )

    ran = job.run("load")

    assert "\n100%\nend\n" in ran.stdout
    assert "50%" not in ran.stdout
    assert (tmp_path / "record" / "log.txt").read_bytes() == b"\r0%\r50%\r100%\nend\n"


def test_a_value_that_looks_like_a_command_is_told_while_commands_are_stopped(job: Job) -> None:
    ran = job.run("load", ORCH_INPUTS='{"rows": "##[add-mask]e"}')

    before, inside = ran.stdout.split("::stop-commands::")
    token, told = inside.split("\n", 1)
    text, after = told.split(f"::{token}::\n")
    assert "##[add-mask]e" in text
    assert "##[" not in before + ran.stderr
    assert all(line.startswith("::error ") for line in after.splitlines())


@pytest.mark.parametrize(("inputs", "log"), [("", "3 None"), ("null", "3 None"), ("{}", "3 None"), ('{"rows": 4, "label": "x"}', "4 x")])
def test_inputs_are_typed_and_absent_ones_take_their_defaults(job: Job, inputs: str, log: str) -> None:
    assert job.run("load", ORCH_INPUTS=inputs).returncode == 0

    assert (job.folder / "record" / "log.txt").read_text() == f"loading {log}\n"


def test_the_next_job_reads_what_the_one_before_delivered(job: Job) -> None:
    job.run("load")
    digest = job.record()["outputs"]["output"]["digest"]
    job.deliver("orch-p-load-a1")
    ran = job.run("name")

    assert ran.returncode == 0
    assert job.record()["inputs"] == {"load.output": {"digest": digest}}
    assert job.record()["outputs"]["output"]["preview"] == "'3 numbers'"


def test_of_two_attempts_the_higher_one_counts(job: Job) -> None:
    for attempt, rows in (("10", 7), ("9", 2)):
        job.run("load", ORCH_INPUTS=json.dumps({"rows": rows}), GITHUB_RUN_ATTEMPT=attempt)
        job.deliver(f"orch-p-load-a{attempt}")
    job.run("name", GITHUB_RUN_ATTEMPT="10")

    assert job.record()["outputs"]["output"]["preview"] == "'7 numbers'"
    assert job.record()["attempt"] == 10


def test_an_absent_input_fails_the_step_by_its_producers_name_and_never_runs_it(job: Job) -> None:
    ran = job.run("name")
    failure = job.record()["failure"]

    assert ran.returncode == 1
    assert failure["cause"] == "input"
    assert "step 'load' delivered no output 'output'" in failure["message"]
    assert "::error title=step name failed::" in ran.stdout
    assert not (job.folder / "outputs" / "record.json").exists()


def test_a_changed_object_fails_the_step_and_is_never_read(job: Job) -> None:
    job.run("load")
    job.deliver("orch-p-load-a1")
    (changed,) = (job.folder / "inputs").glob("*/objects/*/*")
    changed.chmod(0o644)
    changed.write_text("[9,9,9]")
    ran = job.run("name")

    assert ran.returncode == 1
    assert job.record()["failure"]["cause"] == "input"
    assert "not those its digest names" in job.record()["failure"]["message"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', '{"schema": 99, "kind": "step"}'])
def test_a_damaged_or_newer_record_of_a_producer_is_one_clear_failure(job: Job, text: str) -> None:
    folder = job.folder / "inputs" / "orch-p-load-a1"
    folder.mkdir()
    (folder / "record.json").write_text(text)
    ran = job.run("name")

    assert ran.returncode == 1
    assert "orch-p-load-a1" in job.record()["failure"]["message"]
    assert "Traceback" not in ran.stdout + ran.stderr


def test_secrets_are_masked_in_the_log_the_failure_and_the_record(job: Job) -> None:
    for step in ("load", "name"):
        job.run(step)
        job.deliver(f"orch-p-{step}-a1")
    ran = job.run("use", TOKEN="hunter2-hunter2")
    written = [file.read_text() for file in job.folder.rglob("*") if file.is_file() and file.suffix in (".json", ".txt")]

    assert ran.returncode == 1
    assert "token: ***" in ran.stdout
    assert job.record()["failure"]["message"] == "*** was refused"
    assert not any("hunter2" in text for text in [ran.stdout, ran.stderr, (job.folder / "summary").read_text(), *written])


def test_a_missing_secret_is_named_and_the_step_never_runs(job: Job) -> None:
    for step in ("load", "name"):
        job.run(step)
        job.deliver(f"orch-p-{step}-a1")
    ran = job.run("use", TOKEN="")

    assert ran.returncode == 1
    assert "secret 'TOKEN' is not set" in job.record()["failure"]["message"]


def test_what_a_step_prints_cannot_command_the_runner(job: Job) -> None:
    lines = job.run("command").stdout.splitlines()
    stop = next(line for line in lines if line.startswith("::stop-commands::"))
    token = stop.removeprefix("::stop-commands::")

    assert lines.index(stop) < lines.index("::set-env name=PATH::/tmp") < lines.index("::error::not ours") < lines.index(f"::{token}::")
    assert len(token) >= 32


def test_a_failure_is_annotated_at_the_users_own_line(job: Job) -> None:
    for step in ("load", "name"):
        job.run(step)
        job.deliver(f"orch-p-{step}-a1")
    ran = job.run("use", TOKEN="hunter2-hunter2")
    line = (job.folder / "pipeline.py").read_text().splitlines().index('    raise ValueError(f"{token} was refused")') + 1

    assert f"::error file=pipeline.py,line={line},title=step use failed::ValueError: *** was refused" in ran.stdout.splitlines()
    assert "use" in (job.folder / "summary").read_text()


def test_a_graph_cannot_name_code_outside_the_project(job: Job, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "pipeline.py"
    outside.write_text("from pathlib import Path\nPath('ran').touch()\n")
    graph = job.folder / "graph.json"
    for path in (os.path.relpath(outside, job.folder), str(outside)):
        graph.write_text(graph.read_text().replace('"pipeline.py:dies"', f'"{Path(path).as_posix()}:dies"'))
        ran = job.run("dies")

        assert ran.returncode == 1
        assert job.record()["failure"]["cause"] == "import"
        assert not (job.folder / "ran").exists()
        graph.write_text(graph.read_text().replace(f'"{Path(path).as_posix()}:dies"', '"pipeline.py:dies"'))


def test_a_crash_leaves_a_record(job: Job) -> None:
    assert job.run("dies").returncode == 1

    assert job.record()["failure"]["message"].startswith("the step's process crashed with SIGSEGV")


def test_a_step_is_tried_again_within_its_job(job: Job) -> None:
    assert job.run("flaky").returncode == 0

    assert (job.record()["tries"], job.record()["outputs"]["output"]["preview"]) == (2, "2")


def test_a_cancelled_job_does_not_wait_for_the_next_try(job: Job) -> None:
    with subprocess.Popen(
        job.command("patient"), cwd=job.folder, env=job.environment({}), stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert any(line == "--- try 1 of 2 failed, the next starts in 600 s ---\n" for line in process.stdout)
        process.terminate()
        process.communicate(timeout=300)

    assert process.returncode == 130
    assert (job.record()["state"], job.record()["tries"]) == ("cancelled", 1)
    assert job.record()["reason"] == "interrupted before try 2; try 1 failed: try again in ten minutes"


@pytest.mark.parametrize("seed", ["0", ""], ids=["as the action starts it", "with another hash seed"])
def test_a_step_sees_its_environment_whether_its_process_is_a_copy_or_new(job: Job, seed: str) -> None:
    more = {"PYTHONHASHSEED": seed} if seed else {"PYTHONHASHSEED": "11"}
    assert job.run("environment", ORCH_INPUTS="{}", **more).returncode == 0

    assert job.record()["outputs"]["output"]["preview"] == repr(["slow", more["PYTHONHASHSEED"], "False"])


def thresholds_of_any_python() -> str:
    """Of a new process: what commands set in this one stays."""
    asked = "import gc; print((gc.isenabled(), *gc.get_threshold()))"
    return subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


def test_garbage_is_collected_in_a_step_as_in_any_python(job: Job) -> None:
    assert job.run("collector").returncode == 0

    assert job.record()["outputs"]["output"]["preview"] == thresholds_of_any_python()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cancelled_job_stops_its_step_and_says_so(job: Job, number: signal.Signals) -> None:
    with subprocess.Popen(job.command("waits"), cwd=job.folder, env=job.environment({}), stdout=subprocess.DEVNULL) as process:
        until = time.monotonic() + 300
        while not (job.folder / "pid").exists() and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(number)
        process.wait(timeout=300)

    assert process.returncode == 130
    assert job.record()["state"] == "cancelled"


def test_what_travels_to_a_job_is_the_standard_library_and_ours(job: Job) -> None:
    """Without site-packages a step runs all the same, and nothing foreign was imported on the way."""
    code = f"""
import sys
sys.path.insert(0, {str(TOOLKIT)!r})
sys.argv = ["orch", *sys.argv[1:]]
from orch.__main__ import main
code = main()
names = {{name.partition(".")[0] for name in sys.modules}}
print("foreign:", sorted(names - sys.stdlib_module_names - {{"__main__", "orch"}}), file=sys.stderr)
sys.exit(code)
"""
    arguments = job.command("load")[4:]
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *arguments],
        cwd=job.folder,
        env=job.environment({}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == "foreign: []\n"


def test_a_steps_process_imports_nothing_foreign_either(job: Job) -> None:
    code = f"import sys; sys.path.insert(0, {str(TOOLKIT)!r}); import orch.runtime.worker; print(*sys.modules)"
    listed = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True).stdout.split()
    names = {name.partition(".")[0] for name in listed}

    assert names - sys.stdlib_module_names == {"__main__", "orch"} - sys.stdlib_module_names


WRONG = [
    (["--step", "nope"], 3, "no step 'nope'"),
    (["--graph", "nope.json"], 3, "the graph 'nope.json' cannot be read"),
    (["--graph", "pipeline.py"], 3, "is not JSON"),
    (["--wrong", "x"], 2, "unknown argument '--wrong'"),
    (["--step"], 2, "option --step needs a value"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG)
def test_a_wrong_command_line_is_one_clear_error(job: Job, arguments: list[str], code: int, message: str) -> None:
    ran = subprocess.run(
        [*job.command("load"), *arguments], cwd=job.folder, env=job.environment({}), capture_output=True, text=True, check=False
    )

    assert ran.returncode == code
    assert message in ran.stdout
    assert "::error title=" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
