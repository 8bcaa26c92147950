"""What starts a compiled workflow, under the real act."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.act import act_module

pytestmark = pytest.mark.act


def test_all_steps_of_a_scheduled_run_are_for_the_moment_of_the_schedule(tmp_path: Path) -> None:
    ran = act_module(
        tmp_path,
        """
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
        """,
        payload={"schedule": "17 2 * * *"},
    )

    assert ran.states == {"first": "succeeded", "second": "succeeded"}
    assert ran.output("second") == "02:17 Europe/Berlin\n"
    assert ran["second"].outputs["output"].preview == "True"
    assert ran.record.info.trigger == "schedule"
    assert ran.record.info.logical_date[11:19] == "02:17:00"
