"""What a job says of the legs that hang on what it made: numbers, never values. `orch legs count` adds up what several said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from orch.errors import ExitCode, UnknownStepError
from orch.model import canonical
from orch.runtime import arguments, runner

if TYPE_CHECKING:
    from orch.model.artifacts import Artifact
    from orch.model.canonical import Json
    from orch.model.graph import Graph
    from orch.model.steps import Step


def has_fans(graph: Json) -> bool:
    """Of a graph as it is in its file: most jobs have nothing to count."""
    return any("fan" in step for step in graph["steps"])


def steps_of(graph: Json) -> dict[str, Step]:
    from orch.model.steps import Step

    return {step["id"]: Step.from_json(step) for step in graph["steps"]}


def legs_said(graph: Json, step: str, outputs: Mapping[str, Artifact]) -> str:
    """The job's output `legs`; empty where nothing is counted by it."""
    if not has_fans(graph):
        return ""
    from orch.model.matrix import root_outputs, table

    steps = steps_of(graph)
    asked = [ref for ref in root_outputs(steps) if ref.step == step and ref.output in outputs]
    told = table(steps, {str(ref): outputs[ref.output].length for ref in asked})
    return canonical.dumps(told) if told else ""


def legs_foreseen(graph: Graph, cached: Mapping[str, Mapping[str, Artifact]], parameters: Mapping[str, Json]) -> dict[str, Json]:
    """What the plan job says, for jobs that do not start: `cached` are outputs of steps that earlier runs made, `parameters` as encoded.

    It has the steps, too, whose legs the graph counts: of these it may say that some jobs need not start.
    """
    from orch.model.matrix import fixed, root_outputs, table

    if not graph.mapped:
        return {}
    lengths = {str(ref): cached[ref.step][ref.output].length for ref in root_outputs(graph.by_id) if ref.output in cached.get(ref.step, {})}
    known = {step: dealt for step in graph.mapped if (dealt := fixed(graph.by_id, graph[step]))}
    return known | table(graph.by_id, lengths | parameter_lengths(graph, parameters))


def parameter_lengths(graph: Graph, parameters: Mapping[str, Json]) -> dict[str, int | None]:
    """Of the parameters that are mapped over; None of one that is no list."""
    from orch.model.matrix import root_parameters

    given = {name: parameters.get(name) for name in root_parameters(graph.by_id)}
    return {name: len(value) if isinstance(value, list) else None for name, value in given.items()}


def _given(graph: Graph, environment: Mapping[str, str]) -> dict[str, Json]:
    from orch.model import values
    from orch.runtime.inputs import given_parameters

    return {name: values.encode(value) for name, value in given_parameters(graph.parameters, environment).items()}


def main(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    """`orch legs count`: how many legs a step has that maps over what several jobs made, or over parameters."""
    from orch.model.matrix import read_tables, table
    from orch.runtime.graph_files import read_graph

    options = arguments.parse(argv, required=["graph", "step"])
    graph, step = read_graph(Path(options["graph"])), options["step"]
    if step not in graph.mapped:
        raise UnknownStepError(f"no step {step!r} of {options['graph']} is mapped", hint="compile the pipeline again (orch compile)")
    told = read_tables(environment.get("ORCH_LEGS", ""))
    lengths = {name: length for name, length in told.items() if "." in name} | parameter_lengths(graph, _given(graph, environment))
    said = canonical.dumps({step: table(graph.by_id, lengths)[step]})
    runner.append_output("legs", said, environ=environment)
    stdout.write(f"{runner.harmless(said, environ=environment)}\n")
    stdout.flush()
    return ExitCode.OK
