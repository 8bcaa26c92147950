"""Steps that do odd things to their process: what they leave behind reaches neither the next step nor the run."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.local import run_module
from support.ran import Ran

from orch.model.events import Event

pytestmark = pytest.mark.usefixtures("each_system")


def run_two(
    folder: Path,
    first: str,
    second: str = "return None",
    *,
    imports: str = "pass",
    options: str = "",
    watch: Callable[[Event], object] | None = None,
) -> Ran:
    """A step, and one after it in the same worker."""
    return run_module(
        folder,
        f"""
    import locale, os, signal, subprocess, sys, time
    from pathlib import Path
    {imports}

    @step{options}
    def first() -> object:
        {first}

    @step
    def second() -> object:
        {second}

    @pipeline
    def p():
        second(after=first())
""",
        watch=watch,
    )


@pytest.mark.parametrize(
    "change",
    [
        "sys.stdout.close(); sys.stderr.close()",
        "os.close(1); os.close(2)",
        "sys.stdout = open(os.devnull, 'w')",
        "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)",
        "del sys.stdout",
    ],
)
def test_a_step_prints_whatever_the_one_before_did_to_the_streams(tmp_path: Path, change: str) -> None:
    ran = run_two(tmp_path, change, "print('by Python', flush=True); os.write(1, b'by the system\\n')")

    assert ran.states == {"first": "succeeded", "second": "succeeded"}
    assert ran.output("second") == "by Python\nby the system\n"


@pytest.mark.parametrize(
    ("change", "look", "seen"),
    [
        ("os.environ['LEFT'] = 'behind'", "return os.environ.get('LEFT')", "None"),
        ("os.environ = {'LEFT': 'behind'}", "return os.environ.get('LEFT')", "None"),
        ("os.umask(0o777)", "before = os.umask(0); os.umask(before); return before == 0o777", "False"),
        ("signal.signal(signal.SIGINT, signal.SIG_IGN)", "return signal.getsignal(signal.SIGINT) is signal.default_int_handler", "True"),
        ("signal.signal(signal.SIGCHLD, signal.SIG_IGN)", "return subprocess.run(['false']).returncode", "1"),
        ("signal.alarm(1)", "time.sleep(1.2)", "None"),
        ("locale.setlocale(locale.LC_NUMERIC, 'C.UTF-8')", "return locale.setlocale(locale.LC_NUMERIC)", "'C'"),
    ],
    ids=["variable", "variables", "umask", "ignored Ctrl-C", "ignored children", "alarm", "locale"],
)
def test_what_a_step_sets_in_its_process_ends_with_it(tmp_path: Path, change: str, look: str, seen: str) -> None:
    ran = run_two(tmp_path, change, look)

    assert ran.states == {"first": "succeeded", "second": "succeeded"}
    assert ran.preview("second") == seen


def thresholds_of_any_python() -> str:
    """Of a new process: what commands set in this one stays."""
    asked = "import gc; print((gc.isenabled(), *gc.get_threshold()))"
    return subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


def test_garbage_is_collected_in_a_step_as_in_any_python(tmp_path: Path) -> None:
    ran = run_two(tmp_path, "return (gc.isenabled(), *gc.get_threshold())", imports="import gc")

    assert ran.preview("first") == thresholds_of_any_python()


def test_a_fork_that_returns_from_the_step_does_not_answer_for_it(tmp_path: Path) -> None:
    ran = run_two(tmp_path, "return 'child' if os.fork() == 0 else (os.wait(), 'parent')[1]")

    assert ran.states == {"first": "succeeded", "second": "succeeded"}
    assert ran.preview("first") == "'parent'"


def test_a_process_that_dies_is_noticed_while_its_children_live(tmp_path: Path) -> None:
    ran = run_two(tmp_path, "os.fork() and os._exit(3); time.sleep(3); Path('lived on').touch(); os._exit(0)")

    assert ran["first"].failure is not None
    assert "exit code 3" in ran["first"].failure.message
    assert not (tmp_path / "lived on").exists()


def test_a_step_that_closes_everything_and_goes_on_printing_is_stopped(tmp_path: Path) -> None:
    ran = run_two(tmp_path, "os.closerange(3, 256)\n        while True: os.write(1, b'x' * 1000)")

    assert ran["first"].failure is not None
    assert "closed descriptors that are not its own" in ran["first"].failure.message


def test_a_step_that_prints_faster_than_anyone_reads_still_has_a_timeout(tmp_path: Path) -> None:
    floods = """until = time.monotonic() + 10
        while time.monotonic() < until: os.write(1, b'x\\n' * 1000)
        Path('went on').touch()"""
    ran = run_two(tmp_path, floods, options="(timeout=1)", watch=lambda _: time.sleep(0.01))

    assert ran["first"].failure is not None
    assert ran["first"].failure.cause == "timeout"
    assert not (tmp_path / "went on").exists()


def test_a_long_line_without_an_end_is_one_line(tmp_path: Path) -> None:
    ran = run_two(tmp_path, "sys.stdout.write('z' * 50_000_000)")

    assert ran.output("first") == "z" * 50_000_000 + "\n"


def test_parameters_without_names_reach_a_function_under_a_decorator(tmp_path: Path) -> None:
    code = """
    import functools

    def doubled(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return 2 * function(*args, **kwargs)
        return wrapper

    @step
    @doubled
    def add(a: int, b: int = 1, /, c: int = 2, *, d: int = 3) -> int:
        return a + 10 * b + 100 * c + 1000 * d

    @pipeline
    def p():
        add(1, d=4)
"""
    assert run_module(tmp_path, code).preview("add") == "8422"


def test_multiprocessing_serves_one_step_after_the_other(tmp_path: Path) -> None:
    use = "return multiprocessing.get_context('forkserver').Pool(1).map(abs, [-1])"
    ran = run_two(tmp_path, use, use, imports="import multiprocessing")

    assert ran.states == {"first": "succeeded", "second": "succeeded"}


def test_a_workers_libraries_end_as_in_any_python(tmp_path: Path) -> None:
    register = "import atexit; atexit.register(Path(f'{os.getpid()} ended').touch)"
    ran = run_two(tmp_path, f"{register}; return os.getpid()", f"{register}; print(os.getpid()); raise ValueError")

    assert ran.states == {"first": "succeeded", "second": "failed"}
    assert (tmp_path / f"{ran.output('second').strip()} ended").exists()


@pytest.mark.skipif(importlib.util.find_spec("joblib") is None or not Path("/dev/shm").is_dir(), reason="needs joblib and /dev/shm")  # noqa: S108
def test_joblib_leaves_nothing_in_shared_memory(tmp_path: Path) -> None:
    use = "joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(number) for number in range(4)); return os.getpid()"
    ran = run_two(tmp_path, use, imports="import joblib")

    assert ran.states["first"] == "succeeded"
    assert not list(Path("/dev/shm").glob(f"*-{ran.preview('first')}-*"))  # noqa: S108
