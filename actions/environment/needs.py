"""Says what this job needs before it can run: the packages and Python to install, and the names of its artifacts.

It runs on whatever `python3` the runner has, before anything of the project's is installed, so it is written for
Python 3.8 and imports nothing but the standard library and `orch.names`. Usage: `needs.py step|pipeline|plan|result|notify|check`,
everything else by environment; the answers go to `GITHUB_OUTPUT`.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Iterable  # noqa: UP035 - Python 3.8

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "toolkit"))

from orch import names  # noqa: E402

PYTHON = re.compile(r"[0-9<>=!~][0-9.<>=!~, *]*")
PRODUCER = r"[A-Za-z0-9_]+(?:\.(?:\*|[0-9]+))?"  # of a mapped step all legs, or one
PRODUCERS = re.compile(rf"{PRODUCER}|\{{{PRODUCER}(?:,{PRODUCER})+\}}")


class Trouble(Exception):
    """What the user of the action has to mend."""


def main(mode: str, env: dict[str, str], workspace: Path) -> dict[str, str]:
    attempt = env.get("GITHUB_RUN_ATTEMPT", "1")
    pipeline, step = env.get("ORCH_PIPELINE", ""), env.get("ORCH_STEP", "")
    if mode == "check":
        return of_check(workspace, inside(workspace, env.get("ORCH_PROJECT") or "."), env)
    if not pipeline:
        raise Trouble("the input 'pipeline' is empty: give a compiled pipeline's name, or FILE[:PIPELINE] to run one in this job")
    if mode == "plan":
        check_name("pipeline", pipeline)
        path = graph_of(workspace, pipeline)
        return {
            **describe_packages(workspace, None, set(), set(), env.get("ORCH_PYTHON", ""), env, needed=False),
            "graph": path,
            "project": str(inside(workspace, read_graph(workspace, path)["project"])),
            "plan-artifact": names.plan_artifact(pipeline, attempt),
        }
    if mode in ("result", "notify"):
        check_name("pipeline", pipeline)
        return {
            "graph": graph_of(workspace, pipeline),
            "records-pattern": f"{{{names.record_artifact(pipeline, '*', '*')},{names.plan_artifact(pipeline, '*')}}}",
            "run-artifact": names.run_artifact(pipeline, attempt),
            "index-artifact": names.index_artifact(pipeline, attempt),
            **describe_packages(workspace, None, set(), set(), env.get("ORCH_PYTHON", ""), env, needed=False),
            "project": str(inside(workspace, read_graph(workspace, graph_of(workspace, pipeline))["project"])),
        }
    if step:
        return of_step(workspace, pipeline, step, env)
    return of_pipeline(workspace, pipeline, env)


def of_check(workspace: Path, project: Path, env: dict[str, str]) -> dict[str, str]:
    """What the modules of all pipelines in and below `project` import: its own packages, and the requirements they name."""
    files: set[str] = set()
    for path in sorted((workspace / ".github" / "orch").glob("*.json")):
        try:
            graph = read_graph(workspace, str(path.relative_to(workspace)))
        except Trouble:  # the pins, and what `orch check` tells
            continue
        if graph.get("requirements"):
            file = inside(workspace, f"{graph['project']}/{graph['requirements']}")
            if project in file.parents and file.is_file():
                files.add(str(file))
    answers = describe_packages(project, None, {"*"}, {"*"}, env.get("ORCH_PYTHON", ""), env)
    contents = [Path(file).read_bytes() for file in sorted(files)]
    key = hashlib.sha256(repr(contents).encode()).hexdigest()[:16]
    return {**answers, "requirements": "|".join(sorted(files)), "cache-key": f"{answers['cache-key']}-{key}"}


def of_step(workspace: Path, pipeline: str, step: str, env: dict[str, str]) -> dict[str, str]:
    check_name("pipeline", pipeline)
    check_name("step", step)
    producers = env.get("ORCH_PRODUCERS", "")
    if producers and not PRODUCERS.fullmatch(producers):
        raise Trouble(f"the input 'inputs' is {producers!r}, expected one step's id or '{{one,two}}'")
    leg = env.get("ORCH_LEG", "")
    if leg and not re.fullmatch("[0-9]{1,9}", leg):
        raise Trouble(f"the input 'leg' is {leg!r}, expected a number, as matrix.leg has")
    path = graph_of(workspace, pipeline)
    graph = read_graph(workspace, path)
    found = [item for item in graph["steps"] if item["id"] == step]
    if not found:
        known = ", ".join(str(item["id"]) for item in graph["steps"])
        raise Trouble(f"pipeline {pipeline!r} has no step {step!r}, it has {known}: compile it again (orch compile) and commit")
    packs: list[list[str]] = graph.get("packs", [])
    pack = next((each for each in packs if step in each), [step])
    if step != pack[0]:
        raise Trouble(f"step {step!r} shares the job of {pack[0]!r}: compile the pipeline again (orch compile) and commit")
    settings = found[0].get("settings", {})
    attempt = env.get("GITHUB_RUN_ATTEMPT", "1")
    look = env.get("ORCH_DECISION", "") if env.get("ORCH_DECISION") in ("maybe", "look") and len(pack) == 1 else ""
    wanted = [each for each in producers.strip("{}").split(",") if each]
    taken = sources(env.get("ORCH_SOURCES", ""))
    ids = {each.partition(".")[0] for each in wanted}
    take = taken.keys() & (ids | {other for each in packs if each[0] in ids for other in each})
    # The plan's artifact has the results of earlier runs: all that the job may find, and where those of legs lie.
    if look == "maybe" or any("plan" in taken[each] for each in take):
        wanted.append(names.PLAN_JOB)
    return {
        "graph": path,
        "steps": ",".join(pack),
        "name": pipeline,
        "pattern": names.outputs_artifact(pipeline, wanted[0] if len(wanted) == 1 else f"{{{','.join(wanted)}}}", "*") if wanted else "",
        "look": look,
        "take": "true" if take else "false",
        "outputs-artifact": names.outputs_artifact(pipeline, f"{step}.{leg}" if leg else step, attempt),
        "record-artifact": names.record_artifact(pipeline, f"{step}.{leg}" if leg else step, attempt),
        "mode": str(graph.get("execution_mode", "")),
        **describe_packages(
            inside(workspace, graph["project"]),
            graph.get("requirements"),
            set(settings.get("extras", ())),
            set(settings.get("groups", ())),
            env.get("ORCH_PYTHON") or graph.get("python") or "",
            env,
        ),
    }


def sources(text: str) -> dict[str, Any]:
    """Where outputs lie that earlier runs have made, by step, as the plan job says it."""
    try:
        said = json.loads(text or "{}")
    except ValueError as error:
        raise Trouble(f"the input 'sources' is not JSON: {error}") from error
    return said if isinstance(said, dict) else {}


def of_pipeline(workspace: Path, reference: str, env: dict[str, str]) -> dict[str, str]:
    if env.get("ORCH_PRODUCERS"):
        raise Trouble("the input 'inputs' goes with 'step': without a step the whole pipeline runs in this job")
    file, _, name = reference.partition(":")
    if not file.endswith(".py"):
        file, name = source_of(workspace, reference), reference
    source = inside(workspace, file)
    if not source.is_file():
        raise Trouble(f"the input 'pipeline' names {file!r}, which is not a file of this commit (is there a checkout before this step?)")
    said, project = said_in(source), project_of(workspace, source)
    name = name or names.suggest_id(source.stem)
    check_name("pipeline", name)
    attempt = env.get("GITHUB_RUN_ATTEMPT", "1")
    leg = leg_of(json.loads(env.get("ORCH_MATRIX") or "null"))
    return {
        "reference": f"{file}:{name}" if ":" in reference or not reference.endswith(".py") else file,
        "name": name,
        "outputs-artifact": names.outputs_artifact(name, f"outputs{leg}", attempt),
        "record-artifact": names.run_artifact(f"{name}{leg}", attempt),
        **describe_packages(
            project,
            requirements_of(project, source, said["requirements"]),
            said["extras"],
            said["groups"],
            env.get("ORCH_PYTHON") or next(iter(said["python"]), ""),
            env,
        ),
    }


def leg_of(matrix: Any) -> str:
    """What tells the jobs of a matrix apart, which share a run that has each artifact's name once."""
    return f"-{hashlib.sha256(json.dumps(matrix, sort_keys=True).encode()).hexdigest()[:8]}" if matrix else ""


def source_of(workspace: Path, pipeline: str) -> str:
    """The file of a compiled pipeline, from the git root."""
    check_name("pipeline", pipeline)
    graph = read_graph(workspace, graph_of(workspace, pipeline))
    file = graph["source"].rpartition(":")[0]
    return file if graph["project"] == "." else f"{graph['project']}/{file}"


def said_in(source: Path) -> dict[str, set[str]]:
    """What the decorators of a file say about its environment, read without running it: only literals count."""
    said: dict[str, set[str]] = {"requirements": set(), "python": set(), "extras": set(), "groups": set()}
    try:
        tree = ast.parse(source.read_bytes(), source.name)
    except (SyntaxError, ValueError) as error:
        version = ".".join(map(str, sys.version_info[:2]))
        newer = "; if its syntax is newer, take a runner with a newer python3, as ubuntu-24.04"
        raise Trouble(f"{source.name} cannot be read by this runner's Python {version}: {error}{newer}") from error
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for call in node.decorator_list:
            if isinstance(call, ast.Call):
                for keyword in call.keywords:
                    if keyword.arg in said:
                        said[keyword.arg] |= texts(keyword.value)
    return said


def requirements_of(project: Path, source: Path, named: set[str]) -> str | None:
    """The one file of requirements that is named, from the project: it is looked up beside the source, then there."""
    for name in named:
        beside = (source.parent / name).resolve()
        return os.path.relpath(str(beside), str(project)) if beside.is_file() else name
    return None


def texts(node: ast.expr) -> set[str]:
    items = node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]
    return {item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)}


def project_of(workspace: Path, source: Path) -> Path:
    """The nearest folder with a `pyproject.toml`, up to the workspace."""
    for folder in source.parents:
        if (folder / "pyproject.toml").is_file() or folder == workspace:
            return folder
    return workspace


def describe_packages(
    project: Path,
    requirements: str | None,
    extras: set[str],
    groups: set[str],
    python: str,
    env: dict[str, str],
    needed: bool = True,
) -> dict[str, str]:
    """What to install, as `kind` none, lock, pyproject or requirements; `*` stands for all extras or groups."""
    if python and not PYTHON.fullmatch(python):
        raise Trouble(f"the Python wanted is {python!r}, expected a version like '3.12' or '>=3.11'")
    bootstrap = env.get("ORCH_BOOTSTRAP") or "index"
    if bootstrap not in ("index", "preinstalled"):
        raise Trouble(f"the input 'bootstrap' is {bootstrap!r}, expected 'index' or 'preinstalled'")
    kind, file, member = "none", None, "."
    if needed and requirements is not None:
        kind, file = "requirements", inside(project, requirements)
        if not file.is_file():
            raise Trouble(f"the pipeline's requirements {requirements!r} are not a file in the project {project.name!r}")
        if (extras | groups) - {"*"}:
            raise Trouble(f"extras and groups need a pyproject.toml, this pipeline installs {requirements!r}")
    elif needed and wants_packages(project / "pyproject.toml", extras, groups):
        root = workspace_of(project)
        member = project.relative_to(root).as_posix()
        locked = (root / "uv.lock").is_file()
        kind, file = ("lock", root / "uv.lock") if locked else ("pyproject", project / "pyproject.toml")
    content = file.read_bytes() if file else b""
    key = hashlib.sha256(repr((content, member, sorted(extras), sorted(groups), python)).encode()).hexdigest()
    return {
        "packages": "true" if file else "false",
        "kind": kind,
        "project": str(project),
        "file": str(file or ""),
        "hashes": "true" if b"--hash=" in content else "false",
        "extras": " ".join(sorted(extras)),
        "groups": " ".join(sorted(groups)),
        "python": python,
        "cache-key": f"orch-uv-{env.get('RUNNER_OS', 'any')}-{env.get('RUNNER_ARCH', 'any')}-{key[:32]}",
    }


def workspace_of(project: Path) -> Path:
    """The root of uv's workspace that `project` is a member of, where the one lock of all members lies; else `project` itself.

    As uv finds it: https://docs.astral.sh/uv/concepts/projects/workspaces/.
    """
    if says_workspace(project) is not None:
        return project
    for folder in project.parents:
        said = says_workspace(folder)
        if said is not None:
            return folder if is_member(project, folder, said) else project
    return project


def says_workspace(folder: Path) -> dict[str, Any] | None:
    """The table of a workspace in the `pyproject.toml` of `folder`; empty where this Python cannot read it, and uv will say."""
    file = folder / "pyproject.toml"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    if "workspace" not in text:
        return None
    if sys.version_info < (3, 11):  # noqa: UP036 - a runner's python3 may be older
        return {} if re.search(r"^\s*\[\s*tool\s*\.\s*uv\s*\.\s*workspace\s*\]", text, re.MULTILINE) else None
    import tomllib

    try:
        said = tomllib.loads(text).get("tool", {}).get("uv", {}).get("workspace")
    except (tomllib.TOMLDecodeError, AttributeError):
        return None
    return said if isinstance(said, dict) else None


def is_member(project: Path, root: Path, said: dict[str, Any]) -> bool:
    if not said:
        return True

    def names_it(patterns: Any) -> bool:
        try:
            return any(project in root.glob(pattern) for pattern in patterns)
        except (TypeError, ValueError, NotImplementedError):  # no list of relative patterns, which uv will say
            return True

    return names_it(said.get("members", [])) and not names_it(said.get("exclude", []))


def wants_packages(pyproject: Path, extras: set[str], groups: set[str]) -> bool:
    if not pyproject.is_file():
        if (extras | groups) - {"*"}:
            raise Trouble(f"extras and groups need a pyproject.toml in the project, {str(pyproject)!r} does not exist")
        return False
    if (extras | groups) - {"*"}:
        return True
    if sys.version_info < (3, 11):  # noqa: UP036 - a runner's python3 may be older
        return True  # it cannot read TOML, and uv has to bring a newer Python anyhow
    import tomllib

    data: dict[str, Any] = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    project = data.get("project", {})
    optional = "*" in extras and (project.get("optional-dependencies") or data.get("dependency-groups"))
    return bool(project.get("dependencies") or "dependencies" in project.get("dynamic", ()) or optional)


def graph_of(workspace: Path, pipeline: str) -> str:
    path = names.graph_path(pipeline)
    if not (workspace / path).is_file():
        raise Trouble(f"{path} does not exist in this commit: compile the pipeline (orch compile), commit both files, and check out first")
    return path


def read_graph(workspace: Path, path: str) -> dict[str, Any]:
    """As far as it is read here; `orch` itself looks at the rest."""
    try:
        graph: Any = json.loads((workspace / path).read_text(encoding="utf-8"))
        texts_of = [graph["project"], graph["source"], graph.get("requirements") or "", graph.get("python") or ""]
        settings = [item["id"] and item.get("settings", {}) for item in graph["steps"]]
        texts_of += [name for each in settings for key in ("extras", "groups") for name in each.get(key, [])]
        texts_of += [name for pack in graph.get("packs", []) for name in [pack[0], *pack]]
        "".join(texts_of)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Trouble(
            f"{path} is no graph ({type(error).__name__}: {error}): compile the pipeline again (orch compile) and commit"
        ) from error
    return dict(graph)


def check_name(what: str, name: str) -> None:
    problem = names.step_id_problem(name)
    if problem:
        raise Trouble(f"the input {what!r}: {problem}")


def inside(folder: Path, name: str) -> Path:
    """`name` below `folder`, which a graph or an input must not leave."""
    try:
        path = (folder / name).resolve()
        path.exists()  # which says so where it is too long
    except (OSError, ValueError) as error:
        raise Trouble(f"{name!r} is not the name of a file: {error}") from error
    if path != folder.resolve() and folder.resolve() not in path.parents:
        raise Trouble(f"{name!r} leads out of {folder.name!r}")
    return path


def write(answers: dict[str, str], output: Path) -> None:
    lines: list[str] = []
    for name, value in answers.items():
        if "\n" in value or "\r" in value:
            raise Trouble(f"{name} is {value!r}: a line break cannot be passed on")
        lines.append(f"{name}={value}\n")
    with output.open("a", encoding="utf-8") as stream:
        stream.writelines(lines)


def escape(lines: Iterable[str]) -> str:
    return "%0A".join(lines).replace("\r", "%0D")


if __name__ == "__main__":
    try:
        write(main(sys.argv[1], dict(os.environ), Path.cwd()), Path(os.environ["GITHUB_OUTPUT"]))
    except Trouble as trouble:
        print(f"::error title=orch::{escape(str(trouble).replace('%', '%25').splitlines())}")
        sys.exit(2)
