"""What the job of a step has to tell of its outputs, for the conditions of other steps; and which outputs an `either` takes there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from orch.errors import InputMissingError
from orch.model import canonical
from orch.model.canonical import Json
from orch.runtime.delivered import newest_records

if TYPE_CHECKING:
    from orch.model.conditions import Compare
    from orch.model.records import StepRecord
    from orch.model.steps import Step


def asked_of(step: str, whens: Iterable[Json]) -> tuple[Compare, ...]:
    """The comparisons of outputs of `step` in `whens`, the conditions of a graph's steps."""
    whens = tuple(whens)
    if not whens:
        return ()
    from orch.model.conditions import leaves, when_from_json  # few graphs have conditions
    from orch.model.flags import name_of, place_of

    found = (leaf for when in whens for leaf in leaves(when_from_json(when)) if place_of(leaf) == step)
    return tuple({name_of(leaf): leaf for leaf in found}.values())


def parameters_of(asked: Iterable[Compare]) -> tuple[str, ...]:
    """The pipeline's parameters that outputs are compared with."""
    from orch.model.steps import ParameterRef

    return tuple(dict.fromkeys(leaf.right.name for leaf in asked if isinstance(leaf.right, ParameterRef)))


def to_order(asked: Iterable[Compare], parameters: Mapping[str, Json]) -> list[Json]:
    from orch.model.conditions import when_to_json
    from orch.model.flags import resolved

    return [when_to_json(resolved(leaf, parameters)) for leaf in asked]


def flags_text(asked: tuple[Compare, ...], parameters: Mapping[str, Json], record: StepRecord) -> str:
    """The job's output `flags`: what `record` tells, by the names that conditions ask for; empty where there is nothing to tell."""
    if not asked or not record.state.has_outputs:
        return ""
    from orch.model.flags import flags_from

    return canonical.dumps(flags_from(asked, parameters, record.flags, record.outputs))


def choose(step: Step, inputs: Path, environment: Mapping[str, str]) -> Step:
    """`step` with each `either` replaced by its first output whose step ran; raises InputMissingError where none did.

    `ORCH_RAN` says how their jobs ended: that an artifact is absent does not mean that its step was skipped.
    """
    if not step.choices and step.choose(step.producers) is step:
        return step
    chosen = step.choose(_ran(step, inputs, environment))
    if chosen.choose(chosen.producers) is not chosen:
        message = f"none of {', '.join(map(repr, step.choices or step.producers))} ran, and step {step.id!r} reads from one of them"
        raise InputMissingError(message, hint="one of their jobs must have succeeded in this run")
    return chosen


def _ran(step: Step, inputs: Path, environment: Mapping[str, str]) -> list[str]:
    said = environment.get("ORCH_RAN", "").split()
    if said:
        return [name for name, _, result in (each.partition("=") for each in said) if result == "success"]
    delivered = newest_records(inputs) if inputs.is_dir() else {}  # not in a compiled workflow: what there is, ran
    return [producer for producer in step.producers if producer in delivered]
