"""Job steps written by hand, around ours, under act."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.act import act_module

pytestmark = pytest.mark.act

CODE = """
    import os
    from pathlib import Path

    @step(github={{
        "env": {{"LEVEL": "high"}},
        "before": [{{"run": 'echo "$WHO" > seed', "env": {{"WHO": "first ${{{{ github.event_name }}}}"}}}}],
        "after": [{{"run": 'cat seed >> "{told}"'}}, {{"run": 'echo always >> "{told}"', "if": "always()"}}],
    }})
    def load() -> str:
        {body}

    @pipeline
    def p():
        load()
"""


def test_they_run_before_and_after_with_what_the_job_has(tmp_path: Path) -> None:
    body = 'return Path("seed").read_text().strip() + " " + os.environ["LEVEL"]'
    ran = act_module(tmp_path, CODE.format(told=tmp_path / "told", body=body))

    assert ran.states == {"load": "succeeded"}
    assert ran.preview("load") == "'first workflow_dispatch high'"
    assert (tmp_path / "told").read_text() == "first workflow_dispatch\nalways\n"


def test_after_a_failure_those_run_that_ask_for_it(tmp_path: Path) -> None:
    ran = act_module(tmp_path, CODE.format(told=tmp_path / "told", body='raise ValueError("no")'))

    assert ran.states == {"load": "failed"}
    assert (tmp_path / "told").read_text() == "always\n"
