"""What a run tells, in the order in which it happened, and when."""

from __future__ import annotations

from pathlib import Path

from support.runs import ended

from orch.model.events import Event, StepEnded, StepOutput, StepStarted
from orch.orchestrators.local.home import RunFolder
from orch.orchestrators.local.journal import Journal


def test_what_a_step_prints_comes_after_what_happened_before_it(tmp_path: Path) -> None:
    told: list[Event] = []
    journal = Journal(RunFolder(tmp_path), told.append)

    journal.tell(record := ended("a"))
    journal.begin("b", 1)
    assert not told
    journal.output("b", "hello\n")

    assert told == [StepEnded(record), StepStarted("b", 1), StepOutput("b", "hello\n")]
    journal.close()


def test_a_journal_that_is_closed_has_told_everything(tmp_path: Path) -> None:
    told: list[Event] = []
    journal = Journal(RunFolder(tmp_path), told.append)

    journal.tell(record := ended("a"))
    journal.close()

    assert told == [StepEnded(record)]
    assert (tmp_path / "records.jsonl").read_text() == f"{record.text}\n"
