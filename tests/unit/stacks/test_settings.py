from __future__ import annotations

from pathlib import Path

import pytest

from orch.errors import OrchError, SettingsError
from orch.stacks.load import load_settings, parse_settings
from orch.stacks.settings import DEFAULT_RUNNER, Runner, Settings, Stack, active_stack

FULL = """
active: fast
stacks:
  fast:
    orchestrator: local
  ci: {orchestrator: github, artifact_store: github}
action: ./
pipelines: ["flows/*.py"]
runners:
  - label: gpu-box
    gpu_count: 1
    cpu_count: 8
    memory: 64GB
retention: {outputs: 2, keep: 90}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(OrchError) as caught:
        parse_settings(text)
    return [line for each in caught.value.problems for line in str(each).splitlines()]


def test_without_a_file_everything_has_a_default(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings()
    assert active_stack(Settings(), None, {}) == ("local", Stack("local"))


def test_a_file_of_nothing_but_comments_says_nothing() -> None:
    assert parse_settings("# later\n") == parse_settings("") == Settings()


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orch.yaml").write_bytes(b"active: \xff\n")

    with pytest.raises(SettingsError, match="this is not UTF-8"):
        load_settings(tmp_path)


def test_a_file_is_read_into_types(tmp_path: Path) -> None:
    (tmp_path / "orch.yaml").write_text(FULL)

    settings = load_settings(tmp_path)

    assert settings.stacks == {"fast": Stack("local"), "ci": Stack("github", "github")}
    assert settings.runners == (Runner("gpu-box", 8, 1, "64GB"),)
    assert (settings.retention.outputs, settings.retention.records, settings.retention.keep) == (2, 14, 90)
    assert (settings.action, settings.pipelines) == ("./", ("flows/*.py",))


def test_the_flag_goes_before_the_variable_before_the_file() -> None:
    settings = parse_settings(FULL)

    assert active_stack(settings, None, {})[0] == "fast"
    assert active_stack(settings, None, {"ORCH_STACK": "ci"})[0] == "ci"
    assert active_stack(settings, "github", {"ORCH_STACK": "ci"})[0] == "github"
    assert active_stack(settings, None, {"ORCH_STACK": ""})[0] == "fast"


@pytest.mark.parametrize(
    ("flag", "environment", "told"),
    [("x", {}, "--stack"), (None, {"ORCH_STACK": "x"}, "the environment variable ORCH_STACK"), (None, {}, "active in orch.yaml")],
)
def test_a_stack_that_does_not_exist_is_named_with_who_asked_for_it(flag: str | None, environment: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        active_stack(Settings(active="x"), flag, environment)

    assert caught.value.message == f"no stack 'x', as {told} says"
    assert "local, github" in caught.value.hint


def test_all_mistakes_are_told_at_once_with_their_lines() -> None:
    text = """activ: x
stacks:
  a:
    orchestratr: local
  b:
    orchestrator: kubeflow
runners:
  - label: ""
  - memory: 5
retention:
  keep: 0
"""

    assert problems(text) == [
        "orch.yaml:1: unknown key 'activ' [settings]",
        "  help: did you mean 'active'?",
        "orch.yaml:4: unknown key 'stacks.a.orchestratr' [settings]",
        "  help: did you mean 'orchestrator'?",
        "orch.yaml:6: stacks.b.orchestrator is 'kubeflow': input should be 'local' or 'github' [settings]",
        "orch.yaml:8: runners.0: label is '', expected the label of a runner [settings]",
        "orch.yaml:9: runners.1.label: field required [settings]",
        "orch.yaml:9: runners.1.memory is 5: input should be a valid string [settings]",
        "orch.yaml:10: retention: keep is 0, expected 1 to 400 days [settings]",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [", "orch.yaml:1: this is not YAML: "),
        ("- a\n", "orch.yaml:1: orch.yaml holds keys and values [settings]"),
        ("active: a\nactive: b\n", "orch.yaml:2: 'active' stands here twice [settings]"),
        ("stacks:\n  a: {}\n  a: {}\n", "orch.yaml:3: 'a' stands here twice [settings]"),
        ("zzz: 1\n", "orch.yaml:1: unknown key 'zzz' [settings]"),
        ("action: actions/checkout@v4\n", "orch.yaml:1: action is 'actions/checkout@v4', which is not pinned [settings]"),
        ("\naction: ../x\n", "orch.yaml:2: action is '../x', which is not pinned [settings]"),
        ("active: on\n", "orch.yaml:1: 'on' is a yes or no, which no setting is [settings]"),
        ("retention:\n  records: yes\n", "orch.yaml:2: 'yes' is a yes or no, which no setting is [settings]"),
        ("pipelines: a.py\n", "orch.yaml:1: pipelines is 'a.py': input should be a valid list [settings]"),
        ("runners: [{label: x, cpu_count: .nan}]\n", "orch.yaml:1: runners.0: cpu_count is nan, expected a number from 0 [settings]"),
        ("runners: [{label: x, gpu_count: -1}]\n", "orch.yaml:1: runners.0: gpu_count is -1, expected a number from 0 [settings]"),
        (
            "stacks:\n  a: {orchestrator: github, artifact_store: local}\n",
            "orch.yaml:2: stacks.a: artifact_store is 'local', but orchestrator 'github' has its own, 'github'; or it is a URL [settings]",
        ),
        ("stacks: &s\n  a: *s\n", "orch.yaml:2: *s is an alias, which settings do not have [settings]"),
        ("1: 2\n", "orch.yaml:1: "),
        ("? [a]\n: b\n", "orch.yaml: this is not a settings file: "),
        ("stacks: {a: !!python/object:os.x {}}\n", "orch.yaml:1: this is a 'python/object:os.x', which no setting is"),
        ("stacks: {2: {}}\n", "orch.yaml:1: stacks.2"),
        ("stacks: {a: }\n", "orch.yaml:1: stacks.a is None: "),
        ("runners: [{label: x, memory: 5 apples}]\n", "orch.yaml:1: runners.0: '5 apples' is not an amount of memory"),
    ],
)
def test_a_mistake_is_found_where_it_stands(text: str, expected: str) -> None:
    assert problems(text)[0].startswith(expected)


def test_githubs_own_runner_comes_first_unless_the_file_places_it() -> None:
    mine = Runner("mine")

    assert Settings().all_runners == (DEFAULT_RUNNER,)
    assert Settings(runners=(mine,)).all_runners == (DEFAULT_RUNNER, mine)
    assert Settings(runners=(mine, DEFAULT_RUNNER)).all_runners == (mine, DEFAULT_RUNNER)
