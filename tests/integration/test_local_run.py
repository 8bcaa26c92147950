"""The local scheduler with real worker processes: order, isolation, and every way in which a step can end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.local import run_module
from support.modules import write
from support.tools import REQUIRED

from orch.errors import OrchError, SecretError

pytestmark = pytest.mark.usefixtures("each_system")

PATH = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}


def test_values_flow_from_step_to_step_in_dependency_order(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    @step
    def numbers(n: int) -> list[int]:
        return list(range(n))

    @step
    def halves(xs: list[int]) -> tuple[list[int], list[int]]:
        return xs[::2], xs[1::2]

    @step
    def total(parts: dict[str, tuple[list[int], float]]) -> float:
        return sum(sum(xs) * factor for xs, factor in parts.values())

    @pipeline
    def p(n: int = 5, factor: float = 0.5):
        even, odd = halves(numbers(n))
        total({"even": (even, 2.0), "odd": (odd, factor)})
""",
    )

    assert ran.states == {"numbers": "succeeded", "halves": "succeeded", "total": "succeeded"}
    assert ran.preview("total") == "14.0"
    assert ran.order == ["+numbers", "-numbers", "+halves", "-halves", "+total", "-total"]
    assert ran.record.info.parameters == {"n": 5, "factor": 0.5}


def test_the_record_on_disk_is_the_record(tmp_path: Path) -> None:
    ran = run_module(tmp_path, "    @step\n    def one() -> int: return 1\n\n    @pipeline\n    def p(): one()\n")

    assert json.loads((ran.folder / "run.json").read_text()) == ran.record.to_json()
    assert [json.loads(line) for line in (ran.folder / "records.jsonl").read_text().splitlines()] == [ran["one"].to_json()]


def test_consumers_get_the_value_read_back_never_the_object_in_memory(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    kept = []

    @step
    def make() -> list[int]:
        kept.append([1])
        return kept[0]

    @step
    def grow(xs: list[int]) -> list[int]:
        xs.append(2)
        return xs

    @step
    def look(xs: list[int], after: object = None) -> bool:
        return bool(kept) and xs == [1] and xs is not kept[0]

    @pipeline
    def p():
        xs = make()
        grow(xs)
        look(xs, grow(xs, id="again"))
""",
    )

    assert ran.preview("look") == "True"


def test_independent_steps_run_in_parallel_up_to_jobs(tmp_path: Path) -> None:
    """Each of two steps waits for a file that the other writes: one after the other, neither would end."""
    code = """
    import time
    from pathlib import Path

    @step(timeout=600)
    def meet(mine: str, other: str) -> bool:
        Path(mine).touch()
        while not Path(other).exists():
            time.sleep(0.01)
        return True

    @pipeline
    def p():
        meet("a", "b")
        meet("b", "a")
"""
    ran = run_module(tmp_path, code, jobs=2)

    assert ran.states == {"meet": "succeeded", "meet_2": "succeeded"}


def test_one_job_is_one_warm_worker_and_never_the_schedulers_process(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    import os

    @step
    def pid() -> int:
        return os.getpid()

    @pipeline
    def p():
        for _ in range(5): pid()
""",
    )
    pids = {ran.preview(step) for step in ran.states}

    assert len(pids) == 1
    assert str(os.getpid()) not in pids


def test_each_step_starts_afresh_in_the_project_root(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    import os, tempfile
    from pathlib import Path

    @step
    def disturb() -> bool:
        os.chdir("/")
        os.environ["LEFT"] = "behind"
        Path(tempfile.mkdtemp(), "file").touch()
        context().temp.joinpath("other").touch()
        return True

    @step
    def look(_: bool) -> list[object]:
        return [os.getcwd(), os.environ.get("LEFT"), len(os.listdir(context().temp)), tempfile.gettempdir() == str(context().temp)]

    @pipeline
    def p():
        look(disturb())
""",
    )

    assert ran.preview("look") == repr([str(tmp_path), None, 0, True])


def test_a_step_sees_its_own_environment_and_its_own_secrets_only(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    import os

    @step(secrets=["TOKEN"], environment={"MODE": "fast"})
    def mine() -> list[object]:
        print("the token is", os.environ["TOKEN"])
        return [len(os.environ["TOKEN"]), os.environ.get("OTHER"), os.environ.get("MODE"), os.environ["PYTHONHASHSEED"]]

    @step(secrets=["OTHER"])
    def other() -> list[object]:
        return [os.environ.get("TOKEN"), len(os.environ["OTHER"]), os.environ.get("MODE"), os.environ["PYTHONHASHSEED"]]

    @step
    def none() -> list[object]:
        return [os.environ.get("TOKEN"), os.environ.get("OTHER"), os.environ.get("MODE"), os.environ["PYTHONHASHSEED"]]

    @pipeline
    def p():
        mine(); other(); none()
""",
        environment={**PATH, "TOKEN": "s3cr3t-t0ken", "OTHER": "another-one"},
    )

    assert ran.preview("mine") == "[12, None, 'fast', '0']"
    assert ran.preview("other") == "[None, 11, None, '0']"
    assert ran.preview("none") == "[None, None, None, '0']"
    assert ran.output("mine") == "the token is ***\n"


def test_a_secret_that_a_step_returns_is_masked_where_the_value_is_shown(tmp_path: Path) -> None:
    code = """
    import os

    @step(secrets=["TOKEN"])
    def leaks() -> str: return os.environ["TOKEN"]

    @pipeline
    def p(): leaks()
"""
    ran = run_module(tmp_path, code, environment={**PATH, "TOKEN": "s3cr3t-t0ken"})

    assert ran.preview("leaks") == "'***'"
    assert "s3cr3t" not in (ran.folder / "run.json").read_text() + (ran.folder / "records.jsonl").read_text()


def test_a_step_knows_its_run(tmp_path: Path) -> None:
    code = """
    @step(retry=StepRetryConfig(max_retries=1))
    def asks() -> list[object]:
        mine = context()
        if mine.tries == 1:
            raise ValueError("once more")
        return [mine.run, mine.pipeline, mine.step, mine.attempt, mine.tries, mine.trigger]

    @pipeline
    def p(): asks()
"""
    ran = run_module(tmp_path, code, trigger="schedule")

    assert ran.preview("asks") == repr([ran.folder.name, "p", "asks", 1, 2, "schedule"])


def test_a_set_hash_seed_is_kept(tmp_path: Path) -> None:
    code = "    import os\n    @step\n    def seed() -> str: return os.environ['PYTHONHASHSEED']\n\n    @pipeline\n    def p(): seed()\n"
    ran = run_module(tmp_path, code, environment={**PATH, "PYTHONHASHSEED": "7"})

    assert ran.preview("seed") == "'7'"


def test_a_missing_secret_is_an_error_before_any_step_runs(tmp_path: Path) -> None:
    code = """
    from pathlib import Path

    @step
    def first() -> None: Path("ran").touch()

    @step(secrets=["ORCH_TEST_TOKEN"])
    def second() -> None: ...

    @pipeline
    def p():
        first(); second()
"""
    with pytest.raises(SecretError, match="ORCH_TEST_TOKEN"):
        run_module(tmp_path, code)

    assert not (tmp_path / "ran").exists()


def test_an_unknown_target_is_an_error_before_any_step_runs(tmp_path: Path) -> None:
    code = "    @step(target='moon')\n    def fly() -> None: ...\n\n    @pipeline\n    def p(): fly()\n"
    with pytest.raises(OrchError, match="moon"):
        run_module(tmp_path, code)


@pytest.mark.posix
def test_output_is_captured_at_descriptor_level_and_kept_in_order(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    import os, subprocess, sys

    @step
    def talk() -> None:
        print("python")
        os.write(1, b"descriptor\\n")
        subprocess.run(["sh", "-c", "echo child; echo error >&2"], check=True)
        print("stderr", file=sys.stderr)
        os.write(2, b"\\xff no utf-8, no newline")

    @pipeline
    def p():
        talk()
""",
    )
    expected = "python\ndescriptor\nchild\nerror\nstderr\n\\xff no utf-8, no newline\n"

    assert ran.output("talk") == expected
    assert (ran.folder / "logs" / "talk.log").read_text() == expected


def test_output_is_shown_while_the_step_still_runs(tmp_path: Path) -> None:
    """The step waits for a file that the test writes when it has seen the step's first line."""
    file = write(
        tmp_path,
        """
    import time
    from pathlib import Path

    @step(timeout=600)
    def wait() -> None:
        print("waiting")
        while not Path("go").exists():
            time.sleep(0.01)

    @pipeline
    def p():
        wait()
""",
    )
    with _orch(tmp_path, "run", "--json", str(file)) as process:
        assert process.stderr
        assert any("waiting" in line for line in iter(process.stderr.readline, ""))
        (tmp_path / "go").touch()
        out, _ = process.communicate(timeout=300)

    assert json.loads(out.splitlines()[-1])["state"] == "succeeded"


ENDS = [
    ("raise ValueError('bad value')", "exception", "bad value"),
    ("1 / 0", "exception", "division by zero"),
    ("import sys; sys.exit(3)", "exit", "the step called sys.exit(3)"),
    ("os._exit(0)", "exit", "the step ended its process with exit code 0"),
    ("os.kill(os.getpid(), 11)", "signal", "crashed with SIGSEGV"),
    ("os.abort()", "signal", "crashed with SIGABRT"),
    ("os.kill(os.getpid(), 9)", "signal", "killed by SIGKILL"),
    ("import ctypes; ctypes.string_at(0)", "signal", "crashed with SIGSEGV"),
    ("raise KeyError", "exception", ""),
    ("raise BaseException('odd')", "exception", "odd"),
    ("raise KeyboardInterrupt", "exception", ""),
    ("raise ValueError('half of \\ud800 a pair')", "exception", "half of \\ud800 a pair"),
]


@pytest.mark.parametrize(
    ("line", "cause", "message"),
    [pytest.param(*end, id=end[0], marks=[pytest.mark.posix] if end[1] == "signal" else []) for end in ENDS],
)
def test_however_a_step_ends_it_is_that_steps_failure_and_the_others_go_on(tmp_path: Path, line: str, cause: str, message: str) -> None:
    ran = run_module(
        tmp_path,
        f"""
    import os

    @step
    def before() -> int:
        return 1

    @step
    def dies(x: int) -> int:
        print("so far")
        {line}

    @step
    def after(x: int) -> int:
        return x

    @step
    def beside(x: int) -> int:
        return x

    @pipeline
    def p():
        x = before()
        after(after(dies(x)))
        beside(x)
""",
    )
    failure = ran["dies"].failure

    assert ran.states == {"before": "succeeded", "dies": "failed", "after": "skipped", "after_2": "skipped", "beside": "succeeded"}
    assert failure is not None
    assert failure.cause == cause
    assert message in failure.message
    assert ran["after"].reason == "dies failed"
    assert ran["after_2"].reason == "after skipped"
    assert ran.output("dies") == "so far\n"
    assert ran.record.state == "failed"


def test_a_traceback_starts_at_the_users_frame_and_names_the_users_line(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    import json

    def helper(text: str) -> object:
        return json.loads(text)

    @step
    def parse() -> object:
        return helper("{")

    @pipeline
    def p():
        parse()
""",
    )
    failure = ran["parse"].failure
    assert failure is not None
    lines = failure.traceback.splitlines()

    assert lines[1] == '  File "pipeline.py", line 11, in parse'
    assert (failure.file, failure.line) == ("pipeline.py", 7)
    assert failure.type == "JSONDecodeError"
    assert not any("/orch/runtime/" in line for line in lines)


@pytest.mark.posix
def test_a_memory_limit_is_named_as_what_it_is(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    import resource

    @step
    def grow() -> int:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        return len(bytearray(4 << 30))

    @step
    def next_one() -> int:
        return len(bytearray(1 << 20))

    @pipeline
    def p():
        grow()
        next_one()
""",
    )
    failure = ran["grow"].failure

    assert failure is not None
    assert failure.cause == "out-of-memory"
    assert "out of memory" in failure.message
    assert ran.states["next_one"] == "succeeded", "the limit must not outlive the step that set it"


@pytest.fixture
def memory_group() -> Iterator[Path]:
    """A real control group of 200 MB that a test may put processes into."""
    group = Path("/sys/fs/cgroup/memory/orch-test")
    limit = group / "memory.limit_in_bytes"
    if not Path("/sys/fs/cgroup/memory").is_dir():
        group, limit = Path("/sys/fs/cgroup/orch-test"), Path("/sys/fs/cgroup/orch-test/memory.max")
    try:
        group.mkdir(exist_ok=True)
        limit.write_text(str(200 << 20))
    except OSError as error:
        reason = f"no control group can be made here: {error}"
        if REQUIRED and os.geteuid() == 0:
            pytest.fail(f"{reason} (ORCH_REQUIRE_TOOLS=1 forbids to skip)", pytrace=False)
        pytest.skip(reason)
    yield group
    for _ in range(100):
        try:
            group.rmdir()
            break
        except OSError:
            time.sleep(0.05)


@pytest.mark.posix
def test_a_kill_by_the_kernel_for_memory_is_named_as_what_it_is(tmp_path: Path, memory_group: Path) -> None:
    """The whole run lives in the group, as a container does: the kernel takes its largest process, and that is the step's."""
    code = "    @step\n    def grow() -> int: return len(b'x' * (512 << 20))\n\n    @pipeline\n    def p(): grow()\n"
    file = write(tmp_path, code)
    enter = f'echo $$ > {memory_group}/cgroup.procs && exec "$@"'
    command = ["sh", "-c", enter, "sh", sys.executable, "-m", "orch", "run", "--json", str(file)]
    ran = subprocess.run(command, cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False)
    (step,) = json.loads(ran.stdout.splitlines()[-1])["steps"]

    assert ran.returncode == 1
    assert step["failure"]["cause"] == "out-of-memory"
    assert "the kernel killed the step's process" in step["failure"]["message"]


def test_a_new_process_follows_a_failure_and_a_changed_environment(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    import os

    @step
    def fails() -> int:
        raise ValueError

    @step
    def pid() -> int:
        return os.getpid()

    @step(environment={"OMP_NUM_THREADS": "1"})
    def other() -> int:
        return os.getpid()

    @pipeline
    def p():
        a = pid()
        fails(after=a)
        pid(after="fails", id="never")
        b = pid(after=a)
        other(after=b)
""",
    )
    pids = [ran.preview(step) for step in ("pid", "pid_2", "other")]

    assert len(set(pids)) == len(pids)


@pytest.mark.posix
def test_a_timeout_ends_the_step_and_what_it_started(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    import subprocess, time

    @step(timeout=0.5)
    def slow() -> int:
        child = subprocess.Popen(["sleep", "60"])
        print(child.pid)
        time.sleep(600)

    @pipeline
    def p():
        slow()
""",
    )
    failure = ran["slow"].failure
    child = int(ran.output("slow"))

    assert failure is not None
    assert failure.cause == "timeout"
    assert "its timeout of 0.5 s" in failure.message
    assert _has_ended(child)


def test_a_failed_step_is_tried_again_as_often_as_asked_for(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    from pathlib import Path

    @step(retry=StepRetryConfig(max_retries=2, delay=0.01))
    def flaky() -> int:
        tries = context().tries
        if tries < 3:
            raise ValueError(f"try {tries}")
        return tries

    @step(retry=StepRetryConfig(max_retries=1))
    def hopeless() -> int:
        raise ValueError("never")

    @pipeline
    def p():
        flaky(); hopeless()
""",
    )

    assert ran.states == {"flaky": "succeeded", "hopeless": "failed"}
    assert (ran["flaky"].tries, ran["hopeless"].tries) == (3, 2)
    assert ran.preview("flaky") == "3"


WRONG_OUTPUTS = [
    ("-> tuple[int, int]", "1", "annotated with 2 outputs but returned int"),
    ("-> tuple[int, int]", "(1, 2, 3)", "annotated with 2 outputs but returned a tuple of 3"),
    ("-> None", "1", "annotated `-> None` but returned int"),
]


@pytest.mark.parametrize(("annotation", "value", "message"), WRONG_OUTPUTS)
def test_an_output_that_does_not_fit_the_annotation_fails_the_step(tmp_path: Path, annotation: str, value: str, message: str) -> None:
    ran = run_module(tmp_path, f"    @step\n    def s() {annotation}: return {value}\n\n    @pipeline\n    def p(): s()\n")
    failure = ran["s"].failure

    assert failure is not None
    assert failure.cause == "output"
    assert message in failure.message


def test_files_that_nobody_reads_on_are_laid_out_for_people(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    from pathlib import Path

    @step
    def write() -> Path:
        file = context().temp / "report.txt"
        file.write_text("fine")
        return file

    @pipeline
    def p():
        write()
""",
    )

    assert (ran.folder / "outputs" / "write" / "output" / "report.txt").read_text() == "fine"


CTRL_C = """
    import os, subprocess, time
    from pathlib import Path

    @step
    def done() -> int:
        return 1

    @step
    def {name}(x: int) -> int:
        {prepare}
        child = subprocess.Popen(["sleep", "60"])
        Path("pids").write_text(f"{{os.getpid()}} {{child.pid}}")
        while True:
            {body}

    @step
    def later(x: int) -> int:
        return x

    @pipeline
    def p():
        later({name}(done()))
"""


@pytest.mark.posix
@pytest.mark.parametrize(
    ("prepare", "body"),
    [
        ("pass", "time.sleep(600)"),
        ("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)", "time.sleep(600)"),
    ],
    ids=["a step that stops when asked", "a step that ignores being asked"],
)
def test_ctrl_c_stops_the_steps_records_them_as_cancelled_and_exits_130(tmp_path: Path, prepare: str, body: str) -> None:
    file = write(tmp_path, CTRL_C.format(name="waits", prepare=prepare, body=body))
    with _orch(tmp_path, "run", "--json", str(file)) as process:
        _wait_for(tmp_path / "pids")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=300)
    record = json.loads(out.splitlines()[-1])
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]

    assert process.returncode == 130
    assert record["state"] == "cancelled"
    assert {step["id"]: step["state"] for step in record["steps"]} == {"done": "succeeded", "waits": "cancelled", "later": "cancelled"}
    assert all(_has_ended(pid) for pid in pids)


@pytest.mark.posix
def test_a_run_that_was_stopped_is_cancelled_also_where_a_step_had_failed(tmp_path: Path) -> None:
    code = """
    import time
    from pathlib import Path

    @step
    def breaks() -> None: raise ValueError("no")

    @step
    def waits() -> None:
        Path("pids").write_text("1")
        time.sleep(600)

    @pipeline
    def p():
        breaks()
        waits()
"""
    file = write(tmp_path, code)
    with _orch(tmp_path, "run", "--json", "--jobs", "1", str(file)) as process:
        _wait_for(tmp_path / "pids")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=300)
    record = json.loads(out.splitlines()[-1])

    assert process.returncode == 130
    assert record["state"] == "cancelled"
    assert [step["state"] for step in record["steps"]] == ["failed", "cancelled"]


def test_a_file_that_is_to_be_kept_is_laid_out_though_a_step_reads_it(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    from pathlib import Path

    def text() -> Path:
        file = context().temp / "report.txt"
        file.write_text("kept")
        return file

    @step(keep=True)
    def keeps() -> Path: return text()

    @step
    def passes() -> Path: return text()

    @step
    def reads(one: Path, other: Path) -> None: ...

    @pipeline
    def p(): reads(keeps(), passes())
""",
    )

    assert [file.relative_to(ran.folder).as_posix() for file in sorted((ran.folder / "outputs").rglob("*.txt"))] == [
        "outputs/keeps/output/report.txt"
    ]


@pytest.mark.posix
def test_a_second_ctrl_c_does_not_wait_for_a_step_that_ignores_the_first(tmp_path: Path) -> None:
    ignores = "except KeyboardInterrupt: Path('asked').write_text('once'); time.sleep(1.5); Path('unharmed').touch()"
    file = write(tmp_path, CTRL_C.format(name="waits", prepare="pass", body=f"try: time.sleep(600)\n            {ignores}"))
    with _orch(tmp_path, "run", "--json", str(file)) as process:
        _wait_for(tmp_path / "pids")
        process.send_signal(signal.SIGINT)
        _wait_for(tmp_path / "asked")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=300)
    record = json.loads(out.splitlines()[-1])

    assert process.returncode == 130
    assert record["steps"][1]["state"] == "cancelled"
    assert not (tmp_path / "unharmed").exists()


def test_python_file_runs_the_pipeline_and_exits_with_its_code(tmp_path: Path) -> None:
    code = """
    @step
    def s(x: int) -> int: return 1 // x

    @pipeline
    def p(x: int): s(x)

    if __name__ == "__main__": p({})
"""
    codes = []
    for argument in ("1", "0", "'text'"):
        file = write(tmp_path, code.format(argument))
        ran = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False, env=_environment())
        codes.append(ran.returncode)
        assert "Traceback" not in ran.stderr.replace('Traceback (most recent call last):\n  File "pipeline.py"', "")

    assert codes == [0, 1, 2]


def _orch(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "orch", *arguments],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _environment() -> dict[str, str]:
    toolkit = Path(__file__).parents[2] / "toolkit"
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(toolkit), os.environ.get("PYTHONPATH")]))}


def _wait_for(file: Path) -> None:
    until = time.monotonic() + 300
    while not file.exists() or not file.read_text():
        if time.monotonic() > until:
            pytest.fail(f"{file} did not appear")
        time.sleep(0.01)


def _has_ended(pid: int) -> bool:
    """Soon: a killed process is gone when the kernel comes to it."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False
