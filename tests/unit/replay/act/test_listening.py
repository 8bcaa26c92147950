from __future__ import annotations

import json
from typing import Any

from orch.replay.act.listening import Heard, JobEnded, JobOutput, JobStarted, Listener


def hear(listener: Listener, *lines: dict[str, Any]) -> list[Heard]:
    return [heard for line in lines for heard in listener.hear(json.dumps({"jobID": "a", "level": "info", "msg": ""} | line))]


def printed(text: str) -> dict[str, Any]:
    return {"raw_output": True, "msg": text}


STOP = {"command": "stop-commands", "arg": "t0", "raw": "::stop-commands::t0\n"}
RESUME = {"command": "t0", "arg": "", "raw": "::t0::\n"}


def test_a_job_starts_with_its_first_word_and_ends_with_its_result() -> None:
    heard = hear(Listener(), {"msg": "Run Set up job"}, {"msg": "more"}, {"jobResult": "failure"})

    assert heard == [JobStarted("a"), JobEnded("a", "failure")]


def test_what_the_users_code_prints_is_what_stands_between_stopped_commands() -> None:
    heard = hear(Listener(), printed("uv\n"), STOP, printed("hello\n"), RESUME, printed("after\n"))

    assert heard == [JobStarted("a"), JobOutput("a", "hello\n")]


def test_a_line_that_looks_like_a_command_is_the_users_while_commands_are_stopped() -> None:
    forged = {"command": "ignored", "raw": "::error::forged\n", "msg": "  ⚙  ::error::forged\n"}

    assert hear(Listener(), STOP, forged)[1:] == [JobOutput("a", "::error::forged\n")]


def test_our_own_report_after_the_step_is_not_its_output() -> None:
    listener = Listener()

    heard = hear(listener, STOP, printed("hello\n"), RESUME, STOP, printed("Traceback\n"), RESUME)

    assert heard[1:] == [JobOutput("a", "hello\n")]
    assert list(listener.logs["a"].lines) == ["hello\n", "Traceback\n"]


def test_what_a_job_says_before_its_step_is_not_its_output() -> None:
    """As why no earlier result is taken."""
    stop, resume = {"command": "stop-commands", "arg": "orch-own-1"}, {"command": "orch-own-1", "arg": ""}

    assert hear(Listener(), stop, printed("run: it has not run before\n"), resume, STOP, printed("hello\n"), RESUME)[1:] == [
        JobOutput("a", "hello\n")
    ]


def test_errors_of_a_job_are_kept_for_one_that_leaves_no_record() -> None:
    listener = Listener()

    hear(listener, {"command": "error", "arg": "no such graph"}, {"level": "error", "msg": "exit status 2"})

    assert listener.logs["a"].errors == ["no such graph"]


def test_jobs_are_told_apart() -> None:
    listener = Listener()

    heard = hear(listener, STOP, {**STOP, "jobID": "b", "arg": "t1"}, printed("a\n"), {**printed("b\n"), "jobID": "b"}, RESUME)

    assert heard == [JobStarted("a"), JobStarted("b"), JobOutput("a", "a\n"), JobOutput("b", "b\n")]


def test_what_act_says_of_itself_is_trouble() -> None:
    listener = Listener()

    assert list(listener.hear("Error: no such file")) == []
    assert list(listener.hear('{"level": "fatal", "msg": "bad workflow"}')) == []
    assert listener.trouble == ["Error: no such file", "bad workflow"]
