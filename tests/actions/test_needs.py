"""What the action finds out before anything is installed, on the oldest Python that a runner has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from support.tools import find_tool, requires_tool

from orch import names
from orch.model.graph import Graph, Step
from orch.model.settings import StepSettings

ROOT: Final = Path(__file__).parents[2]
PLAIN: Final = StepSettings()
SCRIPT: Final = ROOT / "actions" / "environment" / "needs.py"


class Answer(NamedTuple):
    code: int
    said: dict[str, str]
    log: str


class Workspace:
    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def compiled(
        self, settings: StepSettings = PLAIN, *, project: str = ".", requirements: str | None = None, python: str | None = None
    ) -> None:
        steps = (Step("load", "p.py:load"), Step("train", "p.py:train", settings=settings))
        graph = Graph("churn", "p.py:churn", steps, project=project, requirements=requirements, python=python)
        self.write(names.graph_path("churn"), graph.text())

    def ask(self, mode: str, *, interpreter: str = sys.executable, **inputs: str) -> Answer:
        output = self.root / "output"
        output.write_text("")
        env = {f"ORCH_{name.upper()}": value for name, value in inputs.items()}
        env |= {"GITHUB_OUTPUT": str(output), "GITHUB_RUN_ATTEMPT": "2", "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64"}
        done = subprocess.run(
            [interpreter, "-I", str(SCRIPT), mode],
            cwd=self.root,
            env={"PATH": os.environ["PATH"], **env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        said = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return Answer(done.returncode, said, done.stdout)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path.resolve())


def test_a_step_that_needs_no_packages(workspace: Workspace) -> None:
    workspace.compiled()

    answer = workspace.ask("step", pipeline="churn", step="train", producers="load")

    assert answer.code == 0
    assert answer.said["packages"] == "false"
    assert answer.said["kind"] == "none"
    assert answer.said["graph"] == ".github/orch/churn.json"
    assert answer.said["project"] == str(workspace.root)
    assert answer.said["pattern"] == "orch-churn-load-a*"
    assert answer.said["outputs-artifact"] == names.outputs_artifact("churn", "train", 2)
    assert answer.said["record-artifact"] == names.record_artifact("churn", "train", 2)


def test_several_producers_make_one_pattern(workspace: Workspace) -> None:
    workspace.compiled()

    assert workspace.ask("step", pipeline="churn", step="train", producers="{a,b}").said["pattern"] == "orch-churn-{a,b}-a*"


PYPROJECT: Final = '[project]\nname = "p"\nversion = "1"\ndependencies = ["x"]\n'


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({}, "none"),
        ({"pyproject.toml": "[tool.ruff]\n"}, "none"),
        ({"pyproject.toml": PYPROJECT.replace('"x"', "")}, "none"),
        ({"pyproject.toml": PYPROJECT}, "pyproject"),
        ({"pyproject.toml": PYPROJECT, "uv.lock": "version = 1\n"}, "lock"),
    ],
)
def test_packages_come_from_the_lock_else_the_pyproject(workspace: Workspace, files: dict[str, str], kind: str) -> None:
    workspace.compiled()
    for name, text in files.items():
        workspace.write(name, text)

    answer = workspace.ask("step", pipeline="churn", step="train")

    assert answer.said["kind"] == kind
    assert answer.said["packages"] == ("false" if kind == "none" else "true")


WORKSPACE: Final = '[project]\nname = "all"\n\n[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/alone"]\n'


@pytest.mark.parametrize(
    ("project", "kind"), [("packages/one", "lock"), ("packages/alone", "pyproject"), ("other/one", "pyproject"), ("packages/own", "lock")]
)
def test_a_member_of_a_uv_workspace_is_installed_from_the_lock_of_all(workspace: Workspace, project: str, kind: str) -> None:
    workspace.write("pyproject.toml", WORKSPACE)
    workspace.write("uv.lock", "version = 1\n")
    workspace.write(f"{project}/pyproject.toml", PYPROJECT + ("[tool.uv.workspace]\n" if project.endswith("own") else ""))
    if project.endswith("own"):
        workspace.write(f"{project}/uv.lock", "version = 1\n")
    workspace.compiled(project=project)

    answer = workspace.ask("step", pipeline="churn", step="train")

    assert answer.code == 0, answer.log
    assert (answer.said["kind"], answer.said["project"]) == (kind, str(workspace.root / project))
    file = "uv.lock" if project == "packages/one" else f"{project}/{'uv.lock' if kind == 'lock' else 'pyproject.toml'}"
    assert answer.said["file"] == str(workspace.root / file)


def test_members_of_a_workspace_have_caches_of_their_own(workspace: Workspace) -> None:
    workspace.write("pyproject.toml", WORKSPACE)
    workspace.write("uv.lock", "version = 1\n")
    keys = set()
    for project in ("packages/one", "packages/two"):
        workspace.write(f"{project}/pyproject.toml", PYPROJECT)
        workspace.compiled(project=project)
        keys.add(workspace.ask("step", pipeline="churn", step="train").said["cache-key"])

    assert len(keys) == 2


@pytest.mark.parametrize(
    "text", ["workspace = [", "tool = 1 # workspace", "[tool.uv.workspace]\nmembers = 1", '[tool.uv.workspace]\nmembers = ["/x"]']
)
def test_a_workspace_that_says_nonsense_is_left_to_uv(workspace: Workspace, text: str) -> None:
    workspace.write("pyproject.toml", text)
    workspace.write("one/pyproject.toml", PYPROJECT)
    workspace.compiled(project="one")

    assert workspace.ask("step", pipeline="churn", step="train").said["kind"] == "pyproject"


@pytest.mark.parametrize(("text", "hashes"), [("x==1\n", "false"), ("x==1 --hash=sha256:00\n", "true")])
def test_requirements_of_the_pipeline_come_first(workspace: Workspace, text: str, hashes: str) -> None:
    workspace.write("ml/requirements.txt", text)
    workspace.write("ml/pyproject.toml", PYPROJECT)
    workspace.compiled(project="ml", requirements="requirements.txt", python="3.12")

    said = workspace.ask("step", pipeline="churn", step="train").said

    assert (said["kind"], said["hashes"], said["python"]) == ("requirements", hashes, "3.12")
    assert said["file"] == str(workspace.root / "ml" / "requirements.txt")
    assert said["project"] == str(workspace.root / "ml")


def test_a_step_gets_its_own_extras_and_groups_and_they_have_a_cache_of_their_own(workspace: Workspace) -> None:
    workspace.write("pyproject.toml", PYPROJECT)
    workspace.compiled(StepSettings(extras=("gpu", "big"), groups=("train",)))

    load, train = (workspace.ask("step", pipeline="churn", step=step).said for step in ("load", "train"))

    assert (load["extras"], load["groups"]) == ("", "")
    assert (train["extras"], train["groups"]) == ("big gpu", "train")
    assert load["cache-key"] != train["cache-key"]
    assert load["cache-key"].startswith("orch-uv-Linux-X64-")


def test_the_input_python_goes_over_the_pipelines(workspace: Workspace) -> None:
    workspace.compiled(python="3.12")

    assert workspace.ask("step", pipeline="churn", step="train").said["python"] == "3.12"
    assert workspace.ask("step", pipeline="churn", step="train", python=">=3.13").said["python"] == ">=3.13"


WHOLE: Final = """
from orch import pipeline, step
raise SystemExit("must not run")

@step(extras=["gpu"], groups=("train",))
def one() -> int: ...

@pipeline(requirements="req.txt", python="3.12")
def churn() -> None: ...
"""


def test_a_whole_pipeline_is_read_without_running_it(workspace: Workspace) -> None:
    workspace.write("ml/pyproject.toml", "")
    workspace.write("ml/flows/churn.py", WHOLE.replace('extras=["gpu"], groups=("train",)', ""))
    workspace.write("ml/flows/req.txt", "x\n")

    said = workspace.ask("step", pipeline="ml/flows/churn.py").said

    assert (said["reference"], said["name"], said["kind"], said["python"]) == ("ml/flows/churn.py", "churn", "requirements", "3.12")
    assert said["file"] == str(workspace.root / "ml" / "flows" / "req.txt")
    assert said["outputs-artifact"] == "orch-churn-outputs-a2"
    assert said["record-artifact"] == "orch-run-churn-a2"


def test_the_jobs_of_a_matrix_name_their_artifacts_apart(workspace: Workspace) -> None:
    workspace.write("churn.py", WHOLE.replace('requirements="req.txt", ', "").replace('extras=["gpu"], groups=("train",)', ""))
    alone, *legs = (
        workspace.ask("step", pipeline="churn.py", matrix=matrix).said
        for matrix in ("null", '{"os": "a b", "seed": 1}', '{"os": "a b", "seed": 2}', '{\n  "seed": 2, "os": "a b"\n}')
    )

    for output in ("outputs-artifact", "record-artifact"):
        first, second, again = (leg[output] for leg in legs)
        assert len({alone[output], first, second}) == 3
        assert again == second
        assert re.fullmatch(r"orch-(run-)?churn-(outputs-)?[0-9a-f]{8}-a2", first)


def test_a_whole_pipeline_gets_the_extras_of_all_its_steps(workspace: Workspace) -> None:
    workspace.write("pyproject.toml", PYPROJECT)
    workspace.write("churn.py", WHOLE.replace('requirements="req.txt", ', ""))

    said = workspace.ask("step", pipeline="churn.py:churn").said

    assert (said["reference"], said["extras"], said["groups"]) == ("churn.py:churn", "gpu", "train")


def test_a_compiled_pipeline_can_run_whole_by_its_name(workspace: Workspace) -> None:
    workspace.compiled()
    workspace.write("p.py", "")

    assert workspace.ask("step", pipeline="churn").said["reference"] == "p.py:churn"


@pytest.mark.parametrize("code", ["def f(:\n", "a\0b", "# coding: nope\n"])
def test_a_pipeline_that_the_runners_python_cannot_read_is_told_so(workspace: Workspace, code: str) -> None:
    workspace.write("churn.py", code)

    answer = workspace.ask("step", pipeline="churn.py")

    assert answer.code == 2
    assert answer.log.startswith("::error title=orch::churn.py cannot be read by this runner's Python 3.")
    assert "take a runner with a newer python3" in answer.log


def test_the_result_job_wants_all_records_and_no_packages(workspace: Workspace) -> None:
    workspace.write("pyproject.toml", PYPROJECT)
    workspace.compiled()

    said = workspace.ask("result", pipeline="churn").said

    assert said["records-pattern"] == "{orch-record-churn-*-a*,orch-churn-orch-plan-a*}"
    assert said["run-artifact"] == "orch-run-churn-a2"
    assert said["kind"] == "none"


def test_a_check_wants_the_requirements_of_every_pipeline_below_the_project(workspace: Workspace) -> None:
    workspace.write("pyproject.toml", PYPROJECT)
    workspace.write("ml/requirements.txt", "x\n")
    workspace.compiled(project="ml", requirements="requirements.txt")

    said = workspace.ask("check").said

    assert (said["kind"], said["extras"], said["groups"]) == ("pyproject", "*", "*")
    assert said["requirements"] == str(workspace.root / "ml" / "requirements.txt")
    assert workspace.ask("check", project="other").said["requirements"] == ""


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "the input 'pipeline' is empty"),
        ({"pipeline": "gone", "step": "train"}, ".github/orch/gone.json does not exist in this commit"),
        ({"pipeline": "churn", "step": "gone"}, "has no step 'gone', it has load, train"),
        ({"pipeline": "../x", "step": "train"}, "'../x' is not a name that GitHub takes"),
        ({"pipeline": "churn", "step": "a b"}, "'a b' is not a name that GitHub takes"),
        ({"pipeline": "churn", "step": "train", "producers": "*"}, "the input 'inputs' is '*'"),
        ({"pipeline": "churn", "producers": "load"}, "goes with 'step'"),
        ({"pipeline": "gone.py"}, "'gone.py', which is not a file of this commit"),
        ({"pipeline": "../outside.py"}, "leads out of"),
        ({"pipeline": "churn", "step": "train", "bootstrap": "curl"}, "the input 'bootstrap' is 'curl'"),
        ({"pipeline": "churn", "step": "train", "python": "3.12; rm -rf /"}, "the Python wanted is"),
    ],
)
def test_nonsense_is_an_annotation_that_says_what_to_do(workspace: Workspace, inputs: dict[str, str], message: str) -> None:
    workspace.compiled()

    answer = workspace.ask("step", **inputs)

    assert answer.code == 2
    assert answer.said == {}
    assert answer.log.startswith("::error title=orch::")
    assert message in answer.log
    assert answer.log.count("\n") == 1


@pytest.mark.parametrize("requirements", ["../../etc/passwd", "gone.txt"])
def test_a_graph_cannot_install_what_lies_outside_or_is_not_there(workspace: Workspace, requirements: str) -> None:
    workspace.compiled(requirements=requirements)

    answer = workspace.ask("step", pipeline="churn", step="train")

    assert answer.code == 2
    assert answer.said == {}


def test_extras_without_a_pyproject_are_an_error(workspace: Workspace) -> None:
    workspace.compiled(StepSettings(extras=("gpu",)))

    assert "need a pyproject.toml" in workspace.ask("step", pipeline="churn", step="train").log


# 3.10 is what ubuntu-22.04 has; older ones, of self-hosted runners, where this machine has them.
@pytest.mark.parametrize("name", ["python3.10", *filter(find_tool, ["python3.8", "python3.9"])])
def test_it_runs_on_the_pythons_of_older_runners(workspace: Workspace, name: str) -> None:
    python = requires_tool(name)
    workspace.compiled()

    answer = workspace.ask("step", interpreter=python, pipeline="churn", step="train", producers="load")

    assert answer.code == 0
    assert answer.said["kind"] == "none"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1, 2]",
        '{"steps": 3}',
        "[" * 100_000,
        '{"project": 1, "source": "a", "steps": []}',
        "\x1b",
        '{"project": ".", "source": "a", "steps": [{}]}',
    ],
)
def test_a_graph_that_is_none_is_told_and_no_traceback_shown(workspace: Workspace, text: str) -> None:
    workspace.write(names.graph_path("churn"), text)

    for mode, inputs in {"step": {"step": "train"}, "pipeline": {}}.items():
        answer = workspace.ask(mode, pipeline="churn", **inputs)

        assert answer.code == 2
        assert answer.log.startswith("::error title=orch::.github/orch/churn.json is no graph")
        assert answer.log.count("\n") == 1
    assert workspace.ask("check").code == 0


@pytest.mark.parametrize("project", ["../../x", "a\0b", "x" * 5000, "/etc"])
def test_a_graph_of_a_project_elsewhere_is_refused(workspace: Workspace, project: str) -> None:
    workspace.compiled()
    file = workspace.root / names.graph_path("churn")
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"project": project}))

    answer = workspace.ask("step", pipeline="churn", step="train")

    assert (answer.code, answer.log.count("\n")) == (2, 1)
    assert answer.log.startswith("::error title=orch::")


# --- results of earlier runs ---


def test_a_job_that_looks_with_the_plan_downloads_it_with_its_inputs(workspace: Workspace) -> None:
    workspace.compiled()

    said = [
        workspace.ask("step", pipeline="churn", step="train", producers=producers, decision="maybe").said["pattern"]
        for producers in ("", "load", "{clean,load}")
    ]
    assert said == ["orch-churn-orch-plan-a*", "orch-churn-{load,orch-plan}-a*", "orch-churn-{clean,load,orch-plan}-a*"]


def test_only_jobs_that_are_told_to_look_do(workspace: Workspace) -> None:
    workspace.compiled()

    looks = {
        each: workspace.ask("step", pipeline="churn", step="train", decision=each).said["look"] for each in ("", "run", "maybe", "look")
    }
    assert looks == {"": "", "run": "", "maybe": "maybe", "look": "look"}
    assert workspace.ask("step", pipeline="churn", step="train", decision="look").said["pattern"] == ""


def test_outputs_of_earlier_runs_are_taken_where_the_step_reads_them(workspace: Workspace) -> None:
    workspace.compiled()
    source = '{"load": {"run": "1", "artifacts": [7], "check": "x"}}'

    taken = [
        workspace.ask("step", pipeline="churn", step="train", producers=producers, sources=source).said["take"]
        for producers in ("load", "{clean,load}", "clean", "")
    ]
    assert taken == ["true", "true", "false", "false"]
    assert workspace.ask("step", pipeline="churn", step="train", producers="load", sources="{}").said["take"] == "false"


@pytest.mark.parametrize(
    ("producers", "pattern"),
    [
        ("load.*", "orch-churn-{load.*,orch-plan}-a*"),
        ("load.3", "orch-churn-{load.3,orch-plan}-a*"),
        ("{other,load.*}", "orch-churn-{other,load.*,orch-plan}-a*"),
        ("other", "orch-churn-other-a*"),
    ],
)
def test_where_earlier_runs_have_legs_the_plan_tells_where_they_lie(workspace: Workspace, producers: str, pattern: str) -> None:
    workspace.compiled()
    source = json.dumps({"load": {"plan": True}, "other": {"run": "5", "artifacts": [1], "check": "x"}})

    answer = workspace.ask("step", pipeline="churn", step="train", producers=producers, sources=source)

    assert (answer.said["pattern"], answer.said["take"]) == (pattern, "true")


def test_sources_that_are_no_json_are_told(workspace: Workspace) -> None:
    workspace.compiled()

    answer = workspace.ask("step", pipeline="churn", step="train", sources="{")

    assert answer.code == 2
    assert "the input 'sources' is not JSON" in answer.log


def test_the_result_job_reads_the_plan_with_the_records_and_leaves_an_index(workspace: Workspace) -> None:
    workspace.compiled()

    said = workspace.ask("result", pipeline="churn").said

    assert said["records-pattern"] == "{orch-record-churn-*-a*,orch-churn-orch-plan-a*}"
    assert said["index-artifact"] == "orch-churn-orch-index-a2"
    assert said["project"] == str(workspace.root)


def test_the_plan_job_knows_the_project_and_its_artifact(workspace: Workspace) -> None:
    workspace.compiled()

    said = workspace.ask("plan", pipeline="churn").said

    assert (said["kind"], said["plan-artifact"], said["project"]) == ("none", "orch-churn-orch-plan-a2", str(workspace.root))
