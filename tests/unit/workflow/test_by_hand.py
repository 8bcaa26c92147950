from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.workflow.by_hand import JOB, job_faults, job_steps, secrets_in, workflow_faults
from orch.workflow.model import ActionRef, Run, Uses
from orch.workflow.shapes import faults

SHA = "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a"


def told(data: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault.path, fault.what) for fault in job_faults(data)]


@pytest.mark.parametrize(
    "data",
    [
        {"runs-on": "gpu"},
        {"runs-on": "${{ vars.RUNNER || github.event.repository.name }}"},
        {"runs-on": ["self-hosted", "gpu"]},
        {"runs-on": {"group": "data", "labels": "x64"}},
        {"environment": "prod"},
        {"environment": {"name": "prod", "url": "https://prod.example"}},
        {"container": "python:3.12"},
        {"container": {"image": "python:3.12", "env": {"A": 1}, "options": "--gpus all"}},
        {"services": {"db": {"image": "postgres", "ports": [5432, "80:80"], "credentials": {"username": "a", "password": "b"}}}},
        {"permissions": {"id-token": "write", "packages": "read"}},
        {"concurrency": "db"},
        {"concurrency": {"group": "db", "cancel-in-progress": "${{ github.ref != 'x' }}"}},
        {"env": {"A": "1", "B": 2, "C": True, "D": "${{ vars.D }}"}},
        {"before": [{"run": "make"}, {"uses": f"docker/login-action@{SHA}", "with": {"password": "${{ secrets.P }}"}}]},
        {"after": [{"uses": "./actions/own"}, {"uses": f"docker://alpine@sha256:{'0' * 64}"}]},
    ],
)
def test_what_github_takes_has_no_fault(data: dict[str, Any]) -> None:
    assert told(data) == []


@pytest.mark.parametrize(
    ("data", "path", "what"),
    [
        ({"runs_on": "x"}, "['runs_on']", "is unknown: a job has no such key"),
        ({"runs-on": 5}, "['runs-on']", "is 5, expected a label"),
        ({"runs-on": []}, "['runs-on']", "names no runner"),
        ({"runs-on": "${{ secrets.RUNNER }}"}, "['runs-on']", "asks for 'secrets', which GitHub does not know there"),
        ({"runs-on": ["linux", "${{ fromJSON(env['RUNNER']) }}"]}, "['runs-on']", "asks for 'env', which GitHub does not know there"),
        ({"runs-on": ""}, "['runs-on']", "is empty"),
        ({"concurrency": "x-${{ github.ref"}, "['concurrency']", "an expression that does not end"),
        ({"runs-on": "a\x07"}, "['runs-on']", "a character that YAML does not keep"),
        ({"services": {"db": {"image": "x", "imge": "x"}}}, "['services']['db']['imge']", "is unknown: a service"),
        ({"services": {"db": {}}}, "['services']['db']", "lacks 'image'"),
        ({"permissions": {"content": "read"}}, "['permissions']['content']", "is unknown"),
        ({"permissions": {"contents": "none"}}, "['permissions']['contents']", "expected 'read' or 'write'"),
        ({"permissions": "write-all"}, "['permissions']", "expected permissions"),
        ({"env": {"A": ["x"]}}, "['env']", "expected an object of texts"),
        ({"env": {"TOKEN": "${{ secrets.TOKEN }}"}}, "['env']['TOKEN']", "holds a secret"),
        ({"env": {"TOKEN": "${{ secrets['TOKEN'] }}"}}, "['env']['TOKEN']", "holds a secret"),
        ({"before": {"run": "x"}}, "['before']", "expected a list"),
        ({"before": [{}]}, "['before'][0]", "either 'uses' or 'run'"),
        ({"before": [{"run": "x", "uses": "./a"}]}, "['before'][0]", "either 'uses' or 'run'"),
        ({"before": [{"run": "x", "with": {"a": 1}}]}, "['before'][0]['with']", "goes with 'uses' only"),
        ({"after": [{"run": "x", "timeout-minutes": 0}]}, "['after'][0]['timeout-minutes']", "a whole number from 1"),
        ({"after": [{"run": "x", "id": "a b"}]}, "['after'][0]['id']", "expected an id"),
    ],
)
def test_a_fault_says_where_and_what(data: dict[str, Any], path: str, what: str) -> None:
    (fault,) = job_faults(data)

    assert fault.path == path
    assert what in fault.what
    assert fault.hint


@pytest.mark.parametrize("key", sorted(JOB.owned))
def test_what_orch_owns_is_refused_with_the_way_to_say_it(key: str) -> None:
    (fault,) = job_faults({key: "x"})

    assert (fault.path, fault.what) == (f"[{key!r}]", "is not for you to set")
    assert fault.hint


def test_the_nearest_key_is_named() -> None:
    (fault,) = job_faults({"container": {"image": "x", "enviroment": {}}})
    (job,) = job_faults({"service": {}})

    assert fault.hint == "it has image, credentials, env, ports, volumes, options"
    assert job.hint == "did you mean 'services'?"


@pytest.mark.parametrize(
    "uses",
    ["actions/setup-java@v4", "actions/setup-java", f"actions/setup-java@{SHA[:7]}", "./../other", "docker://alpine:3", f"x/y@{SHA} v4"],
)
def test_an_action_that_is_not_pinned_is_refused_with_the_command_that_tells_its_commit(uses: str) -> None:
    ((path, what),) = told({"before": [{"uses": uses}]})
    (fault,) = job_faults({"before": [{"uses": "actions/setup-java/sub@v4"}]})

    assert (path, "not pinned" in what) == ("['before'][0]['uses']", True)
    assert fault.hint == "`git ls-remote https://github.com/actions/setup-java v4` says which; write actions/setup-java/sub@COMMIT # v4"


@pytest.mark.parametrize("text", ["echo ${{ github.head_ref }}", "${{ inputs.x }}", "a\n${{secrets.B}}"])
def test_no_expression_stands_in_a_script(text: str) -> None:
    for key in ("run", "shell"):
        step = {"run": "x"} | {key: text}
        (fault,) = job_faults({"before": [step]})
        assert "has an expression" in fault.what
        assert "`env`" in fault.hint


def test_keys_of_a_job_are_not_those_of_a_workflow() -> None:
    assert [fault.path for fault in workflow_faults({"run-name": "x", "env": {"A": "b"}, "defaults": {"run": {"shell": "bash"}}})] == []
    (job,) = workflow_faults({"services": {}})
    (owned,) = workflow_faults({"permissions": {}})

    assert "github= of a step" in job.hint
    assert "each job has its own" in owned.hint


def test_job_steps_become_typed_and_keep_the_version_as_a_comment() -> None:
    data = {
        "before": [
            {"run": "make\n", "shell": "sh", "env": {"A": "b"}, "working-directory": "x", "timeout-minutes": 5, "continue-on-error": True},
            {"uses": f"a/b/c@{SHA} # v4", "with": {"x": 1}, "id": "made", "if": "always()", "name": "Make"},
        ]
    }

    assert job_steps(data, "before") == (
        Run("make\n", "", "", {"A": "b"}, "", "sh", "x", 5, continue_on_error=True),
        Uses(ActionRef("a/b/c", SHA, "v4"), {"x": 1}, name="Make", condition="always()", id="made"),
    )
    assert job_steps(data, "after") == ()


def test_secrets_are_found_wherever_they_stand() -> None:
    assert secrets_in({"a": ["${{ secrets.ONE }}", {"b": "${{ secrets['TWO'] }} ${{ secrets . THREE }}"}], "c": 5}) == {
        "ONE",
        "TWO",
        "THREE",
    }


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([*JOB.keys, "image", "run", "uses", "x"]) | st.text(max_size=3), inner, max_size=3)
    ),
)


@given(st.dictionaries(st.sampled_from([*JOB.keys, *JOB.owned]), PLAIN, max_size=3))
def test_no_data_breaks_the_check(data: dict[str, Any]) -> None:
    found = list(job_faults(data))

    assert found or not list(faults(JOB, data))
    if not found:
        assert len(job_steps(data, "before")) == len(data.get("before", ()))


@pytest.mark.parametrize("text", ["${{ secrets.TOKEN }}", "${{ SECRETS.TOKEN }}", "${{ secrets['TOKEN'] }}", "${{ toJSON(secrets) }}"])
def test_a_secret_in_the_environment_is_refused_however_it_is_read(text: str) -> None:
    assert [fault.what for fault in job_faults({"env": {"X": text}})] == ["holds a secret"]
