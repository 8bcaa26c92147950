"""What every target promises, wherever a step runs: one pipeline, run once at each, and looked at from all sides."""

from __future__ import annotations

import os
from typing import Final

import pytest
from support.docker import IMAGE, requires_docker
from support.local import run_module
from support.ran import Ran

from orch.model.docker import DockerSettings
from orch.model.events import StepEnded, StepOutput
from orch.orchestrators.local.away import Placement

SECRET: Final = "hunter2/with+odd=chars"
CODE: Final = r"""
    import os, signal, sys, time
    from pathlib import Path
    from typing import Annotated
    from helpers.words import WORD

    @step
    def makes() -> tuple[Annotated[dict[str, list[float | None]], "table"], Annotated[bytes, "raw"], Annotated[Path, "folder"]]:
        folder = Path(context().temp) / "out"
        (folder / "räksmörgås 🍤").mkdir(parents=True)
        (folder / "räksmörgås 🍤" / "-rf *").write_text("odd")
        (folder / "program").write_text("#!/bin/sh")
        (folder / "program").chmod(0o755)
        (folder / "empty").mkdir()
        return {"a": [1.5, None], "ü": []}, bytes(range(256)) * 1000, folder

    @step
    def reads(table: dict[str, list[float | None]], raw: bytes, folder: Path) -> list[str]:
        assert table == {"a": [1.5, None], "ü": []}
        assert raw == bytes(range(256)) * 1000
        assert (folder / "räksmörgås 🍤" / "-rf *").read_text() == "odd"
        assert os.access(folder / "program", os.X_OK)
        return sorted(path.name for path in folder.rglob("*"))

    @step
    def says() -> None:
        print("first")
        sys.stderr.write("second\n")
        os.write(1, b"third\nno utf-8: \xff\n")
        os.system("echo fourth")
        print("x" * 70_000)
        print("last, without its end", end="")

    @step
    def raises() -> None:
        print("before")
        {}["absent"]

    @step
    def leaves() -> None:
        os._exit(7)

    @step
    def crashes() -> None:
        os.kill(os.getpid(), signal.SIGSEGV)

    @step(timeout=2)
    def lasts() -> None:
        try:
            time.sleep(600)
        finally:
            print("cleaned up", flush=True)

    @step(secrets=["TOKEN"], environment={"LEVEL": "a b\nc"})
    def hides() -> tuple[Annotated[bool, "has"], Annotated[str, "level"], Annotated[str, "word"]]:
        print("the token is", os.environ["TOKEN"])
        return len(os.environ["TOKEN"]) == 22, os.environ["LEVEL"], WORD

    @step
    def others() -> list[str]:
        return [name for name, value in os.environ.items() if name == "TOKEN" or "hunter2" in value]

    @step(retry=StepRetryConfig(max_retries=2, delay=0))
    def tries() -> int:
        log_metadata(tries=context().tries)
        if context().tries < 2:
            raise ValueError("not yet")
        return context().tries

    def told(error: StepFailed) -> None:
        print("told of", error)

    @step(on_failure=told)
    def hooked() -> None:
        raise RuntimeError("on purpose")

    @step
    def squares(x: int) -> int:
        return x * x

    @step
    def total(xs: list[int]) -> int:
        return sum(xs)

    @pipeline
    def everything() -> None:
        reads(*makes())
        says(); raises(); leaves(); crashes(); lasts(); hides(); others(); tries(); hooked()
        total(squares.map([1, 2, 3]))
"""
PLACEMENTS: Final = {"local": Placement(), "docker": Placement("docker", DockerSettings(parent_image=IMAGE))}


@pytest.fixture(scope="module", params=["local", pytest.param("docker", marks=pytest.mark.docker)])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    if request.param == "docker":
        requires_docker()
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "helpers").mkdir()
    (folder / "helpers/words.py").write_text("WORD = 'of another module'\n")
    environment = {**os.environ, "TOKEN": SECRET}
    return run_module(folder, CODE, jobs=3, environment=environment, placement=PLACEMENTS[request.param])


def test_values_arrive_as_they_were(ran: Ran) -> None:
    assert ran.states["reads"] == "succeeded"
    assert ran.preview("reads") == "['-rf *', 'empty', 'program', 'räksmörgås 🍤']"


def test_all_that_a_step_prints_is_heard_in_its_order_before_its_end(ran: Ran) -> None:
    lines = ran.output("says").splitlines()
    ended = next(n for n, event in enumerate(ran.events) if isinstance(event, StepEnded) and event.record.step == "says")
    last = max(n for n, event in enumerate(ran.events) if isinstance(event, StepOutput) and event.step == "says")

    assert lines == ["first", "second", "third", r"no utf-8: \xff", "fourth", "x" * 70_000, "last, without its end"]
    assert last < ended


def test_an_exception_is_told_with_the_user_s_own_line(ran: Ran) -> None:
    failure = ran["raises"].failure

    assert failure is not None
    assert (failure.cause, failure.type, failure.message, failure.file) == ("exception", "KeyError", "'absent'", "pipeline.py")
    assert '    {}["absent"]' in failure.traceback
    assert "orch/runtime" not in failure.traceback
    assert ran.output("raises") == "before\n"


@pytest.mark.parametrize(
    ("step", "cause", "words"),
    [("leaves", "exit", "exit code 7"), ("crashes", "signal", "SIGSEGV"), ("lasts", "timeout", "longer than its timeout of 2 s")],
)
def test_every_other_end_is_a_failure_with_its_name(ran: Ran, step: str, cause: str, words: str) -> None:
    failure = ran[step].failure

    assert failure is not None
    assert failure.cause == cause
    assert words in failure.message


def test_a_step_that_lasts_too_long_may_clean_up_and_is_told_where_it_was(ran: Ran) -> None:
    failure = ran["lasts"].failure

    assert failure is not None
    assert "time.sleep(600)" in failure.traceback
    assert ran.output("lasts") == "cleaned up\n"


def test_a_secret_is_seen_by_its_step_alone_and_by_nobody_who_reads(ran: Ran) -> None:
    assert (ran.preview("hides", "has"), ran.preview("others")) == ("True", "[]")
    assert ran.output("hides") == "the token is ***\n"
    left = [file for file in ran.home.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    assert left == []


def test_variables_and_first_party_modules_are_there(ran: Ran) -> None:
    assert ran.preview("hides", "level") == repr("a b\nc")
    assert ran.preview("hides", "word") == repr("of another module")


def test_a_step_is_tried_again_with_its_number(ran: Ran) -> None:
    assert (ran["tries"].tries, ran.preview("tries"), dict(ran["tries"].metadata)) == (2, "2", {"tries": 2})


def test_a_hook_is_called_with_the_error(ran: Ran) -> None:
    assert ran["hooked"].hook is None
    assert ran.output("hooked") == "told of RuntimeError: on purpose\n"


def test_legs_are_gathered_in_order(ran: Ran) -> None:
    assert ran.preview("total") == "14"
    assert [ran[f"squares.{n}"].outputs["output"].preview for n in range(3)] == ["1", "4", "9"]


def test_nothing_is_left_but_what_the_run_made(ran: Ran) -> None:
    assert not list(ran.folder.glob("handles/*"))
    assert not (ran.folder / "delivery").exists()
