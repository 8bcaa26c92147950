"""`orch decide run`: the plan job says which steps start a job, and hands on to the others what it knows.

Outputs of the job are small JSON: references, never data. It imports the standard library alone and runs nothing of the user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from orch.errors import ExitCode
from orch.model import canonical, dates
from orch.model.canonical import Json
from orch.model.graph import Graph
from orch.runtime import arguments, runner
from orch.runtime.api import Api
from orch.runtime.graph_files import read_graph


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the job says to the others.

    `plan` has `run`, `cached`, `maybe` or `skipped` for each step; `flags` what is known of conditions, by step, or by `plan`
    where they are on parameters; `legs` the indices of mapped steps; `sources` where the outputs of cached steps lie.
    """

    plan: Mapping[str, str]
    flags: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    legs: Mapping[str, list[int]] = field(default_factory=dict)
    sources: Mapping[str, Json] = field(default_factory=dict)
    logical_date: str = ""

    def texts(self) -> dict[str, str]:
        """By the names that outputs of the job have."""
        tables = {"plan": self.plan, "flags": self.flags, "legs": self.legs, "sources": self.sources}
        return {name: canonical.dumps(dict(table)) for name, table in tables.items()} | {"logical-date": self.logical_date}


def main(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    options = arguments.parse(argv, required=["graph", "project", "output"], optional=["cache"])
    graph = read_graph(Path(options["graph"]))
    outputs = decided(graph, logical_date=_logical_date(graph, environment, stdout))
    for name, text in outputs.texts().items():
        runner.append_output(name, text, environ=environment)
    stdout.write(runner.harmless("\n".join(f"{step}: {action}" for step, action in outputs.plan.items()), environ=environment) + "\n")
    stdout.flush()
    return ExitCode.OK


def decided(graph: Graph, *, logical_date: str = "") -> Outputs:
    return Outputs({step.id: "run" for step in graph.steps}, logical_date=logical_date)


def _logical_date(graph: Graph, environment: Mapping[str, str], stdout: TextIO) -> str:
    """Empty where it cannot be told: a run that does not ask for it does not need it."""
    from orch.runtime.logical_date import logical_date_of

    if not dates.has_schedule(graph.triggers):
        return ""
    text, problem = logical_date_of(graph, environment, lambda: Api.of_job(environment))
    if problem is not None:
        stdout.write(runner.annotation("warning", problem.message, title=problem.code) + "\n")
    return text
