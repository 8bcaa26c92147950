"""`orch notify run`, against servers on this machine: one that keeps issues as GitHub does, and webhooks."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.web_server import Reply, WebServer, serving

from orch.errors import OrchError, RemoteError, SecretError
from orch.model import canonical
from orch.model.graph import Graph, Step
from orch.model.notices import Issue, Notice, Webhook
from orch.model.records import Failure, StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.states import State
from orch.replay.act import issues as act_issues
from orch.replay.act import server as act_server
from orch.runtime import notify, webhooks
from orch.runtime.web import Web

ISSUE = Notice("failure", Issue(("nightly",), ("octocat",)))
STEPS = (Step("load", "churn.py:load"), Step("train", "churn.py:train"))
PATH = "/services/T0/B0/s3cret"


class Issues(act_issues.Issues):
    """The next `late` lists are from before the issues that are there."""

    late = 0

    def _listed(self, asked: act_server.Asked) -> act_server.Reply:
        self.late -= 1
        return act_server.Reply(body=[]) if self.late >= 0 else super()._listed(asked)


@dataclass
class Job:
    """Runs that end one after the other, each telling of itself."""

    folder: Path
    api: str
    server: Issues
    event: Mapping[str, Any] = field(default_factory=dict)
    ref: str = "refs/heads/main"

    def end(self, run: int, failed: str, *notices: Notice, state: State | None = None, **environment: str) -> str:
        """The end of a run in which `failed` is the step that failed, if one did: what the job printed."""
        graph = Graph("churn", "churn.py:churn", STEPS, notices=notices)
        (self.folder / "graph.json").write_text(graph.text())
        (self.folder / "event.json").write_text(json.dumps(self.event))
        steps = tuple(_ended(step.id, failed) for step in STEPS)
        record = RunRecord(RunInfo(str(run), "churn", "github"), state or (State.FAILED if failed else State.SUCCEEDED), steps)
        (self.folder / "told").mkdir(exist_ok=True)
        (self.folder / "told" / "run.json").write_text(canonical.pretty(record.to_json()))
        return self.run(**environment)

    def run(self, **environment: str) -> str:
        stdout = io.StringIO()
        known = {"GITHUB_API_URL": self.api, "GITHUB_REPOSITORY": "local/churn", "GITHUB_TOKEN": "ghs_1", "GITHUB_REF": self.ref}
        known |= {"GITHUB_EVENT_PATH": str(self.folder / "event.json"), "GITHUB_RUN_ID": "99", **environment}
        assert notify.main(["--graph", str(self.folder / "graph.json"), "--run", str(self.folder / "told")], known, stdout) == 0
        return stdout.getvalue()

    @property
    def issues(self) -> list[tuple[int, str]]:
        return [(number, issue["state"]) for number, issue in self.server.items.items()]


def _ended(step: str, failed: str) -> StepRecord:
    if step == failed:
        return StepRecord(step, State.FAILED, failure=Failure("exception", "no <!channel> rows", "ValueError"))
    return StepRecord(step, State.SUCCEEDED)


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    server = Issues()
    with act_server.serving(server.routes, repository="local/churn", token="ghs_1") as api:
        yield Job(tmp_path, api, server)


# --- the issue ---


def test_one_issue_goes_with_a_pipeline_through_failures_and_successes(job: Job) -> None:
    assert job.end(1, "", ISSUE) == "no issue has to change\n"
    assert job.end(2, "train", ISSUE) == "opened issue 1\n"
    assert job.end(3, "train", ISSUE) == "changed issue 1\n"
    assert job.end(4, "load", ISSUE) == "changed issue 1\n"
    assert job.end(5, "", ISSUE) == "closed issue 1\n"
    assert job.issues == [(1, "closed")]
    assert job.end(6, "train", ISSUE) == "reopened issue 1\n"
    assert job.issues == [(1, "open")]
    assert [comment.partition(":")[0] for _, comment in job.server.comments] == ["Now", "It succeeded", "It failed again"]
    issue = job.server.items[1]
    assert issue["title"] == "Pipeline churn fails"
    assert [label["name"] for label in issue["labels"]] == ["orch", "nightly"]
    assert [user["login"] for user in issue["assignees"]] == ["octocat"]


def test_each_pipeline_has_its_own_among_many(job: Job) -> None:
    for number in range(1, 151):
        job.server.items[number] = {
            "number": number,
            "state": "open",
            "labels": [{"name": "orch"}],
            "user": {"type": "Bot"},
            "body": f"<!-- orch-pipeline: other_{number} -->\n",
        }

    assert job.end(1, "train", ISSUE) == "opened issue 151\n"
    assert job.end(2, "", ISSUE) == "closed issue 151\n"


def test_of_two_runs_that_open_one_at_the_same_time_the_first_one_counts(job: Job) -> None:
    job.end(1, "train", ISSUE)
    job.server.late = 1

    assert job.end(2, "train", ISSUE) == "opened issue 2\nclosed issue 2: issue 1 was opened at the same time\n"
    assert job.issues == [(1, "open"), (2, "closed")]
    assert job.end(3, "", ISSUE) == "closed issue 1\n"


def test_a_run_that_was_cancelled_tells_nobody(job: Job) -> None:
    assert job.end(1, "", ISSUE, state=State.CANCELLED) == ""


def test_another_branch_than_the_default_one_has_no_issue(job: Job) -> None:
    job.event = {"repository": {"default_branch": "main"}}
    assert job.end(1, "train", ISSUE) == "opened issue 1\n"

    job.ref = "refs/heads/feature"
    assert job.end(2, "", ISSUE) == "no issue: this run is not of the default branch\n"
    assert job.issues == [(1, "open")]


def test_a_step_may_be_told_of_alone(job: Job) -> None:
    of_train = Notice("failure", Issue(), ("train",))

    job.end(1, "load", of_train)
    assert job.issues == []
    job.end(2, "train", of_train)
    assert job.issues == [(1, "open")]


def test_without_a_record_the_run_has_failed(job: Job) -> None:
    job.end(1, "train", ISSUE)
    (job.folder / "told" / "run.json").unlink()

    assert job.run() == "changed issue 1\n"
    assert "The run's record is missing" in job.server.items[1]["body"]


def test_a_token_that_may_not_write_issues_is_an_error_with_the_line(job: Job) -> None:
    with serving(WebServer(Reply(403, {"message": "Resource not accessible by integration"}))) as refusing:
        job.api = refusing.url
        with pytest.raises(RemoteError) as raised:
            job.end(1, "train", ISSUE)

    assert "`issues: write`" in raised.value.hint


# --- webhooks ---


def test_a_webhook_gets_one_request_that_slack_and_programs_can_read(job: Job) -> None:
    with serving(WebServer(Reply(body=b"ok"))) as chat:
        said = job.end(7, "train", Notice("failure", Webhook("CHAT_URL")), CHAT_URL=f"{chat.url}{PATH}")

    (asked,) = chat.asked
    assert (asked.method, asked.path) == ("POST", PATH)
    assert "authorization" not in asked.headers
    assert asked.data == {
        "text": "churn failed: train (run 7)",
        "schema": 1,
        "pipeline": "churn",
        "state": "failed",
        "run": "7",
        "attempt": 1,
        "trigger": "manual",
        "commit": "",
        "url": "",
        "failed": [{"step": "train", "cause": "exception", "type": "ValueError", "message": "no <!channel> rows"}],
    }
    assert "s3cret" not in said


def test_failures_and_successes_have_their_own(job: Job) -> None:
    with serving(WebServer(Reply())) as chat:
        notices = (Notice("failure", Webhook("BAD")), Notice("success", Webhook("GOOD")))
        for run, failed in ((1, "train"), (2, "")):
            job.end(run, failed, *notices, BAD=f"{chat.url}/bad", GOOD=f"{chat.url}/good")

    assert chat.paths == ["POST /bad", "POST /good"]
    assert chat.asked[1].data["text"] == "churn succeeded (run 2)"


def refusal(call: Callable[[], object]) -> OrchError:
    with pytest.raises(OrchError) as raised:
        call()
    return raised.value


def test_every_notice_is_tried_and_what_failed_is_told_at_the_end(job: Job) -> None:
    notices = (Notice("failure", Webhook("ABSENT")), ISSUE)

    error = refusal(lambda: job.end(1, "train", *notices))

    assert isinstance(error, SecretError)
    assert "'ABSENT' is not set" in error.message
    assert job.issues == [(1, "open")]


def send(address: str, slept: list[float] | None = None) -> None:
    webhooks.send(
        address,
        "CHAT_URL",
        {},
        Web({}, seconds=5),
        log=print,
        sleep=(slept if slept is not None else []).append,
        now=lambda: 0.0,
        jitter=lambda: 1.0,
    )


def test_the_address_is_in_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(WebServer(Reply())) as gone:
        pass
    elsewhere = Reply(307, headers={"Location": "https://evil.example/s3cret"})
    for reply in (
        Reply(404),
        Reply(500),
        Reply(hang_up=True),
        elsewhere,
        Reply(302, headers={"Location": PATH}),
        Reply(308, headers={"Location": PATH}),
    ):
        with serving(WebServer(reply)) as chat:
            error = refusal(lambda chat=chat: send(f"{chat.url}{PATH}"))  # type: ignore[misc]
        assert "s3cret" not in str(error)
        assert "'CHAT_URL'" in error.message
    assert "s3cret" not in str(refusal(lambda: send(f"{gone.url}{PATH}")))
    for address in (
        f"http://chat.example{PATH}",
        f"ftp://chat.example{PATH}",
        f"https://{PATH}",
        f"https://chat.example:x{PATH}",
        f"https://a b{PATH}",
        PATH,
    ):
        assert "s3cret" not in str(refusal(lambda address=address: send(address)))  # type: ignore[misc]
    assert "s3cret" not in capsys.readouterr().out


def test_it_is_sent_again_only_where_nobody_got_it() -> None:
    slept: list[float] = []
    with serving(WebServer(Reply(429, headers={"Retry-After": "3"}), Reply(429), Reply())) as chat:
        send(f"{chat.url}{PATH}", slept)
    with serving(WebServer(Reply(502))) as broken:
        refusal(lambda: send(f"{broken.url}{PATH}"))

    assert slept == [3.0, 2.0]
    assert len(broken.asked) == 1


def test_a_redirect_on_the_same_server_is_followed_with_what_was_sent() -> None:
    with serving(WebServer(Reply(307, headers={"Location": "/new"}), Reply())) as chat:
        send(f"{chat.url}{PATH}")

    assert chat.paths == [f"POST {PATH}", "POST /new"]
    assert chat.asked[1].body == b"{}"
