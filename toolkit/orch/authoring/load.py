"""A user's module by its path: loaded once, never run, and the graphs of its pipelines."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from orch.authoring.pipeline import PipelineFunction
from orch.authoring.project import Project, add_import_paths, find_project, module_name
from orch.authoring.tracing import trace
from orch.errors import LoadError, OrchError, Where, raise_problems
from orch.model.graph import Graph


def split_reference(reference: str) -> tuple[Path, str | None]:
    """`FILE[:PIPELINE]`; a Windows drive's colon is not a separator. Raises LoadError where there is no such file."""
    path, colon, name = reference.rpartition(":")
    if not colon or (len(path) == 1 and not Path(path).exists()):
        path, name = reference, ""
    if not Path(path).is_file() and Path(reference).is_file():
        path, name = reference, ""
    file = Path(path)
    if not file.is_file():
        hint = "a pipeline is named as FILE or FILE:PIPELINE, as in `orch run pipeline.py`"
        raise LoadError(f"no file {path!r}", hint=hint)
    if file.suffix != ".py":
        raise LoadError(f"{path!r} is not a Python file", hint="name the .py file that holds the @pipeline")
    return file, name or None


def load_module(file: Path, project: Project) -> ModuleType:
    """Import `file` as first-party code of `project`; raises LoadError with the user's own frame."""
    file = file.resolve()
    add_import_paths(project.root, file)
    name = module_name(file)
    known = sys.modules.get(name)
    if known is not None:
        if getattr(known, "__file__", None) and Path(known.__file__ or "").resolve() == file:
            return known
        hint = f"rename {file.name}: another module named {name!r} is already loaded"
        raise LoadError(f"{file.name!r} cannot be imported as {name!r}", hint=hint, where=Where(project.relative(file)))
    try:
        return _execute(name, file)
    except OrchError:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise _load_error(error, file, project) from error


def _execute(name: str, file: Path) -> ModuleType:
    parent, _, _ = name.rpartition(".")
    if parent:
        importlib.import_module(parent)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"Python cannot import {file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _load_error(error: BaseException, file: Path, project: Project) -> LoadError:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).resolve().is_relative_to(project.root) and ".venv" not in frame.filename]
    where = Where(project.relative(Path(own[-1].filename).resolve()), own[-1].lineno or 0) if own else Where(project.relative(file))
    if isinstance(error, SyntaxError) and error.filename:
        where = Where(project.relative(Path(error.filename).resolve()), error.lineno or 0)
    hint = ""
    if isinstance(error, ModuleNotFoundError):
        hint = f"install what provides {error.name!r} into {sys.prefix}, and add it to the project's requirements"
    return LoadError(f"importing {project.relative(file)!r} raised {type(error).__name__}: {error}", hint=hint, where=where)


def load_pipelines(file: Path, project: Project) -> dict[str, PipelineFunction[..., object]]:
    """The pipelines that `file` itself defines, by their Python names; those it imports belong to other files."""
    module = load_module(file, project)
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, PipelineFunction) and value.function.__module__ == module.__name__
    }


def load_graphs(reference: str) -> list[Graph]:
    """The graphs of `FILE` (all its pipelines) or `FILE:PIPELINE`; raises all problems of all of them."""
    file, wanted = split_reference(reference)
    project = find_project(file)
    found = load_pipelines(file, project)
    names = {str(pipeline.options.get("name") or name): pipeline for name, pipeline in found.items()}
    where = Where(project.relative(file.resolve()))
    if not found:
        raise LoadError("this file defines no @pipeline", hint="decorate a function that calls steps with @pipeline", where=where)
    if wanted is not None:
        chosen = names.get(wanted) or found.get(wanted)
        if chosen is None:
            raise LoadError(f"no pipeline {wanted!r} in this file", hint=f"it defines {', '.join(names)}", where=where)
        return [trace(chosen)]
    graphs: list[Graph] = []
    problems: list[OrchError] = []
    for pipeline in found.values():
        try:
            graphs.append(trace(pipeline))
        except OrchError as error:
            problems.extend(getattr(error, "problems", (error,)))
    raise_problems(problems)
    return graphs


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
            file = getattr(sys.modules[name], "__file__", None)
            if file and "site-packages" not in file and not file.startswith(sys.base_prefix):
                del sys.modules[name]


def find_pipeline_files(git_root: Path) -> list[Path]:
    """Files that define a pipeline: those git tracks (without git, all but hidden folders) that mention orch and `@pipeline`."""
    return [file for file in _python_files(git_root) if _mentions_pipeline(file)]


def _mentions_pipeline(file: Path) -> bool:
    try:
        text = file.read_bytes()
    except OSError:
        return False
    return any(line.startswith((b"@pipeline", b"@orch.pipeline")) for line in text.splitlines()) and b"orch" in text


def _python_files(git_root: Path) -> list[Path]:
    listing = ["git", "-C", str(git_root), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.py"]
    try:
        names = subprocess.run(listing, capture_output=True, check=True).stdout.decode().split("\0")
        return sorted({git_root / name for name in names if name and (git_root / name).is_file()})
    except (OSError, subprocess.CalledProcessError):
        files = git_root.rglob("*.py")
        return sorted(file for file in files if not any(part.startswith(".") for part in file.relative_to(git_root).parts))
