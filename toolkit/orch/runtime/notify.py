"""`orch notify run`: the job that tells people of the run's end, with the one token that may write issues.

It reads the run's record, which the result job has folded, and runs nothing of the user's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO

from orch.errors import ExitCode, OrchError, RecordError, SecretError, raise_problems
from orch.model.canonical import Json
from orch.model.graph import Graph
from orch.model.notices import Issue, Notice, Webhook
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.names import RUN_FILE
from orch.runtime import arguments, issues, runner, webhooks
from orch.runtime.api import Api
from orch.runtime.graph_files import read_graph
from orch.runtime.result import info_from
from orch.runtime.web import Web

_NEEDS: Final = "issues: write"

Log = Callable[[str], None]


def main(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    """All that can be told is told; what could not raises at the end."""
    options = arguments.parse(argv, required=["graph", "run"])
    graph = read_graph(Path(options["graph"]))
    record = _record(Path(options["run"]), graph, environment)

    def log(text: str) -> None:
        stdout.write(runner.harmless(text, environ=environment) + "\n")
        stdout.flush()

    raise_problems(_tell(graph, record, environment, log))
    return ExitCode.OK


def _record(folder: Path, graph: Graph, environment: Mapping[str, str]) -> RunRecord:
    """The run's; where there is none the result job has failed, and with it the run."""
    for file in (folder / RUN_FILE, *sorted(folder.glob(f"*/{RUN_FILE}"))):
        if file.is_file():
            return RunRecord.read(file.read_bytes())
    return RunRecord(info_from(environment, graph), State.FAILED, ())


def _tell(graph: Graph, record: RunRecord, environment: Mapping[str, str], log: Log) -> Iterator[OrchError]:
    if record.info.pipeline != graph.pipeline:
        yield RecordError(f"the run's record is of the pipeline {record.info.pipeline!r}, not of {graph.pipeline!r}")
        return
    for notice in graph.notices:
        ended = outcome(notice, record)
        try:
            match notice.how:
                case Issue() if ended:
                    _issue(graph, record, notice.how, environment, log, failed=ended == "failure")
                case Webhook(secret) if ended == notice.on:
                    _webhook(secret, record, environment, log)
                case _:
                    pass
        except OrchError as error:
            yield error


def outcome(notice: Notice, record: RunRecord) -> str:
    """`failure` or `success` of what the notice is about; empty where it was neither, as when a person has cancelled."""
    if not notice.steps:
        return {State.FAILED: "failure", State.SUCCEEDED: "success"}.get(record.state, "")
    states = [step.state for step in record.steps if step.step in notice.steps]
    if State.FAILED in states:
        return "failure"
    return "success" if states and all(state.has_outputs for state in states) else ""


def _webhook(secret: str, record: RunRecord, environment: Mapping[str, str], log: Log) -> None:
    address = environment.get(secret, "")
    if not address:
        hint = f"add the secret {secret} to the repository, and let a workflow that calls this one pass it on"
        raise SecretError(f"secret {secret!r} is not set, and it has the address of a webhook", hint=hint)
    webhooks.send(address, secret, webhooks.payload(record), Web(environment), log=log)
    log(f"told the webhook {secret}")


# --- the issue ---


def _issue(graph: Graph, record: RunRecord, how: Issue, environment: Mapping[str, str], log: Log, *, failed: bool) -> None:
    if not is_default_branch(environment):
        log("no issue: this run is not of the default branch")
        return
    api = Api.of_job(environment, log=log)
    change = issues.decide(_known(api, graph.pipeline), record, graph, failed=failed)
    if change is None:
        log("no issue has to change")
        return
    _make(api, graph.pipeline, how, change, log)


def _known(api: Api, pipeline: str) -> issues.Known | None:
    query = {"labels": issues.LABEL, "state": "all", "sort": "created", "direction": "asc"}
    return issues.find(pipeline, api.pages("issues", "", query, needs=_NEEDS))


def _make(api: Api, pipeline: str, how: Issue, change: issues.Change, log: Log) -> None:
    if not change.number:
        labels = list(dict.fromkeys((issues.LABEL, *how.labels)))
        body: Json = {"title": issues.title(pipeline), "body": change.body, "labels": labels}
        made = api.post("issues", body | ({"assignees": list(how.assignees)} if how.assignees else {}), needs=_NEEDS)
        log(f"opened issue {made['number']}")
        known = _known(api, pipeline)
        if known and known.number < made["number"]:  # by a run that ended at the same time: the first one counts
            api.patch(f"issues/{made['number']}", {"state": "closed", "state_reason": "not_planned"}, needs=_NEEDS)
            log(f"closed issue {made['number']}: issue {known.number} was opened at the same time")
        return
    path = f"issues/{change.number}"
    changed = {"state": change.state, "body": change.body}
    if change.comment:  # before the issue is closed: a comment after it reads as if somebody disagreed
        api.post(f"{path}/comments", {"body": change.comment}, needs=_NEEDS)
    if sent := {name: value for name, value in changed.items() if value}:
        api.patch(path, sent, needs=_NEEDS)
    log({"open": "reopened", "closed": "closed"}.get(change.state, "changed") + f" issue {change.number}")


def is_default_branch(environment: Mapping[str, str] = os.environ) -> bool:
    """By the event, which names the default branch; a schedule's does not, and runs on no other."""
    try:
        event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_bytes())
    except (KeyError, OSError, ValueError):
        return True
    repository = event.get("repository") if isinstance(event, dict) else None
    default = repository.get("default_branch") if isinstance(repository, dict) else None
    return not default or environment.get("GITHUB_REF", "") == f"refs/heads/{default}"
