"""What starts a compiled workflow, under the real act."""

from __future__ import annotations

import re
import subprocess
import textwrap
from pathlib import Path
from typing import Final

import pytest
from support.act import act_module
from support.modules import write

from orch.authoring.load import separate_modules
from orch.names import workflow_path
from orch.orchestrators.github.repository import compile_references

pytestmark = pytest.mark.act

NIGHTLY: Final = """
    from orch import Schedule, context, pipeline, step

    @step
    def first() -> str:
        return context().logical_date.isoformat()

    @step
    def second(given: str) -> bool:
        when = context().logical_date
        print(when.strftime("%H:%M"), when.tzinfo)
        return when.isoformat() == given

    @pipeline(schedule=Schedule("17 2 * * *", "Europe/Berlin"))
    def nightly() -> None:
        second(first())
"""


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._git("init", "--quiet", "--initial-branch=main")

    def commit(self) -> None:
        self._git("add", "--all")
        self._git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--no-gpg-sign", "-m", "x")

    @property
    def head(self) -> str:
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=self.folder, capture_output=True, text=True, check=True).stdout.strip()


def test_all_steps_of_a_scheduled_run_are_for_the_moment_of_the_schedule(tmp_path: Path) -> None:
    ran = act_module(tmp_path, NIGHTLY, payload={"schedule": "17 2 * * *"})

    assert ran.states == {"first": "succeeded", "second": "succeeded"}
    assert ran.output("second") == "02:17 Europe/Berlin\n"
    assert ran["second"].outputs["output"].preview == "True"
    assert ran.record.info.trigger == "schedule"
    assert ran.record.info.logical_date[11:19] == "02:17:00"


def test_a_run_can_be_given_the_moment_that_it_is_for(tmp_path: Path) -> None:
    ran = act_module(tmp_path, NIGHTLY, logical_date="2026-03-30T04:05")

    assert ran.output("second") == "04:05 Europe/Berlin\n"
    assert ran.record.info.logical_date == "2026-03-30T04:05:00+02:00"


def test_what_a_program_sends_gives_the_parameters(tmp_path: Path) -> None:
    code = """
        from orch import RepositoryDispatch, pipeline, step

        @step
        def told(rows: int, name: str) -> list[object]:
            return [rows, name]

        @pipeline(triggers=[RepositoryDispatch(types=["arrived"])])
        def arrivals(rows: int = 1, name: str = "a") -> None:
            told(rows, name)
        """

    ran = act_module(tmp_path, code, payload={"action": "arrived", "client_payload": {"rows": 5}})

    assert ran["told"].outputs["output"].preview == "[5, 'a']"
    assert (ran.record.info.trigger, ran.record.info.parameters) == ("repository_dispatch", {"rows": 5, "name": "a"})


FILTERED: Final = """
    from orch import Push, pipeline, step

    @step
    def load() -> int:
        return 1

    @step
    def total(number: int) -> int:
        return number

    @pipeline(triggers=[Push(paths=["data/**"])])
    def sums() -> None:
        total(load())
"""


def test_a_push_that_touches_no_file_of_the_pipeline_passes_and_starts_no_step(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    (tmp_path / "pipeline.py").write_text(textwrap.dedent(FILTERED))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1\n")
    repository.commit()
    before = repository.head
    (tmp_path / "README.md").write_text("more\n")
    repository.commit()

    ran = act_module(tmp_path, FILTERED, payload={"before": before, "head_commit": {}})

    assert ran.states == {"load": "skipped", "total": "skipped"}
    assert str(ran.record.state) == "succeeded"
    assert {step.reason for step in ran.record.steps} == {"no file is changed of data/**"}

    (tmp_path / "data" / "a.csv").write_text("2\n")
    repository.commit()
    assert act_module(tmp_path, FILTERED, payload={"before": before, "head_commit": {}}).states == {
        "load": "succeeded",
        "total": "succeeded",
    }


def test_another_workflow_calls_it_and_reads_how_it_ended(tmp_path: Path) -> None:
    code = """
        from orch import WorkflowCall, pipeline, step

        @step
        def told(rows: int) -> int:
            return rows

        @pipeline(triggers=[WorkflowCall()])
        def counted(rows: int = 1) -> None:
            told(rows)
        """
    file = write(tmp_path, code)
    with separate_modules():
        (compiled,) = compile_references([str(file)], tmp_path).pipelines
    called = compiled.files[workflow_path("counted")]
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / ".github" / "workflows" / "called.yml").write_text(called)
    action = next(line.split("uses: ")[1] for line in called.splitlines() if "uses: orch-dev/" in line)

    act_module(
        tmp_path,
        code,
        workflow=f"""
            name: caller
            on: workflow_dispatch
            jobs:
              count:
                uses: ./.github/workflows/called.yml
                with:
                  rows: 7
              before:
                runs-on: ubuntu-24.04
                steps:
                - run: "true"
                  shell: bash
              after:
                needs: count
                runs-on: ubuntu-slim
                steps:
                - run: echo "$STATE $ARTIFACTS $RUN" > {tmp_path}/told
                  shell: bash
                  env:
                    STATE: ${{{{ needs.count.outputs.state }}}}
                    ARTIFACTS: ${{{{ needs.count.outputs.artifacts }}}}
                    RUN: ${{{{ needs.count.outputs.run-artifact }}}}
                - if: false
                  uses: {action}
            """,
    )

    assert (tmp_path / "told").read_text() == 'succeeded {"told":"orch-counted-told-a1"} orch-run-counted-a1\n'


def test_a_gate_opens_where_nobody_has_to_be_asked(tmp_path: Path) -> None:
    code = """
        from orch import pipeline, step

        @step
        def build() -> int:
            return 1

        @step(deploys_to="production")
        def deploy(built: int) -> int:
            return built

        @step(deploys_to="production")
        def announce(built: int) -> int:
            return built

        @pipeline
        def release() -> None:
            built = build()
            deploy(built)
            announce(built)
        """

    ran = act_module(tmp_path, code)

    assert ran.states == {"build": "succeeded", "deploy": "succeeded", "announce": "succeeded"}


def test_a_schedule_that_was_not_kept_by_hand_is_no_schedule_that_github_dropped(tmp_path: Path) -> None:
    """The next scheduled run under act asks for earlier ones, and for when the workflow was changed, and warns of nothing."""
    act_module(tmp_path, NIGHTLY, payload={"schedule": "17 2 * * *"})
    for file in (tmp_path / ".orch" / "act" / "runs").glob("*/*.json"):
        text = file.read_text()
        if '"created_at"' in text:
            file.write_text(re.sub(r'"created_at": ?"[^"]*"', '"created_at":"2026-01-01T00:00:00Z"', text))

    ran = act_module(tmp_path, NIGHTLY, payload={"schedule": "17 2 * * *"})

    asked = (ran.folder / "requests.log").read_text()
    assert str(ran.record.state) == "succeeded"
    assert "/commits" in asked
    assert "404" not in asked


def test_of_a_push_that_touches_no_file_no_mapped_step_starts_either(tmp_path: Path) -> None:
    code = """
        from orch import Push, pipeline, step, when

        @step
        def items(n: int) -> list[int]:
            return list(range(n))

        @step
        def square(x: int) -> int:
            return x * x

        @step
        def total(xs: list[int]) -> int:
            return sum(xs)

        @step(deploys_to="production")
        def deploy(total: int) -> None:
            print(total)

        @pipeline(triggers=[Push(paths=["data/**"])])
        def squares(n: int = 3) -> None:
            sum_of_all = total(square.map(items(n)))
            with when(sum_of_all > 4):
                deploy(sum_of_all)
        """
    repository = Repository(tmp_path)
    (tmp_path / "pipeline.py").write_text(textwrap.dedent(code))
    repository.commit()

    untouched = act_module(tmp_path, code, payload={"before": repository.head, "head_commit": {}})

    assert untouched.states == dict.fromkeys(["items", "square", "total", "deploy"], "skipped")
    assert str(untouched.record.state) == "succeeded"
    assert act_module(tmp_path, code).states["deploy"] == "succeeded"
