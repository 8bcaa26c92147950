"""The steps of a run that do not run on this machine: which they are, what they run in, and what all of them get."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orch import files
from orch.authoring.project import Project
from orch.errors import EngineError, OrchError, ToolMissingError, UnsupportedError
from orch.model.docker import DockerSettings
from orch.model.graph import Graph, Step
from orch.model.runs import RunInfo
from orch.orchestrators.local.home import Home, RunFolder
from orch.planning.facts import Gathered
from orch.runtime.workers import Program

if TYPE_CHECKING:
    from orch.targets.contract import Spec
    from orch.targets.docker import Docker

DOCKER: Final = "docker"
HANDLES: Final = "handles"  # in a run's folder
DELIVERY: Final = "delivery"  # in a run's folder, while it goes on
_RUNTIMES: Final = "runtimes"  # in the home: each is made once


@dataclass(frozen=True, slots=True)
class Placement:
    """What a stack says of steps that do not say it themselves."""

    target: str = "local"
    docker: DockerSettings | None = None


def placed(graph: Graph, placement: Placement) -> Graph:
    """Each step with the target that it has, and with all that is asked of its container."""
    return replace(graph, steps=tuple(_placed(step, placement) for step in graph.steps))


def _placed(step: Step, placement: Placement) -> Step:
    settings = step.settings
    target = settings.target or placement.target
    if target != DOCKER:
        return step
    asked = (settings.docker or DockerSettings()).over(placement.docker)
    return replace(step, settings=settings._replace(target=target, docker=asked))


def unsupported(graph: Graph) -> list[OrchError]:
    """What no target of this machine can do."""
    problems: list[OrchError] = []
    for step in graph.steps:
        target = step.settings.target
        if target not in (None, "local", DOCKER):
            hint = "remove target=, or write target='local' or target='docker'"
            problems.append(UnsupportedError(f"step {step.id!r} wants the target {target!r}, which does not exist", hint=hint))
        elif target == DOCKER:
            from orch.targets import docker

            problems += docker.check(step)
    return problems


def specs(graph: Graph, tell: Callable[[str], object] = lambda _: None) -> Mapping[str, Spec]:
    """What each step in a container runs in, by step; images that are not on the engine are pulled. Raises TargetErrors."""
    steps = [step for step in graph.steps if step.settings.target == DOCKER]
    if not steps:
        return {}
    from orch.targets.contract import Spec

    engine = _engine()
    known: dict[str, str] = {}
    found: dict[str, Spec] = {}
    for step in steps:
        asked = step.settings.docker or DockerSettings()
        reference = asked.parent_image or default_image()
        if reference not in known:
            known[reference] = engine.image(reference, tell)
        found[step.id] = Spec(known[reference], reference, asked, step.settings.resources)
    return found


def default_image() -> str:
    """The official one of the Python that runs here."""
    return f"python:{sys.version_info[0]}.{sys.version_info[1]}-slim"


@contextmanager
def programs(
    found: Mapping[str, Spec], project: Project, info: RunInfo, home: Home, folder: RunFolder, gathered: Gathered
) -> Iterator[Mapping[str, Program]]:
    """By target; when the block ends, nothing of the run is left there."""
    if not found:
        yield {}
        return
    from orch.runtime.bundle import bundle, bundled
    from orch.targets.told import Told

    besides = [*gathered.files.values(), *(project.root / name for facts in gathered.facts.values() for name in facts.files)]
    names = [name for name in bundled(project, besides) if not (project.git_root / name).is_relative_to(home.path)]
    delivery = folder.path / DELIVERY
    told = Told(
        runtime=str(_runtime(home)),
        bundle=str(delivery / "bundle.tar"),
        handles=str(folder.path / HANDLES),
        labels={"orch.run": info.run, "orch.pipeline": info.pipeline, "orch.project": project_label(home)},
        specs={step: spec.to_json() for step, spec in found.items()},
    )
    with ExitStack() as made:
        with folder.writing():
            files.make_folders(delivery)
            made.callback(files.remove_tree, delivery, ignore_errors=True)
            files.write_atomic(delivery / "bundle.tar", b"".join(bundle(project.git_root, names)))
        made.callback(sweep, folder)
        yield {DOCKER: Program("orch.targets.worker", told.to_json())}


def project_label(home: Home) -> str:
    """Tells the containers of one folder of runs from all others, without naming it."""
    return hashlib.sha256(str(home.path).encode()).hexdigest()[:16]


def _runtime(home: Home) -> Path:
    """The runtime with the bytecode of this Python beside the sources: a container that has the same starts in half the time."""
    from orch.runtime.zipapp import runtime_zip, with_bytecode

    data = runtime_zip()
    name = hashlib.sha256(data + (sys.implementation.cache_tag or "").encode()).hexdigest()[:32]
    file = home.path / _RUNTIMES / f"{name}.zip"
    if not file.is_file():
        files.make_folders(file.parent)
        files.write_atomic(file, with_bytecode(data))
    return file


def sweep(folder: RunFolder) -> list[str]:
    """Remove what steps of a run that was stopped or killed left at their targets; gives the names of what could not be."""
    if not any((folder.path / HANDLES).glob("*.json")):
        return []
    from orch.targets.courier import Handles
    from orch.targets.courier import sweep as sweep_at

    handles = Handles(folder.path / HANDLES)
    try:
        return sweep_at(_engine(), handles)
    except (EngineError, ToolMissingError):
        return [str(handle["name"]) for handle in handles.left()]


def _engine() -> Docker:
    from orch.targets.docker import Docker

    return Docker()
