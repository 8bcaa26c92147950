"""Prints how long one decision about a graph takes, in a process that has only read the graph and imported the toolkit: GRAPH MEMORY."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from orch.authoring.project import Project
from orch.model import canonical
from orch.model.graph import Graph
from orch.model.index import Index
from orch.planning.decide import Known, decide
from orch.planning.facts import gather

if __name__ == "__main__":
    graph = Graph.from_json(canonical.loads(Path(sys.argv[1]).read_bytes()))
    here = Path.cwd()
    started = time.perf_counter()
    gathered = gather(graph, Project(here, here), memory=Path(sys.argv[2]))
    decide(graph, Known(gathered.facts, {}, Index(), now=time.time()))
    print(time.perf_counter() - started)
