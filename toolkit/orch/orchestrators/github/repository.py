"""The pipelines of a repository, compiled in memory: which there are, and what is wrong with them together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orch.authoring.load import find_pipeline_files, load_graphs, separate_modules, split_reference
from orch.authoring.project import check_divided_by_slashes, find_project
from orch.errors import LoadError, OrchError, PipelineError, SettingsError, UsageError, Where, raise_problems
from orch.model import canonical
from orch.model.graph import Graph
from orch.names import graph_path, workflow_path
from orch.orchestrators.github.bill import check_cost
from orch.orchestrators.github.compile import check_release, compile_workflow, files_of, located_packs, source_path
from orch.orchestrators.github.definition import defined_at, with_lines
from orch.orchestrators.github.generated import generated, read, source_of
from orch.orchestrators.github.pins import Pins, load_pins
from orch.planning.packing import Pack
from orch.runtime.loading import heard
from orch.stacks.load import load_settings
from orch.stacks.settings import FILE, Settings
from orch.workflow.model import Workflow

Choose = Callable[[Path, Graph, Settings], Iterable[Pack]]  # for the git root, a pipeline and orch.yaml: the packs that no step names


@dataclass(frozen=True, slots=True)
class Compiled:
    """One pipeline: its graph, what belongs into the repository (path from the git root -> text), and findings about it."""

    graph: Graph
    workflow: Workflow
    files: Mapping[str, str]
    findings: tuple[OrchError, ...] = ()

    @classmethod
    def of(cls, graph: Graph, settings: Settings, pins: Pins, packs: Iterable[Pack] = ()) -> Compiled:
        """With `packs` besides those that steps name. Raises at once everything that GitHub or this version cannot do."""
        graph = located_packs(graph, settings, packs)
        workflow = compile_workflow(graph, settings, pins)
        findings = (*check_release(graph, settings, pins), *check_cost(graph, workflow.jobs, settings, source_path(graph)))
        return cls(graph, workflow, files_of(graph, workflow, settings.actions), findings)


@dataclass(frozen=True, slots=True)
class Compilation:
    """Pipelines compiled in memory, with what; `is_complete` says that they are all of the repository."""

    git_root: Path
    pipelines: tuple[Compiled, ...]
    settings: Settings
    pins: Pins
    is_complete: bool

    @property
    def is_listed(self) -> bool:
        """Whether orch.yaml says which files hold pipelines."""
        return bool(self.settings.pipelines)


def compile_references(references: Sequence[str], folder: Path, pins: Pins | None = None, choose: Choose | None = None) -> Compilation:
    """Compile what `references` (`FILE[:PIPELINE]`) name, or without any the whole repository around `folder`.

    With `pins`, and packs that `choose` finds, instead of the repository's. Raises every problem of every file at once.
    """
    git_root = _git_root(references, folder)
    settings, pins = load_settings(git_root), pins or load_pins(git_root)
    wanted = references or [str(path) for path in _pipeline_files(git_root, settings)]
    problems: list[OrchError] = []
    pipelines: list[Compiled] = []
    for graph in _graphs(wanted, problems):
        try:
            packs = choose(git_root, graph, settings) if choose else recorded_packs(git_root, graph.pipeline)
            pipelines.append(Compiled.of(graph, settings, pins, packs))
        except OrchError as error:
            problems += with_lines(error.problems, graph, git_root)
    graphs = [each.graph for each in pipelines]
    problems += _check_clashes(graphs, git_root)
    if references:
        problems += _check_taken(graphs, git_root)
    problems += _check_foreign(pipelines, git_root)
    raise_problems(problems)
    return Compilation(git_root, tuple(pipelines), settings, pins, is_complete=not references)


def recorded_packs(git_root: Path, pipeline: str) -> tuple[Pack, ...]:
    """The packs in the graph that is there; none where it cannot be read, and is written anew."""
    try:
        graph = Graph.from_json(canonical.loads(read(git_root / graph_path(pipeline)) or ""))
    except (OrchError, ValueError):
        return ()
    # Those that steps named then are theirs to name now.
    return tuple(pack for pack in graph.packs if all(graph[step].settings.pack is None for step in pack))


# --- what to compile ---


def _git_root(references: Sequence[str], folder: Path) -> Path:
    roots: dict[Path, str] = {}
    problems: list[OrchError] = []
    for reference in references:
        try:
            roots[find_project(split_reference(reference)[0]).git_root] = reference
        except OrchError as error:
            problems += error.problems
    raise_problems(problems)
    if len(roots) > 1:
        raise UsageError(f"{' and '.join(map(repr, roots.values()))} lie in different repositories", hint="compile one after the other")
    return next(iter(roots), None) or find_project(folder).git_root


def _pipeline_files(git_root: Path, settings: Settings) -> list[Path]:
    found = find_pipelines(git_root, settings)
    if not found and not any(generated(git_root)):  # the last pipeline may be gone, and its files not
        raise LoadError("this repository has no file with a @pipeline", hint="name one, as in `orch compile pipeline.py`")
    return found


def find_pipelines(git_root: Path, settings: Settings) -> list[Path]:
    """The files of a repository that define pipelines: those that the settings name, else all that git knows of."""
    if not settings.pipelines:
        return find_pipeline_files(git_root)
    problems: list[OrchError] = []
    chosen: dict[Path, None] = {}
    for glob in settings.pipelines:
        check_divided_by_slashes(glob, "pipelines:", Where(FILE))
        inside = not Path(glob).is_absolute() and ".." not in Path(glob).parts
        matches = sorted(path for path in git_root.glob(glob) if path.is_file()) if inside and glob else []
        if not matches:
            why = "matches no file" if inside else "leads out of the repository"
            problems.append(SettingsError(f"pipelines: {glob!r} {why}", hint="globs start at the git root", where=Where(FILE)))
        chosen |= dict.fromkeys(matches)
    raise_problems(problems)
    return list(chosen)


def _graphs(references: Iterable[str], problems: list[OrchError]) -> Iterator[Graph]:
    """The graphs of all `references`, each once; what cannot be loaded goes to `problems`."""
    seen: set[tuple[str, ...]] = set()
    for reference in references:
        try:
            with heard(), separate_modules():
                graphs = load_graphs(reference)
        except OrchError as error:
            problems += error.problems
            continue
        for graph in graphs:
            key = (source_path(graph), graph.source, graph.pipeline)
            if key not in seen:
                seen.add(key)
                yield graph


# --- names that are taken ---


def _check_clashes(graphs: Sequence[Graph], git_root: Path) -> Iterator[OrchError]:
    seen: dict[str, Graph] = {}
    for graph in graphs:
        # Names that differ in case alone are one file on some machines.
        other = seen.setdefault(graph.pipeline.lower(), graph)
        if other is not graph:
            yield _clash(graph, str(defined_at(other, git_root)), git_root)


def _clash(graph: Graph, other: str, git_root: Path) -> OrchError:
    message = f"pipeline {graph.pipeline!r} is also defined in {other}, and its name is the name of its files"
    return PipelineError(message, hint="rename one with @pipeline(name=...)", where=defined_at(graph, git_root))


def _check_taken(graphs: Sequence[Graph], git_root: Path) -> Iterator[OrchError]:
    """Pipelines whose files another one, which is still there, has written."""
    sources = {path.lower(): source for path, _, source in generated(git_root)}
    for graph in graphs:
        other = sources.get(workflow_path(graph.pipeline).lower())
        if other and other != source_path(graph) and (git_root / other).is_file():
            others = _graphs([str(git_root / other)], [])
            if any(each.pipeline.lower() == graph.pipeline.lower() for each in others):
                yield _clash(graph, other, git_root)


def _check_foreign(pipelines: Sequence[Compiled], git_root: Path) -> Iterator[OrchError]:
    """Workflows that a person wrote and that compiling would overwrite."""
    for compiled in pipelines:
        path = workflow_path(compiled.graph.pipeline)
        there = read(git_root / path)
        if there is not None and not source_of(there):
            hint = "rename the pipeline with @pipeline(name=...), or move that file"
            message = f"{path} was not generated by orch, and pipeline {compiled.graph.pipeline!r} compiles to it"
            yield PipelineError(message, hint=hint, where=defined_at(compiled.graph, git_root))
