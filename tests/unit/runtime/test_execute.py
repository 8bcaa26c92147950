"""One order in this process: the executor around the user's function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.modules import write
from support.steps import a_step

from orch.authoring.load import separate_modules
from orch.model.canonical import Json
from orch.model.records import Failure, StepRecord
from orch.model.states import State
from orch.runtime.execute import Executor, Order, Setup

HOOKS = """
    import json
    from pathlib import Path

    seen = Path(__file__).with_name("seen")

    def failed(error):
        here = context()
        seen.write_text(json.dumps([str(error), error.failure.cause, here.step, str(here.state), here.tries]))

    def done():
        seen.write_text(f"{context().step} {context().state}")

    def failed_silently():
        seen.touch()

    def broken():
        raise RuntimeError("no network")

    def changed(error, channel): ...
"""
WHY: Json = Failure("exception", "no such column", "ValueError").to_json()

Run = Callable[..., StepRecord]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    def execute(code: str, **order: object) -> StepRecord:
        write(tmp_path, code)
        folders = {name: str(tmp_path / name) for name in ("store", "scratch")}
        setup = Setup(
            git_root=str(tmp_path),
            root=str(tmp_path),
            **folders,
            run="r1",
            pipeline="p",
            trigger="manual",
            attempt=3,
            parameters={},
            verify=False,
            secrets=[],
        )
        return Executor(setup, after_call=lambda: None).execute(Order(a_step("train").to_json(), {}, **order))  # type: ignore[arg-type]

    with separate_modules():
        yield execute


@pytest.mark.parametrize(
    ("hook", "failure", "told"),
    [
        ("failed", WHY, '["ValueError: no such column", "exception", "train", "failed", 2]'),
        ("failed_silently", WHY, ""),
        ("done", None, "train succeeded"),
    ],
)
def test_a_hook_is_called_instead_of_the_step_and_knows_how_it_ended(run: Run, tmp_path: Path, hook: str, failure: Json, told: str) -> None:
    record = run(HOOKS, tries=2, hook=f"pipeline.py:{hook}", failure=failure)

    assert (record.step, record.state, record.attempt, record.tries, record.failure) == ("train", State.SUCCEEDED, 3, 2, None)
    assert (tmp_path / "seen").read_text() == told


@pytest.mark.parametrize(
    ("hook", "cause", "message"),
    [
        ("pipeline.py:broken", "exception", "no network"),
        ("pipeline.py:gone", "import", "pipeline.py has no function 'gone' any more: compile the pipeline again"),
        ("pipeline.py:changed", "import", "on_failure cannot call 'changed'"),
        ("../hooks.py:failed", "import", "no file '../hooks.py' in the project"),
    ],
)
def test_a_hook_that_fails_says_why_in_its_own_record(run: Run, tmp_path: Path, hook: str, cause: str, message: str) -> None:
    (tmp_path.parent / "hooks.py").write_text("def failed(): ...\n")
    record = run(HOOKS, hook=hook, failure=WHY)

    assert record.state is State.FAILED
    assert record.failure is not None
    assert record.failure.cause == cause
    assert message in record.failure.message


@pytest.mark.parametrize(("ending", "state"), [("return 1", State.SUCCEEDED), ("raise ValueError", State.FAILED)])
def test_what_a_step_logged_is_in_its_record_however_it_ended(run: Run, ending: str, state: State) -> None:
    record = run(f"def train():\n    log_metadata(rows=3, loss=0.5)\n    log_metadata(loss=0.25)\n    {ending}\n")

    assert record.state is state
    assert record.metadata == {"rows": 3, "loss": 0.25}


ASKED: Json = [{"compare": [{"step": "train", "output": "output"}, ">", {"value": 0.9}]}]


@pytest.mark.parametrize(("value", "flag"), [("0.95", True), ("0.9", False), ("float('nan')", False), ("True", True)])
def test_what_conditions_ask_is_told_of_the_value(run: Run, value: str, *, flag: bool) -> None:
    record = run(f"def train():\n    return {value}\n", asked=ASKED)

    assert (record.state, record.flags) == (State.SUCCEEDED, {"output > 0.9": flag})


def test_what_conditions_ask_of_an_array_is_told_as_its_reader_would(run: Run) -> None:
    record = run("import numpy\ndef train():\n    return numpy.float32(0.95)\n", asked=ASKED)

    assert record.flags == {"output > 0.9": True}
    assert record.outputs["output"].value is None


@pytest.mark.parametrize("value", ["None", "'high'", "[1]", "__import__('numpy').zeros(3)"])
def test_a_value_that_cannot_be_compared_fails_the_step_that_made_it(run: Run, value: str) -> None:
    record = run(f"def train():\n    return {value}\n", asked=ASKED)

    assert record.state is State.FAILED
    assert record.failure is not None
    assert record.failure.cause == "output"
    assert record.failure.message.startswith("it cannot be told whether train.output > 0.9: ")


@pytest.mark.parametrize(
    ("value", "kept"), [("0.5", 0.5), ("'eu'", "eu"), ("True", True), ("3", 3), ("'x' * 200", None), ("2**80", None), ("[1]", None)]
)
def test_a_record_holds_short_values_themselves(run: Run, value: str, kept: object) -> None:
    assert run(f"def train():\n    return {value}\n").outputs["output"].value == kept
