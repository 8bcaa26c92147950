"""A user's module by its path: loaded once, never run, and the graphs of its pipelines."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from orch.authoring import git
from orch.authoring.modules import load_module
from orch.authoring.pipeline import PipelineFunction
from orch.authoring.project import Project, find_project, portable
from orch.authoring.tracing import trace
from orch.errors import LoadError, OrchError, UsageError, Where, raise_problems
from orch.model.graph import Graph
from orch.system import streams


def split_reference(reference: str) -> tuple[Path, str | None]:
    """`FILE[:PIPELINE]`; a Windows drive's colon is not a separator. Raises UsageError where there is no such file."""
    path, colon, name = reference.rpartition(":")
    if not colon or (len(path) == 1 and not Path(path).exists()):
        path, name = reference, ""
    if not Path(path).is_file() and Path(reference).is_file():
        path, name = reference, ""
    file = Path(path)
    if not file.is_file():
        hint = "a pipeline is named as FILE or FILE:PIPELINE, as in `orch run pipeline.py`"
        if os.sep != "\\" and Path(path.replace("\\", "/")).is_file():
            hint = f"here folders are divided by `/`: {reference.replace(chr(92), '/')}"
        raise UsageError(f"no file {path!r}", hint=hint)
    if file.suffix != ".py":
        raise UsageError(f"{path!r} is not a Python file", hint="name the .py file that holds the @pipeline")
    return file, name or None


def load_pipelines(file: Path, project: Project) -> dict[str, PipelineFunction[..., object]]:
    """The pipelines that `file` itself defines, by their Python names; those it imports belong to other files."""
    file = file.resolve()
    if file.is_relative_to(project.root):  # named in another case, it would be another module to Python
        file = project.root / portable(file, project.root)
    with _quiet():
        module = load_module(file, project)
    found: dict[str, PipelineFunction[..., object]] = {}
    for name, value in vars(module).items():
        if isinstance(value, PipelineFunction) and value.function.__module__ == module.__name__ and value not in found.values():
            found[name] = value
    return found


def _trace(pipeline: PipelineFunction[..., object]) -> Graph:
    with _quiet():
        return trace(pipeline)


def _quiet() -> AbstractContextManager[None]:
    """What a user's module prints is for people: stdout is what the command answers, a diagram or JSON."""
    return streams.joined(sys.stderr)


def load_graphs(reference: str) -> list[Graph]:
    """The graphs of `FILE` (all its pipelines) or `FILE:PIPELINE`; raises all problems of all of them."""
    file, wanted = split_reference(reference)
    project = find_project(file)
    found = load_pipelines(file, project)
    where = Where(project.relative(file.resolve()))
    names = _by_name(found, where)
    if not found:
        raise LoadError("this file defines no @pipeline", hint="decorate a function that calls steps with @pipeline", where=where)
    if wanted is not None:
        chosen = names.get(wanted) or found.get(wanted)
        if chosen is None:
            raise LoadError(f"no pipeline {wanted!r} in this file", hint=f"it defines {', '.join(names)}", where=where)
        return [_trace(chosen)]
    graphs: list[Graph] = []
    problems: list[OrchError] = []
    for pipeline in found.values():
        try:
            graphs.append(_trace(pipeline))
        except OrchError as error:
            problems.extend(error.problems)
    raise_problems(problems)
    return graphs


def _by_name(found: dict[str, PipelineFunction[..., object]], where: Where) -> dict[str, PipelineFunction[..., object]]:
    """Pipelines by the names that they are run and compiled under; raises LoadError where two have one."""
    names: dict[str, PipelineFunction[..., object]] = {}
    for function, pipeline in found.items():
        given = pipeline.options.get("name")
        name = function if given is None else str(given)
        if name in names:
            message = f"two pipelines of this file are named {name!r}"
            raise LoadError(message, hint="give one of them another with @pipeline(name=...)", where=where)
        names[name] = pipeline
    return names


def load_graph(reference: str) -> Graph:
    """The one graph that `FILE[:PIPELINE]` names; raises LoadError where the file has several."""
    file, wanted = split_reference(reference)
    project = find_project(file)
    found = load_pipelines(file, project)
    if wanted is None and len(found) > 1:
        hint = f"name one: {', '.join(f'{file}:{name}' for name in found)}"
        raise LoadError(f"this file defines {len(found)} pipelines", hint=hint, where=Where(project.relative(file.resolve())))
    return load_graphs(reference)[0]


@contextmanager
def separate_modules() -> Iterator[None]:
    """Forget first-party modules and import paths afterwards, so that the files of another project load afresh."""
    modules, paths = set(sys.modules), list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = paths
        for name in set(sys.modules) - modules:
            if name.partition(".")[0] == "orch":  # ours, also where it is not installed: a second copy's types are others
                continue
            file = getattr(sys.modules[name], "__file__", None)
            if file and "site-packages" not in file and not file.startswith(sys.base_prefix):
                del sys.modules[name]


def find_pipeline_files(git_root: Path) -> list[Path]:
    """Files that define a pipeline: those git tracks (without git, all but hidden folders) that mention orch and `@pipeline`."""
    return [file for file in git.sources(git_root) if _mentions_pipeline(file)]


def _mentions_pipeline(file: Path) -> bool:
    try:
        text = file.read_bytes()
    except OSError:
        return False
    return any(line.startswith((b"@pipeline", b"@orch.pipeline")) for line in text.splitlines()) and b"orch" in text
