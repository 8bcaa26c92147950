"""What is told of a run whose steps have nothing to say for themselves."""

from __future__ import annotations

import json

from orch.replay.act.listening import Listener
from orch.replay.act.trouble import broken_jobs, last_words, trouble


def heard(*lines: dict[str, object]) -> Listener:
    listener = Listener()
    for line in lines:
        list(listener.hear(json.dumps(line)))
    return listener


def test_a_job_of_no_step_that_failed_is_broken_but_for_the_last_one() -> None:
    results = {"orch-plan": "failure", "load": "failure", "train.3": "failure", "train-legs": "success", "orch-result": "failure"}

    assert broken_jobs(results, {"load", "train"}) == ["orch-plan"]
    assert broken_jobs({"train-legs": "failure"}, {"load", "train"}) == ["train-legs"]


def test_a_traceback_of_a_job_of_no_step_is_told() -> None:
    printed = ["Traceback (most recent call last):\n", "RuntimeError: no index\n"]
    listener = heard(
        *({"jobID": "orch-result", "raw_output": True, "msg": line} for line in printed),
        {"jobID": "orch-result", "command": "error", "arg": "this is a bug in orch"},
        {"jobID": "load", "raw_output": True, "msg": "of a step"},
        {"level": "error", "msg": "act has a word"},
    )
    noted = json.dumps({"level": "warning", "msg": "no docker"}, separators=(",", ":"))
    told = trouble(listener, f"{noted}\nError: Job failed\n", ["orch-result", "orch-plan"])

    assert told.splitlines() == ["act has a word", "this is a bug in orch", "Error: Job failed", *(line.strip() for line in printed)]


def test_act_s_own_end_is_told_by_the_line_that_says_why() -> None:
    assert last_words("noise\nfatal error: concurrent map writes\n\ngoroutine 1:\n") == "fatal error: concurrent map writes"
    assert last_words("") == "it said nothing"
