"""Why a step failed, in the words a person needs: from exceptions, our own errors, and ends of processes."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from support.modules import write

from orch.authoring.modules import load_module
from orch.authoring.project import Project
from orch.errors import InputMissingError, Where
from orch.model.records import Failure
from orch.runtime.failures import failure_of, failure_of_exit, failure_of_orch, failure_of_timeout
from orch.runtime.redact import Redactor


def failure_in(folder: Path, code: str, redact: Callable[[str], str] = str) -> Failure:
    """What the function `fail` of a module with `code` raises."""
    from orch.authoring.load import separate_modules

    project = Project(folder, folder / "jobs")
    with separate_modules():
        function: Callable[[], object] = load_module(write(folder / "jobs", code), project).fail
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - whatever a step may raise
            return failure_of(error, project, redact)
    raise AssertionError("it did not fail")


def test_a_failure_names_the_users_line_from_the_root_of_the_repository(tmp_path: Path) -> None:
    failure = failure_in(tmp_path, "def fail():\n    raise ValueError('no such column')\n")

    assert failure.cause == "exception"
    assert (failure.type, failure.message) == ("ValueError", "no such column")
    assert (failure.file, failure.line) == ("jobs/pipeline.py", 4)
    assert 'File "jobs/pipeline.py", line 4, in fail' in failure.traceback
    assert str(tmp_path) not in failure.traceback


def test_long_texts_are_cut_after_secrets_are_masked(tmp_path: Path) -> None:
    code = "def fail():\n    raise ValueError('x' * 9_995 + 'hunter2-hunter2' + 'y' * 60_000)\n"
    failure = failure_in(tmp_path, code, Redactor(["hunter2-hunter2"]))

    assert failure.message == f"{'x' * 9_995}***yy"
    assert "hunter2" not in failure.message + failure.traceback


def test_the_line_is_the_users_own_also_where_a_library_raised(tmp_path: Path) -> None:
    failure = failure_in(tmp_path, "import json\ndef fail():\n    json.loads('{')\n")

    assert (failure.file, failure.line) == ("jobs/pipeline.py", 5)
    assert failure.type == "JSONDecodeError"


def test_the_traceback_starts_at_the_users_first_frame(tmp_path: Path) -> None:
    failure = failure_in(tmp_path, "def fail():\n    helper()\ndef helper():\n    1 / 0\n")

    assert failure.traceback.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert "in fail" in failure.traceback
    assert "in helper" in failure.traceback


def test_the_cause_of_an_exception_is_shown_with_it(tmp_path: Path) -> None:
    code = """
        def fail():
            try:
                1 / 0
            except ZeroDivisionError as error:
                raise ValueError("cannot divide") from error
    """
    failure = failure_in(tmp_path, code)

    assert "ZeroDivisionError" in failure.traceback
    assert "direct cause" in failure.traceback


def test_exceptions_that_caused_each_other_end(tmp_path: Path) -> None:
    code = """
        def fail():
            first, second = ValueError("a"), ValueError("b")
            first.__cause__, second.__cause__ = second, first
            raise first
    """
    assert failure_in(tmp_path, code).message == "a"


@pytest.mark.parametrize(
    ("line", "cause", "message"),
    [
        ("raise SystemExit(3)", "exit", "the step called sys.exit(3)"),
        ("raise MemoryError", "out-of-memory", "out of memory: Python could not allocate what the step asked for"),
        ("raise MemoryError('array of 9 TB')", "out-of-memory", "array of 9 TB"),
        ("raise KeyError('a')", "exception", "'a'"),
        ("raise Silent", "exception", "<its message cannot be shown>"),
        ("raise ValueError('x' * 20_000)", "exception", "x" * 10_000),
    ],
)
def test_each_exception_has_its_cause_and_words(tmp_path: Path, line: str, cause: str, message: str) -> None:
    silent = "class Silent(Exception):\n    def __str__(self): raise ValueError\n"

    failure = failure_in(tmp_path, f"{silent}def fail():\n    {line}\n")

    assert (failure.cause, failure.message) == (cause, message)


def test_a_traceback_keeps_its_end(tmp_path: Path) -> None:
    failure = failure_in(tmp_path, "def fail():\n    raise ValueError('x' * 60_000 + 'the end')\n")

    assert len(failure.traceback) == 50_000
    assert failure.traceback.endswith("the end\n")


def test_an_error_of_ours_brings_its_way_out_and_its_place() -> None:
    error = InputMissingError("step 'a' delivered no output 'b'", hint="re-run all jobs", where=Where("pipeline.py", 3))

    failure = failure_of_orch("input", error, "output 'x': ")

    assert failure.message == "output 'x': step 'a' delivered no output 'b' (re-run all jobs)"
    assert (failure.cause, failure.type, failure.file, failure.line) == ("input", "InputMissingError", "pipeline.py", 3)


def test_an_error_of_ours_may_have_no_hint_and_no_place() -> None:
    failure = failure_of_orch("input", InputMissingError("gone"))

    assert (failure.message, failure.file, failure.line) == ("gone", "", 0)


@pytest.mark.parametrize(
    ("status", "out_of_memory", "cause", "words"),
    [
        (0, False, "exit", "exit code 0"),
        (7, True, "exit", "exit code 7"),
        (-signal.SIGKILL, False, "signal", "most often because the machine ran out of memory"),
        (-signal.SIGKILL, True, "out-of-memory", "the kernel killed the step's process (SIGKILL)"),
        (-signal.SIGSEGV, False, "signal", "crashed with SIGSEGV"),
        (-signal.SIGABRT, False, "signal", "crashed with SIGABRT"),
        (-signal.SIGTERM, False, "signal", "ended by SIGTERM"),
        (-250, False, "signal", "ended by signal 250"),
        (0xC0000005, False, "signal", "crashed with 0xc0000005"),  # as Windows tells of what is a SIGSEGV elsewhere
    ],
)
def test_the_end_of_a_process_is_told_by_its_status(status: int, cause: str, words: str, *, out_of_memory: bool) -> None:
    failure = failure_of_exit(status, out_of_memory=out_of_memory)

    assert failure.cause == cause
    assert words in failure.message


@pytest.mark.parametrize(("seconds", "words"), [(90.0, "timeout of 90 s"), (0.5, "timeout of 0.5 s")])
def test_a_timeout_names_its_seconds(seconds: float, words: str) -> None:
    failure = failure_of_timeout(seconds)

    assert failure.cause == "timeout"
    assert words in failure.message


def test_a_chain_of_thousands_of_exceptions_is_a_failure_like_any_other(tmp_path: Path) -> None:
    code = """
def fail():
    error = ValueError(0)
    for number in range(1, 3000):
        error, error.__cause__ = ValueError(number), error
    raise error
"""
    failure = failure_in(tmp_path, code)

    assert (failure.type, failure.message) == ("ValueError", "2999")


def test_half_a_surrogate_pair_is_written_out(tmp_path: Path) -> None:
    failure = failure_in(tmp_path, "def fail():\n    raise ValueError('\\ud800')\n")

    assert failure.message == "\\ud800"
    assert failure.traceback.endswith("ValueError: \\ud800\n")
