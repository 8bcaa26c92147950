"""What a failure means for the steps beside it, by the pipeline's execution mode: nothing, no more starts, or the end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.local import run_module
from support.modules import write

from orch.model.events import Event, StepEnded

# `breaks` fails once `beside` has started; `beside` ends once it is let, or is stopped.
CODE = """
    import os, time
    from pathlib import Path

    def wait_for(name: str) -> None:
        while not Path(name).exists():
            time.sleep(0.01)

    @step({retry})
    def breaks() -> int:
        wait_for("started" if context().tries == 1 else "beside-told")
        Path(f"failed-{{context().tries}}").touch()
        raise ValueError("no")

    @step(timeout=600)
    def beside() -> int:
        Path("started").touch()
        {beside}
        return 1

    @step
    def below(x: int) -> int: return x

    @step
    def under(x: int) -> int: return x

    @step
    def apart() -> int: return 1

    @pipeline(execution_mode="{mode}")
    def p():
        below(breaks())
        under(beside())
        for _ in range(3): apart()
"""
MODES = ["continue_on_failure", "stop_on_failure", "fail_fast"]
APART = ["apart", "apart_2", "apart_3"]


def telling(folder: Path) -> Callable[[Event], None]:
    """So that steps can wait until the scheduler has heard that another one has ended."""

    def watch(event: Event) -> None:
        if isinstance(event, StepEnded):
            (folder / f"{event.record.step}-told").touch()

    return watch


@pytest.mark.parametrize("mode", MODES)
def test_the_mode_says_what_becomes_of_steps_that_do_not_depend_on_the_failure(tmp_path: Path, mode: str) -> None:
    beside = 'wait_for("breaks-told")' if mode != "fail_fast" else "time.sleep(600)"

    ran = run_module(tmp_path, CODE.format(mode=mode, retry="", beside=beside), jobs=2, watch=telling(tmp_path))

    goes_on = mode == "continue_on_failure"
    assert ran.states == {
        "breaks": "failed",
        "below": "skipped",
        "beside": "cancelled" if mode == "fail_fast" else "succeeded",
        "under": "succeeded" if goes_on else "skipped",
        **dict.fromkeys(APART, "succeeded" if goes_on else "skipped"),
    }
    assert ran.record.state == "failed"
    assert ran["below"].reason == "breaks failed"
    if not goes_on:
        why = f"because breaks failed and the execution mode is {mode}"
        assert {ran[step].reason for step in ("under", *APART)} == {f"not started, {why}"}
        assert ran["beside"].reason == (f"stopped, {why}" if mode == "fail_fast" else "")
    assert sorted(json.loads(line)["id"] for line in (ran.folder / "records.jsonl").read_text().splitlines()) == sorted(ran.states)


def test_failing_fast_kills_what_does_not_stop(tmp_path: Path) -> None:
    ignores = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); Path('started').touch(); time.sleep(600)"
    ran = run_module(tmp_path, CODE.format(mode="fail_fast", retry="", beside=ignores), jobs=2)

    assert ran.states["beside"] == "cancelled"
    assert ran["beside"].duration < 600


@pytest.mark.parametrize("mode", MODES)
def test_a_failure_is_one_after_the_last_try(tmp_path: Path, mode: str) -> None:
    """What runs beside ends between the two tries, and what waits for its turn starts."""
    beside = 'wait_for("failed-1")'
    retry = "retry=StepRetryConfig(max_retries=1, delay=0.2)"

    ran = run_module(tmp_path, CODE.format(mode=mode, retry=retry, beside=beside), jobs=2, watch=telling(tmp_path))

    assert (ran.states["breaks"], ran["breaks"].tries, ran.states["beside"]) == ("failed", 2, "succeeded")
    assert ran.order.index("-beside") < ran.order.index("-breaks")


def test_a_step_between_two_tries_still_runs_when_nothing_new_starts(tmp_path: Path) -> None:
    code = """
    from pathlib import Path

    @step(retry=StepRetryConfig(max_retries=1, delay=0.3))
    def flaky() -> int:
        if context().tries == 1: raise ValueError("once")
        return 1

    @step
    def breaks() -> int: raise ValueError("no")

    @step
    def later() -> int: return 1

    @pipeline(execution_mode="{}")
    def p():
        flaky(); breaks(); later()
"""
    stopped = run_module(tmp_path, code.format("stop_on_failure"))
    fast = run_module(tmp_path, code.format("fail_fast"), cache=False)

    assert stopped.states == {"flaky": "succeeded", "breaks": "failed", "later": "skipped"}
    assert fast.states == {"flaky": "cancelled", "breaks": "failed", "later": "skipped"}
    assert fast["flaky"].reason.startswith("stopped, because breaks failed and the execution mode is fail_fast; ")
    assert "try 1 failed: once" in fast["flaky"].reason


@pytest.mark.parametrize("mode", MODES)
def test_ctrl_c_ends_the_run_in_every_mode(tmp_path: Path, mode: str) -> None:
    file = write(tmp_path, CODE.format(mode=mode, retry="retry=StepRetryConfig(max_retries=1, delay=600)", beside="time.sleep(600)"))
    command = [sys.executable, "-m", "orch", "run", "--json", "--jobs", "2", str(file)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        until = time.monotonic() + 300
        while not (tmp_path / "failed-1").exists() and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=300)
    record = json.loads(out.splitlines()[-1])

    assert (process.returncode, record["state"]) == (130, "cancelled")
    assert {step["id"]: step["state"] for step in record["steps"] if not step["id"].startswith("apart")} == dict.fromkeys(
        ("breaks", "below", "beside", "under"), "cancelled"
    )


HOOKS = """
    import os, time
    from pathlib import Path

    def note(text: str) -> None:
        with Path("told").open("a") as file: file.write(text + "\\n")

    def failed(error: BaseException) -> None: note(f"{{context().step}} failed: {{error}}")

    def done() -> None: note(f"{{context().step}} done")

    def broken() -> None: raise RuntimeError("nobody there")

    @step(on_success=done, on_failure=failed)
    def good() -> int: return 1

    @step(on_success=done, on_failure=failed, retry=StepRetryConfig(max_retries=1))
    def bad(x: int) -> int: raise ValueError("no luck")

    @step(on_success=done, on_failure=failed)
    def never(x: int) -> int: return x

    @step(on_success=broken)
    def fine() -> int: return 2

    @pipeline({mode})
    def p():
        never(bad(good()))
        fine()
"""


@pytest.mark.parametrize("mode", ["", 'execution_mode="stop_on_failure"', 'execution_mode="fail_fast"'])
def test_a_hook_runs_once_after_the_last_try_in_every_mode(tmp_path: Path, mode: str) -> None:
    ran = run_module(tmp_path, HOOKS.format(mode=mode), jobs=1)

    assert (tmp_path / "told").read_text().splitlines() == ["good done", "bad failed: ValueError: no luck"]
    assert ran.states["never"] == "skipped"
    assert ran["bad"].hook is None


def test_a_hook_that_fails_is_told_of_and_changes_no_state(tmp_path: Path) -> None:
    ran = run_module(tmp_path, HOOKS.format(mode=""), jobs=1)
    hook = ran["fine"].hook
    lines = [json.loads(line) for line in (ran.folder / "records.jsonl").read_text().splitlines()]

    assert hook is not None
    assert (ran.states["fine"], hook.message) == ("succeeded", "nobody there")
    assert "RuntimeError: nobody there" in ran.output("fine")
    assert [line for line in lines if line["id"] == "fine"][-1]["hook"]["message"] == "nobody there"
    assert [step for step in json.loads((ran.folder / "run.json").read_text())["steps"] if "hook" in step] == [ran["fine"].to_json()]


def test_a_cached_step_calls_no_hook(tmp_path: Path) -> None:
    run_module(tmp_path, HOOKS.format(mode=""))
    (tmp_path / "told").unlink()

    ran = run_module(tmp_path, HOOKS.format(mode=""))

    assert (ran.states["good"], ran.states["fine"]) == ("cached", "cached")
    assert (tmp_path / "told").read_text().splitlines() == ["bad failed: ValueError: no luck"]


def test_failing_fast_stops_steps_and_no_hooks(tmp_path: Path) -> None:
    """The hook of `first` runs when `breaks` fails, and `slow` with it: only the step is stopped."""
    code = """
    import time
    from pathlib import Path

    def wait_for(name: str) -> None:
        while not Path(name).exists():
            time.sleep(0.01)

    def told() -> None:
        Path("hook").touch()
        wait_for("slow-stopped")
        Path("told").touch()

    @step(on_success=told)
    def first() -> int: return 1

    @step
    def breaks(x: int) -> int:
        wait_for("hook"); wait_for("slow")
        raise ValueError("no")

    @step
    def slow(x: int) -> int:
        Path("slow").touch()
        try:
            time.sleep(600)
        finally:
            Path("slow-stopped").touch()

    @pipeline(execution_mode="fail_fast")
    def p():
        x = first()
        breaks(x); slow(x)
"""
    ran = run_module(tmp_path, code, jobs=3)

    assert ran.states == {"first": "succeeded", "breaks": "failed", "slow": "cancelled"}
    assert ran["first"].hook is None
    assert (tmp_path / "told").exists()


def test_ctrl_c_stops_hooks_too_and_the_record_says_so(tmp_path: Path) -> None:
    code = """
    import time
    from pathlib import Path

    def endless() -> None:
        Path("hook").touch()
        time.sleep(600)

    @step(on_success=endless)
    def one() -> int: return 1

    @step(on_success=endless)
    def two() -> int: return 1

    @pipeline
    def p():
        one(); two()
"""
    file = write(tmp_path, code)
    command = [sys.executable, "-m", "orch", "run", "--json", "--jobs", "1", str(file)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        until = time.monotonic() + 300
        while not (tmp_path / "hook").exists() and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=300)
    one, two = json.loads(out.splitlines()[-1])["steps"]

    assert process.returncode == 130
    assert (one["state"], one["hook"]["message"]) == ("succeeded", "the hook was interrupted before it had ended")
    assert two["state"] == "cancelled"
