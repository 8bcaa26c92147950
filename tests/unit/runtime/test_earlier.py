"""What earlier runs left, as far as it may be trusted: whatever they wrote, and whatever GitHub answers."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.github_api import NOW, GitHub, zip_of

from orch.errors import RemoteError
from orch.model.artifacts import Artifact
from orch.model.index import Entry, Kept
from orch.names import index_artifact
from orch.replay.act.server import Reply
from orch.runtime.earlier import CALLS, Earlier, missing, read_earlier
from orch.runtime.here import Here

HERE = Here("acme/churn", ".github/workflows/p.yml", "99", 1, ("main", "feature"))
OUTPUT = Artifact(f"sha256:{'a' * 64}", 2, "json")
LATER = "2027-03-01T00:00:00Z"


def entry(run: int, step: str = "a", key: str = "1", *, expires: str = LATER, artifact: int = 1) -> Entry:
    kept = (Kept(artifact, f"orch-p-{step}-a1", expires),)
    return Entry(f"sha256:{key * 64}", "p", step, str(run), "2027-01-01T00:00:00Z", {}, {"output": OUTPUT}, attempt=1, artifacts=kept)


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    return GitHub(tmp_path)


def read(github: GitHub, here: Here = HERE) -> Earlier:
    return read_earlier(github.api(), here, "p", now=NOW)


def test_the_index_of_the_newest_trusted_run_is_read(github: GitHub) -> None:
    for run in (1, 2):
        github.run(run)
        github.upload_index(run, [entry(1), entry(run, "b")])

    found = read(github)

    assert [(each.step, each.run) for each in found.entries] == [("a", "1"), ("b", "2")]
    assert found.told == ()
    assert len(github.asked) == 3


def test_of_this_branch_and_of_the_others_the_newest_index_each_is_read(github: GitHub) -> None:
    for run, branch in ((1, "main"), (2, "feature"), (3, "feature"), (4, "main")):
        github.run(run, head_branch=branch)
        github.upload_index(run, [entry(run, f"s{run}")])

    assert [each.run for each in read(github).entries] == ["3", "4"]
    assert len(github.asked) == 4


def test_where_there_was_no_run_there_is_nothing(github: GitHub) -> None:
    github.run(99)

    assert read(github) == Earlier()


@pytest.mark.parametrize(
    "said",
    [
        {"head_repository": {"full_name": "mallory/churn"}},
        {"head_branch": "other"},
        {"event": "pull_request_target"},
        {"path": ".github/workflows/q.yml"},
    ],
    ids=str,
)
def test_the_index_of_a_run_that_is_not_trusted_is_not_even_read(github: GitHub, said: dict[str, Any]) -> None:
    github.run(1, **said)
    github.upload_index(1, [entry(1)])

    assert read(github).entries == ()
    assert not any(asked.endswith("/zip") for asked in github.asked)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"head_repository": {"full_name": "mallory/churn"}}, "its code came from a fork"),
        ({"head_branch": "evil"}, "it is of the branch 'evil', which is not trusted here"),
    ],
)
def test_a_trusted_index_that_names_another_run_is_not_believed(github: GitHub, said: dict[str, Any], why: str) -> None:
    github.run(1, **said)
    github.run(2)
    github.upload_index(2, [entry(1)])

    found = read(github)

    assert found.entries == ()
    assert found.untaken == {entry(1).key: f"the result of run 1 is not used: {why}"}


def test_a_run_that_is_not_listed_is_not_trusted(github: GitHub) -> None:
    github.run(2)
    github.upload_index(2, [entry(1)])

    assert read(github).untaken == {entry(1).key: "the result of run 1 is not used: it is none of the newest runs that GitHub lists"}


@pytest.mark.parametrize("expires", ["2027-01-15T08:00:01Z", "2026-01-01T00:00:00Z", "", "yesterday"])
def test_what_expires_before_it_could_be_read_has_expired(github: GitHub, expires: str) -> None:
    github.run(1)
    github.upload_index(1, [entry(1, expires=expires)])

    assert read(github).untaken == {entry(1).key: "the result of run 1 is not used: it has expired, or will soon"}


def test_a_result_whose_artifacts_were_found_to_be_gone_stays_gone(github: GitHub) -> None:
    """The index of the default branch still has it."""
    github.run(1)
    github.upload_index(1, [entry(1)])
    github.run(2, head_branch="feature")
    github.upload_index(2, [replace(entry(1), artifacts=(), attempt=0)])

    assert read(github).entries == ()
    assert read(github).untaken == {entry(1).key: "the result of run 1 is not used: it is not said to lie anywhere"}


def test_of_a_step_without_outputs_it_is_enough_that_its_run_is_trusted(github: GitHub) -> None:
    github.run(1)
    github.run(2)
    done = replace(entry(1), outputs={}, artifacts=(), attempt=0)
    github.upload_index(2, [done, replace(done, key=f"sha256:{'2' * 64}", run="77")])

    assert read(github).entries == (done,)
    assert missing(github.api(), [done]) == []


def test_a_re_run_reads_what_its_earlier_attempt_left(github: GitHub) -> None:
    github.run(1)
    github.upload_index(1, [entry(1)])
    github.run(99, status="in_progress", run_attempt=2)
    github.upload_index(99, [entry(99, "b")])

    assert [each.run for each in read(github, replace(HERE, attempt=2, branches=("main",))).entries] == ["99"]


def test_a_later_attempt_of_an_earlier_run_is_the_one_that_is_read(github: GitHub) -> None:
    github.run(1, run_attempt=3)
    github.upload_index(1, [entry(1, "old")])
    github.upload_index(1, [entry(1, "new")], attempt=3)

    assert [each.step for each in read(github).entries] == ["new"]


def test_the_default_branch_is_found_behind_a_hundred_runs_of_others(github: GitHub) -> None:
    github.run(1)
    github.upload_index(1, [entry(1)])
    for run in range(2, 103):
        github.run(run, head_branch="other")

    assert [each.run for each in read(github).entries] == ["1"]
    assert len(github.asked) <= CALLS


def test_however_many_steps_and_runs_there_are_it_takes_five_requests_at_most(github: GitHub) -> None:
    for run in range(1, 20):
        github.run(run, head_branch=["main", "feature"][run % 2], run_attempt=2)
        github.upload_index(run, [entry(each, f"s{number}", artifact=number) for number, each in enumerate(range(1, run))])
    api = github.api()

    found = read_earlier(api, HERE, "p", now=NOW)
    gone = missing(api, found.entries)

    assert len(found.entries) > 15
    assert gone == []
    assert len(github.asked) <= CALLS


def test_what_is_deleted_is_missed_as_far_as_requests_are_left(github: GitHub) -> None:
    github.run(1)
    there = github.upload(1, "orch-p-a-a1", {"record.json": b"{}"})
    taken = [entry(1, artifact=there), entry(1, "b", "2", artifact=there + 7)]

    assert missing(github.api(), taken) == [taken[1]]


def test_of_a_run_that_is_deleted_nothing_is_there(github: GitHub) -> None:
    assert missing(github.api(), [entry(5)]) == [entry(5)]


# --- hostile and broken indexes ---


def test_lines_that_are_no_entries_are_left_out_and_told(github: GitHub) -> None:
    github.run(1)
    hostile = b'\xff\xfe\n[]\n{"schema": 99}\n{"schema":1,"key":3}\n' + b"[" * 100_000 + b'\n{"schema":1,"artifacts":[{"id":"1"}]}\n'
    github.upload_index(1, [entry(1)], raw=hostile)

    found = read(github)

    assert [each.run for each in found.entries] == ["1"]
    assert found.told == ("6 lines of the index of run 1 are damaged",)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a bomb", zip_of({"index.jsonl": b"\0" * (64 << 20)})),
        ("no zip file", b"PK nonsense"),
        ("nothing", b""),
        ("cut", zip_of({"index.jsonl": b"x" * 1000}, method=zipfile.ZIP_STORED)[:-30]),
        ("another file", zip_of({"../index.jsonl": b"", "/etc/index.jsonl": b""})),
    ],
)
def test_an_archive_that_is_none_is_told_and_harms_nobody(github: GitHub, name: str, data: bytes, tmp_path: Path) -> None:
    github.run(1)
    number = github.upload_index(1, [])
    github.replace(number, index_artifact("p", 1), data)
    before = set(tmp_path.rglob("*"))

    found = read(github)

    assert found.entries == (), name
    assert found.told[0].startswith("the index of run 1 is not used: ")
    assert set(tmp_path.rglob("*")) == before


# --- a server in trouble ---


@pytest.mark.parametrize("status", [404, 403, 401, 422])
def test_a_server_that_refuses_is_an_error(github: GitHub, status: int) -> None:
    github.trouble["/runs"] = [Reply(status, {"message": "no"})]

    with pytest.raises(RemoteError, match=f"answered {status}"):
        read(github)


@pytest.mark.parametrize("body", ["nonsense", None, [], {"workflow_runs": 3}, {"workflow_runs": [3, None]}])
def test_a_server_that_answers_something_else_knows_of_no_run(github: GitHub, body: Any) -> None:
    github.run(1)
    github.upload_index(1, [entry(1)])
    github.trouble["/runs"] = [Reply(200, body)]

    assert read(github).entries == ()


def test_a_connection_that_breaks_is_tried_again(github: GitHub) -> None:
    github.run(1)
    github.upload_index(1, [entry(1)])
    github.trouble["/runs"] = [ConnectionResetError("reset"), Reply(502, {})]
    github.trouble["/zip"] = [TimeoutError("timed out")]

    assert [each.run for each in read(github).entries] == ["1"]
    assert len(github.waited) == 3


def test_an_index_that_vanished_is_an_error(github: GitHub) -> None:
    github.run(1)
    github.upload_index(1, [entry(1)])
    github.trouble["/zip"] = [Reply(410, {"message": "Gone"})]

    with pytest.raises(RemoteError, match="410"):
        read(github)
