"""Names, options and files that hostile people choose: compiled into data, or refused, and never obeyed."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from support.command_line import CommandLine, Outcome
from support.github_parser import GitHubParser
from support.hostile import COMMANDS, EXPRESSIONS, FILE_NAMES, MARKUPS, SHELLS, TERMINALS, TRAPS, obeyed, pwned, uncontrolled
from support.mistakes import no_trace, tree
from support.tools import requires_tool

from orch.authoring.load import separate_modules

MODULE: Final = """
from __future__ import annotations
from typing import Annotated, Literal
from orch import *

@step
def s(a: int = 1) -> Annotated[int, "out"]: return a

@pipeline
def {name}(x: str = "a"): s()
"""
# One change of the module for each place in which its author writes a text.
PLACES: Final = {
    "step id": ("s()", "s(id={})"),
    "output": ('"out"', "{}"),
    "pipeline": ("@pipeline", "@pipeline(name={})"),
    "annotation": ('Annotated[int, "out"]', "{}"),
    "choice": ('x: str = "a"', "x: Literal['a', {}] = 'a'"),
    "default": ('"a"', "{}"),
    "secret": ("@step", "@step(secrets=[{}])"),
    "variable": ("@step", "@step(environment={{{}: 'x'}})"),
    "value": ("@step", "@step(environment={{'A': {}}})"),
    "extra": ("@step", "@step(extras=[{}])"),
    "target": ("@step", "@step(target={})"),
    "file": ("@step", "@step(files=[{}])"),
    "requirements": ("@pipeline", "@pipeline(requirements={})"),
    "python": ("@pipeline", "@pipeline(python={})"),
    "branch": ("@pipeline", "@pipeline(triggers=[Push(branches=[{0}], paths=[{0}])])"),
    "cron": ("@pipeline", "@pipeline(schedule=Schedule(cron_expression={}))"),
    "zone": ("@pipeline", "@pipeline(schedule=Schedule(cron_expression='5 4 * * *', timezone={}))"),
}
SOME: Final = (
    EXPRESSIONS[0],
    SHELLS[0],
    SHELLS[5],
    COMMANDS[2],
    COMMANDS[-7],
    *TERMINALS[:2],
    *TERMINALS[6:11:2],
    MARKUPS[3],
    *TRAPS[:4],
    "--help",
    "{self}",
)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    yield root
    assert pwned(tmp_path) == []


def compiled(orch: CommandLine, *words: str) -> bool:
    """Whether `orch compile` took it; else it said why in one error, and showed nothing but text."""
    with separate_modules():
        outcome = orch("compile", *words)
    assert not uncontrolled(outcome.out + outcome.err)
    assert outcome.code in (0, 2, 3), outcome
    assert outcome.code == 0 or re.search(r"error: .*\[[a-z-]+\]$", outcome.err, re.MULTILINE), outcome
    return outcome.code == 0


def check_workflow(file: Path, known: Iterable[str] = ()) -> None:
    """It has the keys of its own alone, and no expression but those that orch writes, such as the `known` ones."""
    text = file.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert set(workflow) == {"name", True, "permissions", "concurrency", "jobs"}
    jobs = set(workflow["jobs"]) - {"orch-plan"}
    assert len(jobs) == 2
    assert "orch-result" in jobs
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for expression in known:
        code = code.replace(expression, "")
    ours = r"secrets\.[A-Za-z_]+ |toJSON\((needs|inputs)\) |always\(\) |inputs\.no_cache && '(run|asked)' |"
    ours += r"github\.event_name == 'workflow_dispatch' && "
    assert not re.search(r"\$\{\{ (?!" + ours + ")", code)


def expressions(workflow: Path) -> set[str]:
    return set(re.findall(r"\$\{\{.*?\}\}", workflow.read_text(encoding="utf-8"), re.DOTALL))


@pytest.mark.parametrize("place", PLACES)
def test_a_text_in_a_decorator_or_signature_is_data_or_refused(place: str, repository: Path, orch: CommandLine) -> None:
    there, hostile = PLACES[place]
    known: set[str] = set()
    for text in ("main", *SOME):
        (repository / "flow.py").write_text(MODULE.format(name="p").replace(there, hostile.format(ascii(text))))
        if compiled(orch, "flow.py"):
            (workflow,) = (repository / ".github/workflows").iterdir()
            if text == "main":  # which is what people write there
                known = expressions(workflow)
            check_workflow(workflow, known)
            workflow.unlink()


@pytest.mark.posix
@pytest.mark.tools("actionlint", "zizmor")
def test_pipelines_in_files_and_folders_of_hostile_names_compile_to_what_github_reads(
    repository: Path, orch: CommandLine, github_parser: GitHubParser
) -> None:
    names = [name for name in FILE_NAMES if len(name.encode("utf-8", "replace")) < 200 and name not in ("", ".", "..") and "\0" not in name]
    for number, name in enumerate(names):
        folder = repository / (name if number % 2 else "plain")
        try:
            folder.mkdir(exist_ok=True)
            (folder / "pyproject.toml").touch()
            file = folder / ("flow.py" if number % 2 else f"{name}.py")
            file.write_text(MODULE.format(name=f"p{number}"))
        except UnicodeEncodeError:
            continue
        compiled(orch, f"./{file.relative_to(repository)}")

    workflows = sorted((repository / ".github/workflows").iterdir())
    for workflow in workflows:
        check_workflow(workflow)
        assert github_parser.errors(workflow.name, workflow.read_text()) == []
        graph = json.loads((repository / ".github/orch" / f"{workflow.stem}.json").read_bytes())
        assert (repository / graph["project"] / graph["source"].rpartition(":")[0]).is_file()
    assert len(workflows) > len(names) / 2
    for name, *options in ("actionlint", "-no-color"), ("zizmor", "--persona=pedantic", "--offline", "--quiet", "--color=never"):
        done = subprocess.run([requires_tool(name), *options, *workflows], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[:2000]


# --- orch init ---


def is_harmless(outcome: Outcome) -> bool:
    """Whether it was taken; else it was refused in one error. Nothing but text was shown, and a runner would obey none of it."""
    assert not uncontrolled(outcome.out + outcome.err), outcome
    assert {command for stream in outcome[1:] for command, _ in obeyed(stream.encode())} <= {"stop-commands", "error"}, outcome
    assert outcome.code in (0, 2, 3), outcome
    no_trace(outcome)
    return outcome.code == 0


def expressions_of_a_tame_one(root: Path, orch: CommandLine) -> set[str]:
    root.mkdir()
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    with separate_modules():
        assert orch("init", str(root)).code == 0
    (workflow,) = (root / ".github/workflows").iterdir()
    return expressions(workflow)


@pytest.fixture
def on_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")


@pytest.mark.usefixtures("on_runner")
@pytest.mark.tools("git")
def test_an_example_has_a_name_or_is_refused(repository: Path, orch: CommandLine) -> None:
    shutil.rmtree(repository / ".git")
    subprocess.run(["git", "init", "--quiet"], check=True)
    names = [value for value in (*EXPRESSIONS, *SHELLS, *COMMANDS, *TERMINALS, *MARKUPS, *TRAPS) if "\0" not in value]
    for name in names:
        before = tree(repository)
        with separate_modules():
            taken = is_harmless(orch("init", f"--name={name}", "--dry-run"))

        assert not taken or re.fullmatch(r"\w+", name)
        assert tree(repository) == before


@pytest.mark.posix
@pytest.mark.usefixtures("on_runner")
@pytest.mark.tools("git")
def test_init_in_folders_of_hostile_names_makes_what_can_be_compiled_or_refuses(repository: Path, orch: CommandLine) -> None:
    ours = expressions_of_a_tame_one(repository / "tame", orch)
    taken = 0
    for number, name in enumerate(name for name in FILE_NAMES[::2] if name not in ("", ".", "..") and "\0" not in name):
        root = repository / str(number)  # a repository of its own, in which the pipeline is the only one
        root.mkdir()
        subprocess.run(["git", "init", "--quiet", str(root)], check=True)
        try:
            (root / name).mkdir()
        except (UnicodeEncodeError, OSError):
            continue
        before = tree(root)
        with separate_modules():
            outcome = orch("init", "--", str(root / name))
        if not is_harmless(outcome):
            assert tree(root) == before
            continue
        taken += 1
        (workflow,) = (root / ".github/workflows").iterdir()
        assert expressions(workflow) == ours
        for line in re.findall(r"^  orch (?:run|act) .*$", outcome.out, re.MULTILINE):  # they are typed into a shell
            words = shlex.split(line, comments=True)
            assert len(words) == 3
            assert "\\" in words[2] or Path(words[2]).is_file()
        with separate_modules():
            again = orch("init", "--", str(root / name))
        assert is_harmless(again)
        assert not re.search("^(created|added)", again.out, re.MULTILINE)
    assert taken > 10


@pytest.mark.posix
@pytest.mark.usefixtures("on_runner")
@pytest.mark.tools("git")
@pytest.mark.parametrize(
    "name", ["$(touch orch-pwned)", "`touch orch-pwned`", "${{ secrets.TOKEN }}", "a;touch\torch-pwned", "##[add-mask]e"]
)
def test_a_repository_and_a_branch_of_hostile_names_are_data(name: str, tmp_path: Path, orch: CommandLine) -> None:
    root = tmp_path / name
    root.mkdir()
    branch = re.sub(r"[\s\[:{}]", "-", name).strip("-")
    subprocess.run(["git", "init", "--quiet", f"--initial-branch={branch}", str(root)], check=True)

    with separate_modules():
        assert is_harmless(orch("init", "--", str(root)))

    (workflow,) = (root / ".github/workflows").iterdir()
    assert expressions(workflow) == expressions_of_a_tame_one(tmp_path / "tame", orch)
    assert name not in workflow.read_text()


# --- stacks ---


@pytest.mark.usefixtures("on_runner")
def test_stacks_of_hostile_names_are_shown_as_text_and_chosen_as_they_are(
    repository: Path, orch: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "flow.py").write_text(MODULE.format(name="p"))
    for name in (*SOME, *COMMANDS[:8], *SHELLS[-3:], *TRAPS[-6:]):
        settings = {"stacks": {name: {"orchestrator": "local"}, "other": {"orchestrator": "github"}}}
        (repository / "orch.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")

        if is_harmless(orch("stack", "list")) and is_harmless(orch("stack", "set", "--", name)):
            assert yaml.safe_load((repository / "orch.yaml").read_text(encoding="utf-8")) == {**settings, "active": name}
            assert is_harmless(orch("stack", "describe"))
        for words in (["stack", "describe", "--", name], ["stack", "describe", "--", f"{name}?"], ["stack", "set", "--", f"{name}?"]):
            is_harmless(orch(*words))
        if not re.search("[\0\ud800-\udfff]", name):  # no environment holds these
            monkeypatch.setenv("ORCH_STACK", f"{name}?")
            for words in (["stack", "list"], ["stack", "set", "other"], ["run", "flow.py"], ["run", "flow.py", f"--stack={name}!"]):
                with separate_modules():
                    is_harmless(orch(*words))
            monkeypatch.delenv("ORCH_STACK")


@pytest.mark.usefixtures("on_runner")
def test_labels_of_runners_are_shown_as_text_or_refused(repository: Path, orch: CommandLine) -> None:
    asking = MODULE.replace("@step", "@step(resources=ResourceSettings(cpu_count=64))")
    (repository / "flow.py").write_text(asking.format(name="p"))
    taken = []
    for label in (*SOME, "a ##[add-mask]e"):
        settings = {"runners": [{"label": label, "cpu_count": 64}], "action": "a/b@" + "0" * 40}
        (repository / "orch.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        with separate_modules():
            taken += [line for line in ("plan flow.py", "compile flow.py") if is_harmless(orch(*line.split()))]

    assert set(taken) == {"plan flow.py", "compile flow.py"}
