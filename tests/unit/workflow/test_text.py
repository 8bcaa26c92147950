from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orch.workflow import text
from orch.workflow.model import (
    ActionRef,
    Called,
    CalledOutput,
    Concurrency,
    Cron,
    Dispatch,
    Filter,
    Input,
    Job,
    Permission,
    Run,
    Sent,
    Triggers,
    Uses,
    Workflow,
)
from orch.workflow.text import emit

CHECKOUT = ActionRef("actions/checkout", "a" * 40, "v7.0.1")


def a_workflow(jobs: Mapping[str, Job] | None = None, triggers: Triggers | None = None) -> Workflow:
    steps = (Uses(CHECKOUT, {"persist-credentials": False}),)
    return Workflow("w", triggers or Triggers(Dispatch()), Concurrency("g"), jobs or {"a": Job("ubuntu-24.04", steps, 5)})


def read(content: str) -> Any:
    """The data that GitHub sees: YAML 1.1's `on` is its own doing."""
    data = yaml.safe_load(content)
    return {"on" if key is True else key: value for key, value in data.items()}


def test_a_workflow_reads_as_people_write_it() -> None:
    assert emit(a_workflow(), "Generated.\n\nBy hand.") == (
        "# Generated.\n#\n# By hand.\n"
        "name: w\non:\n  workflow_dispatch:\npermissions: {}\n"
        "concurrency:\n  group: g\n  cancel-in-progress: false\n"
        "jobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n"
        f"    - uses: actions/checkout@{'a' * 40} # v7.0.1\n      with: {{persist-credentials: false}}\n"
        "    timeout-minutes: 5\n"
    )


def test_keys_stand_in_the_order_of_githubs_reference() -> None:
    job = Job("r", (Run("x"),), 1, name="n", permissions=(Permission("contents"),), needs=("b",), condition="c", environment={"E": "e"})

    assert list(job.to_data()) == ["name", "permissions", "needs", "if", "runs-on", "env", "steps", "timeout-minutes"]


def test_needs_stand_on_one_line_as_long_as_one_can_be_read() -> None:
    few, many = [f"step_{number}" for number in range(10)], [f"step_{number}" for number in range(30)]
    content = emit(a_workflow({name: Job("r", (Run("x"),), 1, needs=tuple(needs)) for name, needs in (("a", few), ("b", many))}))

    assert f"    needs: [{', '.join(few)}]\n" in content
    assert "    needs:\n" + "".join(f"    - {name}\n" for name in many) in content
    assert [job["needs"] for job in read(content)["jobs"].values()] == [few, many]


def test_every_trigger_is_written_with_its_inputs() -> None:
    number = Input("number", "how many", required=False, default=0)
    triggers = Triggers(
        Dispatch({"n": number, "c": Input("choice", "which", required=True, options=("a", "yes")), "e": Input("string", default="")}),
        Called({"n": number}, ("TOKEN",), {"state": CalledOutput("${{ jobs.a.outputs.state }}", "how it ended")}),
        Sent(("arrived", "changed")),
        Filter(("main",)),
        Filter(),
        Filter(("main",)),
        (Cron("5 4 * * *", "Europe/Berlin"),),
    )

    assert read(emit(a_workflow(triggers=triggers)))["on"] == {
        "workflow_dispatch": {
            "inputs": {
                "n": {"description": "how many", "default": 0, "type": "number"},
                "c": {"description": "which", "required": True, "type": "choice", "options": ["a", "yes"]},
                "e": {"default": "", "type": "string"},
            }
        },
        "workflow_call": {
            "inputs": {"n": {"description": "how many", "default": 0, "type": "number"}},
            "outputs": {"state": {"description": "how it ended", "value": "${{ jobs.a.outputs.state }}"}},
            "secrets": {"TOKEN": {"required": True}},
        },
        "repository_dispatch": {"types": ["arrived", "changed"]},
        "push": {"branches": ["main"]},
        "pull_request": None,
        "merge_group": {"branches": ["main"]},
        "schedule": [{"cron": "5 4 * * *", "timezone": "Europe/Berlin"}],
    }


def test_a_permission_shows_its_reason() -> None:
    job = Job("r", (Run("x"),), 1, permissions=(Permission("contents"), Permission("actions", reason="to look")))

    assert "    permissions: {actions: read, contents: read} # to look\n" in emit(a_workflow({"a": job}))


def test_permissions_for_several_reasons_stand_on_one_line_each() -> None:
    job = Job("r", (Run("x"),), 1, permissions=(Permission("issues", "write", "to tell"), Permission("actions", reason="to look")))

    assert "    permissions:\n      actions: read # to look\n      issues: write # to tell\n" in emit(a_workflow({"a": job}))


def test_a_script_is_shown_line_by_line_and_names_its_shell() -> None:
    job = Job("r", (Run("echo a\necho b\n", environment={"X": "a\nb"}),), 1)

    content = emit(a_workflow({"a": job}))

    assert '    - run: |\n        echo a\n        echo b\n      shell: bash\n      env:\n        X: "a\\nb"\n' in content


def test_a_line_of_a_script_that_looks_like_a_pinned_action_stays_as_it_is() -> None:
    script = f"cat <<E\nuses: 'actions/checkout@{'a' * 40}'\nE\n"

    assert read(emit(a_workflow({"a": Job("r", (Run(script),), 1)})))["jobs"]["a"]["steps"][0]["run"] == script


def test_a_header_of_several_lines_cannot_leave_the_comment() -> None:
    content = emit(a_workflow(), "from a\u2028b\rc\nd")

    assert content.startswith("# from a\n# b\n# c\n# d\nname: w\n")


@given(st.lists(st.text(string.printable + "é€😀\u00a0", max_size=20).filter(lambda value: "\x1f" not in value), min_size=1, max_size=5))
def test_any_text_is_read_back_as_it_was(values: list[str]) -> None:
    inputs = {f"i{position}": value for position, value in enumerate(values)}
    workflow = a_workflow({"a": Job("r", (Uses(CHECKOUT, inputs), Run("x", environment=inputs)), 1)})

    assert read(emit(workflow)) == workflow.to_data()


@pytest.mark.parametrize("value", ["1e3", "1.5e3", "-1E+3", "0o17", "0x1f", "12", ".5"])
def test_text_that_is_a_number_in_yaml_1_2_is_quoted(value: str) -> None:
    assert f"if: '{value}'" in emit(a_workflow({"a": Job("r", (Run("x"),), 1, condition=value)}))


def test_what_ends_a_line_in_yaml_1_1_alone_is_escaped() -> None:
    assert r'if: "a\Lb\Pc"' in emit(a_workflow({"a": Job("r", (Run("x"),), 1, condition="a\u2028b\u2029c")}))


@pytest.mark.parametrize("value", ["a", "yes", "on", "1", "1e3", "~", "a: b", "'", "#", "0 2 * * *", "${{ x == 'a' }}", "é", "a" * 500])
def test_both_emitters_of_pyyaml_write_the_same(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = a_workflow({"a": Job("r", (Uses(CHECKOUT, {"x": value}), Run("b\nc\n")), 1, condition=value)})
    fast = emit(workflow)

    class Slow(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
            return True

    Slow.yaml_representers = text._Dumper.yaml_representers
    monkeypatch.setattr(text, "_Dumper", Slow)

    assert emit(workflow) == fast


def many(count: int) -> Workflow:
    permissions = (Permission("contents"), Permission("actions", reason="to look"))
    steps = (Uses(CHECKOUT, {"persist-credentials": False}, name="x" * 1000),)
    return a_workflow({f"j{number}": Job("r", (*steps, Run(f"echo {number}")), 5, permissions=permissions) for number in range(count)})


def test_a_long_workflow_says_equal_parts_once() -> None:
    assert "&" not in emit(many(3))
    long = many(350)

    content = emit(long)

    assert len(content) < 400_000
    assert content.count("&id") == 2
    assert content.count("# v7.0.1") == content.count("# to look") == 1
    assert read(content) == long.to_data()
