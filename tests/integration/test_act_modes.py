"""What a failure means for the jobs beside it, under act: the same as for the steps of a run on one machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.act import act_module
from support.local import run_module
from support.ran import Ran

from orch.model.events import Event, StepEnded

pytestmark = pytest.mark.act

# `beside` is running when `breaks` fails; `under` and `apart` wait for it. Jobs share no folder but the one that is named.
CODE = """
    import time
    from pathlib import Path

    SHARED = Path("{shared}")

    @step
    def breaks() -> int:
        while not (SHARED / "started").exists():
            time.sleep(0.01)
        (SHARED / "failed").touch()
        raise ValueError("no")

    @step(timeout=600)
    def beside() -> int:
        (SHARED / "started").touch()
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
        x = beside()
        under(x)
        apart(after=x)
"""
UNTIL_FAILED = 'while not (SHARED / "failed").exists(): time.sleep(0.01)'
UNTIL_TOLD = 'while not (SHARED / "told").exists(): time.sleep(0.01)'  # the scheduler has heard of it


def both(folder: Path, mode: str, beside: str) -> tuple[Ran, Ran]:
    """The run under act, and the one on this machine alone."""

    def code_in(name: str, beside: str) -> tuple[Path, str]:
        (folder / name / "shared").mkdir(parents=True)
        return folder / name, CODE.format(shared=folder / name / "shared", mode=mode, beside=beside)

    def watch(event: Event) -> None:
        if isinstance(event, StepEnded) and event.record.step == "breaks":
            (folder / "local/shared/told").touch()

    act = act_module(*code_in("act", beside))
    return act, run_module(*code_in("local", f"{beside}\n        {UNTIL_TOLD}"), jobs=2, watch=watch)


def test_after_a_failure_no_other_job_starts_its_step(tmp_path: Path) -> None:
    act, local = both(tmp_path, "stop_on_failure", UNTIL_FAILED)

    why = "not started, because breaks failed and the execution mode is stop_on_failure"
    assert (
        act.states
        == local.states
        == {"breaks": "failed", "below": "skipped", "beside": "succeeded", "under": "skipped", "apart": "skipped"}
    )
    assert act.record.state == "failed"
    assert (act["under"].reason, act["apart"].reason, act["below"].reason) == (why, why, "breaks failed")


def test_a_failure_ends_the_jobs_that_run(tmp_path: Path) -> None:
    act, local = both(tmp_path, "fail_fast", "time.sleep(600)")

    why = "because breaks failed and the execution mode is fail_fast"
    assert (
        act.states
        == local.states
        == {"breaks": "failed", "below": "skipped", "beside": "cancelled", "under": "skipped", "apart": "skipped"}
    )
    assert act.record.state == "failed"
    assert act["beside"].reason == f"stopped, {why}"
    assert act["beside"].duration < 600


def test_without_a_failure_the_modes_ask_and_start(tmp_path: Path) -> None:
    code = """
    @step
    def one() -> int: return 1

    @step
    def two(x: int) -> int: return x + 1

    @pipeline(execution_mode="fail_fast")
    def p():
        two(one())
"""
    assert act_module(tmp_path, code).states == {"one": "succeeded", "two": "succeeded"}


LEGS = """
    import time
    from pathlib import Path

    SHARED = Path("{shared}")

    @step({options})
    def train(x: int) -> int:
        if x == 1:
            while not (SHARED / "started").exists(): time.sleep(0.01)
            raise ValueError("no")
        (SHARED / "started").touch()
        {slow}
        return x

    @step
    def best(xs: list[int]) -> int: return max(xs)

    @pipeline(execution_mode="{mode}")
    def p():
        best(train.map({items}))
"""


@pytest.mark.parametrize(
    ("mode", "options", "items", "slow", "states"),
    [
        ("stop_on_failure", "max_parallel=1", [0, 1, 2], "pass", ["succeeded", "failed", "skipped"]),
        ("fail_fast", "max_parallel=2", [0, 1, 2], "time.sleep(600)", ["cancelled", "failed", "skipped"]),
    ],
)
def test_the_legs_of_a_step_are_stopped_as_steps_are(
    tmp_path: Path, mode: str, options: str, items: list[int], slow: str, states: list[str]
) -> None:
    def code_in(name: str) -> tuple[Path, str]:
        (tmp_path / name / "shared").mkdir(parents=True)
        return tmp_path / name, LEGS.format(shared=tmp_path / name / "shared", mode=mode, options=options, items=items, slow=slow)

    act, local = act_module(*code_in("act")), run_module(*code_in("local"), jobs=2)
    wanted = {f"train.{index}": state for index, state in enumerate(states)} | {"train": "failed", "best": "skipped"}

    assert act.states == local.states == wanted
