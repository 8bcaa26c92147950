"""Retries, timeouts and hooks in the jobs of a compiled workflow, under act: the same records as those of a run on this machine."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from support.act import act_module
from support.local import run_module
from support.ran import Ran

pytestmark = pytest.mark.act

CODE = """
    import os, subprocess, sys, time
    from pathlib import Path

    SHARED = Path("{shared}")

    def note(text: str) -> None:
        (SHARED / text).touch()

    def failed(error: BaseException) -> None: note(f"{{context().step}}-failed-{{type(error).__name__}}-{{context().tries}}")

    def done() -> None: note(f"{{context().step}}-done")

    def broken() -> None: raise RuntimeError("nobody there")

    @step(retry=StepRetryConfig(max_retries=2), on_success=done, on_failure=failed)
    def flaky() -> int:
        if context().tries < 3: raise ValueError("not yet")
        return 1

    @step(timeout=3, on_failure=failed)
    def endless() -> int:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (SHARED / "child").write_text(str(child.pid))
        try:
            while True: time.sleep(0.01)
        finally:
            note("cleaned")

    @step(on_success=done)
    def below(x: int) -> int: return x

    @step(retry=StepRetryConfig(max_retries=1), on_failure=failed)
    def unlucky() -> int: sys.exit(3)

    @step(on_success=broken)
    def fine(x: int) -> int: return x

    @pipeline
    def p():
        below(endless()); unlucky(); fine(flaky())
"""


def seen(ran: Ran) -> dict[str, Any]:
    """What must not differ: ends, tries, and why."""

    def why(failure: Any) -> Any:
        return failure and dataclasses.replace(failure, traceback="")

    return {step.step: (str(step.state), step.tries, step.reason, why(step.failure), why(step.hook)) for step in ran.record.steps}


def is_alive(number: str) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{number}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_job_tries_stops_and_calls_as_a_local_run_does(tmp_path: Path) -> None:
    ran = {}
    for name, run in (("act", act_module), ("local", run_module)):
        shared = tmp_path / name / "shared"
        shared.mkdir(parents=True)
        ran[name] = run(tmp_path / name, CODE.format(shared=shared))
        assert not is_alive((shared / "child").read_text())
        assert sorted(file.name for file in shared.iterdir()) == [
            *("child", "cleaned", "endless-failed-StepFailed-1", "flaky-done", "unlucky-failed-StepFailed-2"),
        ]

    assert {step: end[:2] for step, end in seen(ran["act"]).items()} == {
        "endless": ("failed", 1),
        "below": ("skipped", 1),
        "unlucky": ("failed", 2),
        "flaky": ("succeeded", 3),
        "fine": ("succeeded", 1),
    }
    assert seen(ran["act"]) == seen(ran["local"])
