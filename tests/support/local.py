"""Real runs on this machine, for tests: a module's pipeline through the local scheduler, with everything it said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from support.modules import write
from support.ran import Ran

from orch.authoring.load import load_graph, separate_modules
from orch.authoring.project import find_project
from orch.model.events import Event
from orch.model.graph import Graph
from orch.model.parameters import resolve
from orch.orchestrators.local import run
from orch.orchestrators.local.away import Placement
from orch.orchestrators.local.parts import Part
from orch.stores.transport import Transport


def run_module(
    folder: Path,
    code: str,
    *,
    jobs: int = 1,
    environment: Mapping[str, str] | None = None,
    parameters: Mapping[str, object] | None = None,
    watch: Callable[[Event], object] | None = None,
    trigger: str = "manual",
    cache: bool = True,
    part: Callable[[Graph], Part] | None = None,
    pickles: str = "allow",
    transport: Transport | None = None,
    placement: Placement | None = None,
) -> Ran:
    """Run the one pipeline of `code`, or `part` of it, written into `folder`; `watch` sees each event when it happens."""
    file = write(folder, code)
    with separate_modules():
        graph = load_graph(str(file))
    events: list[Event] = []

    def sink(event: Event) -> None:
        events.append(event)
        if watch:
            watch(event)

    home = folder / ".orch"
    record = run(
        graph,
        find_project(file),
        resolve(graph.parameters, parameters or {}),
        jobs=jobs,
        home=home,
        sink=sink,
        environment=environment,
        trigger=trigger,
        cache=cache,
        part=part(graph) if part else None,
        pickles=pickles,
        transport=transport,
        placement=placement,
    )
    return Ran(record, home, events)
